"""How many pages may be open at once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, suppress

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocket, WebSocketDisconnect

from jobs.settings import Settings
from ui.identity.browser_cookie import signer_of
from ui.web.open_pages import MAX_OF_A_USER, MAX_OF_AN_ADDRESS, BoundedPages


async def page(socket: WebSocket) -> None:
    await socket.accept()
    with suppress(WebSocketDisconnect):
        while True:
            await socket.receive_bytes()


class Pages:
    """A site whose pages stay open until the test ends."""

    def __init__(self, settings: Settings, opened: ExitStack) -> None:
        middleware = [Middleware(BoundedPages, settings=settings)]
        site = Starlette(routes=[WebSocketRoute("/", page)], middleware=middleware)
        self.client = opened.enter_context(TestClient(site))
        self._signer = signer_of(settings)
        self._opened = opened

    def cookie(self) -> dict[str, str]:
        return {"Cookie": f"{self._signer.cookie_name}={self._signer.new_cookie()}"}

    def open(self, headers: dict[str, str], number: int = 1) -> None:
        for _ in range(number):
            self._opened.enter_context(self.client.websocket_connect("/", headers=headers))


@pytest.fixture
def pages(settings: Settings) -> Iterator[Pages]:
    with ExitStack() as opened:
        yield Pages(settings, opened)


def test_pages_of_one_user_leave_places_for_others(pages: Pages) -> None:
    """Whoever has too many open gets no more, until one is closed."""
    ann = pages.cookie()
    pages.open(ann, MAX_OF_A_USER - 1)
    with pages.client.websocket_connect("/", headers=ann), pytest.raises(WebSocketDisconnect):
        pages.open(ann)
    pages.open(ann)
    pages.open(pages.cookie())


def test_pages_of_nobody_are_bounded(pages: Pages) -> None:
    """Those whom nobody knows are counted by their address; who is known is not among them."""
    pages.open({}, MAX_OF_AN_ADDRESS)
    with pytest.raises(WebSocketDisconnect):
        pages.open({})
    with pytest.raises(WebSocketDisconnect):
        pages.open({"Cookie": f"{pages._signer.cookie_name}=forged"})
    pages.open(pages.cookie())
