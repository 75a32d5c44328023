"""Pausing one queue: workers take nothing new from it, running jobs finish, waiting ones stay.

RQ's own suspension holds all queues at once and names nobody; both work side by side.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

import redis

from jobs.queue.keys import PAUSED_KEY

# How late a worker, or a page, may learn of a pause or of its end.
CHECK_SECONDS = 1.0


@dataclass(frozen=True)
class Pause:
    """A paused queue. `by` is the operator, "" if unknown; `since` is a Unix time."""

    queue: str
    by: str
    since: float


class Pauses:
    """The paused queues, for all threads of a process. Raises what redis raises."""

    def __init__(self, connection: redis.Redis) -> None:
        self._connection = connection
        self._known: Mapping[str, Pause] = {}
        self._read_at = float("-inf")

    def pause(self, queue: str, by: str) -> bool:
        """Pause a queue until it is resumed, across restarts; return False if it was paused."""
        text = json.dumps({"by": by, "since": time.time()})
        try:
            return bool(self._connection.hsetnx(PAUSED_KEY, queue, text))
        finally:
            self._read_at = float("-inf")

    def resume(self, queue: str) -> bool:
        """Let workers take from the queue again; return False if it was not paused."""
        try:
            return bool(self._connection.hdel(PAUSED_KEY, queue))
        finally:
            self._read_at = float("-inf")

    def paused(self) -> Mapping[str, Pause]:
        """Return the pauses by queue, read at most once in `CHECK_SECONDS`."""
        if time.monotonic() - self._read_at >= CHECK_SECONDS:
            self._known = read_pauses(
                cast("dict[bytes, bytes]", self._connection.hgetall(PAUSED_KEY))
            )
            self._read_at = time.monotonic()
        return self._known

    def is_paused(self, queue: str) -> bool:
        return queue in self.paused()


def read_pauses(reply: Mapping[bytes, bytes]) -> Mapping[str, Pause]:
    """Return the pauses by queue, from a reply to HGETALL."""
    pauses = (Pause(name.decode(), **json.loads(text)) for name, text in reply.items())
    return {pause.queue: pause for pause in pauses}
