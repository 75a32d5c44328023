"""Tests of arriving where one was going, and nowhere else, after signing in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from jobs.settings import Settings
from tests.logins import login_cookies, use_login_secret
from ui.web.deep_links import COOKIE, LOGIN_PATH, DeepLinks

HERE = "https://ask.example"

Visit = Callable[..., httpx.Response]


def page(_request: Request) -> PlainTextResponse:
    return PlainTextResponse("page")


@pytest.fixture
def visit(make_settings: Callable[..., Settings], monkeypatch: pytest.MonkeyPatch) -> Visit:
    """GET a path, signed in or not, with these headers."""
    use_login_secret(monkeypatch)
    site = Starlette(routes=[Route("/{path:path}", page)])

    def get(path: str, *, mode: str = "oidc", signed_in: bool = True, **headers: str) -> Any:
        browser = TestClient(
            DeepLinks(site, make_settings(auth_mode=mode)), HERE, follow_redirects=False
        )
        login = login_cookies() if signed_in else {}
        cookies = [headers.get("cookie", ""), *(f"{name}={login[name]}" for name in login)]
        return browser.get(path, headers={**headers, "cookie": "; ".join(filter(None, cookies))})

    return get


@pytest.mark.parametrize("goal", ["/?job=9f1c", "/documents", "/?q=a%26b&state=failed"])
def test_page_on_which_somebody_signs_in_is_where_they_arrive(visit: Visit, goal: str) -> None:
    """From the login to the start page, and from there on, once."""
    noted = visit(LOGIN_PATH, signed_in=False, referer=HERE + goal).headers["Set-Cookie"]
    assert "HttpOnly; SameSite=Lax; Secure" in noted
    cookie = noted.split(";")[0]
    assert visit("/", signed_in=False, cookie=cookie).status_code == 200
    arrival = visit("/", cookie=cookie)
    assert (arrival.status_code, arrival.headers["Location"]) == (302, goal)
    assert "Max-Age=0" in arrival.headers["Set-Cookie"]


@pytest.mark.parametrize(
    "referer",
    [
        "",
        f"{HERE}/",
        HERE,
        "https://evil.example/documents",
        f"{HERE}//evil.example",
        f"{HERE}/\\evil.example",
        f"{HERE}/{'x' * 1000}",
    ],
)
def test_other_pages_are_no_goal(visit: Visit, referer: str) -> None:
    """And what an earlier try noted is forgotten."""
    assert (
        f"{COOKIE}=; Path=/; Max-Age=0" in visit(LOGIN_PATH, referer=referer).headers["Set-Cookie"]
    )


@pytest.mark.parametrize(
    "value", ["", "%2F", "https%3A%2F%2Fevil.example", "%2F%2Fevil.example", "%2F%5Cevil.example",
              "%2Fx%0D%0ASet-Cookie%3A%20a%3Db", "%2F%C3%BC"],
)  # fmt: skip
def test_cookie_of_somebody_else_leads_nowhere(visit: Visit, value: str) -> None:
    """A host beside this one may set cookies for it."""
    assert visit("/", cookie=f"{COOKIE}={value}").text == "page"


def test_pages_that_are_asked_for_are_shown(visit: Visit) -> None:
    """Nobody is led away from another page, or where nobody signs in."""
    cookie = f"{COOKIE}=%2Fdocuments"
    assert visit("/?job=9f1c", cookie=cookie).text == "page"
    assert visit("/batch", cookie=cookie).text == "page"
    assert visit("/", mode="anonymous", cookie=cookie).text == "page"
    assert "Set-Cookie" not in visit(LOGIN_PATH, mode="anonymous", referer=f"{HERE}/x").headers
