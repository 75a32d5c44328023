"""Following up, asking again with changes, and comparing the versions, in a real browser."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.access import expect_access
from tests.browser.test_journey import ask, expect_state
from tests.fakes import FakeModelServer

HOTEL = "What is the hotel limit per night?"
LONDON = "What is the hotel limit per night in London?"


@pytest.fixture
def rewriting(model: FakeModelServer) -> Iterator[FakeModelServer]:
    """The model server, which understands every follow-up as one about London."""
    model.rewritten = LONDON
    yield model
    model.rewritten = ""


def earlier(page: Page) -> Locator:
    """The links to the questions that the shown one follows up."""
    return page.locator(".stVerticalBlock[class*='st-key-earlier_']")


def test_question_is_followed_up_and_asked_again(page: Page, rewriting: FakeModelServer) -> None:
    """A follow-up shows how it was understood; another version, of one document, is compared."""
    rewriting.answer = "Hotels may cost **EUR 160** per night [1]. Breakfast is included [2]."
    ask(page, HOTEL)
    expect_state(page, "Finished")

    page.get_by_role("button", name="Follow up", exact=True).click()
    expect(page.get_by_text("Following up:")).to_contain_text(HOTEL)
    ask(page, "And in London?")
    expect_state(page, "Finished")
    expect(page.get_by_text(f"Understood as: {LONDON}")).to_be_visible()
    expect(page.get_by_text("Following up:")).to_have_count(0)
    expect_access(page)

    earlier(page).get_by_role("button", name=HOTEL).click()
    expect(page.get_by_role("heading", name=HOTEL, exact=True)).to_be_visible()
    expect(earlier(page)).to_have_count(0)
    page.get_by_role("button", name="Ask again with changes").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Question").fill("What may a hotel cost?")
    dialog.get_by_label("Documents").click()
    page.keyboard.type("annual-report")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.get_by_role("listbox")).to_have_count(0)
    expect_access(page)
    rewriting.answer = "Hotels may cost **EUR 180** per night [1]."
    dialog.get_by_role("button", name="Ask", exact=True).click()
    expect(page.get_by_role("heading", name="What may a hotel cost?")).to_be_visible()
    expect(dialog).not_to_be_visible()
    expect_state(page, "Finished")
    expect(page.get_by_text("Asked of annual-report-2025.pdf")).to_be_visible()
    sources = page.locator("[class*='st-key-citations_']")
    expect(sources.get_by_role("button", name="annual-report-2025.pdf")).to_be_visible()

    page.get_by_role("button", name="Compare").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.locator("del", has_text="160")).to_be_visible()
    expect(dialog.locator("ins", has_text="180")).to_be_visible()
    expect(dialog.get_by_text("Only version 2 cites")).to_be_visible()
    expect(dialog.get_by_text("annual-report-2025.pdf")).to_be_visible()
    expect_access(page)
    page.set_viewport_size({"width": 390, "height": 844})
    one, other = dialog.locator("del").first, dialog.locator("ins").first
    upper, lower = one.bounding_box(), other.bounding_box()
    assert upper is not None
    assert lower is not None
    assert upper["y"] < lower["y"], "on a phone the versions stand one below the other"
    page.keyboard.press("Escape")

    page.set_viewport_size({"width": 1400, "height": 900})
    page.get_by_role("radio", name="1 check_circle").click()
    expect(page.get_by_role("heading", name=HOTEL, exact=True)).to_be_visible()
    expect(page.get_by_text("EUR 160").first).to_be_visible()


def test_follow_up_is_typed_without_losing_a_word(page: Page, model: FakeModelServer) -> None:
    """What was typed before "Follow up" was clicked is still there, and becomes the follow-up."""
    ask(page, HOTEL)
    expect_state(page, "Finished")
    box = page.get_by_placeholder("Ask your documents…")
    box.fill("And in every city?")
    page.get_by_role("button", name="Follow up", exact=True).click()
    expect(page.get_by_text("Following up:")).to_be_visible()
    expect(box).to_have_value("And in every city?")
    box.press("Enter")
    expect(page.get_by_role("heading", name="And in every city?")).to_be_visible()
    expect(earlier(page)).to_contain_text(HOTEL)
