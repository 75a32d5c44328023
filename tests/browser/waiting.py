"""Waiting for the page's own state.

Playwright's `wait_for_function` compiles its text within the page, which the pages'
Content-Security-Policy forbids; a single evaluation comes from outside of it.
"""

from __future__ import annotations

import time

from playwright.sync_api import Page

from tests.conftest import WAIT_MILLISECONDS

POLL_MILLISECONDS = 50


def wait_for(page: Page, expression: str) -> None:
    """Wait until a JavaScript expression is true on the page; fails the test after a while."""
    deadline = time.monotonic() + WAIT_MILLISECONDS / 1000
    while not page.evaluate(expression):
        assert time.monotonic() < deadline, f"{expression} has not become true"
        page.wait_for_timeout(POLL_MILLISECONDS)
