"""Downloading what a button of the page offers."""

from __future__ import annotations

from playwright.sync_api import Download, Locator, Page, TimeoutError

from tests.waiting import HANG_SECONDS

# A page that is drawn anew in the moment of the click has the file under another address by then,
# and nothing comes: people click again.
CLICK_SECONDS = 15
CLICKS = max(2, HANG_SECONDS // CLICK_SECONDS)


def download_of(page: Page, button: Locator) -> Download:
    """The file that a click on the button brings; fails the test if several bring none."""
    for _ in range(CLICKS):
        try:
            with page.expect_download(timeout=CLICK_SECONDS * 1000) as download:
                button.click()
        except TimeoutError:
            continue
        return download.value
    raise AssertionError(f"{CLICKS} clicks on {button} brought no file")
