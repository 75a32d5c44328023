"""A line between page and server that can be held up."""

from __future__ import annotations

import re

from playwright.sync_api import Page, WebSocketRoute


class SlowLine:
    """Between a page and its server from the next load on; lets everything through at first."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._route: WebSocketRoute | None = None
        self._held: list[str | bytes] = []
        self._is_held = False
        self._sent = 0
        page.route_web_socket(re.compile("_stcore/stream"), self._connect)

    def _connect(self, route: WebSocketRoute) -> None:
        self._route, server = route, route.connect_to_server()

        def send(message: str | bytes) -> None:
            self._sent += 1
            server.send(message)

        def deliver(message: str | bytes) -> None:
            if self._is_held:
                self._held.append(message)
            else:
                route.send(message)

        route.on_message(send)
        server.on_message(deliver)

    def hold(self) -> None:
        """Keep back what the server says from now on."""
        self._is_held = True

    def release(self) -> None:
        """Deliver what was kept back, and everything from now on."""
        assert self._route is not None
        self._is_held = False
        for message in self._held:
            self._route.send(message)
        self._held.clear()

    def wait_until_page_sent(self, messages: int) -> None:
        """Wait until the page has said so many more things to the server."""
        enough = self._sent + messages
        while self._sent < enough:
            self._page.wait_for_timeout(100)
