"""Checking an answer against its sources, in a real browser."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Locator, Page, expect

from tests.browser.downloads import download_of
from tests.browser.stack import ROOT, Stack
from tests.browser.test_journey import ask, click_row, expect_row, expect_state
from tests.fakes import FakeModelServer
from tests.waiting import until

QUESTION = "What dividend does the Management Board propose?"
MARK = (255, 225, 92)


def source_button(page: Page, name: str) -> Locator:
    return page.locator("[class*='st-key-citations_']").get_by_role("button", name=name).first


def expect_marked(picture: Locator) -> None:
    """Wait until the picture, as the browser shows it, has a passage in the marker's colour."""

    def is_marked() -> bool:
        image = Image.open(io.BytesIO(picture.screenshot())).convert("RGB")
        colours = image.getcolors(1 << 24) or []
        return sum(count for count, colour in colours if _is_like(colour, MARK)) > 500

    until(is_marked, "a passage marked on the page")


def _is_like(colour: Any, other: tuple[int, int, int]) -> bool:
    return all(abs(one - two) < 12 for one, two in zip(colour, other, strict=True))


def test_citation_shows_the_marked_page_of_the_original(
    page: Page, model: FakeModelServer, tmp_path: Path
) -> None:
    """A marker, and a click on a source, open its page with the passage marked; one steps on."""
    model.answer = "The dividend is EUR 0.28 [1][2][3][4][5][6]."
    ask(page, QUESTION)
    expect_state(page, "Finished")
    marker = page.get_by_role("link", name="6", exact=True)
    expect(marker).to_have_attribute("title", re.compile(r"\w\.\w{2,4}(, pages? \d)?"))
    marker.focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("radio", name="6 · ")).to_be_checked()
    dialog.get_by_role("radio", name="1 · ").click()
    expect(dialog.get_by_text("1 of 6")).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).not_to_be_visible()
    source_button(page, "annual-report-2025.pdf").click()
    picture = dialog.get_by_role("img", name=re.compile(r"Page \d of annual-report-2025\.pdf"))
    expect(picture).to_be_visible()
    expect(dialog.get_by_text(re.compile(r"^Page \d of 9$"))).to_be_visible()
    expect_marked(picture)
    download = download_of(page, dialog.get_by_role("link", name="Download the original"))
    download.save_as(tmp_path / "original.pdf")
    original = ROOT / "samples" / "annual-report-2025.pdf"
    assert (tmp_path / "original.pdf").read_bytes() == original.read_bytes()

    place = dialog.get_by_text(re.compile(r"^\d of 6$"))
    number = int(place.inner_text()[0])
    step, other = ("Next", number + 1) if number < 6 else ("Previous", number - 1)
    dialog.get_by_role("button", name=step).click()
    expect(dialog.get_by_text(f"{other} of 6")).to_be_visible()
    expect(place).to_have_count(1)
    page.keyboard.press("ArrowLeft" if step == "Next" else "ArrowRight")
    expect(dialog.get_by_text(f"{number} of 6")).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).not_to_be_visible()
    expect_state(page, "Finished")


def test_click_before_the_page_is_ready_opens_a_source(page: Page, model: FakeModelServer) -> None:
    """It leaves the source in the address, where it is found once the page can open it."""
    model.answer = "The dividend is EUR 0.28 [1][2]."
    ask(page, QUESTION)
    expect_state(page, "Finished")
    other = page.context.new_page()
    other.goto(f"{page.url}#source-2")
    dialog = other.get_by_role("dialog")
    expect(dialog.get_by_text("2 of 2")).to_be_visible()
    expect(other).to_have_url(page.url)
    other.keyboard.press("Escape")
    expect(dialog).not_to_be_visible()
    other.reload()
    expect_state(other, "Finished")
    expect(dialog).not_to_be_visible()


def test_quotes_and_lonely_sentences_are_told(page: Page, model: FakeModelServer) -> None:
    """A quote that the source has is marked as found, an invented one as not word for word."""
    model.answer = (
        "It says “the hotel limit is EUR 160 per night” [1] [2]. It says “guests stay for free” "
        "[1]. Nobody knows where this comes from."
    )
    ask(page, "What is the hotel limit per night?")
    expect_state(page, "Finished")
    expect(page.get_by_text("1 of 2 quotes found word for word")).to_be_visible()
    expect(page.get_by_text("not word for word", exact=False).first).to_be_visible()
    expect(page.get_by_text("1 of 3 sentences without a citation")).to_be_visible()


def test_answer_says_that_its_source_was_deleted(
    page: Page, model: FakeModelServer, stack: Stack
) -> None:
    """After its document was deleted, an answer says so, keeps the words, and is asked again."""
    page.get_by_role("link", name="Documents").click()
    text = b"Rules of the observatory.\n\nThe telescope Bertha opens its dome at 21:15 sharp."
    page.locator("input[type=file]").set_input_files(
        [{"name": "observatory.txt", "mimeType": "text/plain", "buffer": text}]
    )
    expect_row(page, "observatory.txt", "Indexed", "you")
    page.get_by_role("link", name="Ask").click()
    model.answer = "The dome opens at 21:15 [1]."
    ask(page, "When does the telescope Bertha open its dome?")
    expect_state(page, "Finished")
    expect(page.get_by_text("The sources have changed since this answer.")).to_have_count(0)
    address = page.url

    page.get_by_role("link", name="Documents").click()
    expect_row(page, "observatory.txt", "Indexed", "you")
    click_row(page, 1, from_right=30)
    page.get_by_text("Delete", exact=True).click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_test_id("stDataFrame").get_by_text("observatory.txt")).to_have_count(0)

    page.goto(address)
    expect(page.get_by_text("The sources have changed since this answer.")).to_be_visible()
    source_button(page, "observatory.txt").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("The original is no longer there.")).to_be_visible()
    expect(dialog.get_by_text("The telescope Bertha opens its dome")).to_be_visible()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Ask again", exact=True).click()
    expect(page.get_by_text("The sources have changed since this answer.")).to_have_count(0)
    expect_state(page, "Finished")
    expect(page).not_to_have_url(address)
