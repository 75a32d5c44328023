"""Lets time pass in a Valkey that nobody uses meanwhile: what is due goes, the rest gets older.

Whatever a process keeps in its own memory stays as it is: shift while none runs.
"""

from __future__ import annotations

import redis

# Scores and fields in this range are Unix times (2001 to 2096); smaller ones count something.
UNIX_TIMES = (1e9, 4e9)
FIELDS = {
    b"askqueue:document:": ("added_at",),
    b"askqueue:job:": ("asked_at", "queued_at", "retry_at"),
}


def shift_time(connection: redis.Redis, seconds: float) -> None:
    """Make everything as it would be after so many seconds in which nothing ran."""
    for key in list(connection.scan_iter()):
        milliseconds = connection.pttl(key)
        if 0 <= milliseconds <= seconds * 1000:
            connection.delete(key)
            continue
        if milliseconds > 0:
            connection.pexpire(key, int(milliseconds - seconds * 1000))
        kind = connection.type(key)
        if kind == b"zset":
            _shift_scores(connection, key, seconds)
        elif kind == b"hash":
            _shift_fields(connection, key, seconds)


def _shift_scores(connection: redis.Redis, key: bytes, seconds: float) -> None:
    low, high = UNIX_TIMES
    for member, score in connection.zrange(key, 0, -1, withscores=True):
        if low < score < high:
            connection.zadd(key, {member: score - seconds}, xx=True)


def _shift_fields(connection: redis.Redis, key: bytes, seconds: float) -> None:
    for prefix, names in FIELDS.items():
        if key.startswith(prefix):
            for name in names:
                value = connection.hget(key, name)
                if value is not None:
                    connection.hset(key, name, float(value) - seconds)
