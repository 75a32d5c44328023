"""An analyst takes an answer away as a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from jobs.extraction.read_text import read
from tests.browser.downloads import download_of
from tests.browser.test_journey import ANSWER, ask, expect_state
from tests.fakes import FakeModelServer


def open_menu(page: Page) -> None:
    page.get_by_test_id("stPopover").get_by_role("button", name="Download").click()


def test_answer_is_downloaded_in_three_formats(
    page: Page, model: FakeModelServer, tmp_path: Path
) -> None:
    """The menu below an answer gives PDF, Word and Markdown, named by the question."""
    model.answer = ANSWER
    ask(page, "What may a hotel cost?")
    expect_state(page, "Finished")
    open_menu(page)
    for label, suffix in (("PDF", "pdf"), ("Word", "docx"), ("Markdown", "md")):
        download = download_of(page, page.get_by_role("link", name=label, exact=True))
        assert download.suggested_filename == f"What-may-a-hotel-cost.{suffix}"
        path = tmp_path / download.suggested_filename
        download.save_as(path)
        text = words_of(path).replace("*", "")
        assert "What may a hotel cost?" in text
        assert "Hotels may cost EUR 160 per night [1]." in text
        assert "Sources" in text
        assert "EUR 160 per night, including breakfast" in " ".join(text.replace(">", "").split())


def words_of(path: Path) -> str:
    """The words of a file, as documents are read."""
    lines: list[list[Any]] = []
    read(path.read_bytes(), path.suffix, lines.append)
    return "\n".join(line[1] for line in lines if line[0] == "passage")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_menu_can_be_read_in_both_themes(page: Page, model: FakeModelServer, scheme: str) -> None:
    """The open menu fits a narrow window, in the light theme and in the dark one."""
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    page.set_viewport_size({"width": 400, "height": 800})
    ask(page, "What may a hotel cost?")
    expect_state(page, "Finished")
    open_menu(page)
    for label in ("PDF", "Word", "Markdown"):
        expect(page.get_by_role("link", name=label, exact=True)).to_be_in_viewport(ratio=1)
