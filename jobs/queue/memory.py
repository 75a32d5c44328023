"""How full Valkey is: what is large is refused before what is small no longer fits."""

from __future__ import annotations

import time
from typing import cast

import redis

from jobs.errors import BrokerNearlyFullError

# The rest of the memory is for short questions, and for what was accepted to be finished.
LARGE_SHARE = 0.8
# So old may be what is known of the memory: many uploads at once ask once.
KNOWN_SECONDS = 1.0


class MemoryReserve:
    """Keeps a share of Valkey's memory free of large things. Raises what redis raises."""

    def __init__(self, connection: redis.Redis) -> None:
        self._connection = connection
        self._known_until = 0.0  # on the monotonic clock
        self._used = self._bound = 0

    def expect(self, size: int) -> None:
        """Raise BrokerNearlyFullError if `size` more bytes would touch the reserve.

        One round trip, at most once in `KNOWN_SECONDS`. Without `maxmemory`, the memory of the
        machine is the bound.
        """
        now = time.monotonic()
        if now >= self._known_until:
            memory = cast("dict[str, int]", self._connection.info("memory"))
            self._used = memory["used_memory"]
            self._bound = memory["maxmemory"] or memory["total_system_memory"]
            self._known_until = now + KNOWN_SECONDS
        if self._used + size > LARGE_SHARE * self._bound:
            raise BrokerNearlyFullError()
        self._used += size
