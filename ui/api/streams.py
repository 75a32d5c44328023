"""Replies that last as long as a job: how many at once, and how they end."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping
from contextlib import contextmanager
from typing import Annotated, TypeAlias, TypeVar

import anyio
from fastapi import Depends
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from jobs.access.api_keys import ApiKey
from jobs.errors import TooManyFollowersError, TooManyOwnFollowersError, WrongKeyError
from jobs.questions.follower import JobFollower
from ui.api.dependencies import API_USER, AppClients, GivenKey, User
from ui.clients import Clients

# Each holds a connection to the server and one to Valkey, and no thread.
MAX_FOLLOWERS = 200
# Of these, so many are one caller's at most, and one program's, so that there is room for others.
# Where nobody signs in, all programs without a key are one user.
MAX_OF_A_USER = 40
MAX_OF_A_KEY = 20
MAX_OF_NOBODY = 120
SSE_TYPE = "text/event-stream"
# Proxies buffer such replies, unless they are told not to.
SSE_HEADERS = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}

LOOK_SECONDS = 1.0  # how often a long reply looks whether the caller's key still counts

T = TypeVar("T")

_followers = anyio.CapacityLimiter(MAX_FOLLOWERS)


class CallerPlaces:
    """How many places each user and each key holds; for one event loop, without a lock."""

    def __init__(
        self,
        of_a_user: int = MAX_OF_A_USER,
        of_a_key: int = MAX_OF_A_KEY,
        of_nobody: int = MAX_OF_NOBODY,
    ) -> None:
        self._of_a_user, self._of_a_key, self._of_nobody = of_a_user, of_a_key, of_nobody
        self._taken: Counter[tuple[str, str]] = Counter()

    @contextmanager
    def taken(self, user: str, key: ApiKey | None) -> Iterator[None]:
        """Hold a place of this caller; raises TooManyOwnFollowersError if they have no more."""
        bounds = {("user", user): self._of_nobody if user == API_USER else self._of_a_user}
        if key is not None:
            bounds[("key", key.id)] = self._of_a_key
        if any(self._taken[holder] >= most for holder, most in bounds.items()):
            raise TooManyOwnFollowersError()
        self._taken.update(bounds.keys())
        try:
            yield
        finally:
            self._taken.subtract(bounds.keys())
            for holder in bounds:
                if not self._taken[holder]:
                    del self._taken[holder]


_callers = CallerPlaces()


async def follower_limiter() -> anyio.CapacityLimiter:
    """Return the limiter of this process."""
    return _followers


async def follower_places() -> CallerPlaces:
    """Return who holds which of the places of this process."""
    return _callers


async def limit_followers(
    limiter: Annotated[anyio.CapacityLimiter, Depends(follower_limiter)],
    places: Annotated[CallerPlaces, Depends(follower_places)],
    user: User,
    key: GivenKey,
) -> AsyncIterator[None]:
    """Hold a token until the reply has ended, however it ends.

    Raises TooManyFollowersError, or TooManyOwnFollowersError if the caller has enough of them.
    """
    request = object()  # the end may come in another task than the start
    with places.taken(user, key):
        try:
            limiter.acquire_on_behalf_of_nowait(request)
        except anyio.WouldBlock:
            raise TooManyFollowersError() from None
        try:
            yield
        finally:
            limiter.release_on_behalf_of(request)


async def job_follower(clients: AppClients) -> JobFollower:
    """Return what follows jobs for this application."""
    return JobFollower(clients.settings.broker_url, clients.jobs)


Follower: TypeAlias = Annotated[JobFollower, Depends(job_follower)]


def while_alive(parts: Iterator[T], clients: Clients, key: ApiKey | None) -> Iterator[T]:
    """Yield the parts of a reply; raises WrongKeyError once the caller's key has ended.

    A caller who reads slowly can make a reply last for hours.
    """
    looked_at = time.monotonic()
    for part in parts:
        if key and time.monotonic() - looked_at >= LOOK_SECONDS:
            if not clients.keys.is_alive(key):
                raise WrongKeyError()
            looked_at = time.monotonic()
        yield part


class ClosingStream(StreamingResponse):
    """A stream whose source is closed when it ends or the caller disconnects."""

    def __init__(self, source: AsyncGenerator[bytes], headers: Mapping[str, str]) -> None:
        super().__init__(source, media_type=SSE_TYPE, headers=headers)
        self._source = source

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            with anyio.CancelScope(shield=True):
                await self._source.aclose()
