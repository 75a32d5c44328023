"""The web process behind a reverse proxy that signs people in, as it is started."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from tests.integration.test_server import ROOT, Web, draw_page, running
from tests.waiting import HANG_SECONDS

# Addresses of this machine: the proxy's, and another's.
PROXY, OTHER = "127.0.0.9", "127.0.0.1"
NAME = {"X-Forwarded-User": "ann"}


@pytest.fixture(scope="module")
def web(valkey_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Web]:
    """`streamlit run ui/server.py`, as `make run` starts it for a proxy."""
    with running(
        ROOT / "ui" / "server.py",
        valkey_url,
        tmp_path_factory.mktemp("proxied"),
        AUTH_MODE="proxy",
        TRUSTED_PROXIES=PROXY,
        FORWARDED_ALLOW_IPS="none",
    ) as server:
        yield server


def ask_who(web: Web, peer: str, headers: dict[str, str]) -> httpx.Response:
    with httpx.Client(
        transport=httpx.HTTPTransport(local_address=peer), timeout=HANG_SECONDS
    ) as client:
        return client.get(f"{web.url}/api/me", headers=headers, timeout=HANG_SECONDS)


def test_proxy_says_who_asks_whoever_it_speaks_for(web: Web) -> None:
    """The proxy is known by its own address, not by that of the client it names."""
    reply = ask_who(web, PROXY, {**NAME, "X-Forwarded-For": "203.0.113.7"})
    assert reply.json() == {"user": "p-ann", "name": "ann", "is_operator": False}
    drawn = draw_page(web, httpx.Cookies(), {**NAME, "X-Forwarded-For": "203.0.113.7"}, PROXY)
    assert "Search your questions" in drawn
    assert "ann" in drawn


@pytest.mark.parametrize(
    "claim",
    [{}, {"X-Forwarded-For": PROXY}, {"Forwarded": f"for={PROXY}"}, {"X-Askqueue-Peer": PROXY}],
)
def test_nobody_else_passes_for_the_proxy(web: Web, claim: dict[str, str]) -> None:
    """What a client says of its address counts neither for the API nor for a page."""
    reply = ask_who(web, OTHER, {**NAME, **claim})
    assert reply.status_code == 403
    assert reply.json()["error"]["kind"] == "untrusted_proxy"
    drawn = draw_page(web, httpx.Cookies(), {**NAME, **claim}, OTHER)
    assert "does not come from that proxy" in drawn
    assert "Search your questions" not in drawn


def test_pages_give_no_cookie_where_people_sign_in(web: Web) -> None:
    """A browser is nobody by itself."""
    reply = httpx.get(web.url, timeout=HANG_SECONDS)
    assert reply.status_code == 200
    assert "askqueue_" not in reply.headers.get("set-cookie", "")
    assert "You are not signed in" in draw_page(web, httpx.Cookies(), {}, PROXY)
