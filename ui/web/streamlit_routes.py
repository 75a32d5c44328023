"""Which of Streamlit's own addresses are answered: those that the pages need, and no others.

| address | who may call it |
| --- | --- |
| `/_stcore/health` | everybody: it says that the process is alive |
| `/_stcore/host-config` | everybody: the page reads there that nobody may embed and control it |
| `/_stcore/stream` | pages of this origin, so many of each user at once, see `ui.web.open_pages` |
| `/_stcore/bidi-components/` | everybody: scripts and styles of installed components |
| `/_stcore/upload_file/` | who signed in to the page, see `ui.web.uploads` |
| `/auth/`, `/oauth2callback` | everybody, where people sign in at an OpenID provider |
| `/component/`, `/static/`, all others | everybody: parts of the page, which are the same for all |
| `/media/` | nobody: Streamlit asks nobody there who they are; files come from the API |
| `/_stcore/metrics`, `/_stcore/agent/`, … | nobody; operators have `/api/metrics` |
"""

from __future__ import annotations

import re

from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from jobs.settings import AuthMode, Settings

CORE = "/_stcore"
# Files of sessions; the fonts of the pages are in /static/media/.
MEDIA = re.compile(r"(?<!/static)/media/", re.IGNORECASE)
OPEN = frozenset(("/_stcore/health", "/_stcore/host-config", "/_stcore/stream"))
OPEN_BELOW = ("/_stcore/bidi-components/", "/_stcore/upload_file/")
SIGN_IN = ("/auth", "/oauth2callback")
SIGN_OUT = "/auth/logout"
# What a browser says of a request that no page of another site caused.
OWN_SITE = ("same-origin", "none")


class StreamlitRoutes:
    """Answer 404 at the addresses that nobody needs, and 403 to sites that sign visitors out."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._has_login = settings.auth_mode is AuthMode.OIDC

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            if not self._is_answered(scope["path"]):
                await _error(404, "not_found", "There is nothing here.")(scope, receive, send)
                return
            site = Headers(scope=scope).get("sec-fetch-site", OWN_SITE[0])
            if scope["path"].rstrip("/") == SIGN_OUT and site not in OWN_SITE:
                message = "Another site asked to sign you out. Use “Sign out” on the pages."
                await _error(403, "cross_site", message)(scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _is_answered(self, path: str) -> bool:
        if MEDIA.search(path):
            return False
        if CORE in path.lower():
            return path in OPEN or path.startswith(OPEN_BELOW)
        is_sign_in = any(path == base or path.startswith(f"{base}/") for base in SIGN_IN)
        return self._has_login or not is_sign_in


def _error(status: int, kind: str, message: str) -> JSONResponse:
    return JSONResponse({"error": {"kind": kind, "message": message}}, status)
