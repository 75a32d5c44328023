"""What an operator does with the queues, in a real browser, and what people see of it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.access import expect_access
from tests.browser.stack import Stack
from tests.browser.test_failed import PASSWORD, USER, sign_in
from tests.browser.test_journey import ask, expect_state
from tests.fakes import FakeModelServer

BANNER = "An operator has paused questions."
# What a refresh takes out of the page: nothing but the marks of a chart, which it draws anew.
WATCH_REMOVALS = """() => {
    window.removed = [];
    new MutationObserver(changes => changes.forEach(change => change.removedNodes.forEach(node => {
        if (node instanceof HTMLElement)
            window.removed.push(node.tagName + ' ' + node.className);
    }))).observe(document.querySelector('[data-testid=stMain]'), {childList: true, subtree: true});
}"""


@pytest.fixture
def stack(tmp_path_factory: pytest.TempPathFactory, model: FakeModelServer) -> Iterator[Stack]:
    """An installation of its own, with a password for operators."""
    folder = tmp_path_factory.mktemp("operations")
    secrets = {"DASHBOARD_USERNAME": USER, "DASHBOARD_PASSWORD": PASSWORD}
    with Stack(folder, model.base_url, **secrets) as running:
        yield running


def figure(operator: Page, label: str) -> Locator:
    """One number at the top of the page."""
    return operator.locator(
        f"[data-testid=stMetric]:has-text('{label}') [data-testid=stMetricValue]"
    )


def test_operator_pauses_questions(page: Page, model: FakeModelServer, stack: Stack) -> None:
    """What runs is seen and finishes; a paused question waits with a banner until it is resumed."""
    operator = page.context.new_page()
    operator.goto("/operations")
    expect(operator.get_by_label("User")).to_be_visible()
    expect(operator.get_by_text("Threads busy")).to_have_count(0)
    sign_in(operator, PASSWORD)
    expect(figure(operator, "Threads busy")).to_have_text("0 of 7")

    model.tokens, model.token_delay_seconds = 3000, 0.1
    ask(page, "Write at length")
    expect(figure(operator, "Threads busy")).to_have_text("1 of 7")
    running = operator.get_by_test_id("stDataFrame").first.locator("[role=row]").nth(1)
    expect(running).to_contain_text("Answer a question")
    expect(running).to_contain_text("Writing the answer")
    expect(operator.get_by_test_id("stMain")).not_to_contain_text("at length")

    card = operator.locator(".st-key-queue_questions")
    card.get_by_role("button", name="Pause").click()
    expect(card).to_contain_text("paused")
    expect(card).to_contain_text(f"Paused by {USER} ")
    expect(operator.locator(".st-key-queue_batch")).to_contain_text("open")
    model.token_delay_seconds = 0.0  # it runs to its end all the same
    expect_state(page, "Finished")
    model.tokens = 0
    ask(page, "Who signs the lease?")
    expect(page.get_by_text(BANNER)).to_be_visible()
    expect_state(page, "Queued")
    expect(card).to_contain_text("1 waiting")

    expect(operator.locator("[data-testid=stVegaLiteChart] svg.marks")).to_have_count(4)
    expect(operator.get_by_text("Nothing is running.")).to_be_visible()
    expect_access(operator)
    operator.emulate_media(color_scheme="dark")
    expect_access(operator)
    operator.evaluate(WATCH_REMOVALS)
    waited = figure(operator, "Oldest waiting")
    before = waited.inner_text()
    expect(waited).not_to_have_text(before)
    expect(waited).not_to_have_text(waited.inner_text())
    assert operator.evaluate("window.removed") == []
    expect_state(page, "Queued")

    card.get_by_role("button", name="Resume").click()
    expect_state(page, "Finished")
    expect(page.get_by_text(BANNER)).to_have_count(0)
    expect(card.get_by_role("button", name="Pause")).to_be_visible()
    operator.get_by_role("link", name="Failed jobs").click()
    expect(operator.get_by_text("Nothing has failed.")).to_be_visible()
    assert "Traceback" not in stack.log("web")
    assert "Traceback" not in stack.log("worker")
