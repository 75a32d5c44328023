"""Sentences compared with a question by their vectors."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from jobs.answering.likeness import likeness_of


class Counting:
    """A model of two dimensions: whether a text is about hotels, or not."""

    model = "counting"
    is_local = True

    def __init__(self) -> None:
        self.embedded: list[str] = []

    def embed(
        self,
        texts: Sequence[str],
        on_batch: Callable[[int, int], None] | None = None,
        on_shortened: Callable[[int], None] | None = None,
    ) -> list[Sequence[float]]:
        self.embedded += texts
        return [self.embed_question(text) for text in texts]

    def embed_question(self, question: str) -> Sequence[float]:
        return [1.0, 0.0] if "hotel" in question else [0.0, 1.0]


def test_sentence_is_embedded_once() -> None:
    """However many parts a question has, and whatever is asked next."""
    model = Counting()
    likeness = likeness_of(lambda: model)
    texts = ["a hotel", "a meal", "a hotel"]
    assert likeness("the hotel?", texts) == [1.0, 0.0, 1.0]
    assert likeness("the meal?", [*texts, "a train"]) == [0.0, 1.0, 0.0, 1.0]
    assert model.embedded == ["a hotel", "a meal", "a train"]


def test_nothing_is_compared_without_a_model() -> None:
    """Quotes are then chosen by words alone."""
    assert likeness_of(lambda: None)("the hotel?", ["a hotel"]) == ()
