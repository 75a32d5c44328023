"""Marks of what an answer does not take from its sources, and what is nearest, in a browser."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.browser.access import expect_access
from tests.browser.test_journey import ask, expect_state
from tests.fakes import FakeModelServer


def test_answer_shows_which_figures_are_not_from_its_sources(
    page: Page, model: FakeModelServer
) -> None:
    """Behind the figure, behind a calculated one, and behind a sentence about something else."""
    model.answer = (
        "The limit is EUR 160 per night [1]. Two nights cost EUR 320 (2 × 160 = 320) [1]. "
        "In Oslo it is EUR 777 [1]. The travel desk is led by Tobias Wanderer [1]."
    )
    ask(page, "What is the hotel limit per night?")
    expect_state(page, "Finished")
    expect(page.get_by_text("not in the sources").first).to_be_visible()
    expect(page.get_by_text("does not bear this out").first).to_be_visible()
    expect(page.get_by_text("calculated").first).to_be_visible()
    expect_access(page)


def test_nearest_passage_opens_where_the_documents_do_not_say(
    page: Page, model: FakeModelServer
) -> None:
    """It is offered as what is nearest, not as a source."""
    model.answer = "The documents don't say."
    ask(page, "What is the hotel limit in London?")
    expect_state(page, "Finished")
    expect(page.get_by_text("Searched in all documents for: hotel, limit, London")).to_be_visible()
    expect_access(page)
    page.locator("[class*='st-key-nearest_']").get_by_role("button").first.click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("Nearest passage")).to_be_visible()
    expect_access(page)
