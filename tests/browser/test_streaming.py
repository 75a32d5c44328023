"""The page around an answer in the making: it refreshes seldom, and notices what matters."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.browser.stack import Stack
from tests.browser.test_journey import ask, expect_state
from tests.fakes import FakeModelServer


def test_loss_and_return_of_the_worker_are_noticed(
    page: Page, model: FakeModelServer, stack: Stack
) -> None:
    """A question that loses its worker says that none runs, and goes on when one does."""
    model.tokens = 3000
    model.token_delay_seconds = 0.1
    ask(page, "Write at length")
    expect(page.get_by_text("word word word").first).to_be_visible()
    stack.stop("worker")
    missing = page.get_by_text("No worker is running")
    try:
        expect(missing).to_be_visible()
    finally:
        stack.start_worker()
    expect(missing).to_be_hidden()
    expect(page.get_by_text("word word word").first).to_be_visible()
    page.get_by_role("button", name="Stop", exact=True).click()
    expect_state(page, "Stopped")


def test_question_that_is_stopped_in_another_tab_is_seen_stopped(
    page: Page, model: FakeModelServer
) -> None:
    """What happens to the question elsewhere shows here, with the sidebar and the table."""
    model.tokens = 3000
    model.token_delay_seconds = 0.1
    ask(page, "Write at length")
    expect(page.get_by_text("word word word").first).to_be_visible()
    other = page.context.new_page()
    other.goto(page.url)
    other.get_by_role("button", name="Stop", exact=True).click()
    expect_state(page, "Stopped")
    expect(page.get_by_test_id("stDataFrame").locator("[role=row]").nth(1)).to_contain_text(
        "Stopped"
    )
