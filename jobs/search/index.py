"""The Qdrant adapter: collections, hybrid search, upsert and delete of passages.

Only the worker uses it. A collection belongs to one embedding model, or to none.
"""

from __future__ import annotations

import errno
import hashlib
import re
import sqlite3
import threading
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext

import httpx
from qdrant_client import QdrantClient, models
from qdrant_client.common.client_exceptions import QdrantException
from qdrant_client.http.exceptions import ApiException, UnexpectedResponse

from jobs.errors import (
    EmbeddingsUnsupportedError,
    IndexDiskFullError,
    IndexTooOldError,
    IndexUnavailableError,
)
from jobs.llm.embeddings import Embedder
from jobs.models import Passage
from jobs.search.embedded_qdrant import open_embedded
from jobs.settings import Settings

KEYWORD_COLLECTION = "passages-keywords"
DENSE = "dense"
TEXT = "text"
# Of a private passage alone. One without it is shared, such as all of before there was this.
OWNER = "owner"
TIMEOUT_SECONDS = 10
UPSERT_BATCH = 128
# Candidates of each kind of search, for the fusion to choose from.
PREFETCH_FACTOR = 4
# How long a server without embeddings is not asked again.
UNSUPPORTED_SECONDS = 600.0
MIN_SERVER = (1, 20)
# How a server says that its disk is full, in an error that is else like any other of its own.
NO_SPACE = b"No space left"
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)

# The commonest words of English questions say nothing about which passage answers.
STOP_WORDS = frozenset(
    """
    a about after all also an and any are as at be been before between both but by can could did do
    does doing done during each for from had has have having he her here him his how i if in into is
    it its many may me might more most much must my no not of on once only or other our out over per
    she should so some such than that the their them then there these they this those to under until
    up us was we were what when where which while who whom whose why will with would you your
    """.split()  # noqa: SIM905 (a list would take a line for each word)
)


def passage_id(document_id: str, position: int) -> str:
    """The id of a passage: the same content indexed again gets the same ids."""
    return str(uuid.uuid5(uuid.NAMESPACE_OID, f"{document_id}:{position}"))


def collection_of(model: str) -> str:
    """The collection of an embedding model; "" is keyword search alone."""
    if not model:
        return KEYWORD_COLLECTION
    slug = re.sub(r"[^a-z0-9]+", "-", model.lower()).strip("-")[:40]
    return f"passages-{slug}-{hashlib.sha256(model.encode()).hexdigest()[:8]}"


def keywords_of(question: str) -> str:
    """The words of a question that are worth searching for; all of them if none stands out."""
    words = [word for word in re.findall(r"\w+", question) if word.lower() not in STOP_WORDS]
    return " ".join(words) or question


