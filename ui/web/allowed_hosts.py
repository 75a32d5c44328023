"""The host names that this installation answers to, and the origins whose websockets it accepts.

A site elsewhere may point its own name at this machine (DNS rebinding); the browser then treats
what we serve as part of that site. Only the Host header gives it away.
"""

from __future__ import annotations

import re
from collections.abc import Collection

from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

ANY = "*"
UNKNOWN_HOST = "unknown_host"
MISDIRECTED = 421  # RFC 9110, 15.5.20: this server does not answer for that name
# RFC 6455, 7.4.1; sent before the websocket is accepted, it becomes a 403.
POLICY_VIOLATION = 1008
PORT = re.compile(r":\d*$")


class AllowedHosts:
    """Refuse requests for other host names, and websockets from pages of other origins."""

    def __init__(self, app: ASGIApp, allowed: Collection[str]) -> None:
        self._app = app
        self._allowed = allowed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        hosts = headers.getlist("host")
        # Of two names, a proxy could go by the other one.
        host = hosts[0] if len(hosts) == 1 else ""
        if not is_allowed(host, self._allowed):
            await _refuse(host, scope, receive, send)
        elif scope["type"] == "websocket" and not is_same_origin(headers.get("origin"), host):
            await send({"type": "websocket.close", "code": POLICY_VIOLATION})
        else:
            await self._app(scope, receive, send)


def is_allowed(host: str, allowed: Collection[str]) -> bool:
    """Return whether this Host header, with or without a port, names us."""
    return ANY in allowed or PORT.sub("", host).rstrip(".").lower() in allowed


def is_same_origin(origin: str | None, host: str) -> bool:
    """Return whether a page of this host and port asks, or a program, which sends no Origin."""
    own = (f"{scheme}://{host.lower()}" for scheme in ("http", "https"))
    return origin is None or origin.lower() in own


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
