"""What stands before and after a cited passage, for those who want to read on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import structlog

from jobs.errors import AskqueueError
from jobs.models import Passage
from jobs.search.index import passage_id

log = structlog.get_logger(__name__)

# Kept with each citation, on each side.
CONTEXT_CHARS = 600
# Passages overlap by 150 characters, a little more where sentences were kept whole.
MAX_OVERLAP_CHARS = 400


class Texts(Protocol):
    """Where the texts of passages are."""

    def texts(self, ids: Sequence[str], collection: str) -> Mapping[str, str]:
        """The texts of those passages that are there."""


def read_surroundings(
    index: Texts, collection: str, cited: Sequence[Passage]
) -> dict[str, tuple[str, str]]:
    """What stands before and after each passage, by its id; one read of the index.

    An index that is away costs no answer: then there is nothing to read on.
    """
    ids = {passage.id: _neighbours(passage) for passage in cited}
    wanted = sorted({neighbour for pair in ids.values() for neighbour in pair if neighbour})
    try:
        texts = index.texts(wanted, collection) if wanted else {}
    except AskqueueError as error:
        log.warning("no surroundings of the citations", error=error.kind)
        return {}
    return {
        passage.id: (
            text_before(passage.text, texts.get(ids[passage.id][0], "")),
            text_after(passage.text, texts.get(ids[passage.id][1], "")),
        )
        for passage in cited
    }


def text_before(text: str, neighbour: str) -> str:
    """The end of the passage before, without what both have, cut at a word."""
    for length in range(min(len(text), len(neighbour), MAX_OVERLAP_CHARS), 0, -1):
        if neighbour.endswith(text[:length]):
            neighbour = neighbour[:-length]
            break
    neighbour = neighbour.strip()
    if len(neighbour) <= CONTEXT_CHARS:
        return neighbour
    return "…" + neighbour[-CONTEXT_CHARS:].partition(" ")[2]


def text_after(text: str, neighbour: str) -> str:
    """The start of the passage after, without what both have, cut at a word."""
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
