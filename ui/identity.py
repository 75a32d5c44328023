"""Who is asking: a random, signed, HttpOnly cookie per browser.

`IdentityMiddleware` sets it with a page; a `Signer` reads it, for pages and API alike. Streamlit
is imported only where a page is drawn: the API runs without it.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import tempfile
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from itsdangerous import BadSignature, URLSafeSerializer
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from jobs.settings import Settings

COOKIE_MAX_AGE_SECONDS = 365 * 24 * 3600
TOKEN_BYTES = 16
SECRET_BYTES = 32
SECRET_FILE = "secret_key"  # noqa: S105 - the name of a file


class Signer:
    """Makes and checks the cookie's value.

    The cookie is named after the secret, because browsers share cookies between the ports of a
    host: two installations on one machine must not overwrite each other's.
    """

    def __init__(self, secret: str) -> None:
        self._serializer = URLSafeSerializer(secret, salt="askqueue.browser")
        digest = hashlib.sha256(f"askqueue.cookie-name:{secret}".encode()).hexdigest()
        self.cookie_name = f"askqueue_{digest[:8]}"

    def new_cookie(self) -> str:
        """A value for a browser that was never here."""
        return str(self._serializer.dumps(secrets.token_hex(TOKEN_BYTES)))

    def user_of(self, cookies: Mapping[str, str]) -> str | None:
        """The user of these cookies; None if ours is missing or was not signed by us."""
        value = cookies.get(self.cookie_name)
        if not value:
            return None
        try:
            token = self._serializer.loads(value)
        except BadSignature:
            return None
        return f"b-{token}" if isinstance(token, str) else None


@lru_cache(maxsize=1)
def get_signer() -> Signer:
    """The signer of this process, from the environment."""
    return Signer(secret_of(Settings()))


def secret_of(settings: Settings) -> str:
    """`SECRET_KEY`, or one that is made once and kept in the data folder, readable by us alone.

    Raises OSError if that file cannot be made, and ValueError if it is empty.
    """
    configured = settings.secret_key.get_secret_value()
    if configured:
        return configured
    path = settings.data_dir.resolve() / SECRET_FILE
    if not path.exists():
        _create_once(path, secrets.token_hex(SECRET_BYTES))
    secret = path.read_text().strip()
    if not secret:
        raise ValueError(f"{path} is empty: anybody could sign a cookie. Delete it and restart.")
    return secret


def page_cookies() -> Mapping[str, str]:
    """The cookies of the browser whose page is drawn now; tests put their own in its place."""
    import streamlit

    return streamlit.context.cookies


def page_host() -> str:
    """The Host header with which the page that is drawn now was asked for; "" if unknown."""
    import streamlit

    return streamlit.context.headers.get("Host") or ""


def current_user() -> str | None:
    """The user of the page that is drawn now; None if the browser keeps no cookie."""
    return get_signer().user_of(page_cookies())


class IdentityMiddleware:
    """Gives a browser its cookie with the first page, and renews it with every other.

    What is below `no_pages`, such as the API, sets none.
    """

    def __init__(self, app: ASGIApp, no_pages: tuple[str, ...] = ()) -> None:
        self._app = app
        self._no_pages = no_pages

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
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
        return scope["method"] == "GET" and not below


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
    # Believed of any proxy: whoever forges it hides the cookie from nobody but himself.
    forwarded = request.headers.get("x-forwarded-proto", "").split(",")[0].strip()
    secure = "; Secure" if "https" in (scope.get("scheme"), forwarded) else ""
    return (
        f"{signer.cookie_name}={value}; Path=/; Max-Age={COOKIE_MAX_AGE_SECONDS}; "
        f"HttpOnly; SameSite=Lax{secure}"
    )


def _create_once(path: Path, secret: str) -> None:
    """Write a file that appears whole; of two processes at once, the first wins."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor, partial = tempfile.mkstemp(dir=path.parent)  # readable by us alone
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(secret)
        os.link(partial, path)
    except FileExistsError:
        return
    finally:
        Path(partial).unlink()
