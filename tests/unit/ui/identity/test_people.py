"""The browser cookie: its signature, its secret, and the middleware that sets it."""

from __future__ import annotations

import stat
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from http.cookies import SimpleCookie
from pathlib import Path

import pytest
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import HTTPConnection, Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient
from starlette.types import Receive, Scope, Send

from jobs.access.throttle import Throttle
from jobs.settings import Settings
from tests.unit.access.test_throttle import Clock
from ui.clients import build_clients
from ui.identity import people
from ui.identity.browser_cookie import Signer, secret_of, signer_of
from ui.identity.people import NEW_BROWSERS, NEW_BROWSERS_IN_ALL, IdentityMiddleware

MakeSettings = Callable[..., Settings]


@pytest.fixture
def settings(make_settings: MakeSettings) -> Settings:
    return make_settings(secret_key="a secret")


@pytest.fixture
def signer(settings: Settings) -> Signer:
    """The signer of this installation."""
    return signer_of(settings)


@pytest.fixture
def browser(settings: Settings) -> TestClient:
    """A browser in front of a small site behind the middleware."""

    def page(request: Request) -> Response:
        if request.headers.get("if-none-match"):
            return Response(status_code=304)
        return HTMLResponse("<p>hello</p>")

    site = Starlette(
        routes=[
            Route("/", page),
            Route("/apiary", page),
            Route("/data", lambda _: JSONResponse({})),
            Route("/api/docs", page),
        ],
        middleware=[Middleware(IdentityMiddleware, settings=settings, no_pages=("/api",))],
    )
    return TestClient(site)


def cookie_set_by(headers: Mapping[str, str], name: str) -> str:
    jar: SimpleCookie = SimpleCookie(headers.get("set-cookie", ""))
    return jar[name].value


# The signature


def test_new_cookies_are_of_different_users() -> None:
    """Each new cookie makes a user of its own."""
    signer = Signer("a secret")
    users = {signer.user_of({signer.cookie_name: signer.new_cookie()}) for _ in range(20)}
    assert len(users) == 20
    assert all(user is not None and user.startswith("b-") for user in users)


def test_cookie_has_the_same_user_in_another_process() -> None:
    """The same secret reads the same user, so a restart or a second replica changes nobody."""
    first, second = Signer("a secret"), Signer("a secret")
    cookies = {first.cookie_name: first.new_cookie()}
    assert first.user_of(cookies) == second.user_of(cookies)


def test_forged_cookie_is_nobody() -> None:
    """A cookie that was changed, signed by others, or is not ours has no user."""
    ours, theirs = Signer("a secret"), Signer("another secret")
    value = ours.new_cookie()
    for forged in ("", "x", value[:-1], "x" + value, theirs.new_cookie(), value.split(".")[0]):
        assert ours.user_of({ours.cookie_name: forged}) is None
    assert ours.user_of({}) is None


def test_installations_on_one_host_do_not_share_a_cookie_name() -> None:
    """Browsers share cookies between ports, so the name depends on the secret."""
    assert Signer("a secret").cookie_name != Signer("another secret").cookie_name


# The secret


def test_configured_secret_is_used_and_nothing_is_written(make_settings: MakeSettings) -> None:
    """With SECRET_KEY, no file is made."""
    settings = make_settings(secret_key=SecretStr("given"))
    assert secret_of(settings) == "given"
    assert not settings.data_dir.exists()


