"""How many batches one user may keep, how large, and how many of them may be asked at once.

A batch counts until the feeder has removed all of it, also when its owner has deleted it.
"""

from __future__ import annotations

import json
from typing import cast

import redis
from redis.client import Pipeline

from jobs.batches.models import Lines
from jobs.errors import BatchesExceededError
from jobs.queue.keys import OPEN_BATCHES_KEY, batch_key, batch_sizes_key, user_batches_key
from jobs.settings import Settings

MAX_BATCHES = 200  # of one user
# Each takes a turn of the feeder, which all users wait for.
MAX_OPEN = 10
# What a row takes up besides its text: a record, a job and an answer with its passages.
ROW_BYTES = 4096
MEGABYTE = 1_000_000


class BatchQuota:
    """The bounds of all users. Raises what redis raises."""

    def __init__(self, connection: redis.Redis, settings: Settings) -> None:
        self._connection = connection
        self._allowed = settings.user_batches_bytes
        self._kept_seconds = settings.retention_seconds

    def expect(self, user: str, batch_id: str, size: int) -> None:
        """Raise BatchesExceededError if a new batch of `size` bytes is too much.

        The caller watches `batch_sizes_key(user)`, so that two at once cannot pass it together.
        """
        sizes = self._sizes(user)
        sizes.pop(batch_id, None)
        if len(sizes) >= MAX_BATCHES:
            raise BatchesExceededError(
                f"You have {len(sizes):,} batches, the most that one user keeps. Delete some "
                "first; one that was just deleted counts until its answers are gone."
            )
        used = sum(sizes.values())
        if used + size > self._allowed:
            raise BatchesExceededError(
                f"Your batches take up {used / MEGABYTE:,.1f} MB of the "
                f"{self._allowed / MEGABYTE:,.0f} MB that one user has, so this one, with "
                f"{size / MEGABYTE:,.1f} MB, has no room. Delete some first, or split it."
            )
        self.expect_turn(user, batch_id)

    def expect_turn(self, user: str, batch_id: str) -> None:
        """Raise BatchesExceededError if too many other batches of the user are open."""
        ids = [other for other in self._sizes(user) if other != batch_id]
        with self._connection.pipeline(transaction=False) as pipeline:
            for other in ids:
                pipeline.zscore(OPEN_BATCHES_KEY, other)
            is_open = pipeline.execute() if ids else []
        if sum(score is not None for score in is_open) >= MAX_OPEN:
            raise BatchesExceededError(
                f"{MAX_OPEN} of your batches are under way, which is the most at once. Wait until "
                "one is done, or pause or stop one."
            )

    def note(self, pipeline: Pipeline, user: str, batch_id: str, size: int) -> None:
        """Count a batch that is written in this transaction."""
        pipeline.zadd(batch_sizes_key(user), {batch_id: size})
        self.touch(pipeline, user)

    def touch(self, pipeline: Pipeline, user: str) -> None:
        """Have whoever looks at the bounds of this user at the same time look again."""
        pipeline.expire(batch_sizes_key(user), self._kept_seconds)

    def _sizes(self, user: str) -> dict[str, int]:
        """Return the bytes of the user's batches that are there; of older versions' ones 0."""
        with self._connection.pipeline(transaction=False) as pipeline:
            pipeline.zrange(batch_sizes_key(user), 0, -1, withscores=True)
            pipeline.zrevrange(user_batches_key(user), 0, MAX_BATCHES)
            counted, listed = pipeline.execute()
            sizes = {id_.decode(): 0 for id_ in cast("list[bytes]", listed)}
            sizes |= {id_.decode(): int(size) for id_, size in counted}
            for batch_id in sizes:
                pipeline.exists(batch_key(batch_id))
            there = pipeline.execute() if sizes else []
        gone = [id_ for id_, exists in zip(sizes, there, strict=True) if not exists]
        if gone:
            self._connection.zrem(batch_sizes_key(user), *gone)
        return {id_: size for id_, size in sizes.items() if id_ not in gone}


def size_of(lines: Lines, stored: list[str]) -> int:
    """Return the bytes that a batch takes up in Valkey with its answers; an estimate."""
    text = sum(len(line) for line in stored) + len(json.dumps(lines.header))  # in ASCII
    return (
        text
        + sum(len(each.encode()) for each in lines.questions)
        + (ROW_BYTES * len(lines.questions))
    )
