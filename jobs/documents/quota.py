"""How much room the documents of one user take up, and who may still add to it.

Shared and private documents count alike, in whatever state. Whatever removes a document frees its
room. An upload holds its room from before its file is stored until its document is entered.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import redis

from jobs.documents.ids import owner_digest
from jobs.documents.keys import ENTRY, PRIVATE_ENTRY, own_documents_key
from jobs.documents.repository import DELETION_SECONDS
from jobs.errors import StorageExceededError
from jobs.models import SAMPLES_USER, SHELL_USER
from jobs.queue.keys import DOCUMENTS_KEY, deletions_key, storage_key, uploads_key

# An upload that broke off holds its room for as long; storing a file takes seconds.
HELD_SECONDS = 900
MEGABYTE = 1_000_000
# No person has these names, and there is nobody to tell them what to delete.
WITHOUT_LIMIT = (SAMPLES_USER, SHELL_USER)

# What a user takes up is counted where it is stored, in the transactions that enter and remove
# documents, and from the register itself once a day: what an older version did is then in it.
COUNTED_SECONDS = 24 * 3600

# SORT that sorts nothing looks up fields of many hashes in one command. KEYS: the counts, shared
# documents, the user's private ones. ARGV: beginnings of the keys of shared and of private ones,
# user, TTL of the counts.
COUNT = """
local function sum(ids, entry, user)
    local used, number = 0, 0
    local entries = redis.call(
        'SORT', ids, 'BY', 'nosort', 'GET', entry .. '*->added_by', 'GET', entry .. '*->size')
    for at = 1, #entries, 2 do
        if entries[at] and (entries[at] == user or not user) then
            used, number = used + tonumber(entries[at + 1] or '0'), number + 1
        end
    end
    return used, number
end
local counted = redis.call('HMGET', KEYS[1], 'bytes', 'documents')
if not counted[1] then
    local shared, shared_number = sum(KEYS[2], ARGV[1], ARGV[3])
    local private, private_number = sum(KEYS[3], ARGV[2])
    counted = {shared + private, shared_number + private_number}
    redis.call('HSET', KEYS[1], 'bytes', counted[1], 'documents', counted[2])
    redis.call('EXPIRE', KEYS[1], ARGV[4])
end
local used, number = tonumber(counted[1]), tonumber(counted[2])
"""

# Looks and holds in one step, so that uploads at the same time cannot pass a limit together.
# Returns bytes and documents before this upload, and whether it may go on; -1 if not because of
# what the user has just deleted: a worker may not have removed that yet.
# KEYS: as above, uploads and deletions of the user. ARGV: as above, document id, size, allowed
# size and number (0: any), now, TTL of the hold, how long deletions count.
HOLD = (
    COUNT
    + """
local id, size, allowed, most = ARGV[5], ARGV[6], tonumber(ARGV[7]), tonumber(ARGV[8])
local function is_counted(document)
    local private = string.find(document, '-', 1, true)
    return redis.call('EXISTS', (private and ARGV[2] or ARGV[1]) .. document) == 1
end
redis.call('ZREMRANGEBYSCORE', KEYS[4], '-inf', ARGV[9])
redis.call('ZREMRANGEBYSCORE', KEYS[5], '-inf', ARGV[9] - ARGV[11])
if most > 0 and redis.call('ZCARD', KEYS[5]) >= most then return {used, number, -1} end
for _, member in ipairs(redis.call('ZRANGE', KEYS[4], 0, -1)) do
    local other, held = string.match(member, '^(.*):(%d+)$')
    if other ~= id and not is_counted(other) then
        used, number = used + tonumber(held), number + 1
    end
end
if not is_counted(id) then
    if allowed > 0 and used + tonumber(size) > allowed then return {used, number, 0} end
    if most > 0 and number + 1 > most then return {used, number, 0} end
end
redis.call('ZADD', KEYS[4], ARGV[9] + ARGV[10], id .. ':' .. size)
redis.call('EXPIRE', KEYS[4], ARGV[10])
return {used, number, 1}
"""
)


@dataclass(frozen=True)
class Storage:
    """What a user's documents take up, shared and private, and what is allowed; 0: no limit."""

    used: int  # bytes
    allowed: int  # bytes
    documents: int = 0
    most: int = 0


class Quota:
    """Holds room for uploads. Raises what redis raises."""

    def __init__(self, connection: redis.Redis, allowed: int, most: int = 0) -> None:
        self._connection = connection
        self._allowed = allowed
        self._most = most
        self._count = connection.register_script(COUNT + "return {used, number}")
        self._hold = connection.register_script(HOLD)

    def storage(self, user: str) -> Storage:
        """Return what a user's documents take up; one round trip."""
        used, documents = self._count(keys=_keys(user), args=_arguments(user))
        if user in WITHOUT_LIMIT:
            return Storage(used, 0, documents, 0)
        return Storage(used, self._allowed, documents, self._most)

    @contextmanager
    def room_for(self, user: str, document_id: str, name: str, size: int) -> Iterator[None]:
        """Hold the room of a file until the block ends; raises StorageExceededError.

        By then its document is in the register, and counts there; one that is there already needs
        no more. The samples need no room, nor does what comes from a shell.
        """
        if not (self._allowed or self._most) or user in WITHOUT_LIMIT:
            yield
            return
        used, documents, may_go_on = self._hold(
            keys=[*_keys(user), uploads_key(user), deletions_key(user)],
            args=[
                *_arguments(user),
                document_id,
                size,
                self._allowed,
                self._most,
                time.time(),
                HELD_SECONDS,
                DELETION_SECONDS,
            ],
        )
        if may_go_on < 0:
            raise StorageExceededError(
                f"You have deleted {self._most:,} documents within {DELETION_SECONDS // 60} "
                f"minutes, which is the most. Wait a few minutes, then add “{name}” again."
            )
        if not may_go_on:
            raise self._refusal(name, size, used, documents)
        try:
            yield
        finally:
            self._connection.zrem(uploads_key(user), f"{document_id}:{size}")

    def _refusal(self, name: str, size: int, used: int, documents: int) -> StorageExceededError:
        if self._most and documents >= self._most:
            return StorageExceededError(
                f"You have {documents:,} documents, which is the most that one user has, so "
                f"“{name}” has no room. Delete some of yours first, or ask the operator to raise "
                "USER_DOCUMENTS."
            )
        return StorageExceededError(
            f"Your documents take up {used / MEGABYTE:,.1f} MB of the "
            f"{self._allowed / MEGABYTE:,.0f} MB that one user has, so “{name}”, with "
            f"{size / MEGABYTE:,.1f} MB, has no room. Delete some of yours first."
        )


def _keys(user: str) -> list[str]:
    return [storage_key(user), DOCUMENTS_KEY, own_documents_key(owner_digest(user))]


def _arguments(user: str) -> list[str | int]:
    return [ENTRY, PRIVATE_ENTRY, user, COUNTED_SECONDS]
