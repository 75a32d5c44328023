"""Whoever follows a link to a question or a page, and has to sign in first, arrives there.

An OpenID provider sends everybody back to one address, and Streamlit from there to the start page.
"""

from __future__ import annotations

from urllib.parse import quote, unquote, urlsplit

from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from jobs.settings import AuthMode
from ui.identity.browser_cookie import set_cookie
from ui.identity.people import get_settings, who_is

LOGIN_PATH = "/auth/login"
START_PAGE = "/"
COOKIE = "askqueue_goal"
# A provider may want a password, a second factor, and consent.
SECONDS = 600
MOST_CHARS = 1000


class DeepLinks:
    """Notes on which page people sign in, and leads them from the start page back to it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_get = scope["type"] == "http" and scope["method"] == "GET"
        if not is_get or get_settings().auth_mode is not AuthMode.OIDC:
            await self._app(scope, receive, send)
            return
        request = HTTPConnection(scope)
        if scope["path"] == LOGIN_PATH:
            # Without a goal, that of an earlier try is forgotten.
            goal = _page_before(request)
            cookie = set_cookie(request, COOKIE, quote(goal, safe=""), SECONDS if goal else 0)
            await self._app(scope, receive, _with(cookie, send))
            return
        goal = _goal_of(unquote(request.cookies.get(COOKIE, "")))
        if goal and _is_start(scope) and who_is(request):
            forget = {"Set-Cookie": set_cookie(request, COOKIE, "", 0)}
            arrival = RedirectResponse(goal, 302, {"Cache-Control": "no-store", **forget})
            await arrival(scope, receive, send)
            return
        await self._app(scope, receive, send)


def _is_start(scope: Scope) -> bool:
    return scope["path"] == START_PAGE and not scope["query_string"]


def _page_before(request: HTTPConnection) -> str:
    """The page of ours from which this request was made; "" for the start page, or none of ours."""
    before = urlsplit(request.headers.get("referer", ""))
    if before.netloc != request.headers.get("host"):
        return ""
    return _goal_of(f"{before.path}?{before.query}" if before.query else before.path)


def _goal_of(text: str) -> str:
    """The path, if it leads to another page of ours than the start page; else ""."""
    # What begins with two slashes, or with what browsers take for one, leads to another host.
    leads_away = not text.startswith("/") or text[1:2] in ("/", "\\")
    is_plain = text.isascii() and text.isprintable() and len(text) <= MOST_CHARS
    return text if is_plain and not leads_away and text != START_PAGE else ""


def _with(cookie: str, send: Send) -> Send:
    async def send_with_cookie(message: Message) -> None:
        if message["type"] == "http.response.start":
            MutableHeaders(scope=message).append("Set-Cookie", cookie)
        await send(message)

    return send_with_cookie
