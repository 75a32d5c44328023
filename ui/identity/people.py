"""Who is asking, in each `AUTH_MODE`: the one place that decides it, for pages and API alike.

`who_is` identifies a connection. `IdentityMiddleware` gives browsers their cookie and records the
peer of a page's connection. Streamlit is imported only where a page is drawn: the API runs
without it.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

import ui.clients
from jobs.access.operators import Access, access_of, are_operators
from jobs.settings import AuthMode, Settings
from ui.identity import oidc, proxy
from ui.identity.browser_cookie import set_cookie, signer_of

COOKIE_MAX_AGE_SECONDS = 365 * 24 * 3600
# Set by the middleware alone, for the scripts of pages, which cannot see the peer.
PEER_HEADER = "X-Askqueue-Peer"


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
        login = oidc.login_of(connection.cookies)
        if login is None or login.is_expired:
            return None
        is_operator = are_operators(settings, login.known_as)
        return Person(login.user, login.name, is_operator, login.known_as)
    if settings.auth_mode is AuthMode.PROXY:
        name = proxy.name_from(connection, settings)
        if name is None:
            return None
        user = proxy.user_of(name)
        return Person(user, name, are_operators(settings, (name, user)), (name, user))
    browser = signer_of(settings).user_of(connection.cookies)
    if browser is None:
        return None
    host = connection.headers.get("host", "")
    return Person(browser, is_operator=access_of(settings, host) is Access.OPEN)


def page_connection() -> HTTPConnection:
    """Return the connection of the page that is being drawn."""
    import streamlit

    headers = streamlit.context.headers
    peer = headers.get(PEER_HEADER)
    return HTTPConnection(
        {
            "type": "websocket",
            "client": (peer, 0) if peer else None,
            "headers": [
                (name.lower().encode("latin-1"), value.encode("latin-1"))
                for name in headers
                for value in headers.get_all(name)
            ],
        }
    )


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
    login = oidc.login_of(page_connection().cookies)
    return login is not None and login.is_expired


def operators_access(settings: Settings) -> Access:
    """Return how operators get in on the page that is being drawn.

    The password counts only in the mode `anonymous`; elsewhere, it depends on who is signed in.
    """
    if settings.auth_mode is AuthMode.ANONYMOUS:
        return access_of(settings, page_host())
    person = current_person()
    return Access.OPEN if person and person.is_operator else Access.CLOSED


class IdentityMiddleware:
    """Give a browser its cookie with the first page, and renew it with every other page.

    Nothing below the paths in `no_pages`, such as the API, sets the cookie. Where people sign in,
    there is none.
    """

    def __init__(self, app: ASGIApp, settings: Settings, no_pages: tuple[str, ...] = ()) -> None:
        self._app = app
        self._settings = settings
        self._no_pages = no_pages

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            scope = {**scope, "headers": _with_peer(scope)}
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                if self._may_be_page(scope) and _is_page(message["status"], headers, scope):
                    headers.append("Set-Cookie", _cookie_for(scope, self._settings))
                    # A shared cache must not hand one browser's cookie to another.
                    headers["Cache-Control"] = "no-cache, private"
            await send(message)

        await self._app(scope, receive, send_with_headers)

    def _may_be_page(self, scope: Scope) -> bool:
        path: str = scope["path"]
        below = any(path == prefix or path.startswith(f"{prefix}/") for prefix in self._no_pages)
        is_anonymous = self._settings.auth_mode is AuthMode.ANONYMOUS
        return is_anonymous and scope["method"] == "GET" and not below


def _with_peer(scope: Scope) -> list[tuple[bytes, bytes]]:
    """Return the headers with the peer's address; one that the client sent is dropped."""
    name = PEER_HEADER.lower().encode()
    headers = [(key, value) for key, value in scope["headers"] if key.lower() != name]
    client = scope.get("client")
    return [*headers, (name, client[0].encode())] if client else headers


def _is_page(status: int, headers: Headers, request: Scope) -> bool:
    """Return whether this is HTML, or a 304 for HTML, which has no content type."""
    if status == 304:
        return "text/html" in Headers(scope=request).get("accept", "")
    return headers.get("content-type", "").startswith("text/html")


def _cookie_for(scope: Scope, settings: Settings) -> str:
    """Return the Set-Cookie header that renews a browser's identity, or gives it a new one."""
    signer = signer_of(settings)
    request = HTTPConnection(scope)
    known = request.cookies.get(signer.cookie_name, "")
    value = known if signer.user_of(request.cookies) else signer.new_cookie()
    return set_cookie(request, signer.cookie_name, value, COOKIE_MAX_AGE_SECONDS)
