"""The engine of collections that earlier versions made, which search a text index of Qdrant.

They answer until all documents are in a collection of today. A server keeps them beside those; the
embedded ones are in a folder of qdrant-client, which goes with the last of them.
"""

from __future__ import annotations

import shutil
import threading
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from qdrant_client import QdrantClient, models

from jobs.errors import IndexUnavailableError
from jobs.models import Passage
from jobs.search.engine import Entry, Scope
from jobs.search.errors import in_use_error
from jobs.search.keywords import keywords_of
from jobs.search.points import DENSE, TEXT
from jobs.search.server_engine import ServerEngine, visible_to
from jobs.search.server_errors import index_errors


class TextEngine(ServerEngine):
    """See `jobs.search.engine.Engine`. It has no vectors of words, and makes no new collection."""

    def create(self, collection: str, vector_size: int | None) -> None:
        if not self.exists(collection):
            raise IndexUnavailableError(
                f"The collection {collection} of an earlier version is gone. All documents are "
                "indexed again in a moment."
            )

    def by_words(
        self, collection: str, terms: Mapping[str, float], scope: Scope, limit: int
    ) -> list[Passage]:
        words = keywords_of(scope.question) if scope.question else " ".join(terms)
        query = models.TextQuery(text=words)
        return self._query(collection, query, TEXT, visible_to(scope), limit)

    def remove(self) -> None:
        """Do nothing: the collections of a server go one by one."""

    def _vectors(self, entry: Entry) -> dict[str, models.Vector]:
        return {} if entry.vector is None else {DENSE: list(entry.vector)}


class FolderEngine(TextEngine):
    """The collections in a folder of qdrant-client. Safe for threads by a lock of its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.RLock()
        self._is_open = True
        with warnings.catch_warnings():
            # It advises against so many passages, which are on their way out.
            warnings.filterwarnings("ignore", "Local mode is not recommended")
            try:
                client = QdrantClient(path=str(folder), force_disable_check_same_thread=True)
            except RuntimeError as error:
                raise in_use_error() from error
        super().__init__(client)

    def collections(self) -> set[str]:
        return super().collections() if self._is_open else set()

    def exists(self, collection: str) -> bool:
        return self._is_open and super().exists(collection)

    def drop(self, collection: str) -> None:
        with self._lock:
            if self._is_open:
                super().drop(collection)
                if not self.collections():
                    self.remove()

    def remove(self) -> None:
        """Remove the folder with all its collections."""
        with self._lock:
            if self._is_open:
                self.close()
                shutil.rmtree(self._folder)

    def close(self) -> None:
        with self._lock:
            self._is_open = False
            super().close()

    @contextmanager
    def _guard(self) -> Iterator[None]:
        with index_errors(), self._lock:
            yield
