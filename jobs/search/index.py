"""The passages of all documents: what is stored, and how it is found by words and by meaning.

Only the worker uses it. A collection belongs to one embedding model, or to none, and to one
schema: what a passage is stored with. With a new schema, all documents are indexed again.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from jobs.errors import AskqueueError, BadModelRequestError, EmbeddingsUnsupportedError
from jobs.llm.embedding_model import EmbeddingModel
from jobs.models import Passage
from jobs.search.analysis import question_terms, terms_of
from jobs.search.edge_engine import EdgeEngine
from jobs.search.engine import Engine, Entry, Scope
from jobs.search.fusion import fuse
from jobs.search.schema import (
    KEYWORD_COLLECTION,
    collection_of,
    is_of_first_schema,
    is_of_model,
)
from jobs.settings import Settings

if TYPE_CHECKING:
    from jobs.search.text_engine import TextEngine

# How many times `limit` each half of a hybrid search returns, for the fusion to choose from.
PREFETCH_FACTOR = 4
# For so long, a server without embeddings is not asked again.
UNSUPPORTED_SECONDS = 600.0


class PassageIndex:
    """Passages in an engine, and in that of an earlier version until they are indexed again.

    Safe for threads. Methods raise IndexUnavailableError if Qdrant cannot be used,
    IndexDiskFullError if it is full. A missing collection has no passages.
    """

    def __init__(
        self, engine: Engine, embedder: EmbeddingModel | None, first: TextEngine | None = None
    ) -> None:
        self._engine = engine
        self._first = first  # for collections of the first schema
        self._embedder = embedder
        self._unsupported: EmbeddingsUnsupportedError | None = None
        self._unsupported_at = 0.0
        self._sizes: dict[str, int] = {}  # of the vectors of each collection

    @property
    def embedder(self) -> EmbeddingModel | None:
        """The configured embedder; None without one, or if its server has no embeddings."""
        return None if self.embeddings_unsupported else self._embedder

    @property
    def embeddings_unsupported(self) -> EmbeddingsUnsupportedError | None:
        """The error of a server without embeddings, for ten minutes after it was asked."""
        if time.monotonic() - self._unsupported_at > UNSUPPORTED_SECONDS:
            self._unsupported = None
        return self._unsupported

    @property
    def target_collection(self) -> str:
        """The collection of the configured embedding model."""
        return collection_of(self.embedder.model if self.embedder else "")

    def note_unsupported(self, error: EmbeddingsUnsupportedError) -> None:
        """Remember that the server has no embeddings: only keywords are searched from now on."""
        self._unsupported, self._unsupported_at = error, time.monotonic()

    def check(self) -> None:
        """Check that Qdrant replies; raises IndexTooOldError for a server before 1.20."""
        self._engine.check()

    def collections(self) -> set[str]:
        """Return the names of all collections, ours or not."""
        return self._engine.collections() | (self._first.collections() if self._first else set())

    def exists(self, collection: str) -> bool:
        """Return whether there is such a collection."""
        return self._of(collection).exists(collection)

    def ensure_collection(self, name: str) -> None:
        """Create a missing collection; the model is asked for the size of its vectors."""
        engine = self._of(name)
        size = None
        if name != KEYWORD_COLLECTION and self.embedder is not None and not engine.exists(name):
            size = len(self.embedder.embed(["size"])[0])
        engine.create(name, size)

    def upsert(
        self,
        collection: str,
        passages: Sequence[Passage],
        vectors: Sequence[Sequence[float]] | None,
        owner: str = "",
        terms: Iterable[Sequence[str]] | None = None,
    ) -> None:
        """Store passages; without vectors, only search by words finds them.

        There is one vector for each passage, in order, and of `terms` one list: what search by
        words finds it by, otherwise those of its text. With an `owner`, the passages are private.
        Raises BadModelRequestError for vectors of another size than those stored.
        """
        if vectors:
            self._check_size(collection, vectors[0])
        found_by = iter(terms) if terms is not None else (terms_of(each.text) for each in passages)
        entries = (
            Entry(passage, next(found_by), None if vectors is None else vectors[number], owner)
            for number, passage in enumerate(passages)
        )
        self._of(collection).upsert(collection, entries)

    def set_vectors(self, collection: str, vectors: Mapping[str, Sequence[float]]) -> None:
        """Give stored passages their vectors, by id; those that are gone are left out."""
        engine = self._of(collection)
        if vectors and engine.exists(collection):
            self._check_size(collection, next(iter(vectors.values())))
            engine.set_vectors(collection, vectors)

    def by_words(
        self,
        terms: Mapping[str, float],
        limit: int,
        collection: str,
        *,
        documents: Sequence[str] = (),
        user: str = "",
        question: str = "",
    ) -> list[Passage]:
        """Return up to `limit` passages with the highest BM25 score, best first.

        `terms` of a question have weights. Searches shared passages and the user's own (for "",
        shared ones only), in the documents with these ids, or in all if there are none.
        `question` is for collections of an earlier version, which know no terms.
        """
        engine = self._of(collection)
        if not terms or not engine.exists(collection):
            return []
        return engine.by_words(collection, terms, Scope(user, (*documents,), question), limit)

    def by_vector(
        self,
        vector: Sequence[float],
        limit: int,
        collection: str,
        *,
        documents: Sequence[str] = (),
        user: str = "",
    ) -> list[Passage]:
        """Return up to `limit` passages nearest in meaning, best first; see `by_words`.

        Raises BadModelRequestError for a vector that cannot be compared with those stored.
        """
        engine = self._of(collection)
        if not engine.exists(collection):
            return []
        self._check_size(collection, vector)
        return engine.by_vector(collection, vector, Scope(user, (*documents,)), limit)

    def question_vector(self, question: str, collection: str) -> list[float] | None:
        """Return the vector of a question; None if those of the collection are of no such model."""
        if self.embedder is None or not is_of_model(collection, self.embedder.model):
            return None
        try:
            return list(self.embedder.embed_question(question))
        except EmbeddingsUnsupportedError as error:
            self.note_unsupported(error)
            return None

    def search(
        self,
        question: str,
        limit: int,
        collection: str,
        documents: Sequence[str] = (),
        user: str = "",
    ) -> list[Passage]:
        """Return up to `limit` passages, best first, found by vectors and BM25 where both exist.

        See `by_words`. Vectors are not used while the collection belongs to another model than
        the configured one.
        """
        vector = self.question_vector(question, collection)
        depth = limit if vector is None else limit * PREFETCH_FACTOR
        by_words = self.by_words(
            question_terms(question),
            depth,
            collection,
            documents=documents,
            user=user,
            question=question,
        )
        if vector is None:
            return by_words
        by_vector = self.by_vector(vector, depth, collection, documents=documents, user=user)
        return fuse(by_words, by_vector)[:limit]

    def texts(self, ids: Sequence[str], collection: str) -> dict[str, str]:
        """Return the texts of those passages that exist, by id."""
        return {passage.id: passage.text for passage in self.passages(ids, collection)}

    def passages(self, ids: Sequence[str], collection: str) -> list[Passage]:
        """Return those passages that exist, with a score of 0, in no order."""
        engine = self._of(collection)
        return engine.passages(collection, ids) if engine.exists(collection) else []

    def delete_document(self, document_id: str, collection: str) -> None:
        """Remove the passages of one document."""
        engine = self._of(collection)
        if engine.exists(collection):
            engine.delete_document(collection, document_id)

    def count(self, collection: str, document_id: str = "") -> int:
        """Return how many passages a collection has, of one document or of all."""
        engine = self._of(collection)
        return engine.count(collection, document_id) if engine.exists(collection) else 0

    def drop(self, collection: str) -> None:
        """Remove a collection with all its passages."""
        self._sizes.pop(collection, None)
        self._of(collection).drop(collection)

    def drop_first(self) -> None:
        """Remove the folder of an earlier version; nothing of it is needed any more."""
        if self._first is not None:
            self._first.remove()

    def close(self) -> None:
        """Release the folder of an embedded index, or the connections to a server."""
        self._engine.close()
        if self._first is not None:
            self._first.close()

    def _of(self, collection: str) -> Engine:
        """Return the engine of a collection."""
        if self._first is not None and is_of_first_schema(collection):
            return self._first
        return self._engine

    def _check_size(self, collection: str, vector: Sequence[float]) -> None:
        """Raise BadModelRequestError for a vector that cannot be compared with those stored."""
        if self._sizes.get(collection) == len(vector):
            return
        size = self._of(collection).vector_size(collection) or len(vector)
        if size != len(vector):
            raise BadModelRequestError(
                f"The embedding model returns vectors of {len(vector)} numbers, but those in the "
                f"index have {size}. Serve the model that they were made with, or give the new one "
                "a name of its own in EMBEDDING_MODEL and index all documents again."
            )
        self._sizes[collection] = size


def build_index(settings: Settings, embedder: EmbeddingModel | None) -> PassageIndex:
    """Open the configured index; raises IndexUnavailableError if another process holds it."""
    if settings.embedded_qdrant:
        data = settings.data_dir.resolve()
        engine = EdgeEngine(data / "index")
        return PassageIndex(engine, embedder, _open_first(data / "qdrant", engine))
    # Half of what a worker imports: not where the index is embedded.
    from qdrant_client import QdrantClient

    from jobs.search.server_engine import TIMEOUT_SECONDS, ServerEngine
    from jobs.search.text_engine import TextEngine

    client = QdrantClient(
        url=settings.qdrant_url,
        api_key=settings.qdrant_api_key.get_secret_value() or None,
        timeout=TIMEOUT_SECONDS,
        check_compatibility=False,  # `check` does it, with a message of ours
    )
    return PassageIndex(ServerEngine(client), embedder, TextEngine(client))


def _open_first(folder: Path, engine: Engine) -> TextEngine | None:
    """Open what an earlier version embedded, if it is still there."""
    if not folder.exists():
        return None
    from jobs.search.text_engine import FolderEngine

    try:
        return FolderEngine(folder)
    except AskqueueError:
        engine.close()
        raise
