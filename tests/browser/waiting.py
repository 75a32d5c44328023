"""Waiting for the page's own state.

Playwright's `wait_for_function` compiles its text within the page, which the pages'
Content-Security-Policy forbids; a single evaluation comes from outside of it.
"""

from __future__ import annotations

from playwright.sync_api import Page

from tests.waiting import until


def wait_for(page: Page, expression: str) -> None:
    """Wait until a JavaScript expression is true on the page; fails the test if it never is."""
    until(lambda: page.evaluate(expression), expression)
