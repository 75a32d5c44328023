"""What browsers may do with the pages, the API's replies and its documentation."""

from __future__ import annotations

import pytest
from fastapi.testclient import TestClient
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import HTMLResponse
from starlette.routing import Route

from jobs.settings import Settings
from ui.api.application import create_app
from ui.clients import build_clients
from ui.web.security_headers import PageHeaders, hashes, page_policy


def directives(policy: str) -> dict[str, str]:
    return dict(part.split(" ", 1) for part in policy.split("; "))


def test_pages_run_and_load_their_own_alone() -> None:
    """No eval, no inline script but the page's own, no picture or connection to a foreign host."""
    policy = directives(page_policy("ask.example:8501", ["own()"]))
    assert policy["default-src"] == "'self'"
    assert policy["script-src"] == f"'self' blob:{hashes(['own()'])}"
    assert policy["img-src"] == "'self' data: blob:"
    assert policy["connect-src"] == "'self' ws://ask.example:8501 wss://ask.example:8501"
    assert policy["object-src"] == policy["frame-src"] == "'none'"
    assert not any("*" in sources or "unsafe-eval" in sources for sources in policy.values())


def test_host_header_adds_nothing_else_to_the_policy() -> None:
    """A Host header that is no name cannot widen what is allowed."""
    for host in ("", "a b", "x; script-src *", "evil.example/path", "ask.example:80 *"):
        assert directives(page_policy(host))["connect-src"] == "'self'"


def test_everything_has_the_headers() -> None:
    """Pages, their files and errors alike; what has a header of its own keeps it."""
    own = {"Referrer-Policy": "no-referrer"}
    site = Starlette(
        routes=[
            Route("/", HTMLResponse("<p>")),
            Route("/own", HTMLResponse("<p>", headers=own)),
        ],
        middleware=[Middleware(PageHeaders, inline_scripts=["own()"])],
    )
    with TestClient(site) as browser:
        for path in ("/", "/missing"):
            headers = browser.get(path).headers
            assert headers["x-content-type-options"] == "nosniff"
            assert headers["x-frame-options"] == "SAMEORIGIN"
            assert headers["referrer-policy"] == "same-origin"
            assert headers["cross-origin-opener-policy"] == "same-origin"
            assert "camera=()" in headers["permissions-policy"]
            assert hashes(["own()"]) in headers["content-security-policy"]
        assert browser.get("/own").headers["referrer-policy"] == "no-referrer"


@pytest.fixture
def api(settings: Settings) -> TestClient:
    return TestClient(create_app(build_clients(settings)), "http://127.0.0.1")


def test_replies_of_the_api_are_no_pages_and_are_not_kept(api: TestClient) -> None:
    """Answers are personal, so that no cache keeps them, and nothing in them runs."""
    for path in ("/", "/missing", "/openapi.json"):
        headers = api.get(path).headers
        assert headers["cache-control"] == "no-store"
        assert directives(headers["content-security-policy"])["default-src"] == "'none'"


def test_documentation_runs_its_own_script(api: TestClient) -> None:
    """The one inline script of the documentation is allowed by its hash, and no other."""
    reply = api.get("/docs")
    script = reply.text.split("<script>")[1].split("</script>")[0]
    policy = directives(reply.headers["content-security-policy"])
    assert policy["script-src"] == f"'self'{hashes([script])}"
