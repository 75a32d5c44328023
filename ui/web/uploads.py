"""Who may send a file to a page, or take one back, and how much may wait for its page.

Only who signed in to the page, only files that it expects, and within bounds while they arrive.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus

import anyio
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from jobs.errors import AskqueueError
from jobs.settings import Settings
from ui.identity.people import who_is
from ui.streamlit_patches.bounded_uploads import (
    RECORD_BYTES,
    BoundedUploads,
    drop_uploads_of_the_disconnected,
    running_uploads,
)

BELOW = "/_stcore/upload_file/"
UPLOAD = re.compile(re.escape(BELOW) + r"([^/]+)/([^/]+)")
# Files that wait for their page to read them, in files of the greatest size: of one person, of all.
FILES_OF_ONE, FILES_OF_ALL = 3, 6
# A browser opens six connections to a host.
AT_ONCE = 16
# A connection that sends nothing for so long has been lost.
IDLE_SECONDS = 60
FULL = (
    "Too much is being uploaded just now. Wait until the files that you sent are stored, or send "
    "fewer at once."
)
UNKNOWN = "This page does not expect this file. Reload the page, then choose the file again."


class BoundedUploadRequests:
    """Pass on what may be sent to pages, and drop the files of pages that have been left."""

    def __init__(
        self, app: ASGIApp, settings: Settings, idle_seconds: float = IDLE_SECONDS
    ) -> None:
        self._app = app
        self._settings = settings
        self._idle_seconds = idle_seconds
        self._arriving: Counter[str] = Counter()  # bytes by user
        self._connections: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            try:
                await self._app(scope, receive, send)
            finally:
                drop_uploads_of_the_disconnected()
            return
        if scope["type"] != "http" or not scope["path"].startswith(BELOW):
            await self._app(scope, receive, send)
            return
        upload = UPLOAD.fullmatch(scope["path"])
        if upload and scope["method"] in ("PUT", "DELETE"):
            await self._pass_upload(scope, receive, send, *upload.groups())
        else:  # no page of ours asks another origin first
            await _refuse(404, UNKNOWN, scope, receive, send)

    async def _pass_upload(
        self, scope: Scope, receive: Receive, send: Send, session_id: str, file_id: str
    ) -> None:
        uploads = running_uploads()
        user = _user_of(scope, self._settings)
        if user is None:
            await _refuse(401, "Sign in first, then choose the file again.", scope, receive, send)
        elif uploads is None or not uploads.is_owner(session_id, user):
            await _refuse(404, UNKNOWN, scope, receive, send)
        elif scope["method"] == "DELETE":
            await self._app(scope, receive, send)
        elif not uploads.is_expected(session_id, file_id, user):
            await _refuse(404, UNKNOWN, scope, receive, send)
        elif self._connections[user] >= AT_ONCE or not self._has_room(
            uploads, user, _announced(scope)
        ):
            await _refuse(413, FULL, scope, receive, send)
        else:
            with self._connection(user):
                await self._receive(uploads, user, scope, receive, send)

    @contextmanager
    def _connection(self, user: str) -> Iterator[None]:
        self._connections[user] += 1
        try:
            yield
        finally:
            self._connections[user] -= 1
            if not self._connections[user]:
                del self._connections[user]

    async def _receive(
        self, uploads: BoundedUploads, user: str, scope: Scope, receive: Receive, send: Send
    ) -> None:
        """Pass a body on while there is room for it; count what has come until it is stored."""
        taken = 0

        def release() -> None:
            nonlocal taken
            self._arriving[user] -= taken
            taken = 0
            if not self._arriving[user]:
                del self._arriving[user]

        async def receive_counted() -> Message:
            nonlocal taken
            try:
                with anyio.fail_after(self._idle_seconds):
                    message = await receive()
            except TimeoutError:
                raise HTTPException(408, "The upload was interrupted. Choose it again.") from None
            size = len(message.get("body", b""))
            if size and not self._has_room(uploads, user, size):
                raise HTTPException(413, FULL)
            self._arriving[user] += size
            taken += size
            return message

        async def send_released(message: Message) -> None:
            release()  # it is stored or refused; nothing was awaited in between
            await send(message)

        try:
            await self._app(scope, receive_counted, send_released)
        finally:
            release()

    def _has_room(self, uploads: BoundedUploads, user: str, size: int) -> bool:
        limit, size = self._settings.max_upload_bytes, size + RECORD_BYTES
        own = uploads.held_bytes(user) + self._arriving[user]
        everybody = uploads.held_bytes() + self._arriving.total()
        return own + size <= FILES_OF_ONE * limit and everybody + size <= FILES_OF_ALL * limit


def _user_of(scope: Scope, settings: Settings) -> str | None:
    try:
        person = who_is(HTTPConnection(scope), settings)
    except AskqueueError:  # a name that must not be trusted
        return None
    return person.user if person else None


def _announced(scope: Scope) -> int:
    """Return the announced length of the body; 0 if none is, or what is there is no number."""
    length = Headers(scope=scope).get("content-length", "")
    return int(length) if length.isascii() and length.isdigit() and len(length) < 20 else 0


async def _refuse(status: int, message: str, scope: Scope, receive: Receive, send: Send) -> None:
    kind = HTTPStatus(status).phrase.lower().replace(" ", "_")
    reply = JSONResponse({"error": {"kind": kind, "message": message}}, status)
    await reply(scope, receive, send)
