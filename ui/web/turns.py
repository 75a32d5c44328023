"""How much of this process one user takes at once: requests of programs, and drawings of pages.

Python runs one thread at a time. Whoever has fifty requests worked on takes fifty times as much of
the process as whoever has one; so each user has a few places, and their others wait in order. While
others are at work too, it is half as many.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import anyio

from jobs.errors import TooManyRequestsError

REQUESTS_OF_A_USER = 2
# Where nobody signs in, all programs without a key are one user.
REQUESTS_OF_ALL_WITHOUT_A_NAME = 20
# More are refused: each that waits keeps a connection, and what it sent.
MOST_WAITING = 200
DRAWINGS_OF_A_USER = 2


class AtWork:
    """Who is at work in this process, with requests or drawings. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._places: Counter[str] = Counter()

    @contextmanager
    def counted(self, user: str) -> Iterator[None]:
        """Count the user as at work until the block ends."""
        with self._lock:
            self._places[user] += 1
        try:
            yield
        finally:
            with self._lock:
                self._places[user] -= 1
                self._places += Counter()  # without those that have none

    def share_of(self, user: str, places: int) -> int:
        """Return how many of so many places the user may hold now."""
        with self._lock:
            is_alone = self._places.keys() <= {user}
        return places if is_alone else max(1, places // 2)


_at_work = AtWork()


class RequestTurns:
    """The places of each user in the API; for one event loop, without a lock."""

    def __init__(
        self,
        of_a_user: int = REQUESTS_OF_A_USER,
        waiting: int = MOST_WAITING,
        at_work: AtWork = _at_work,
    ) -> None:
        self._at_work = at_work
        self._of_a_user = of_a_user
        self._waiting = waiting
        self._places: dict[str, anyio.CapacityLimiter] = {}
        self._inside: Counter[str] = Counter()  # those that wait too

    @asynccontextmanager
    async def taken(self, user: str, places: int = 0) -> AsyncIterator[None]:
        """Wait for one of the user's places, or of so many, and hold it until the block ends.

        Raises TooManyRequestsError if too many of the user's wait already.
        """
        places = places or self._of_a_user
        if self._inside[user] >= places + self._waiting:
            raise TooManyRequestsError()
        limiter = self._places.setdefault(user, anyio.CapacityLimiter(places))
        request = object()  # the end may come in another task than the start
        self._inside[user] += 1
        try:
            limiter.total_tokens = self._at_work.share_of(user, places)
            await limiter.acquire_on_behalf_of(request)
            try:
                with self._at_work.counted(user):
                    yield
            finally:
                # Whoever waits does so for a place of the same user, and so for this moment.
                limiter.total_tokens = self._at_work.share_of(user, places)
                limiter.release_on_behalf_of(request)
        finally:
            self._inside[user] -= 1
            if not self._inside[user]:
                del self._inside[user], self._places[user]


class DrawingTurns:
    """The places of each user in the threads that draw pages. Thread-safe."""

    def __init__(self, of_a_user: int = DRAWINGS_OF_A_USER, at_work: AtWork = _at_work) -> None:
        self._at_work = at_work
        self._of_a_user = of_a_user
        self._drawing: Counter[str] = Counter()
        self._changed = threading.Condition()
        self._this_thread = threading.local()

    @contextmanager
    def taken(self, user: str) -> Iterator[None]:
        """Wait for one of the user's places, and hold it until the block ends.

        A thread that holds one already needs no other: a page is drawn with its live part.
        """
        if getattr(self._this_thread, "draws", False):
            yield
            return
        with self._changed:
            self._changed.wait_for(
                # Whoever waits is told when a drawing of the same user ends.
                lambda: self._drawing[user] < self._at_work.share_of(user, self._of_a_user)
            )
            self._drawing[user] += 1
        self._this_thread.draws = True
        try:
            with self._at_work.counted(user):
                yield
        finally:
            self._this_thread.draws = False
            with self._changed:
                self._drawing[user] -= 1
                self._drawing += Counter()  # without those that have none
                self._changed.notify_all()


drawing_turns = DrawingTurns()
