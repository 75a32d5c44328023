"""The register of documents in Valkey: what there is, how far it is, and which index holds it."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from typing import Any, cast

import redis
from redis.typing import EncodableT, FieldT

from jobs.documents import scripts
from jobs.documents.ids import is_visible, owner_digest, owner_part
from jobs.documents.keys import document_key, own_documents_key
from jobs.models import SAMPLES_USER, Document, DocumentPage, DocumentStatus, IndexState
from jobs.queue.codec import decode, encode, encode_fields
from jobs.queue.keys import (
    DELETED_DOCUMENTS_KEY,
    DOCUMENTS_KEY,
    DOCUMENTS_VERSION_KEY,
    INDEX_KEY,
    LOOSE_FILES_KEY,
    PRIVATE_DOCUMENTS_KEY,
    REMOVAL_LOCK_KEY,
    REMOVAL_WAITS_KEY,
    RENEWAL_LOCK_KEY,
    UNEMBEDDED_KEY,
    deletions_key,
)

REMOVAL_EVERY_SECONDS = 3600
REMOVAL_WAITS_SECONDS = 60
RENEWAL_EVERY_SECONDS = 600
# So long does a deletion count, see `jobs.documents.quota`.
DELETION_SECONDS = 900
_BEFORE, _AFTER_DELETIONS = deletions_key("\n").split("\n")
# As many documents are read at once where a user's are listed or offered.
PAGE = 100


class DocumentRepository:
    """Entries live as long as their documents. Raises what redis raises.

    It also knows the loose files: those in the store that no entry owns, not yet or no longer.
    """

    def __init__(self, connection: redis.Redis) -> None:
        self._connection = connection
        self._add_if_new = connection.register_script(scripts.ADD_IF_NEW)
        self._activate_first = connection.register_script(scripts.ACTIVATE_FIRST)
        self._update = connection.register_script(scripts.UPDATE_IF_THERE)
        self._renew = connection.register_script(scripts.RENEW)
        self._delete = connection.register_script(scripts.DELETE)
        self._expire = connection.register_script(scripts.EXPIRE)
        self._take_loose = connection.register_script(scripts.TAKE_LOOSE)
        self._update_unembedded = connection.register_script(scripts.UPDATE_UNEMBEDDED)
        self._queue_again = connection.register_script(scripts.QUEUE_AGAIN)

    def add_if_new(self, document: Document) -> bool:
        """Enter a document, whose file is no longer loose; False if it is there already. Atomic."""
        fields = encode(document, without=("id",))
        parts = [part for pair in fields.items() for part in pair]
        return bool(
            self._add_if_new(
                keys=[*_keys(document.id), DELETED_DOCUMENTS_KEY, LOOSE_FILES_KEY],
                args=[document.id, document.added_at, *parts],
            )
        )

    def renew(self, document_id: str, now: float) -> bool:
        """Say that a document was added again; False if there is no entry. Atomic."""
        return bool(self._renew(keys=_keys(document_id), args=[document_id, now]))

    def renew_all(self, ids: Sequence[str], now: float) -> None:
        """Say of documents that they were added again; those that are gone stay so."""
        with self._connection.pipeline(transaction=False) as pipeline:
            for document_id in ids:
                self._renew(keys=_keys(document_id), args=[document_id, now], client=pipeline)
            pipeline.execute()

    def get(self, document_id: str) -> Document | None:
        fields = cast("dict[bytes, bytes]", self._connection.hgetall(document_key(document_id)))
        return decode(Document, fields, id=document_id)

    def list_all(self) -> list[Document]:
        """Return the documents of all users, newest first; two round trips."""
        return [*self._read(self._ids(DOCUMENTS_KEY, PRIVATE_DOCUMENTS_KEY))]

    def page(self, user: str, offset: int = 0, limit: int = PAGE) -> DocumentPage:
        """Return a page of the shared documents and this user's own, newest first.

        Two round trips; beyond the ids before the page, nothing grows with the number of documents.
        """
        keys = _lists(user)
        pipeline = self._connection.pipeline(transaction=False)
        for key in keys:
            pipeline.zcard(key)
            pipeline.zrevrange(key, 0, offset + limit - 1, withscores=True)
        replies = pipeline.execute()
        found = sorted((pair for pairs in replies[1::2] for pair in pairs), key=lambda it: -it[1])
        ids = [member.decode() for member, _ in found[offset : offset + limit]]
        return DocumentPage(tuple(self._read(ids)), sum(replies[::2]))

    def newest(self, user: str, limit: int = PAGE) -> Sequence[Document]:
        """Return the newest shared documents and the newest of this user's own, `limit` of each.

        So that no number of shared ones hides private ones. Newest first; two round trips.
        """
        return self._read(self._ids(*_lists(user), limit=limit))

    def find(self, ids: Sequence[str], user: str) -> Sequence[Document]:
        """Return those of the documents that exist and that this user may see; one round trip."""
        return self._read([document_id for document_id in ids if is_visible(document_id, user)])

    def version(self, user: str) -> tuple[object, ...]:
        """Return what changes with every change of the documents that a user sees; one round trip.

        A process of an older version does not count what it adds and removes.
        """
        pipeline = self._connection.pipeline(transaction=False)
        pipeline.get(DOCUMENTS_VERSION_KEY)
        for key in _lists(user):
            pipeline.zcard(key)
        return tuple(pipeline.execute())

    def ids_of(self, user: str) -> Sequence[str]:
        """Return the ids of all documents that a user sees, newest first; one round trip."""
        return self._ids(*_lists(user))

    def with_contents(self, ids: Sequence[str], user: str) -> Sequence[str]:
        """Return these documents and those that came within them, in this order.

        One round trip, and one more for each level of files within files. Those that this user may
        not see are left out.
        """
        found = dict.fromkeys(ids)
        level = list(ids)
        while level:
            pipeline = self._connection.pipeline(transaction=False)
            for document_id in level:
                pipeline.hget(document_key(document_id), "contents")
            within = [each for reply in pipeline.execute() if reply for each in json.loads(reply)]
            level = [each for each in dict.fromkeys(within) if each not in found]
            level = [each for each in level if is_visible(each, user)]
            found |= dict.fromkeys(level)
        return [*found]

    def _ids(self, *keys: str, limit: int = 0) -> Sequence[str]:
        """Return the ids in these sorted sets, highest score first; one round trip.

        With a `limit`, the first so many of each.
        """
        pipeline = self._connection.pipeline(transaction=False)
        for key in keys:
            pipeline.zrevrange(key, 0, limit - 1, withscores=True)
        found = [pair for pairs in pipeline.execute() for pair in pairs]
        return [member.decode() for member, _ in sorted(found, key=lambda pair: -pair[1])]

    def _read(self, ids: Sequence[str]) -> Sequence[Document]:
        """Return those entries that exist; one round trip."""
        pipeline = self._connection.pipeline(transaction=False)
        for document_id in ids:
            pipeline.hgetall(document_key(document_id))
        replies = pipeline.execute() if ids else []
        entries = (
            decode(Document, fields, id=id_) for id_, fields in zip(ids, replies, strict=True)
        )
        return [entry for entry in entries if entry is not None]

    def update(self, document_id: str, **fields: Any) -> bool:
        """Change fields by name; False if the document was deleted meanwhile.

        `failure=None` clears the failure.
        """
        stored = encode_fields(Document, **fields)
        arguments = [part for pair in stored.items() for part in pair]
        return bool(self._update(keys=[document_key(document_id)], args=arguments))

    def update_unembedded(self, document_id: str, **fields: Any) -> bool:
        """Like `update`, and note that the document is among the `unembedded`. Atomic."""
        stored = encode_fields(Document, **fields)
        arguments = [part for pair in stored.items() for part in pair]
        return bool(
            self._update_unembedded(
                keys=[document_key(document_id), UNEMBEDDED_KEY],
                args=[document_id, time.time(), *arguments],
            )
        )

    def queue_again(self, document_id: str, job_id: str) -> bool:
        """Say that the job that failed with a document runs again; False if it is another's now."""
        stored = encode_fields(
            Document, status=DocumentStatus.QUEUED, stage="", progress=0.0, failure=None
        )
        arguments = [part for pair in stored.items() for part in pair]
        return bool(self._queue_again(keys=[document_key(document_id)], args=[job_id, *arguments]))

    def delete(self, document_id: str) -> bool:
        """Remove an entry; False if there was none. Its passages and its file are then due."""
        return bool(
            self._delete(
                keys=[*_keys(document_id), DELETED_DOCUMENTS_KEY, LOOSE_FILES_KEY],
                args=[document_id, time.time(), _BEFORE, _AFTER_DELETIONS, DELETION_SECONDS],
            )
        )

    def expire(self, added_before: float, now: float) -> Sequence[str]:
        """Remove the entries last added before a time, except samples; returns their ids."""
        return [
            document_id
            for index in (DOCUMENTS_KEY, PRIVATE_DOCUMENTS_KEY)
            for document_id in self._ids_until(index, added_before)
            if self._expire(
                keys=[*_keys(document_id), DELETED_DOCUMENTS_KEY, LOOSE_FILES_KEY],
                args=[document_id, added_before, now, SAMPLES_USER],
            )
        ]

    def expect_file(self, document_id: str) -> None:
        """Note a file that is about to be stored: it is loose until its document is entered."""
        self._connection.zadd(LOOSE_FILES_KEY, {document_id: time.time()})

    def forget_file(self, document_id: str) -> None:
        """Say that the file of a document is gone."""
        self._connection.zrem(LOOSE_FILES_KEY, document_id)

    def take_loose_files(self, loose_before: float, now: float) -> Sequence[str]:
        """Return the ids of files to remove: loose since before a time, and not taken yet."""
        return [
            document_id
            for document_id in self._ids_until(LOOSE_FILES_KEY, loose_before)
            if self._take_loose(
                keys=[document_key(document_id), LOOSE_FILES_KEY],
                args=[document_id, loose_before, now],
            )
        ]

    def deleted(self) -> set[str]:
        """Return the ids of deleted documents whose passages may still be in the index."""
        members = cast("set[bytes]", self._connection.smembers(DELETED_DOCUMENTS_KEY))
        return {member.decode() for member in members}

    def forget_deleted(self, document_id: str) -> None:
        """Say that the passages of a deleted document are gone."""
        self._connection.srem(DELETED_DOCUMENTS_KEY, document_id)

    def claim_removal(self) -> bool:
        """Return True if no removal of passages waits: the caller is to queue one.

        Should that get lost, the next deletion after a minute queues another.
        """
        return bool(self._connection.set(REMOVAL_WAITS_KEY, 1, nx=True, ex=REMOVAL_WAITS_SECONDS))

    def begin_removal(self) -> set[str]:
        """Return what `deleted` does; what is deleted from now on is for another removal."""
        self._connection.delete(REMOVAL_WAITS_KEY)
        return self.deleted()

    def claim_overdue_passages(self) -> bool:
        """Return True to one caller an hour, while passages of deleted documents are due."""
        if not self._connection.exists(DELETED_DOCUMENTS_KEY):
            return False
        return bool(self._connection.set(REMOVAL_LOCK_KEY, 1, nx=True, ex=REMOVAL_EVERY_SECONDS))

    def index_state(self) -> IndexState:
        """Return which collection answers, and how many documents there are; one round trip."""
        with self._connection.pipeline(transaction=False) as pipeline:
            pipeline.hgetall(INDEX_KEY)
            pipeline.zcard(DOCUMENTS_KEY)
            pipeline.zcard(PRIVATE_DOCUMENTS_KEY)
            fields, shared, private = pipeline.execute()
        state = decode(IndexState, fields, documents=shared + private)
        return state or IndexState(documents=shared + private)

    def set_index(self, **fields: str | int) -> None:
        """Change fields of the index state, all at once."""
        mapping: dict[FieldT, EncodableT] = {name: value for name, value in fields.items()}
        self._connection.hset(INDEX_KEY, mapping=mapping)

    def activate_first(self, collection: str) -> str:
        """Let a collection answer if none does yet; returns the one that does. Atomic."""
        return cast("bytes", self._activate_first(keys=[INDEX_KEY], args=[collection])).decode()

    def claim_renewal(self) -> bool:
        """Return True to one caller in ten minutes: it may have everything indexed again."""
        return bool(self._connection.set(RENEWAL_LOCK_KEY, 1, nx=True, ex=RENEWAL_EVERY_SECONDS))

    def claim_samples(self) -> bool:
        """Return True to the first caller ever, if there is no document: it adds the samples."""
        if self._connection.exists(DOCUMENTS_KEY, PRIVATE_DOCUMENTS_KEY):
            return False
        return bool(self._connection.hsetnx(INDEX_KEY, "samples", 1))

    def _ids_until(self, key: str, limit: float) -> Sequence[str]:
        ids = cast("list[bytes]", self._connection.zrangebyscore(key, "-inf", limit))
        return [document_id.decode() for document_id in ids]


def _lists(user: str) -> list[str]:
    """Return the sorted sets of the documents that a user sees: "" sees shared ones only."""
    return [DOCUMENTS_KEY, *([own_documents_key(owner_digest(user))] if user else [])]


def _keys(document_id: str) -> list[str]:
    owner = owner_part(document_id)
    indexes = (PRIVATE_DOCUMENTS_KEY, own_documents_key(owner)) if owner else (DOCUMENTS_KEY,) * 2
    return [document_key(document_id), *indexes]
