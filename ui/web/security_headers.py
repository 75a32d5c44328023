"""Security headers: browsers run no foreign scripts and send nothing to other hosts.

The Content-Security-Policy is the second line behind `ui.components.common.text`: should a
document's or a model's words ever become markup, the browser loads no image and runs no script for
them.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

INLINE_SCRIPT = re.compile(r"<script>(.*?)</script>", re.DOTALL)
HOST = re.compile(r"[\w.-]+(:\d+)?|\[[0-9a-f:.]+\](:\d+)?", re.IGNORECASE | re.ASCII)

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "SAMEORIGIN",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": (
        "camera=(), geolocation=(), microphone=(), payment=(), usb=(), serial=(), hid=(), "
        "display-capture=(), browsing-topics=()"
    ),
}
# For the API, whose replies are not pages.
NOTHING = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"


def page_policy(host: str, inline_scripts: Iterable[str] = ()) -> str:
    """Return the Content-Security-Policy of the pages for a request with this Host header.

    `inline_scripts` are those that the server's own HTML has, by their text.
    """
    # 'self' has no websockets in older browsers. A name that is not one is nobody's.
    sockets = f" ws://{host} wss://{host}" if HOST.fullmatch(host) else ""
    return "; ".join(
        (
            "default-src 'self'",
            # blob: is how Streamlit loads the script of a component, which comes from us as text.
            f"script-src 'self' blob:{hashes(inline_scripts)}",
            # The pages' styles are made while they are drawn.
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data: blob:",
            "font-src 'self' data:",
            f"connect-src 'self'{sockets}",
            "worker-src 'self' blob:",
            "frame-src 'none'",
            "object-src 'none'",
            "base-uri 'self'",
            "form-action 'self'",
            "frame-ancestors 'self'",
        )
    )


def docs_policy(html: str) -> str:
    """Return the Content-Security-Policy for this HTML of the API's documentation."""
    return (
        f"default-src 'none'; script-src 'self'{hashes(INLINE_SCRIPT.findall(html))}; "
        "style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )


def hashes(scripts: Iterable[str]) -> str:
    """Return the policy sources that permit exactly these scripts, each after a space."""
    return "".join(f" 'sha256-{_digest(script)}'" for script in scripts)


def _digest(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()


class PageHeaders:
    """Add the headers to every reply that does not set them itself, such as pages and files."""

    def __init__(self, app: ASGIApp, inline_scripts: Iterable[str] = ()) -> None:
        self._app = app
        self._inline_scripts = tuple(inline_scripts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                host = MutableHeaders(scope=scope).get("host", "")
                policy = {"Content-Security-Policy": page_policy(host, self._inline_scripts)}
                _add(message, HEADERS | policy)
            await send(message)

        await self._app(scope, receive, send_with_headers)


class ApiHeaders:
    """Add the headers to the replies of the API, which are not pages and must not be cached.

    The only page is the documentation, at `docs_path`. Its own inline script may run.
    """

    def __init__(self, app: ASGIApp, docs_path: str) -> None:
        self._app = app
        self._docs_path = docs_path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_docs = scope["type"] == "http" and scope["path"].endswith(self._docs_path)
        start: Message = {}

        async def send_with_headers(message: Message) -> None:
            nonlocal start
            if message["type"] == "http.response.start":
                start = message
                if is_docs:
                    return  # its policy depends on its HTML, which comes in one piece
                _add(start, _replies(NOTHING))
            elif is_docs and message["type"] == "http.response.body":
                _add(start, _replies(docs_policy(message.get("body", b"").decode())))
                await send(start)
            await send(message)

        await self._app(scope, receive, send_with_headers)


def _replies(policy: str) -> dict[str, str]:
    return {**HEADERS, "Content-Security-Policy": policy, "Cache-Control": "no-store"}


def _add(message: Message, values: dict[str, str]) -> None:
    headers = MutableHeaders(scope=message)
    for name, value in values.items():
        headers.setdefault(name, value)
