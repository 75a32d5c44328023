"""How much room the documents of one user take up, and who may still add to it.

What a user uses is read from the register, so that whatever removes a document frees its room. An
upload holds its room from before its file is stored until its document is entered.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import redis

from jobs.documents.keys import document_key
from jobs.errors import StorageExceededError
from jobs.models import SAMPLES_USER, SHELL_USER, Document
from jobs.queue.keys import DOCUMENTS_KEY, uploads_key

# An upload that broke off holds its room for as long; storing a file takes seconds.
HELD_SECONDS = 900
MEGABYTE = 1_000_000
# No person has these names, and there is nobody to tell them what to delete.
WITHOUT_LIMIT = (SAMPLES_USER, SHELL_USER)

# Looks and holds in one step, so that uploads at the same time cannot pass the limit together.
# SORT that sorts nothing looks up fields of many hashes in one command. Returns the bytes in use
# before this upload, and whether it may go on.
# KEYS: documents, uploads of the user. ARGV: beginning of the keys of documents, user, document
# id, size, allowed size, now, TTL of the hold.
HOLD = """
local prefix, user, id = ARGV[1], ARGV[2], ARGV[3]
local used, size = 0, tonumber(ARGV[4])
local entries = redis.call(
    'SORT', KEYS[1], 'BY', 'nosort', 'GET', prefix .. '*->added_by', 'GET', prefix .. '*->size')
for at = 1, #entries, 2 do
    if entries[at] == user then used = used + tonumber(entries[at + 1] or '0') end
end
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', ARGV[6])
for _, member in ipairs(redis.call('ZRANGE', KEYS[2], 0, -1)) do
    local other, held = string.match(member, '^(.*):(%d+)$')
    if other ~= id and redis.call('EXISTS', prefix .. other) == 0 then
        used = used + tonumber(held)
    end
end
if used + size > tonumber(ARGV[5]) then return {used, 0} end
redis.call('ZADD', KEYS[2], ARGV[6] + ARGV[7], id .. ':' .. ARGV[4])
redis.call('EXPIRE', KEYS[2], ARGV[7])
return {used, 1}
"""


@dataclass(frozen=True)
class Storage:
    """The bytes that a user's documents take up, and those allowed; 0 for no limit."""

    used: int
    allowed: int


def storage_of(user: str, documents: Iterable[Document], allowed: int) -> Storage:
    """Return what a user's share of these documents takes up."""
    return Storage(sum(item.size for item in documents if item.added_by == user), allowed)


class Quota:
    """Holds room for uploads. Raises what redis raises."""

    def __init__(self, connection: redis.Redis, allowed: int) -> None:
        self._connection = connection
        self._allowed = allowed
        self._hold = connection.register_script(HOLD)

    @contextmanager
    def room_for(self, user: str, document_id: str, name: str, size: int) -> Iterator[None]:
        """Hold the room of a new file until the block ends; raises StorageExceededError.

        By then its document is in the register, and counts there. The samples need no room, nor
        does what comes from a shell.
        """
        if not self._allowed or user in WITHOUT_LIMIT:
            yield
            return
        used, may_go_on = self._hold(
            keys=[DOCUMENTS_KEY, uploads_key(user)],
            args=[
                document_key(""),
                user,
                document_id,
                size,
                self._allowed,
                time.time(),
                HELD_SECONDS,
            ],
        )
        if not may_go_on:
            raise StorageExceededError(
                f"Your documents take up {used / MEGABYTE:,.1f} MB of the "
                f"{self._allowed / MEGABYTE:,.0f} MB that one user has, so “{name}”, with "
                f"{size / MEGABYTE:,.1f} MB, has no room. Delete some of yours first."
            )
        try:
            yield
        finally:
            self._connection.zrem(uploads_key(user), f"{document_id}:{size}")
