"""An engine over qdrant-client: a Qdrant server, 1.20 or later."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager

from qdrant_client import QdrantClient, models

from jobs.errors import IndexTooOldError
from jobs.models import Passage
from jobs.search.engine import Entry, Scope, in_batches
from jobs.search.points import DENSE, DOCUMENT_ID, OWNER, WORDS, passage_of, payload_of
from jobs.search.server_errors import index_errors
from jobs.search.sparse import SparseVector, passage_vector, question_vector

TIMEOUT_SECONDS = 10
MIN_SERVER = (1, 20)


class ServerEngine:
    """See `jobs.search.engine.Engine`."""

    def __init__(self, client: QdrantClient) -> None:
        self._client = client

    def check(self) -> None:
        with self._guard():
            version = self._client.info().version
        numbers = tuple(int(part) for part in re.findall(r"\d+", version)[:2])
        if numbers < MIN_SERVER:
            raise IndexTooOldError(
                f"The Qdrant server has version {version}: keyword search needs 1.20 or later."
            )

    def collections(self) -> set[str]:
        with self._guard():
            return {each.name for each in self._client.get_collections().collections}

    def exists(self, collection: str) -> bool:
        with self._guard():
            return self._client.collection_exists(collection)

    def create(self, collection: str, vector_size: int | None) -> None:
        vectors = {}
        if vector_size is not None:
            vectors[DENSE] = models.VectorParams(size=vector_size, distance=models.Distance.COSINE)
        with self._guard():
            if not self._client.collection_exists(collection):
                self._client.create_collection(
                    collection,
                    vectors_config=vectors,
                    sparse_vectors_config={
                        WORDS: models.SparseVectorParams(modifier=models.Modifier.IDF)
                    },
                )
            # Whoever created it may have been killed before this.
            indexed = set(self._client.get_collection(collection).payload_schema)
            for field in {DOCUMENT_ID, OWNER} - indexed:
                self._client.create_payload_index(
                    collection, field, models.PayloadSchemaType.KEYWORD, wait=True
                )

    def vector_size(self, collection: str) -> int | None:
        with self._guard():
            stored = self._client.get_collection(collection).config.params.vectors
        return stored[DENSE].size if isinstance(stored, dict) and DENSE in stored else None

    def upsert(self, collection: str, entries: Iterable[Entry]) -> None:
        for batch in in_batches(entries):
            points = [
                models.PointStruct(
                    id=entry.passage.id, vector=self._vectors(entry), payload=payload_of(entry)
                )
                for entry in batch
            ]
            with self._guard():
                self._client.upsert(collection, points, wait=True)

    def set_vectors(self, collection: str, vectors: Mapping[str, Sequence[float]]) -> None:
        with self._guard():
            there = self._client.retrieve(collection, [*vectors], with_payload=False)
            points = [
                models.PointVectors(id=point.id, vector={DENSE: list(vectors[str(point.id)])})
                for point in there
            ]
            if points:
                self._client.update_vectors(collection, points, wait=True)

    def by_words(
        self, collection: str, terms: Mapping[str, float], scope: Scope, limit: int
    ) -> list[Passage]:
        visible = visible_to(scope)
        return self._query(
            collection,
            _sparse(question_vector(terms)),
            WORDS,
            visible,
            limit,
            # How rare a term is among what is searched, not among what others keep.
            models.SearchParams(idf=models.IdfCorpusParams(corpus=visible)),
        )

    def by_vector(
        self, collection: str, vector: Sequence[float], scope: Scope, limit: int
    ) -> list[Passage]:
        return self._query(collection, list(vector), DENSE, visible_to(scope), limit)

    def passages(self, collection: str, ids: Sequence[str]) -> list[Passage]:
        with self._guard():
            points = self._client.retrieve(collection, list(ids), with_payload=True)
        return [passage_of(each.id, each.payload or {}, 0.0) for each in points]

    def delete_document(self, collection: str, document_id: str) -> None:
        with self._guard():
            self._client.delete(
                collection, models.FilterSelector(filter=of_document(document_id)), wait=True
            )

    def count(self, collection: str, document_id: str = "") -> int:
        chosen = of_document(document_id) if document_id else None
        with self._guard():
            return self._client.count(collection, count_filter=chosen, exact=True).count

    def drop(self, collection: str) -> None:
        with self._guard():
            self._client.delete_collection(collection)

    def close(self) -> None:
        self._client.close()

    def _guard(self) -> AbstractContextManager[None]:
        """Translate what the client raises."""
        return index_errors()

    def _vectors(self, entry: Entry) -> dict[str, models.Vector]:
        vectors: dict[str, models.Vector] = {WORDS: _sparse(passage_vector(entry.terms))}
        if entry.vector is not None:
            vectors[DENSE] = list(entry.vector)
        return vectors

    def _query(
        self,
        collection: str,
        query: models.Query | list[float] | models.SparseVector,
        using: str,
        visible: models.Filter,
        limit: int,
        parameters: models.SearchParams | None = None,
    ) -> list[Passage]:
        with self._guard():
            response = self._client.query_points(
                collection,
                query=query,
                using=using,
                query_filter=visible,
                search_params=parameters,
                limit=limit,
                with_payload=True,
            )
        return [passage_of(each.id, each.payload or {}, each.score) for each in response.points]


def _sparse(vector: SparseVector) -> models.SparseVector:
    return models.SparseVector(indices=vector.indices, values=vector.values)


def of_document(document_id: str) -> models.Filter:
    """Select the passages of one document."""
    match = models.MatchValue(value=document_id)
    return models.Filter(must=[models.FieldCondition(key=DOCUMENT_ID, match=match)])


def visible_to(scope: Scope) -> models.Filter:
    """Select what is in a scope: what has no owner or is the user's, of the chosen documents."""
    readable: list[models.Condition] = [
        models.IsEmptyCondition(is_empty=models.PayloadField(key=OWNER)),
    ]
    if scope.user:
        match = models.MatchValue(value=scope.user)
        readable.append(models.FieldCondition(key=OWNER, match=match))
    conditions: list[models.Condition] = [models.Filter(should=readable)]
    if scope.documents:
        chosen = models.MatchAny(any=list(scope.documents))
        conditions.append(models.FieldCondition(key=DOCUMENT_ID, match=chosen))
    return models.Filter(must=conditions)
