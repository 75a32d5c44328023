"""By which names the pages and the API answer, and from where a page's websocket may come."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from pydantic import ValidationError
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocket, WebSocketDisconnect

from jobs.settings import Settings
from ui.web.allowed_hosts import AllowedHosts, is_allowed, is_same_origin

MakeSettings = Callable[..., Settings]


@pytest.mark.parametrize(
    "host",
    ["localhost", "127.0.0.1:8501", "[::1]:8501", "LOCALHOST:1", "ask.example.com", "localhost."],
)
def test_own_names_are_answered(make_settings: MakeSettings, host: str) -> None:
    """This machine's names and those in ALLOWED_HOSTS, on any port and in any case."""
    names = make_settings(allowed_hosts=" Ask.example.com , other.example").host_names
    assert is_allowed(host, names)


@pytest.mark.parametrize(
    "host",
    [
        *("", "evil.example", "evil.example:8501", "localhost.evil.example"),
        *("127.0.0.1.evil.example", "localhost@evil.example", "evil@localhost", "localhost:1:2"),
        *("[::1].evil.example", "[::1", "::1", "127.0.0.1,evil.example", "localhost evil"),
    ],
)
def test_other_names_are_refused(make_settings: MakeSettings, host: str) -> None:
    """A name that a page elsewhere can have is not ours, whatever it begins with."""
    assert not is_allowed(host, make_settings().host_names)
    assert is_allowed(host, make_settings(allowed_hosts="*").host_names)


def test_address_that_is_bound_is_a_name(make_settings: MakeSettings) -> None:
    """Who listens on an address of a network can be reached by it."""
    assert is_allowed("10.0.0.7:8501", make_settings(bind_address="10.0.0.7").host_names)
    assert is_allowed("[fd00::7]:8501", make_settings(bind_address="fd00::7").host_names)


@pytest.mark.parametrize(
    "value", ["https://ask.example.com", "ask.example.com:443", "a/b", "*.a b"]
)
def test_what_is_no_name_is_refused_at_start(make_settings: MakeSettings, value: str) -> None:
    """A scheme or a port would never fit any request."""
    with pytest.raises(ValidationError, match=r"such as ask\.example\.com"):
        make_settings(allowed_hosts=value)


@pytest.mark.parametrize(
    ("origin", "same"),
    [
        (None, True),
        ("http://127.0.0.1:8501", True),
        ("https://127.0.0.1:8501", True),
        ("http://127.0.0.1:9999", False),
        ("http://localhost:8501", False),
        ("https://evil.example", False),
        ("null", False),
        # what no browser sends, and what cannot be read
        ("http://127.0.0.1:8501@evil.example", False),
        ("http://evil@127.0.0.1:8501", False),
        ("http://127.0.0.1:8501/evil", False),
        ("http://[", False),
        ("", False),
    ],
)
def test_origin_is_the_page_itself(origin: str | None, same: bool) -> None:
    """Another port of this machine is another origin; a program sends none."""
    assert is_same_origin(origin, "127.0.0.1:8501") is same


@pytest.fixture
def caller() -> TestClient:
    async def accept(websocket: WebSocket) -> None:
        await websocket.accept()
        await websocket.send_text("hello")
        await websocket.close()

    site = Starlette(
        routes=[Route("/", PlainTextResponse("here")), WebSocketRoute("/stream", accept)],
        middleware=[Middleware(AllowedHosts, allowed={"testserver", "ask.example"})],
    )
    return TestClient(site, base_url="http://ask.example")


def test_other_host_reads_what_to_do(caller: TestClient) -> None:
    """The refusal says so in the API's shape, and names the setting."""
    assert caller.get("/").text == "here"
    refused = caller.get("/", headers={"host": "evil.example:80"})
    assert refused.status_code == 421
    error = refused.json()["error"]
    assert error["kind"] == "unknown_host"
    assert "“evil.example”" in error["message"]
    assert "ALLOWED_HOSTS" in error["message"]


def test_two_host_names_are_refused(caller: TestClient) -> None:
    """A proxy could have gone by the other one."""
    hosts = [("host", "ask.example"), ("host", "evil.example")]
    assert caller.get("/", headers=hosts).status_code == 421


def test_websocket_is_for_the_page_itself(caller: TestClient) -> None:
    """Pages of other origins, and other names, get no connection."""
    with caller.websocket_connect("/stream", headers={"origin": "http://testserver"}) as socket:
        assert socket.receive_text() == "hello"
    for headers in ({"origin": "http://evil.example"}, {"host": "evil.example"}):
        with (
            pytest.raises(WebSocketDisconnect),
            caller.websocket_connect("/stream", headers=headers),
        ):
            pass
