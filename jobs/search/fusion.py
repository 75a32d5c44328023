"""How passages found by words and passages found by meaning become one list."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from jobs.models import Passage

# What a cosine of 1 counts, where the best match of words counts 1. It was chosen on annual reports
# and the samples, see docs/decisions/vectors-without-a-server.md: a half to 3 differ little.
MEANING_WEIGHT = 2.0


def fuse(by_words: Sequence[Passage], by_meaning: Sequence[Passage]) -> list[Passage]:
    """Return the passages of both, best first: the share of the best score of words, plus cosine.

    `by_meaning` have their cosine as score, best first. The cosine of a passage that is not among
    them is taken for the lowest that is: it may be no higher, and a passage without a vector yet is
    not put behind all that have one.
    """
    best = max((passage.score for passage in by_words), default=0.0)
    cosines = {passage.id: passage.score for passage in by_meaning}
    lowest = min(cosines.values(), default=0.0)
    words = {passage.id: passage.score / best for passage in by_words if best > 0}
    found = {passage.id: passage for passage in (*by_meaning, *by_words)}
    fused = [
        replace(
            passage,
            score=words.get(passage.id, 0.0) + MEANING_WEIGHT * cosines.get(passage.id, lowest),
        )
        for passage in found.values()
    ]
    return sorted(fused, key=lambda passage: -passage.score)
