"""Who is asking: the one place that knows, for pages and API alike, in each `AUTH_MODE`.

`who_is` says it of a connection. `IdentityMiddleware` gives browsers their cookie and notes the
peer of a page's connection. Streamlit is imported only where a page is drawn: the API runs
without it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from jobs.access.operators import Access, access_of, are_operators
from jobs.settings import AuthMode, Settings
from ui.identity import oidc, proxy
from ui.identity.browser_cookie import Signer, secret_of, set_cookie

COOKIE_MAX_AGE_SECONDS = 365 * 24 * 3600
# Set by the middleware alone, on the connection of a page, whose script cannot see its peer.
PEER_HEADER = "X-Askqueue-Peer"


@dataclass(frozen=True)
class Person:
    """Somebody who is signed in, or a browser that is known.

    `user` owns questions and keys, and never changes; `name` is for people to read, "" if unknown.
    `known_as` is what `OPERATORS` may call this person or a group of theirs.
    """

    user: str
    name: str = ""
    is_operator: bool = False
    known_as: tuple[str, ...] = ()


@lru_cache(maxsize=1)
def get_settings() -> Settings:
    """The settings of this process, from the environment."""
    return Settings()


@lru_cache(maxsize=1)
def get_signer() -> Signer:
    """The signer of this process, from the environment."""
    return Signer(secret_of(get_settings()))


def is_anonymous() -> bool:
    """True where nobody signs in: whoever comes is somebody."""
    return get_settings().auth_mode is AuthMode.ANONYMOUS


def who_is(connection: HTTPConnection) -> Person | None:
    """Who asks by this connection, a request or a page's websocket; None if nobody is signed in.

    Raises UntrustedProxyError and AmbiguousProxyUserError for a user's name that must not be
    believed.
    """
    settings = get_settings()
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
    browser = get_signer().user_of(connection.cookies)
    if browser is None:
        return None
    host = connection.headers.get("host", "")
    return Person(browser, is_operator=access_of(settings, host) is Access.OPEN)


def page_connection() -> HTTPConnection:
    """The connection of the page that is drawn now; tests put their own in its place."""
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
    """The Host header with which the page that is drawn now was asked for; "" if unknown."""
    import streamlit

    return streamlit.context.headers.get("Host") or ""


def page_address() -> str:
    """Where the browser finds this installation, such as https://askqueue.example.com."""
    import streamlit

    address = urlsplit(streamlit.context.url or "")
    return f"{address.scheme or 'http'}://{address.netloc or page_host()}"


def current_person() -> Person | None:
    """Who looks at the page that is drawn now; raises what `who_is` does."""
    return who_is(page_connection())


def current_user() -> str | None:
    """The user of the page that is drawn now; None if nobody is signed in."""
    person = current_person()
    return person.user if person else None


def is_login_expired() -> bool:
    """True if whoever looks at the page that is drawn now was signed in until a while ago."""
    login = oidc.login_of(page_connection().cookies)
    return login is not None and login.is_expired


def operators_access(settings: Settings) -> Access:
    """How operators get in on the page that is drawn now.

    Whoever is signed in is an operator, or none; the password is for the mode `anonymous`.
    """
    if settings.auth_mode is AuthMode.ANONYMOUS:
        return access_of(settings, page_host())
    person = current_person()
    return Access.OPEN if person and person.is_operator else Access.CLOSED


class IdentityMiddleware:
    """Gives a browser its cookie with the first page, and renews it with every other.

    What is below `no_pages`, such as the API, sets none, and where people sign in there is none.
    """

    def __init__(self, app: ASGIApp, no_pages: tuple[str, ...] = ()) -> None:
        self._app = app
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
                    headers.append("Set-Cookie", _cookie_for(scope))
                    # A shared cache must not hand one browser's cookie to another.
                    headers["Cache-Control"] = "no-cache, private"
            await send(message)

        await self._app(scope, receive, send_with_headers)

    def _may_be_page(self, scope: Scope) -> bool:
        path: str = scope["path"]
        below = any(path == prefix or path.startswith(f"{prefix}/") for prefix in self._no_pages)
        return is_anonymous() and scope["method"] == "GET" and not below


def _with_peer(scope: Scope) -> list[tuple[bytes, bytes]]:
    """The headers of a page's connection with its peer's address, whatever the peer says of it."""
    name = PEER_HEADER.lower().encode()
    headers = [(key, value) for key, value in scope["headers"] if key.lower() != name]
    client = scope.get("client")
    return [*headers, (name, client[0].encode())] if client else headers


def _is_page(status: int, headers: Headers, request: Scope) -> bool:
    """True for HTML, and for "the HTML you have is still good", which does not say its type."""
    if status == 304:
        return "text/html" in Headers(scope=request).get("accept", "")
    return headers.get("content-type", "").startswith("text/html")


def _cookie_for(scope: Scope) -> str:
    """The Set-Cookie header that keeps a browser who it is, or makes it somebody."""
    signer = get_signer()
    request = HTTPConnection(scope)
    known = request.cookies.get(signer.cookie_name, "")
    value = known if signer.user_of(request.cookies) else signer.new_cookie()
    return set_cookie(request, signer.cookie_name, value, COOKIE_MAX_AGE_SECONDS)
