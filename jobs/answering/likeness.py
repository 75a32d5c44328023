"""How alike a question and sentences are in meaning, by the embedding model that search uses."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import structlog

from jobs.errors import AskqueueError
from jobs.llm.embedding_model import EmbeddingModel

# Vectors that are kept: the parts of a question, and its other ways, ask of the same sentences.
MAX_KEPT = 2000

log = structlog.get_logger(__name__)


def likeness_of(
    embedder: Callable[[], EmbeddingModel | None],
) -> Callable[[str, Sequence[str]], Sequence[float]]:
    """Return what compares a question with texts: the cosines of their vectors.

    It returns nothing without an embedding model, or if that fails: quotes are then chosen by words
    alone.
    """
    kept: dict[tuple[str, str], Sequence[float]] = {}

    def vectors_of(model: EmbeddingModel, texts: Sequence[str]) -> list[Sequence[float]]:
        known = {text: kept.get((model.model, text)) for text in texts}
        new = [text for text, vector in known.items() if vector is None]
        if new:
            known.update(zip(new, model.embed(new), strict=True))
        if len(kept) > MAX_KEPT:
            kept.clear()
        kept.update({(model.model, text): vector for text, vector in known.items() if vector})
        return [vector for text in texts if (vector := known[text])]

    def compare(question: str, texts: Sequence[str]) -> Sequence[float]:
        try:
            model = embedder()
            if model is None:
                return ()
            asked = model.embed_question(question)
            return [_cosine(asked, vector) for vector in vectors_of(model, texts)]
        except AskqueueError as error:
            log.warning("sentences not compared by meaning", error=error.kind)
            return ()

    return compare


def _cosine(one: Sequence[float], other: Sequence[float]) -> float:
    product = sum(a * b for a, b in zip(one, other, strict=True))
    return product / (math.hypot(*one) * math.hypot(*other) or 1.0)
