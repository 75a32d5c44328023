"""The Qdrant adapter: collections, hybrid search, upsert and deletion of passages.

Only the worker uses it. A collection belongs to one embedding model, or to none.
"""

from __future__ import annotations

import hashlib
import re
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext

from qdrant_client import QdrantClient, models

from jobs.errors import EmbeddingsUnsupportedError, IndexTooOldError
from jobs.llm.embeddings import Embedder
from jobs.models import Passage
from jobs.search.embedded_qdrant import open_embedded
from jobs.search.errors import index_errors
from jobs.search.keywords import keywords_of
from jobs.search.points import (
    DENSE,
    DOCUMENT_ID,
    OWNER,
    TEXT,
    of_document,
    to_passage,
    to_point,
    visible_to,
)
from jobs.settings import Settings

KEYWORD_COLLECTION = "passages-keywords"
TIMEOUT_SECONDS = 10
UPSERT_BATCH = 128
# How many times `limit` each half of a hybrid search returns, for the fusion to choose from.
PREFETCH_FACTOR = 4
# For so long, a server without embeddings is not asked again.
UNSUPPORTED_SECONDS = 600.0
MIN_SERVER = (1, 20)


def collection_of(model: str) -> str:
    """Return the collection of an embedding model; "" stands for keyword search alone."""
    if not model:
        return KEYWORD_COLLECTION
    slug = re.sub(r"[^a-z0-9]+", "-", model.lower()).strip("-")[:40]
    return f"passages-{slug}-{hashlib.sha256(model.encode()).hexdigest()[:8]}"


