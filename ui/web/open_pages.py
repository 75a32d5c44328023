"""How many pages may be open at once: of one person, and of all whom nobody knows at one address.

Each is a connection with a session, which keeps what the page was sent.
"""

from __future__ import annotations

from collections import Counter

from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from jobs.errors import AskqueueError
from jobs.settings import Settings
from ui.identity.people import address_of, who_is

# More tabs than anybody looks at; each may hold `maxWidgetStateSize` of .streamlit/config.toml.
MAX_OF_A_USER = 40
# Visitors who are about to sign in, who may share the address of their office.
MAX_OF_AN_ADDRESS = 60
# All that the page for signing in sends is that a button was pressed.
MAX_BYTES_OF_NOBODY = 64 * 1024
# RFC 6455, 7.4.1
TOO_BIG, TRY_AGAIN_LATER = 1009, 1013


class BoundedPages:
    """Refuse the connections of more pages, and large messages of those who are not signed in."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._settings = settings
        self._open: Counter[tuple[str, str]] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "websocket":
            await self._app(scope, receive, send)
            return
        connection = HTTPConnection(scope)
        user = self._user_of(connection)
        if user is None:
            holder, most = ("address", address_of(connection, self._settings)), MAX_OF_AN_ADDRESS
        else:
            holder, most = ("user", user), MAX_OF_A_USER
        if self._open[holder] >= most:
            await send({"type": "websocket.close", "code": TRY_AGAIN_LATER})
            return
        self._open[holder] += 1
        try:
            await self._app(scope, receive if user else _small(receive, send), send)
        finally:
            self._open[holder] -= 1
            if not self._open[holder]:
                del self._open[holder]

    def _user_of(self, connection: HTTPConnection) -> str | None:
        try:
            person = who_is(connection, self._settings)
        except AskqueueError:  # a name that must not be trusted
            return None
        return person.user if person else None


def _small(receive: Receive, send: Send) -> Receive:
    """Return the same messages; a large one ends the connection."""

    async def receive_small() -> Message:
        message = await receive()
        if len(message.get("bytes") or message.get("text") or "") <= MAX_BYTES_OF_NOBODY:
            return message
        await send({"type": "websocket.close", "code": TOO_BIG})
        return {"type": "websocket.disconnect", "code": TOO_BIG}

    return receive_small
