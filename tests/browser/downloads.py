"""Downloading what a button of the page offers."""

from __future__ import annotations

from playwright.sync_api import Download, Locator, Page, TimeoutError

# A page that is drawn anew in the moment of the click has the file under another address by then,
# and nothing comes: people click again.
CLICKS = 4
CLICK_MILLISECONDS = 6_000


def download_of(page: Page, button: Locator) -> Download:
    """The file that a click on the button brings; fails the test if several bring none."""
    for _ in range(CLICKS):
        try:
            with page.expect_download(timeout=CLICK_MILLISECONDS) as download:
                button.click()
        except TimeoutError:
            continue
        return download.value
    raise AssertionError(f"{CLICKS} clicks on {button} brought no file")
