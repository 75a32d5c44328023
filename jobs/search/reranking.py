"""Puts the passages of a search into the order of a reranker, if there is one that answers."""

from __future__ import annotations

from collections.abc import Sequence

import structlog

from jobs.errors import ModelError
from jobs.llm.rerank import MAX_TEXTS, Reranker
from jobs.models import Passage

log = structlog.get_logger(__name__)


def rerank(
    reranker: Reranker | None, question: str, passages: Sequence[Passage]
) -> tuple[list[Passage], tuple[str, ...]]:
    """Return the passages in their new order, or in the old one with a note that says why.

    Those beyond `MAX_TEXTS` stay where they are.
    """
    if reranker is None or len(passages) < 2:
        return [*passages], ()
    looked_at, rest = passages[:MAX_TEXTS], passages[MAX_TEXTS:]
    try:
        order = reranker.rerank(question, [passage.text for passage in looked_at])
    except ModelError as error:
        log.warning("not reranked", kind=error.kind, error=error.message)
        return [*passages], (f"The passages were not reranked: {error.message}",)
    return [*(looked_at[place] for place in order), *rest], ()
