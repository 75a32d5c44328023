"""The table of questions in a real browser: search, filter, select, delete, undo, retry, export."""

from __future__ import annotations

import json
import re
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.browser.downloads import download_of
from tests.browser.stack import Stack
from tests.browser.test_journey import ask, expect_row, expect_state
from tests.fakes import FakeModelServer

QUESTIONS = ("What may a hotel cost?", "Who signs the lease?")
FAILING = "Who pays?"


def select_row(page: Page, number: int) -> None:
    """Click the box of a row, counted from 1."""
    page.get_by_test_id("stDataFrame").click(position={"x": 20, "y": 35 * number + 17})


def choose(page: Page, label: str, option: str) -> None:
    page.get_by_role("combobox", name=label).click()
    page.get_by_role("option", name=option, exact=True).click()


def fill_history(page: Page, model: FakeModelServer) -> None:
    """Two answered questions, and a failed one on top."""
    model.answer = "It costs **EUR 160** per night [1]."
    for question in QUESTIONS:
        ask(page, question)
        expect_state(page, "Finished")
    model.behave("bad_key", times=1)
    ask(page, FAILING)
    expect_state(page, "Failed")
    expect_row(page, "Failed", FAILING)


def test_history_is_searched_filtered_and_cleared(
    page: Page, model: FakeModelServer, stack: Stack
) -> None:
    """Words and a state narrow the table; clearing shows all again; the address brings it back."""
    fill_history(page, model)
    search = page.get_by_placeholder("Search questions and answers")
    search.fill("eur lease")
    expect(page.get_by_text("1 of 3")).to_be_visible()
    expect_row(page, QUESTIONS[1])
    search.fill("zebra")
    expect(page.get_by_text("No question matches “zebra”.")).to_be_visible()
    page.get_by_role("button", name="Clear filters").click()
    expect_row(page, FAILING)
    choose(page, "State", "Finished")
    expect(page.get_by_text("2 of 3")).to_be_visible()
    choose(page, "Order", "Oldest first")
    expect_row(page, QUESTIONS[0])
    expect(page).to_have_url(re.compile(r"state=finished&order=oldest$"))
    page.reload()
    expect(page.get_by_text("2 of 3")).to_be_visible()
    expect_row(page, QUESTIONS[0])
    page.go_back()
    expect_row(page, QUESTIONS[1])
    expect(page.get_by_text("2 of 3")).to_be_visible()
    page.go_back()
    expect_row(page, FAILING)
    page.go_forward()
    page.go_forward()
    expect_row(page, QUESTIONS[0])
    page.get_by_role("link", name="Documents").click()
    expect(page.get_by_role("heading", name="Documents")).to_be_visible()
    page.get_by_role("link", name="Ask", exact=True).click()
    expect(page.get_by_text("2 of 3")).to_be_visible()
    expect_row(page, QUESTIONS[0])
    assert "Traceback" not in stack.log("web")


def test_selected_questions_are_deleted_undone_retried_and_exported(
    page: Page, model: FakeModelServer, stack: Stack, tmp_path: Path
) -> None:
    """Two are selected, go and come back where they were; the failed one runs; one is exported."""
    fill_history(page, model)
    table = page.get_by_test_id("stDataFrame")
    place = table.bounding_box()
    select_row(page, 1)
    expect(page.get_by_text("1 selected")).to_be_visible()
    page.get_by_role("button", name="Select all 3").click()
    expect(page.get_by_text("3 selected")).to_be_visible()
    select_row(page, 2)
    expect(page.get_by_text("2 selected")).to_be_visible()
    assert table.bounding_box() == place

    page.get_by_role("button", name="Delete", exact=True).click()
    expect(page.get_by_text("Deleted 2 questions.")).to_be_visible()
    expect_row(page, QUESTIONS[1])
    page.get_by_role("link", name="Documents").click()
    expect(page.get_by_role("heading", name="Documents")).to_be_visible()
    expect(page.get_by_text("Deleted 2 questions.")).to_be_visible()
    undo = page.get_by_role("button", name="Undo")
    undo.focus()
    undo.press("Enter")
    expect(page.get_by_text("Restored 2 questions.")).to_be_visible()
    expect(undo).to_have_count(0)
    page.get_by_role("link", name="Ask", exact=True).click()
    expect_row(page, FAILING)

    select_row(page, 1)
    select_row(page, 2)
    expect(page.get_by_text("2 selected")).to_be_visible()
    page.get_by_role("button", name="Retry", exact=True).last.click()
    expect(page.get_by_text("Retried 1 of 2; 1 was not failed or stopped.")).to_be_visible()
    expect_row(page, "Finished", FAILING)

    page.get_by_role("button", name="Clear", exact=True).click()
    expect(table.locator("[role=row][aria-selected=true]")).to_have_count(0)
    select_row(page, 2)
    expect(page.get_by_text("1 selected")).to_be_visible()
    file = tmp_path / "export.jsonl"
    download_of(page, page.get_by_role("link", name="Export")).save_as(file)
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    assert [line["question"] for line in lines] == [QUESTIONS[1]]
    assert "Traceback" not in stack.log("web")


def test_selection_stays_with_its_question(page: Page, model: FakeModelServer) -> None:
    """A click on a cell opens that question; the box that was ticked stays ticked, also lower."""
    fill_history(page, model)
    select_row(page, 2)
    expect(page.get_by_text("1 selected")).to_be_visible()
    page.get_by_test_id("stDataFrame").click(position={"x": 250, "y": 35 * 3 + 17})
    expect(page.get_by_role("heading", name=QUESTIONS[0])).to_be_visible()
    expect(page.get_by_text("1 selected")).to_be_visible()
    ask(page, "One more?")
    expect_row(page, "One more?")
    selected = page.get_by_test_id("stDataFrame").locator("[role=row][aria-selected=true]")
    expect(selected).to_have_count(1)
    expect(selected).to_contain_text(QUESTIONS[1])
