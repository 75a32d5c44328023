"""Replies that last as long as a job: how many at once, and how they end."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from typing import Annotated, TypeAlias

import anyio
from fastapi import Depends
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from jobs.errors import TooManyFollowersError
from jobs.questions.follower import JobFollower
from ui.api.dependencies import AppClients

# Each holds a connection to the server and one to Valkey, and no thread.
MAX_FOLLOWERS = 200
SSE_TYPE = "text/event-stream"
# Proxies buffer such replies, unless they are told not to.
SSE_HEADERS = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}

_followers = anyio.CapacityLimiter(MAX_FOLLOWERS)


async def follower_limiter() -> anyio.CapacityLimiter:
    """Return the limiter of this process."""
    return _followers


async def limit_followers(
    limiter: Annotated[anyio.CapacityLimiter, Depends(follower_limiter)],
) -> AsyncIterator[None]:
    """Hold a token until the reply has ended, however it ends; raises TooManyFollowersError."""
    request = object()  # the end may come in another task than the start
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
