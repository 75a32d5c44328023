"""How much may arrive at the API at once, of one caller and of all, and for how long.

A body is in memory or in a temporary file from its first byte until its request is answered.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from typing import Annotated, TypeAlias

import anyio
from fastapi import Depends, Request
from starlette.exceptions import HTTPException
from starlette.types import Message

from jobs.batches.table_limits import MAX_FILE_BYTES
from jobs.errors import TooManyFilesError
from ui.api.dependencies import AppClients, User

# In files of the greatest size.
FILES_OF_ONE, FILES_OF_ALL = 2, 4
# The largest file comes in by 0.7 Mbit/s.
MAX_SECONDS = 600.0


class ArrivingBytes:
    """Counts the bytes of requests that are not answered yet; for one event loop."""

    def __init__(self, max_seconds: float = MAX_SECONDS) -> None:
        self.max_seconds = max_seconds
        self._taken: Counter[str] = Counter()  # by user

    def take(self, user: str, size: int, file_bytes: int) -> None:
        """Count more bytes; raises TooManyFilesError, and counts none, if that is too much."""
        if (
            self._taken[user] + size > FILES_OF_ONE * file_bytes
            or self._taken.total() + size > FILES_OF_ALL * file_bytes
        ):
            raise TooManyFilesError()
        self._taken[user] += size

    def give_back(self, user: str, size: int) -> None:
        """Count so many bytes no more."""
        self._taken[user] -= size
        if not self._taken[user]:
            del self._taken[user]


_arriving = ArrivingBytes()


async def arriving_bytes() -> ArrivingBytes:
    """Return what arrives at this process."""
    return _arriving


async def bounded_request(
    request: Request,
    clients: AppClients,
    user: User,
    arriving: Annotated[ArrivingBytes, Depends(arriving_bytes)],
) -> AsyncIterator[Request]:
    """Give the same request, whose body is counted while it comes, until the reply has ended.

    Reading it raises TooManyFilesError if too much arrives, and HTTPException 408 if it takes too
    long.
    """
    taken = 0
    deadline = anyio.current_time() + arriving.max_seconds
    file_bytes = max(clients.settings.max_upload_bytes, MAX_FILE_BYTES)

    async def receive() -> Message:
        nonlocal taken
        try:
            with anyio.fail_after(max(0.0, deadline - anyio.current_time())):
                message = await request.receive()
        except TimeoutError:
            raise HTTPException(408, "This took too long to arrive. Send it again.") from None
        # One that is too large by itself is refused as such, by whoever reads it.
        size = min(len(message.get("body", b"")), FILES_OF_ONE * file_bytes - taken)
        arriving.take(user, size, file_bytes)
        taken += size
        return message

    try:
        yield Request(request.scope, receive)
    finally:
        arriving.give_back(user, taken)


BoundedRequest: TypeAlias = Annotated[Request, Depends(bounded_request)]
