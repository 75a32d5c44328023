"""Which of Streamlit's own addresses are answered."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from jobs.settings import Settings
from ui.web.streamlit_routes import StreamlitRoutes

Open = Callable[..., TestClient]


@pytest.fixture
def open_site(make_settings: Callable[..., Settings]) -> Open:
    """A site that would answer at any address, with these settings."""

    def open_(**values: object) -> TestClient:
        settings = make_settings(**values)
        site = Starlette(
            routes=[Route("/{path:path}", PlainTextResponse("here"), methods=["GET", "POST"])],
            middleware=[Middleware(StreamlitRoutes, settings=settings)],
        )
        return TestClient(site)

    return open_


@pytest.mark.parametrize(
    "path",
    [
        *(
            "/_stcore/metrics",
            "/_stcore/metrics/",
            "/_stcore/metrics?a=b",
            "/_STCORE/metrics",
        ),
        *("/_stcore/script-health-check", "/_stcore/agent/mcp", "/_stcore/agent/interact"),
        *(
            "/_stcore/health/x",
            "/_stcore/",
            "/_stcore",
            "/base/_stcore/metrics",
            "/x/_stcore/health",
        ),
        *("/_stcore/%6detrics", "/%5fstcore/metrics", "/auth/login", "/auth/logout"),
        *("/oauth2callback", "/auth", "/_stcore/message", "/media/a", "/x/media/a.pdf"),
    ],
)
def test_what_nobody_needs_is_not_there(open_site: Open, path: str) -> None:
    """Whatever Streamlit may add below its own prefix, it stays closed until it is opened here."""
    site = open_site()
    for method in ("GET", "POST"):
        reply = site.request(method, path)
        assert reply.status_code == 404
        assert reply.json()["error"]["kind"] == "not_found"


@pytest.mark.parametrize(
    "path",
    [
        *(
            "/",
            "/documents",
            "/static/index.js",
            "/static/media/MaterialSymbols.woff2",
            "/component/a/b.js",
            "/authors",
            "/_stcore/health",
        ),
        *("/_stcore/host-config", "/_stcore/bidi-components/a/b.js"),
        *("/_stcore/upload_file/session/file", "/_stcore/stream"),
    ],
)
def test_what_pages_need_is_there(open_site: Open, path: str) -> None:
    """Pages, their parts, and what load balancers ask."""
    assert open_site().get(path).text == "here"


def test_other_sites_sign_nobody_out(open_site: Open) -> None:
    """A link or a picture of another site cannot end a login; the page's own button can."""
    site = open_site(auth_mode="oidc")
    for path in ("/auth/login", "/oauth2callback", "/auth/logout"):
        assert site.get(path).text == "here"
    for where in ("cross-site", "same-site"):
        headers = {"Sec-Fetch-Site": where}
        assert site.get("/auth/logout", headers=headers).status_code == 403
        assert site.get("/auth/logout/", headers=headers).status_code == 403
        assert site.get("/oauth2callback", headers=headers).text == "here"
    for where in ("same-origin", "none"):
        assert site.get("/auth/logout", headers={"Sec-Fetch-Site": where}).text == "here"
