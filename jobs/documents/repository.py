"""The register of documents in Valkey: what there is, how far it is, and which index holds it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any, cast

import redis
from redis.typing import EncodableT, FieldT

from jobs.documents.ids import is_visible, owner_digest, owner_part
from jobs.documents.keys import document_key, own_documents_key
from jobs.models import SAMPLES_USER, Document, DocumentStatus, IndexState
from jobs.queue.codec import decode, encode, encode_fields
from jobs.queue.keys import (
    DELETED_DOCUMENTS_KEY,
    DOCUMENTS_KEY,
    DOCUMENTS_VERSION_KEY,
    INDEX_KEY,
    LOOSE_FILES_KEY,
    PRIVATE_DOCUMENTS_KEY,
    REMOVAL_LOCK_KEY,
)

REMOVAL_EVERY_SECONDS = 3600

# The end of each script that changes what `jobs.documents.fingerprints` is of. A version is the
# time of the change: a number would come again after a crash of Valkey that lost the last writes.
CHANGED = f"""
local now = redis.call('TIME')
redis.call('SET', '{DOCUMENTS_VERSION_KEY}', now[1] .. '.' .. now[2])
return 1
"""

# In these scripts, "documents" are two keys: all of its kind, shared or private, and all of its
# owner. Of a shared document they are one and the same.
# KEYS: entry, documents, deleted documents, loose files. ARGV: id, time, then field, value, …
ADD_IF_NEW = (
    """
redis.call('ZREM', KEYS[5], ARGV[1])
if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
redis.call('HSET', KEYS[1], unpack(ARGV, 3))
redis.call('ZADD', KEYS[2], ARGV[2], ARGV[1])
redis.call('ZADD', KEYS[3], ARGV[2], ARGV[1])
redis.call('SREM', KEYS[4], ARGV[1])
"""
    + CHANGED
)

# KEYS: entry, documents. ARGV: id, time.
RENEW = """
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
redis.call('HSET', KEYS[1], 'added_at', ARGV[2])
redis.call('ZADD', KEYS[2], ARGV[2], ARGV[1])
redis.call('ZADD', KEYS[3], ARGV[2], ARGV[1])
return 1
"""

# Looks and removes in one step: a document that was added again in between stays.
# KEYS: entry, documents, deleted documents, loose files. ARGV: id, limit, time, who adds samples.
EXPIRE = (
    """
local added_at = redis.call('ZSCORE', KEYS[2], ARGV[1])
if not added_at or tonumber(added_at) > tonumber(ARGV[2]) then return 0 end
if redis.call('HGET', KEYS[1], 'added_by') == ARGV[4] then return 0 end
redis.call('DEL', KEYS[1])
redis.call('ZREM', KEYS[2], ARGV[1])
redis.call('ZREM', KEYS[3], ARGV[1])
redis.call('SADD', KEYS[4], ARGV[1])
redis.call('ZADD', KEYS[5], ARGV[3], ARGV[1])
"""
    + CHANGED
)

# A file that is taken counts as loose from now: if removing it fails, it is taken again later.
# KEYS: entry, loose files. ARGV: id, limit, time.
TAKE_LOOSE = """
if redis.call('EXISTS', KEYS[1]) == 1 then redis.call('ZREM', KEYS[2], ARGV[1]) return 0 end
local since = redis.call('ZSCORE', KEYS[2], ARGV[1])
if not since or tonumber(since) > tonumber(ARGV[2]) then return 0 end
redis.call('ZADD', KEYS[2], ARGV[3], ARGV[1])
return 1
"""

# KEYS: index. ARGV: collection. Returns the one that answers from now on.
ACTIVATE_FIRST = """
local active = redis.call('HGET', KEYS[1], 'active')
if active and active ~= '' then return active end
redis.call('HSET', KEYS[1], 'active', ARGV[1])
return ARGV[1]
"""

# Write the fields only if the entry is still there: a deleted document must not come back.
# KEYS: entry. ARGV: field, value, …
UPDATE_IF_THERE = (
    """
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
redis.call('HSET', KEYS[1], unpack(ARGV))
"""
    + CHANGED
)


# Show a failed document as queued, if this is the job that failed with it.
# KEYS: entry. ARGV: job id, then field, value, …
QUEUE_AGAIN = (
    """
