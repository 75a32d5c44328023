"""Who is asking, in each `AUTH_MODE`: the one place that decides it, for pages and API alike.

`who_is` identifies a connection. `IdentityMiddleware` gives browsers their cookie and records the
peer of a page's connection. Streamlit is imported only where a page is drawn: the API runs
without it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import HTMLResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

import ui.clients
from jobs.access.operators import Access, access_of, are_operators, was_forwarded
from jobs.access.throttle import Allowance, Throttle, client_address
from jobs.errors import AskqueueError
from jobs.settings import AuthMode, Settings
from ui.identity import oidc, proxy
from ui.identity.browser_cookie import set_cookie, signer_of
from ui.identity.cookies import cookies_of, values_of

COOKIE_MAX_AGE_SECONDS = 365 * 24 * 3600
# An office behind one address comes in bursts; a script that takes a new identity for each question
# is stopped soon. Browsers that have a cookie are not counted.
NEW_BROWSERS = Allowance(burst=60, seconds=3.0)
NEW_BROWSERS_IN_ALL = Allowance(burst=300, seconds=1.0)
TOO_MANY_BROWSERS = (
    '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>Askqueue</title></head>'
    "<body><h1>Wait a moment</h1><p>Too many new browsers came from your network in a short time. "
    "Reload this page in {seconds}. If this browser was here before, allow it to keep cookies for "
    "this address.</p></body></html>"
)
# Set by the middleware alone, for the scripts of pages, which cannot see the peer.
PEER_HEADER = "X-Askqueue-Peer"
# The same for Streamlit, which gives a session back to nobody but its user: see
# `trustedUserHeaders` in .streamlit/config.toml.
USER_HEADER = "X-Askqueue-User"


@dataclass(frozen=True)
class Person:
    """A person who is signed in, or a known browser.

    `user` owns questions and keys and never changes; `name` is for display, "" if unknown.
    `known_as` holds the names under which `OPERATORS` may list this person or their groups.
    """

    user: str
    name: str = ""
    is_operator: bool = False
    known_as: tuple[str, ...] = ()


def who_is(connection: HTTPConnection, settings: Settings) -> Person | None:
    """Identify the client of a request or of a page's websocket; None if nobody is signed in.

    Raises UntrustedProxyError and AmbiguousProxyUserError for a user name that must not be
    trusted.
    """
    if settings.auth_mode is AuthMode.OIDC:
        login = oidc.login_of(cookies_of(connection))
        if login is None or login.is_expired:
            return None
        is_operator = are_operators(settings, login.known_as)
        return Person(login.user, login.name, is_operator, login.known_as)
    if settings.auth_mode is AuthMode.PROXY:
        name = proxy.name_from(connection, settings)
        if name is None:
            return None
        user = proxy.user_of(name)
        # A name that is written like somebody's user id is not that person.
        known_as = (user,) if name.startswith(proxy.USER_PREFIX) else (name, user)
        return Person(user, name, are_operators(settings, known_as), known_as)
    browser = signer_of(settings).user_of(cookies_of(connection))
    if browser is None:
        return None
    return Person(browser, is_operator=access_by(connection, settings) is Access.OPEN)


def access_by(connection: HTTPConnection, settings: Settings) -> Access:
    """Return how operators get in who come by this connection, where nobody signs in."""
    headers = connection.headers
    is_forwarded = was_forwarded(headers.keys(), connection.scope.get("http_version", ""))
    return access_of(settings, headers.get("host", ""), is_forwarded=is_forwarded)


def address_of(connection: HTTPConnection, settings: Settings) -> str:
    """Return the address of the client, for counting; see `client_address`."""
    peer = connection.client.host if connection.client else ""
    return client_address(peer, connection.headers.getlist("x-forwarded-for"), settings)


def page_connection() -> HTTPConnection:
    """Return the connection of the page that is being drawn."""
    import streamlit

    headers = streamlit.context.headers
    return connection_of((name, value) for name in headers for value in headers.get_all(name))


def connection_of(headers: Iterable[tuple[str, str]]) -> HTTPConnection:
    """Return the connection of a page by its headers, one of which tells its peer."""
    raw = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers]
    peer = Headers(raw=raw).get(PEER_HEADER)
    return HTTPConnection(
        {"type": "websocket", "client": (peer, 0) if peer else None, "headers": raw}
    )


def owner_of_page(headers: Iterable[tuple[str, str]], settings: Settings) -> str | None:
    """Return the user of the page with these headers; None if nobody may be told from them."""
    try:
        person = who_is(connection_of(headers), settings)
    except AskqueueError:
        return None
    return person.user if person else None


def page_host() -> str:
    """Return the Host header of the page that is being drawn; "" if unknown."""
    import streamlit

    return streamlit.context.headers.get("Host") or ""


def page_address() -> str:
    """Return the address of this installation, such as https://askqueue.example.com."""
    import streamlit

    address = urlsplit(streamlit.context.url or "")
    return f"{address.scheme or 'http'}://{address.netloc or page_host()}"