class PassageIndex:
    """Passages in Qdrant. Thread-safe: a lock guards an embedded Qdrant.

    Methods raise IndexUnavailableError if Qdrant cannot be used, IndexDiskFullError if it is full.
    """

    def __init__(self, client: QdrantClient, embedder: Embedder | None, *, local: bool) -> None:
        self._client = client
        self._embedder = embedder
        self._lock = threading.RLock() if local else nullcontext()
        self._local = local
        self._unsupported: EmbeddingsUnsupportedError | None = None
        self._unsupported_at = 0.0

    @property
    def embedder(self) -> Embedder | None:
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
        with self._guard():
            if self._local:
                return
            version = self._client.info().version
        numbers = tuple(int(part) for part in re.findall(r"\d+", version)[:2])
        if numbers < MIN_SERVER:
            raise IndexTooOldError(
                f"The Qdrant server has version {version}: keyword search needs 1.20 or later."
            )

    def ensure_collection(self, name: str) -> None:
        """Create a missing collection; the model is asked for the size of its vectors."""
        with self._guard():
            if self._client.collection_exists(name):
                self._index_payload(name)
                return
        vectors = {}
        if name != KEYWORD_COLLECTION and self.embedder is not None:
            size = len(self.embedder.embed(["size"])[0])
            vectors[DENSE] = models.VectorParams(size=size, distance=models.Distance.COSINE)
        with self._guard():
            if not self._client.collection_exists(name):
                self._client.create_collection(name, vectors_config=vectors)
            self._client.create_payload_index(
                name,
                TEXT,
                # With the default word tokenizer: the embedded Qdrant scores with no other.
                models.TextIndexParams(type=models.TextIndexType.TEXT, scoring=True),
                wait=True,
            )
            self._index_payload(name)

    def _index_payload(self, name: str) -> None:
        """Create missing indexes of payload fields: old collections lack the one of owners."""
        if self._local:  # an embedded Qdrant scans every payload anyway
            return
        for field in {DOCUMENT_ID, OWNER} - set(self._client.get_collection(name).payload_schema):
            self._client.create_payload_index(
                name, field, models.PayloadSchemaType.KEYWORD, wait=True
            )

    def upsert(
        self,
        collection: str,
        passages: Sequence[Passage],
        vectors: Sequence[Sequence[float]] | None,
        owner: str = "",
    ) -> None:
        """Store passages; without vectors, only keyword search finds them.

        There is one vector for each passage, in order. With an `owner`, the passages are private.
        """
        for start in range(0, len(passages), UPSERT_BATCH):
            points = [
                to_point(passage, None if vectors is None else vectors[number], owner)
                for number, passage in enumerate(passages[start : start + UPSERT_BATCH], start)
            ]
            with self._guard():
                self._client.upsert(collection, points, wait=True)

    def search(
        self,
        question: str,
        limit: int,
        collection: str,
        documents: Sequence[str] = (),
        user: str = "",
    ) -> list[Passage]:
        """Return up to `limit` passages, best first, found by vectors and BM25 where both exist.

        Searches shared passages and the user's own (for "", shared ones only), in the documents
        with these ids, or in all if there are none. A missing collection has no passages. Vectors
        are not used while the collection belongs to another model than the configured one.
        """
        vector = self._embed_question(question) if collection == self.target_collection else None
        keywords = models.TextQuery(text=keywords_of(question))
        # Both halves of a hybrid search take the same filter.
        visible = visible_to(user, documents)
        with self._guard():
            if not self._client.collection_exists(collection):
                return []
            if vector is None:
                response = self._client.query_points(
                    collection,
                    query=keywords,
                    using=TEXT,
                    query_filter=visible,
                    limit=limit,
                    with_payload=True,
                )
            else:
                depth = limit * PREFETCH_FACTOR
                response = self._client.query_points(
                    collection,
                    prefetch=[
                        models.Prefetch(query=vector, using=DENSE, filter=visible, limit=depth),
                        models.Prefetch(query=keywords, using=TEXT, filter=visible, limit=depth),
                    ],
                    query=models.FusionQuery(fusion=models.Fusion.RRF),
                    limit=limit,
                    with_payload=True,
                )
        return [to_passage(point) for point in response.points]

    def texts(self, ids: Sequence[str], collection: str) -> dict[str, str]:
        """Return the texts of those passages that exist, by id."""
        with self._guard():
            if not self._client.collection_exists(collection):
                return {}
            points = self._client.retrieve(collection, list(ids), with_payload=[TEXT])
        return {str(point.id): (point.payload or {}).get(TEXT, "") for point in points}

    def delete_document(self, document_id: str, collection: str) -> None:
        """Remove the passages of one document."""
        with self._guard():
            if self._client.collection_exists(collection):
                self._client.delete(
                    collection, models.FilterSelector(filter=of_document(document_id)), wait=True
                )

    def count(self, collection: str, document_id: str | None = None) -> int:
        """Return how many passages a collection has, of one document or of all."""
        with self._guard():
            if not self._client.collection_exists(collection):
                return 0
            chosen = of_document(document_id) if document_id else None
            return self._client.count(collection, count_filter=chosen, exact=True).count

    def drop(self, collection: str) -> None:
        """Remove a collection with all its passages."""
        with self._guard():
            self._client.delete_collection(collection)

    def close(self) -> None:
        """Release the folder of an embedded Qdrant, or the connections to a server."""
        with self._lock:
            self._client.close()

    def _embed_question(self, question: str) -> list[float] | None:
        if self.embedder is None:
            return None
        try:
            return list(self.embedder.embed([question])[0])
        except EmbeddingsUnsupportedError as error:
            self.note_unsupported(error)
            return None

    @contextmanager
    def _guard(self) -> Iterator[None]:
        """Hold the lock of an embedded Qdrant, and translate what the client raises."""
        with index_errors(), self._lock:
            yield


def build_index(settings: Settings, embedder: Embedder | None) -> PassageIndex:
    """Open the configured index; raises IndexUnavailableError if another process holds it."""
    if settings.embedded_qdrant:
        client = open_embedded(settings.data_dir.resolve() / "qdrant")
        return PassageIndex(client, embedder, local=True)
    client = QdrantClient(
        url=settings.qdrant_url,
        api_key=settings.qdrant_api_key.get_secret_value() or None,
        timeout=TIMEOUT_SECONDS,
        check_compatibility=False,  # `check` does it, with a message of ours
    )
    return PassageIndex(client, embedder, local=False)
