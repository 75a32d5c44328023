"""Downloading what a link of the page offers."""

from __future__ import annotations

from playwright.sync_api import Download, Locator, Page


def download_of(page: Page, link: Locator) -> Download:
    """The file that one click on the link brings."""
    with page.expect_download() as download:
        link.click()
    return download.value