local status, job = unpack(redis.call('HMGET', KEYS[1], 'status', 'job_id'))
if status ~= 'failed' or job ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], unpack(ARGV, 2))
"""
    + CHANGED
)


class DocumentRepository:
    """Entries live as long as their documents. Raises what redis raises.

    It also knows the loose files: those in the store that no entry owns, not yet or no longer.
    """

    def __init__(self, connection: redis.Redis) -> None:
        self._connection = connection
        self._add_if_new = connection.register_script(ADD_IF_NEW)
        self._activate_first = connection.register_script(ACTIVATE_FIRST)
        self._update = connection.register_script(UPDATE_IF_THERE)
        self._renew = connection.register_script(RENEW)
        self._expire = connection.register_script(EXPIRE)
        self._take_loose = connection.register_script(TAKE_LOOSE)
        self._queue_again = connection.register_script(QUEUE_AGAIN)

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

    def get(self, document_id: str) -> Document | None:
        fields = cast("dict[bytes, bytes]", self._connection.hgetall(document_key(document_id)))
        return decode(Document, fields, id=document_id)

    def list_all(self) -> list[Document]:
        """Return the documents of all users, newest first; two round trips."""
        return [*self._read(self._ids(DOCUMENTS_KEY, PRIVATE_DOCUMENTS_KEY))]

    def list_visible(self, user: str) -> Sequence[Document]:
        """Return the shared documents and this user's own, newest first; two round trips."""
        keys = [DOCUMENTS_KEY, *([own_documents_key(owner_digest(user))] if user else [])]
        return self._read(self._ids(*keys))

    def find(self, ids: Sequence[str], user: str) -> Sequence[Document]:
        """Return those of the documents that exist and that this user may see; one round trip."""
        return self._read([document_id for document_id in ids if is_visible(document_id, user)])

    def _ids(self, *keys: str) -> Sequence[str]:
        """Return the ids in these sorted sets, highest score first; one round trip."""
        pipeline = self._connection.pipeline(transaction=False)
        for key in keys:
            pipeline.zrevrange(key, 0, -1, withscores=True)
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

    def queue_again(self, document_id: str, job_id: str) -> bool:
        """Say that the job that failed with a document runs again; False if it is another's now."""
        stored = encode_fields(
            Document, status=DocumentStatus.QUEUED, stage="", progress=0.0, failure=None
        )
        arguments = [part for pair in stored.items() for part in pair]
        return bool(self._queue_again(keys=[document_key(document_id)], args=[job_id, *arguments]))

    def delete(self, document_id: str) -> bool:
        """Remove an entry; False if there was none. Its passages and its file are then due."""
        with self._connection.pipeline() as pipeline:
            entry, *indexes = _keys(document_id)
            pipeline.delete(entry)
            for index in indexes:
                pipeline.zrem(index, document_id)
            pipeline.sadd(DELETED_DOCUMENTS_KEY, document_id)
            pipeline.zadd(LOOSE_FILES_KEY, {document_id: time.time()})
            pipeline.set(DOCUMENTS_VERSION_KEY, time.time_ns())
            deleted, *_ = pipeline.execute()
        return bool(deleted)

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

    def claim_samples(self) -> bool:
        """Return True to the first caller ever, if there is no document: it adds the samples."""
        if self._connection.exists(DOCUMENTS_KEY, PRIVATE_DOCUMENTS_KEY):
            return False
        return bool(self._connection.hsetnx(INDEX_KEY, "samples", 1))

    def _ids_until(self, key: str, limit: float) -> Sequence[str]:
        ids = cast("list[bytes]", self._connection.zrangebyscore(key, "-inf", limit))
        return [document_id.decode() for document_id in ids]


def _keys(document_id: str) -> list[str]:
    owner = owner_part(document_id)
    indexes = (PRIVATE_DOCUMENTS_KEY, own_documents_key(owner)) if owner else (DOCUMENTS_KEY,) * 2
    return [document_key(document_id), *indexes]
