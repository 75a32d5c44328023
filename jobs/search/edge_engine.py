"""The embedded engine: Qdrant's own, in this process (qdrant-edge), in a folder that it owns.

Each collection is a shard, with a log ahead of its data: a killed process loses nothing. What was
flushed, a power cut does not lose either. Vectors are compared one by one, without an index of
neighbours, which takes some 50 ms for 100,000 and misses none.
"""

from __future__ import annotations

import fcntl
import json
import threading
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import IO

import qdrant_edge as edge

from jobs.errors import IndexUnavailableError
from jobs.models import Passage
from jobs.search.edge_shard import FAILED, SPARE_TO_SHRINK_BYTES, EdgeShard, open_all
from jobs.search.engine import Entry, Scope, in_batches
from jobs.search.errors import in_use_error
from jobs.search.points import DENSE, DOCUMENT_ID, OWNER, WORDS, passage_of, payload_of
from jobs.search.sparse import SparseVector, passage_vector, question_vector


class EdgeEngine:
    """See `jobs.search.engine.Engine`."""

    def __init__(self, folder: Path) -> None:
        """Open all collections; raises IndexUnavailableError if another process has them."""
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._lock = _lock(folder)
        self._changing = threading.Lock()
        try:
            self._shards = open_all(folder)
        except BaseException:
            self._lock.close()
            raise

    def check(self) -> None:
        """Do nothing: what could be wrong shows when it is opened."""

    def collections(self) -> set[str]:
        return set(self._shards)

    def exists(self, collection: str) -> bool:
        return collection in self._shards

    def create(self, collection: str, vector_size: int | None) -> None:
        words = edge.EdgeSparseVectorParams(modifier=edge.Modifier.Idf)
        vectors = {}
        if vector_size is not None:
            vectors[DENSE] = edge.EdgeVectorParams(vector_size, edge.Distance.Cosine)
        config = edge.EdgeConfig(vectors=vectors or None, sparse_vectors={WORDS: words})
        with self._changing:
            if collection not in self._shards:
                self._shards[collection] = EdgeShard.create(
                    self._folder / collection,
                    config,
                    [
                        edge.UpdateOperation.create_field_index(
                            field, edge.PayloadSchemaType.Keyword
                        )
                        for field in (DOCUMENT_ID, OWNER)
                    ],
                )

    def vector_size(self, collection: str) -> int | None:
        # A shard does not say how it is configured; its file does.
        config = json.loads((self._folder / collection / "edge_config.json").read_text())
        size = config.get("vectors", {}).get(DENSE, {}).get("size")
        return None if size is None else int(size)

    def upsert(self, collection: str, entries: Iterable[Entry]) -> None:
        shard = self._shard(collection)
        for batch in in_batches(entries):
            points = [_point(entry) for entry in batch]
            with shard.write() as writing:
                writing.update(edge.UpdateOperation.upsert_points(points))
        with shard.write() as writing:
            writing.flush()

    def set_vectors(self, collection: str, vectors: Mapping[str, Sequence[float]]) -> None:
        with self._shard(collection).write() as shard:
            # It refuses all if one of them is gone.
            there = [str(each.id) for each in shard.retrieve([*vectors], False, False)]
            points = [edge.PointVectors(each, {DENSE: list(vectors[each])}) for each in there]
            if points:
                shard.update(edge.UpdateOperation.update_vectors(points))
                shard.flush()

    def by_words(
        self, collection: str, terms: Mapping[str, float], scope: Scope, limit: int
    ) -> list[Passage]:
        visible = visible_to(scope)
        query = edge.Query.Nearest(_sparse(question_vector(terms)), using=WORDS)
        # How rare a term is among what is searched, not among what others keep.
        parameters = edge.SearchParams(idf=edge.IdfParams(visible))
        return self._query(collection, query, visible, limit, parameters)

    def by_vector(
        self, collection: str, vector: Sequence[float], scope: Scope, limit: int
    ) -> list[Passage]:
        query = edge.Query.Nearest(list(vector), using=DENSE)
        return self._query(collection, query, visible_to(scope), limit)

    def passages(self, collection: str, ids: Sequence[str]) -> list[Passage]:
        with self._shard(collection).use() as shard:
            records = shard.retrieve(list(ids), True, False)
        return [passage_of(each.id, each.payload or {}, 0.0) for each in records]

    def delete_document(self, collection: str, document_id: str) -> None:
        with self._shard(collection).write(SPARE_TO_SHRINK_BYTES) as shard:
            shard.update(edge.UpdateOperation.delete_points_by_filter(of_document(document_id)))
            # A power cut must not bring back what somebody deleted.
            shard.flush()

    def count(self, collection: str, document_id: str = "") -> int:
        chosen = of_document(document_id) if document_id else None
        with self._shard(collection).use() as shard:
            return shard.count(edge.CountRequest(filter=chosen, exact=True))

    def drop(self, collection: str) -> None:
        with self._changing:
            shard = self._shards.pop(collection, None)
        if shard is not None:
            shard.remove()

    def close(self) -> None:
        with self._changing:
            while self._shards:
                self._shards.popitem()[1].close()
            self._lock.close()

    def _shard(self, collection: str) -> EdgeShard:
        try:
            return self._shards[collection]
        except KeyError:  # dropped a moment ago
            raise IndexUnavailableError(FAILED, command="") from None

    def _query(
        self,
        collection: str,
        query: edge.Query,
        visible: edge.Filter,
        limit: int,
        parameters: edge.SearchParams | None = None,
    ) -> list[Passage]:
        request = edge.QueryRequest(
            limit=limit, query=query, filter=visible, with_payload=True, params=parameters
        )
        with self._shard(collection).use() as shard:
            found = shard.query(request)
        return [passage_of(each.id, each.payload or {}, each.score) for each in found]


def _lock(folder: Path) -> IO[str]:
    """Lock a folder to this process for as long as the file is open."""
    file = (folder / ".lock").open("w")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        file.close()
        raise in_use_error() from error
    return file


def _point(entry: Entry) -> edge.Point:
    vectors: dict[str, edge.NamedVector] = {WORDS: _sparse(passage_vector(entry.terms))}
    if entry.vector is not None:
        vectors[DENSE] = list(entry.vector)
    return edge.Point(entry.passage.id, vectors, payload_of(entry))


def _sparse(vector: SparseVector) -> edge.SparseVector:
    return edge.SparseVector(vector.indices, vector.values)


def of_document(document_id: str) -> edge.Filter:
    """Select the passages of one document."""
    match = edge.MatchValue(document_id)
    return edge.Filter(must=[edge.FieldCondition(DOCUMENT_ID, match=match)])


def visible_to(scope: Scope) -> edge.Filter:
    """Select what is in a scope: what has no owner or is the user's, of the chosen documents."""
    readable: list[edge.ConditionType] = [edge.IsEmptyCondition(OWNER)]
    if scope.user:
        readable.append(edge.FieldCondition(OWNER, match=edge.MatchValue(scope.user)))
    conditions: list[edge.ConditionType] = [edge.Filter(should=readable)]
    if scope.documents:
        chosen = edge.MatchAny(list(scope.documents))
        conditions.append(edge.FieldCondition(DOCUMENT_ID, match=chosen))
    return edge.Filter(must=conditions)
