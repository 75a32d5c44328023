"""The text before and after a cited passage, for readers who want its context."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import structlog

from jobs.errors import AskqueueError
from jobs.models import Passage
from jobs.search.points import passage_id

log = structlog.get_logger(__name__)

# Kept with each citation, on each side.
CONTEXT_CHARS = 600
# Passages overlap by 150 characters, a little more where sentences were kept whole.
MAX_OVERLAP_CHARS = 400


class TextSource(Protocol):
    """Has the texts of passages, such as `jobs.search.index.PassageIndex`."""

    def texts(self, ids: Sequence[str], collection: str) -> Mapping[str, str]:
        """Return the texts of those passages that exist, by id."""


def read_surroundings(
    index: TextSource, collection: str, cited: Sequence[Passage]
) -> dict[str, tuple[str, str]]:
    """Return the text before and after each passage, by its id, with one read of the index.

    If the index cannot be reached there is none: that is no reason to lose the answer.
    """
    ids = {passage.id: _neighbours(passage) for passage in cited}
    wanted = sorted({neighbour for pair in ids.values() for neighbour in pair if neighbour})
    try:
        texts = index.texts(wanted, collection) if wanted else {}
    except AskqueueError as error:
        log.warning("context of the citations not read", error=error.kind)
        return {}
    return {
        passage.id: (
            text_before(passage.text, texts.get(ids[passage.id][0], "")),
            text_after(passage.text, texts.get(ids[passage.id][1], "")),
        )
        for passage in cited
    }


def text_before(text: str, neighbour: str) -> str:
    """Return the end of the passage before, without the overlap, cut at a word."""
    for length in range(min(len(text), len(neighbour), MAX_OVERLAP_CHARS), 0, -1):
        if neighbour.endswith(text[:length]):
            neighbour = neighbour[:-length]
            break
    neighbour = neighbour.strip()
    if len(neighbour) <= CONTEXT_CHARS:
        return neighbour
    return "…" + neighbour[-CONTEXT_CHARS:].partition(" ")[2]


def text_after(text: str, neighbour: str) -> str:
    """Return the start of the passage after, without the overlap, cut at a word."""
    for length in range(min(len(text), len(neighbour), MAX_OVERLAP_CHARS), 0, -1):
        if text.endswith(neighbour[:length]):
            neighbour = neighbour[length:]
            break
    neighbour = neighbour.strip()
    if len(neighbour) <= CONTEXT_CHARS:
        return neighbour
    return neighbour[:CONTEXT_CHARS].rpartition(" ")[0] + "…"


def _neighbours(passage: Passage) -> tuple[str, str]:
    before = passage_id(passage.document_id, passage.position - 1) if passage.position else ""
    return before, passage_id(passage.document_id, passage.position + 1)
