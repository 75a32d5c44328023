"""What turns texts into vectors, be it a server (`embeddings.py`) or a model in this process."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol


class EmbeddingModel(Protocol):
    """An embedding model. Safe for threads.

    `model` is its name: vectors of models with different names are never compared. One that
    `is_local` costs this process its processor: passages get their vectors when nothing else is
    to be done, after they can be found by words.
    """

    @property
    def model(self) -> str: ...

    @property
    def is_local(self) -> bool: ...

    def embed(
        self,
        texts: Sequence[str],
        on_batch: Callable[[int, int], None] | None = None,
        on_shortened: Callable[[int], None] | None = None,
    ) -> list[Sequence[float]]:
        """Return one vector for each passage, in order; `on_batch(done, total)` is called between.

        `on_shortened` is called at the end with the number of texts of which the model was given
        only the beginning, if any. Raises ModelError.
        """

    def embed_question(self, question: str) -> Sequence[float]:
        """Return the vector of a question, to compare with those of passages."""
