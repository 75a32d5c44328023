"""How many child processes read files at once, per user and in all."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager


class NoSlotError(Exception):
    """Too many wait already, or the wait was too long."""


class Slots:
    """A bounded number of places; each user has one, and may wait for it a few times. Thread-safe.

    Whoever waits keeps a thread and what was uploaded, so only so many may.
    """

    def __init__(self, in_all: int, waiting_per_user: int, waiting_in_all: int) -> None:
        self._free = in_all
        self._most_of_user = 1 + waiting_per_user
        self._most = in_all + waiting_in_all
        self._inside: Counter[str] = Counter()  # those that wait too
        self._busy: set[str] = set()
        self._changed = threading.Condition()

    @contextmanager
    def take(self, user: str, wait_seconds: float) -> Iterator[None]:
        """Hold a place for as long as the block runs; raises NoSlotError."""
        with self._changed:
            if self._inside[user] >= self._most_of_user or self._inside.total() >= self._most:
                raise NoSlotError
            self._inside[user] += 1
        try:
            self._wait(user, time.monotonic() + wait_seconds)
            try:
                yield
            finally:
                with self._changed:
                    self._busy.discard(user)
                    self._free += 1
                    self._changed.notify_all()
        finally:
            with self._changed:
                self._inside[user] -= 1
                self._inside += Counter()  # without those that have none

    def _wait(self, user: str, deadline: float) -> None:
        with self._changed:
            is_free = self._changed.wait_for(
                lambda: self._free > 0 and user not in self._busy, deadline - time.monotonic()
            )
            if not is_free:
                raise NoSlotError
            self._free -= 1
            self._busy.add(user)
