"""Return people to the page that they asked for after they have signed in.

An OpenID provider sends everybody back to one address, and Streamlit from there to the start page.
"""

from __future__ import annotations

from urllib.parse import quote, unquote, urlsplit

from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from jobs.settings import AuthMode, Settings
from ui.identity.browser_cookie import set_cookie
from ui.identity.people import who_is

LOGIN_PATH = "/auth/login"
START_PAGE = "/"
COOKIE = "askqueue_goal"
# A provider may want a password, a second factor, and consent.
SECONDS = 600
MOST_CHARS = 1000


class DeepLinks:
    """Remember on which page people sign in, and redirect them there from the start page."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._settings = settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_get = scope["type"] == "http" and scope["method"] == "GET"
        if not is_get or self._settings.auth_mode is not AuthMode.OIDC:
            await self._app(scope, receive, send)
            return
        request = HTTPConnection(scope)
        if scope["path"] == LOGIN_PATH:
            # Without a goal, the one of an earlier attempt is deleted.
            goal = _page_before(request)
            cookie = set_cookie(request, COOKIE, quote(goal, safe=""), SECONDS if goal else 0)
            await self._app(scope, receive, _with(cookie, send))
            return
        goal = _goal_of(unquote(request.cookies.get(COOKIE, "")))
        if goal and _is_start(scope) and who_is(request, self._settings):
            forget = {"Set-Cookie": set_cookie(request, COOKIE, "", 0)}
            arrival = RedirectResponse(goal, 302, {"Cache-Control": "no-store", **forget})
            await arrival(scope, receive, send)
            return
        await self._app(scope, receive, send)


def _is_start(scope: Scope) -> bool:
    return scope["path"] == START_PAGE and not scope["query_string"]


def _page_before(request: HTTPConnection) -> str:
    """Return the page of ours that made this request; "" for the start page and other sites."""
    try:
        before = urlsplit(request.headers.get("referer", ""))
    except ValueError:  # such as of http://[
        return ""
    if before.netloc != request.headers.get("host"):
        return ""
    return _goal_of(f"{before.path}?{before.query}" if before.query else before.path)


def _goal_of(text: str) -> str:
    """Return the path if it leads to a page of ours other than the start page; else ""."""
    # Browsers read two slashes, or a slash and a backslash, as the start of another host.
    leads_away = not text.startswith("/") or text[1:2] in ("/", "\\")
    is_plain = text.isascii() and text.isprintable() and len(text) <= MOST_CHARS
    return text if is_plain and not leads_away and text != START_PAGE else ""


def _with(cookie: str, send: Send) -> Send:
    async def send_with_cookie(message: Message) -> None:
        if message["type"] == "http.response.start":
            MutableHeaders(scope=message).append("Set-Cookie", cookie)
        await send(message)

    return send_with_cookie
