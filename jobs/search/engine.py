"""What an engine does that keeps passages and finds them; `index.py` is what the rest talks to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Protocol

from jobs.models import Passage

# Passages that are written at once: a search waits for no more than these.
UPSERT_BATCH = 128


@dataclass(frozen=True)
class Entry:
    """A passage to store. `terms` are what search by words finds it by, `vector` by meaning.

    With an `owner`, nobody else finds it.
    """

    passage: Passage
    terms: Sequence[str]
    vector: Sequence[float] | None = None
    owner: str = ""


@dataclass(frozen=True)
class Scope:
    """What is searched: shared passages and the user's own, in these documents or in all.

    "" is nobody, who finds shared passages only. `question` is what was asked, for collections
    of before, which do not know our terms.
    """

    user: str = ""
    documents: tuple[str, ...] = ()
    question: str = ""


class Engine(Protocol):
    """Collections of passages, on disk or on a server. Safe for threads.

    What a method has written when it returns, a killed process does not lose. Methods raise
    IndexUnavailableError, or IndexDiskFullError if there is no room to write. All but `create`,
    `exists` and `drop` are for collections that exist.
    """

    def check(self) -> None:
        """Check that the engine replies; raises IndexTooOldError for a server that is too old."""

    def collections(self) -> set[str]:
        """Return the names of all collections."""

    def exists(self, collection: str) -> bool: ...

    def create(self, collection: str, vector_size: int | None) -> None:
        """Create a collection if it is missing, with vectors of this many numbers, or without."""

    def vector_size(self, collection: str) -> int | None:
        """Return how many numbers the vectors of a collection have; None if it has none."""

    def upsert(self, collection: str, entries: Iterable[Entry]) -> None:
        """Store passages, in place of those with the same id."""

    def set_vectors(self, collection: str, vectors: Mapping[str, Sequence[float]]) -> None:
        """Give passages their vectors, by id; those that are gone are left out."""

    def by_words(
        self, collection: str, terms: Mapping[str, float], scope: Scope, limit: int
    ) -> list[Passage]:
        """Return the passages with the highest BM25 score, best first."""

    def by_vector(
        self, collection: str, vector: Sequence[float], scope: Scope, limit: int
    ) -> list[Passage]:
        """Return the passages nearest in meaning, best first."""

    def passages(self, collection: str, ids: Sequence[str]) -> list[Passage]:
        """Return those passages that exist, in no order."""

    def delete_document(self, collection: str, document_id: str) -> None:
        """Remove the passages of a document."""

    def count(self, collection: str, document_id: str = "") -> int:
        """Return how many passages there are, of one document or of all."""

    def drop(self, collection: str) -> None:
        """Remove a collection with all its passages, if it exists."""

    def close(self) -> None:
        """Release what is open."""


def in_batches(entries: Iterable[Entry]) -> Iterator[list[Entry]]:
    """Yield the entries in lists of `UPSERT_BATCH`."""
    left = iter(entries)
    while batch := list(islice(left, UPSERT_BATCH)):
        yield batch
