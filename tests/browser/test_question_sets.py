"""What an operator does with a question set, in a real browser: upload, run twice, compare."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.access import expect_access, tab_to
from tests.browser.stack import Stack
from tests.browser.test_failed import PASSWORD, USER, sign_in

TABLE = (
    "Question,Document,None\n"
    "What is the hotel limit per night?,travel-and-expense-policy.docx,\n"
    "Who painted the ceiling of the chapel?,,yes\n"
)


@pytest.fixture
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """An installation of its own without a model, with a password for operators."""
    folder = tmp_path_factory.mktemp("question-sets")
    secrets = {"DASHBOARD_USERNAME": USER, "DASHBOARD_PASSWORD": PASSWORD}
    with Stack(folder, "", **secrets) as running:
        yield running


def test_operator_runs_a_set_twice_and_compares(page: Page, stack: Stack) -> None:
    """By the keyboard as well, at every step with a page that everybody can use."""
    page.goto("/question_sets")
    sign_in(page, PASSWORD)
    expect(page.get_by_text("There is no question set yet.")).to_be_visible()
    expect_access(page)
    file = {"name": "Travel rules.csv", "mimeType": "text/csv", "buffer": TABLE.encode()}
    page.locator("input[type=file]").set_input_files(file)
    expect(page.get_by_role("heading", name="Travel rules")).to_be_visible()
    run = page.get_by_role("button", name="Run 2 questions")
    for number in (1, 2):
        tab_to(page, run)
        page.keyboard.press("Enter")
        expect(page.get_by_text(f"Run {number}, without a model").first).to_be_visible()
        done = page.get_by_text("cites the right place in")
        expect(done).to_have_count(number)
    expect(page.get_by_text("refused rightly 1 of 1").first).to_be_visible()
    expect(page.get_by_role("radio", name="Same 2")).to_be_visible()
    page.get_by_test_id("stDataFrame").click(position={"x": 18, "y": 35 + 17})
    expect(page.get_by_test_id("stMain")).to_contain_text("EUR 160 per night")
    expect_access(page)
    page.set_viewport_size({"width": 390, "height": 900})
    expect_access(page)
    page.get_by_role("button", name="Delete", exact=True).click()
    expect(page.get_by_role("dialog")).to_contain_text("with its 2 questions and 2 runs")
    expect_access(page)
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_text("There is no question set yet.")).to_be_visible()
    assert "Traceback" not in stack.log("web")
    assert "Traceback" not in stack.log("worker")
