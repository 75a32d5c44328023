"""By which names this installation answers, and from which pages it takes a websocket.

A page elsewhere may let its own name point at this machine (DNS rebinding): the browser then takes
what we serve for that page's own. The name in the request is all that tells it from ours.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from functools import lru_cache
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from jobs.settings import Settings

ANY = "*"
UNKNOWN_HOST = "unknown_host"
MISDIRECTED = 421  # RFC 9110, 15.5.20: this server does not answer for that name
# RFC 6455, 7.4.1; before the websocket is accepted, servers make a 403 of it.
POLICY_VIOLATION = 1008
PORT = re.compile(r":\d*$")


@lru_cache(maxsize=1)
def allowed_hosts() -> Collection[str]:
    """The names of this process, from the environment."""
    return Settings().host_names


class AllowedHosts:
    """Refuses requests for a name that is not ours, and websockets from pages of other origins."""

    def __init__(self, app: ASGIApp, allowed: Callable[[], Collection[str]] = allowed_hosts):
        self._app = app
        self._allowed = allowed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        if not is_allowed(host, self._allowed()):
            await _refuse(host, scope, receive, send)
        elif scope["type"] == "websocket" and not is_same_origin(headers.get("origin"), host):
            await send({"type": "websocket.close", "code": POLICY_VIOLATION})
        else:
            await self._app(scope, receive, send)


def is_allowed(host: str, allowed: Collection[str]) -> bool:
    """True if this Host header, with or without a port, names us."""
    return ANY in allowed or PORT.sub("", host).rstrip(".").lower() in allowed


def is_same_origin(origin: str | None, host: str) -> bool:
    """True if a page of this very host and port asks, or a program, which sends no Origin."""
    return origin is None or urlsplit(origin).netloc.lower() == host.lower()


async def _refuse(host: str, scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": POLICY_VIOLATION})
        return
    name = PORT.sub("", host)[:100]
    message = (
        f"Askqueue does not answer at the address “{name}”. Use the address that you were given, "
        "or, if you run Askqueue, add this one to ALLOWED_HOSTS."
    )
    reply = JSONResponse({"error": {"kind": UNKNOWN_HOST, "message": message}}, MISDIRECTED)
    await reply(scope, receive, send)