def test_secret_is_made_once_for_its_owner_alone(make_settings: MakeSettings) -> None:
    """Without SECRET_KEY, a random one is kept in a file that only its owner can read."""
    settings = make_settings()
    secret = secret_of(settings)
    path = settings.data_dir / "secret_key"
    assert len(secret) == 64
    assert secret == secret_of(settings) == path.read_text()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_processes_that_start_at_once_agree_on_the_secret(
    make_settings: MakeSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever finds no file may make one, but the first that is there counts for all."""
    settings = make_settings()
    monkeypatch.setattr(Path, "exists", lambda _path: False)
    with ThreadPoolExecutor(8) as pool:
        secrets = set(pool.map(lambda _: secret_of(settings), range(32)))
    assert len(secrets) == 1
    assert [file.name for file in settings.data_dir.iterdir()] == ["secret_key"]


def test_empty_secret_file_is_refused(make_settings: MakeSettings) -> None:
    """Nobody signs with an empty secret, which everybody knows."""
    settings = make_settings()
    settings.data_dir.mkdir(parents=True)
    (settings.data_dir / "secret_key").write_text("\n")
    with pytest.raises(ValueError, match="empty"):
        secret_of(settings)


# The middleware


def test_first_page_sets_a_cookie_that_scripts_cannot_read(
    browser: TestClient, signer: Signer
) -> None:
    """A browser without a cookie gets one with its first page, for a year."""
    response = browser.get("/")
    header = response.headers["set-cookie"]
    assert signer.user_of({signer.cookie_name: cookie_set_by(response.headers, signer.cookie_name)})
    assert "HttpOnly" in header
    assert "SameSite=Lax" in header
    assert f"Max-Age={365 * 24 * 3600}" in header
    assert "Secure" not in header
    assert "private" in response.headers["cache-control"]


def test_later_pages_renew_the_same_cookie(browser: TestClient, signer: Signer) -> None:
    """A known browser stays who it is."""
    first = cookie_set_by(browser.get("/").headers, signer.cookie_name)
    assert cookie_set_by(browser.get("/").headers, signer.cookie_name) == first


def test_invalid_cookie_is_replaced(browser: TestClient, signer: Signer) -> None:
    """A browser with a cookie of an older secret gets a new one."""
    browser.cookies.set(signer.cookie_name, "forged")
    value = cookie_set_by(browser.get("/").headers, signer.cookie_name)
    assert signer.user_of({signer.cookie_name: value})


def test_odd_cookies_of_other_programs_do_not_hide_ours(
    browser: TestClient, signer: Signer
) -> None:
    """Another program on this host may set what no cookie should hold; ours is still read."""
    value = signer.new_cookie()
    odd = f'prefs={{"a": [1, 2]}}; b@d; {signer.cookie_name}={value}'
    response = browser.get("/", headers={"cookie": odd})
    assert cookie_set_by(response.headers, signer.cookie_name) == value


@pytest.mark.parametrize("path", ["/data", "/api/docs", "/missing"])
def test_what_is_no_page_sets_no_cookie(browser: TestClient, path: str) -> None:
    """Data, the API with its documentation, and errors make nobody a user."""
    assert "set-cookie" not in browser.get(path).headers


def test_page_whose_address_begins_like_the_api_sets_a_cookie(browser: TestClient) -> None:
    """Only what is below the API's prefix belongs to the API."""
    assert "set-cookie" in browser.get("/apiary").headers


def test_head_request_sets_no_cookie(browser: TestClient) -> None:
    """A monitor that asks for headers alone is no browser."""
    assert "set-cookie" not in browser.head("/").headers


def test_page_that_is_still_good_sets_a_cookie(browser: TestClient) -> None:
    """A browser that kept the page but lost the cookie gets one with the 304."""
    headers = {"if-none-match": "x", "accept": "text/html,*/*"}
    response = browser.get("/", headers=headers)
    assert response.status_code == 304
    assert "set-cookie" in response.headers
    script = browser.get("/", headers={"if-none-match": "x", "accept": "*/*"})
    assert "set-cookie" not in script.headers


def test_cookie_is_secure_behind_https(browser: TestClient, signer: Signer) -> None:
    """Over HTTPS, here or at the proxy, the cookie never travels in the clear."""
    forwarded = browser.get("/", headers={"x-forwarded-proto": "https"})
    direct = TestClient(browser.app, base_url="https://testserver").get("/")
    assert "; Secure" in forwarded.headers["set-cookie"]
    assert "; Secure" in direct.headers["set-cookie"]


def test_new_browsers_of_an_address_are_bounded(settings: Settings, signer: Signer) -> None:
    """A script that takes a new identity for each question is told to wait; others go on."""
    clock = Clock()
    site = IdentityMiddleware(an_html_page, settings)
    site._new_browsers = Throttle(NEW_BROWSERS, NEW_BROWSERS_IN_ALL, clock)
    script = TestClient(site, client=("203.0.113.7", 1))
    known = cookie_set_by(script.get("/").headers, signer.cookie_name)
    replies = []
    for _ in range(500):
        script.cookies.clear()
        replies.append(script.get("/"))
    users = {reply.headers["set-cookie"] for reply in replies if reply.status_code == 200}
    assert len(users) == NEW_BROWSERS.burst - 1
    refused = replies[-1]
    assert refused.status_code == 429
    assert "set-cookie" not in refused.headers
    assert refused.text.count("<html") == 1
    assert "Reload this page in 3 seconds" in refused.text.replace("\n", " ")
    assert refused.headers["retry-after"] == "3"
    # who was here before, and who is elsewhere
    again = script.get("/", headers={"cookie": f"{signer.cookie_name}={known}"})
    assert cookie_set_by(again.headers, signer.cookie_name) == known
    assert TestClient(site, client=("203.0.113.8", 1)).get("/").status_code == 200
    clock.now += NEW_BROWSERS.seconds
    script.cookies.clear()
    assert script.get("/").status_code == 200
    script.cookies.clear()
    assert script.get("/").status_code == 429


def test_new_browsers_are_bounded_in_all(settings: Settings) -> None:
    """A script with an address for each request is bounded as well."""
    site = IdentityMiddleware(an_html_page, settings)
    site._new_browsers = Throttle(NEW_BROWSERS, NEW_BROWSERS_IN_ALL, lambda: 0.0)
    replies = [
        TestClient(site, client=(f"203.0.{number // 250}.{number % 250}", 1)).get("/")
        for number in range(400)
    ]
    assert [reply.status_code for reply in replies].count(200) == NEW_BROWSERS_IN_ALL.burst


async def an_html_page(scope: Scope, receive: Receive, send: Send) -> None:
    await HTMLResponse("<html>hello")(scope, receive, send)


def test_two_cookies_of_one_name_are_nobody(
    browser: TestClient, settings: Settings, signer: Signer
) -> None:
    """A neighbouring site can add one, in any order; it does not put anybody into its account."""
    ours, theirs = signer.new_cookie(), signer.new_cookie()
    name = signer.cookie_name
    for pair in ((ours, theirs), (theirs, ours)):
        cookie = "; ".join(f"{name}={value}" for value in pair).encode()
        asked = HTTPConnection({"type": "http", "headers": [(b"cookie", cookie)]})
        assert people.who_is(asked, settings) is None
        split = [(b"cookie", f"{name}={value}".encode()) for value in pair]
        assert people.who_is(HTTPConnection({"type": "http", "headers": split}), settings) is None
        # and none is replaced, one of which is good
        assert "set-cookie" not in browser.get("/", headers={"cookie": cookie.decode()}).headers
    same = f"{name}={ours}; {name}={ours}"
    assert cookie_set_by(browser.get("/", headers={"cookie": same}).headers, name) == ours


@pytest.mark.parametrize("space", ["\x85", "\xa0", "\x1c", "\x0b"])
def test_cookie_with_an_odd_space_in_its_name_is_another(
    settings: Settings, signer: Signer, space: str
) -> None:
    """A neighbouring site hides behind it what browsers would not let it set."""
    ours, theirs = signer.new_cookie(), signer.new_cookie()
    name = signer.cookie_name
    cookie = f"{name}={ours}; {space}{name}={theirs}".encode("latin-1")
    asked = HTTPConnection({"type": "http", "headers": [(b"cookie", cookie)]})
    person = people.who_is(asked, settings)
    assert person
    assert person.user == signer.user_of({name: ours})


# The page


def test_current_user_is_read_from_the_pages_cookies(
    monkeypatch: pytest.MonkeyPatch, settings: Settings, signer: Signer
) -> None:
    """A page knows the user of its browser, and that there is none without a cookie."""
    clients = build_clients(settings)
    monkeypatch.setattr("ui.clients.get_clients", lambda: clients)
    value = signer.new_cookie()
    cookie = f"{signer.cookie_name}={value}".encode()
    known = HTTPConnection({"type": "websocket", "headers": [(b"cookie", cookie)]})
    monkeypatch.setattr(people, "page_connection", lambda: known)
    assert people.current_user() == signer.user_of({signer.cookie_name: value})
    unknown = HTTPConnection({"type": "websocket", "headers": []})
    monkeypatch.setattr(people, "page_connection", lambda: unknown)
    assert people.current_user() is None
