"""Replies that go on for as long as a job does: how many at once, and their clean end."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping
from contextlib import contextmanager
from typing import Annotated

import anyio
from fastapi import Depends
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from jobs.errors import TooManyFollowersError
from jobs.questions.follower import JobFollower
from jobs.settings import Settings
from ui.api.dependencies import Client
from ui.api.guards import settings

# Each holds a connection to the server and one to Valkey, and no thread.
MAX_FOLLOWERS = 200
SSE_TYPE = "text/event-stream"
# Proxies keep back what they could send together, unless they are told.
SSE_HEADERS = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}


class Places:
    """A number of places, all for callers on one event loop."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.taken = 0

    @contextmanager
    def place(self) -> Iterator[None]:
        """A place for as long as the block runs; raises TooManyFollowersError."""
        if self.taken >= self.most:
            raise TooManyFollowersError()
        self.taken += 1
        try:
            yield
        finally:
            self.taken -= 1


places = Places(MAX_FOLLOWERS)


def following(settings: Annotated[Settings, Depends(settings)], client: Client) -> JobFollower:
    return JobFollower(settings.broker_url, client)


async def take_place() -> AsyncIterator[None]:
    """Hold a place until the reply has ended, however it ends."""
    with places.place():
        yield


Followings = Annotated[JobFollower, Depends(following)]


class ClosingStream(StreamingResponse):
    """A stream whose source is closed when it ends, or when the caller goes away."""

    def __init__(self, source: AsyncGenerator[bytes], headers: Mapping[str, str]) -> None:
        super().__init__(source, media_type=SSE_TYPE, headers=headers)
        self._source = source

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            with anyio.CancelScope(shield=True):
                await self._source.aclose()