class PassageIndex:
    """Passages in Qdrant. Thread-safe: an embedded Qdrant is guarded by a lock."""

    def __init__(self, client: QdrantClient, embedder: Embedder | None, *, local: bool) -> None:
        self._client = client
        self._embedder = embedder
        self._lock = threading.RLock() if local else nullcontext()
        self._local = local
        self._unsupported: EmbeddingsUnsupportedError | None = None
        self._unsupported_at = 0.0

    @property
    def embedder(self) -> Embedder | None:
        """The embedder, unless there is none or its server turned out to have no embeddings."""
        return None if self.embeddings_unsupported else self._embedder

    @property
    def embeddings_unsupported(self) -> EmbeddingsUnsupportedError | None:
        """What the server said when it was last asked for embeddings, for ten minutes."""
        if time.monotonic() - self._unsupported_at > UNSUPPORTED_SECONDS:
            self._unsupported = None
        return self._unsupported

    @property
    def target_collection(self) -> str:
        """The collection that the configured embedding model asks for."""
        return collection_of(self.embedder.model if self.embedder else "")

    def note_unsupported(self, error: EmbeddingsUnsupportedError) -> None:
        """Remember that the server has no embeddings: keyword search goes on alone."""
        self._unsupported, self._unsupported_at = error, time.monotonic()

    def check(self) -> None:
        """Raise IndexUnavailableError, or IndexTooOldError for a server before 1.20."""
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
        """Create the collection if it is missing; a dense one learns its size from the model."""
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
                # The default word tokenizer: the only one that the embedded Qdrant scores with.
                models.TextIndexParams(type=models.TextIndexType.TEXT, scoring=True),
                wait=True,
            )
            self._index_payload(name)

    def _index_payload(self, name: str) -> None:
        """Index what passages are filtered by, as far as it is not; one of before lacks owners."""
        if self._local:  # an embedded Qdrant looks at every payload anyway
            return
        for field in {"document_id", OWNER} - set(self._client.get_collection(name).payload_schema):
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
        """Store passages; without vectors only keyword search finds them.

        With an `owner`, they are private to that user.
        """
        for start in range(0, len(passages), UPSERT_BATCH):
            points = [
                models.PointStruct(
                    id=passage.id,
                    vector={DENSE: list(vectors[number])} if vectors is not None else {},
                    payload=_payload(passage) | ({OWNER: owner} if owner else {}),
                )
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
        """The best passages first, by vectors and BM25 together where both are there.

        Only of shared passages and this user's own, of shared ones alone for nobody (""); and of
        these documents, by their ids, or of all if none is named. A missing collection has none.
        The dense half is left out while the collection belongs to another model than the configured
        one.
        """
        vector = self._embed_question(question) if collection == self.target_collection else None
        keywords = models.TextQuery(text=keywords_of(question))
        # Both halves of a hybrid search take the same filter.
        visible = _visible(user, documents)
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
        return [_passage(point) for point in response.points]

    def texts(self, ids: Sequence[str], collection: str) -> dict[str, str]:
        """The texts of those passages that are there, by id."""
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
                    collection, models.FilterSelector(filter=_of_document(document_id)), wait=True
                )

    def count(self, collection: str, document_id: str | None = None) -> int:
        """How many passages a collection holds, of one document or of all."""
        with self._guard():
            if not self._client.collection_exists(collection):
                return 0
            chosen = _of_document(document_id) if document_id else None
            return self._client.count(collection, count_filter=chosen, exact=True).count

    def drop(self, collection: str) -> None:
        """Remove a collection with all its passages."""
        with self._guard():
            self._client.delete_collection(collection)

    def close(self) -> None:
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
        try:
            with self._lock:
                yield
        except UnexpectedResponse as error:
            if error.status_code in (401, 403):
                raise IndexUnavailableError(
                    "The document index (Qdrant) refused the API key. Set a valid QDRANT_API_KEY "
                    "and restart the worker."
                ) from error
            if NO_SPACE in error.content:
                raise IndexDiskFullError() from error
            raise IndexUnavailableError() from error
        except sqlite3.OperationalError as error:
            raise (
                IndexDiskFullError if _cannot_write(error) else IndexUnavailableError
            )() from error
        except OSError as error:
            raise (
                IndexDiskFullError if error.errno in FULL else IndexUnavailableError
            )() from error
        except (QdrantException, ApiException, httpx.HTTPError) as error:
            raise IndexUnavailableError() from error


def build_index(settings: Settings, embedder: Embedder | None) -> PassageIndex:
    """Open the configured index; raises IndexUnavailableError if another process holds it."""
    if settings.embedded_qdrant:
        client = open_embedded(settings.data_dir.resolve() / "qdrant")
        return PassageIndex(client, embedder, local=True)
    client = QdrantClient(
        url=settings.qdrant_url,
        api_key=settings.qdrant_api_key.get_secret_value() or None,
        timeout=TIMEOUT_SECONDS,
        check_compatibility=False,  # `check` does it, with a sentence of ours
    )
    return PassageIndex(client, embedder, local=False)


def _cannot_write(error: sqlite3.OperationalError) -> bool:
    """True if an embedded Qdrant found its disk full; a full quota is to SQLite an I/O error."""
    return error.sqlite_errorcode & 0xFF in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR)


def _of_document(document_id: str) -> models.Filter:
    match = models.MatchValue(value=document_id)
    return models.Filter(must=[models.FieldCondition(key="document_id", match=match)])


def _visible(user: str, document_ids: Sequence[str]) -> models.Filter:
    """What a user may find: shared passages and own ones, of these documents if any are named."""
    seen: list[models.Condition] = [
        models.IsEmptyCondition(is_empty=models.PayloadField(key=OWNER)),
    ]
    if user:
        match = models.MatchValue(value=user)
        seen.append(models.FieldCondition(key=OWNER, match=match))
    conditions: list[models.Condition] = [models.Filter(should=seen)]
    if document_ids:
        chosen = models.MatchAny(any=list(document_ids))
        conditions.append(models.FieldCondition(key="document_id", match=chosen))
    return models.Filter(must=conditions)


def _payload(passage: Passage) -> dict[str, object]:
    return {
        "document_id": passage.document_id,
        "document_name": passage.document_name,
        TEXT: passage.text,
        "page": passage.page,
        "last_page": passage.last_page,
        "position": passage.position,
    }


def _passage(point: models.ScoredPoint) -> Passage:
    payload = point.payload or {}
    return Passage(
        id=str(point.id),
        document_id=payload["document_id"],
        document_name=payload["document_name"],
        text=payload[TEXT],
        page=payload.get("page"),
        last_page=payload.get("last_page"),
        position=payload.get("position", 0),
        score=point.score,
    )