def current_person() -> Person | None:
    """Identify the visitor of the page that is being drawn; raises what `who_is` does."""
    return who_is(page_connection(), ui.clients.get_clients().settings)


def current_user() -> str | None:
    """Return the user of the page that is being drawn; None if nobody is signed in."""
    person = current_person()
    return person.user if person else None


def is_login_expired() -> bool:
    """Return whether the login of the page's visitor has run out."""
    login = oidc.login_of(cookies_of(page_connection()))
    return login is not None and login.is_expired


def operators_access(settings: Settings) -> Access:
    """Return how operators get in on the page that is being drawn.

    The password counts only in the mode `anonymous`; elsewhere, it depends on who is signed in.
    """
    if settings.auth_mode is AuthMode.ANONYMOUS:
        is_forwarded = was_forwarded(page_connection().headers.keys())
        return access_of(settings, page_host(), is_forwarded=is_forwarded)
    person = current_person()
    return Access.OPEN if person and person.is_operator else Access.CLOSED


class IdentityMiddleware:
    """Give a browser its cookie with the first page, and renew it with every other page.

    Nothing below the paths in `no_pages`, such as the API, sets the cookie. Where people sign in,
    there is none. How many browsers are new in a while is bounded: whoever could be anybody would
    have the limits of all of them.
    """

    def __init__(self, app: ASGIApp, settings: Settings, no_pages: tuple[str, ...] = ()) -> None:
        self._app = app
        self._settings = settings
        self._no_pages = no_pages
        self._new_browsers = Throttle(NEW_BROWSERS, NEW_BROWSERS_IN_ALL)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            scope = {**scope, "headers": _with_ours(scope, self._settings)}
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        is_refused = False

        async def send_with_headers(message: Message) -> None:
            nonlocal is_refused
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                if self._may_be_page(scope) and _is_page(message["status"], headers, scope):
                    request = HTTPConnection(scope)
                    wait = self._identify(request, headers)
                    if wait > 0:
                        is_refused = True
                        await _too_many_browsers(wait)(scope, receive, send)
            if not is_refused:
                await send(message)

        await self._app(scope, receive, send_with_headers)

    def _identify(self, request: HTTPConnection, headers: MutableHeaders) -> float:
        """Add the browser's cookie to the headers; return the seconds to wait if it gets none."""
        # A shared cache must not hand one browser's cookie to another.
        headers["Cache-Control"] = "no-cache, private"
        signer = signer_of(self._settings)
        cookies = values_of(request).get(signer.cookie_name, set())
        if len(cookies) > 1:
            return 0.0  # the page says what to do; a new one would replace one that may be theirs
        value = "".join(cookies)
        if signer.user_of({signer.cookie_name: value}) is None:
            wait = self._new_browsers.take(address_of(request, self._settings))
            if wait > 0:
                return wait
            value = signer.new_cookie()
        cookie = set_cookie(request, signer.cookie_name, value, COOKIE_MAX_AGE_SECONDS)
        headers.append("Set-Cookie", cookie)
        return 0.0

    def _may_be_page(self, scope: Scope) -> bool:
        path: str = scope["path"]
        below = any(path == prefix or path.startswith(f"{prefix}/") for prefix in self._no_pages)
        is_anonymous = self._settings.auth_mode is AuthMode.ANONYMOUS
        return is_anonymous and scope["method"] == "GET" and not below


def _with_ours(scope: Scope, settings: Settings) -> list[tuple[bytes, bytes]]:
    """Return the headers with the peer's address and the user; those a client sent are dropped."""
    try:
        person = who_is(HTTPConnection(scope), settings)
    except AskqueueError:
        person = None
    client = scope.get("client")
    ours = {PEER_HEADER: client[0] if client else "", USER_HEADER: person.user if person else ""}
    names = {name.lower().encode() for name in ours}
    return [
        *((name, value) for name, value in scope["headers"] if name.lower() not in names),
        *((name.lower().encode(), value.encode()) for name, value in ours.items() if value),
    ]


def _is_page(status: int, headers: Headers, request: Scope) -> bool:
    """Return whether this is HTML, or a 304 for HTML, which has no content type."""
    if status == 304:
        return "text/html" in Headers(scope=request).get("accept", "")
    return headers.get("content-type", "").startswith("text/html")


def _too_many_browsers(wait: float) -> HTMLResponse:
    seconds = math.ceil(wait)
    text = TOO_MANY_BROWSERS.format(seconds="1 second" if seconds == 1 else f"{seconds} seconds")
    return HTMLResponse(text, 429, {"Retry-After": str(seconds), "Cache-Control": "no-store"})
