"""An analyst says whether an answer was useful, and takes it all away for an evaluation."""

from __future__ import annotations

import json
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.downloads import download_of
from tests.browser.test_journey import ANSWER, ask, expect_state
from tests.fakes import FakeModelServer
from tests.waiting import until

UP, DOWN = "Thumbs up", "Thumbs down"
QUESTION = "What may a hotel cost?"


def thumb(page: Page, name: str) -> Locator:
    return page.get_by_role("radio", name=name)


def reason(page: Page) -> Locator:
    return page.get_by_placeholder("Why? Press Enter to save")


def say_why(page: Page, why: str) -> None:
    reason(page).fill(why)
    reason(page).press("Enter")


def exported(page: Page) -> dict[str, Any]:
    """The only line of the export."""
    download = download_of(page, page.get_by_role("link", name="Export", exact=True))
    assert download.suggested_filename == "askqueue.jsonl"
    line: dict[str, Any] = json.loads(download.path().read_text(encoding="utf-8"))
    return line


def expect_exported(page: Page, feedback: dict[str, Any] | None) -> dict[str, Any]:
    """Wait until the export has this feedback; returns its line."""
    return until(lambda: (line := exported(page))["feedback"] == feedback and line, "feedback")


@pytest.mark.parametrize(
    ("name", "why"),
    [(UP, ""), (UP, "Exact, and with the page."), (DOWN, "That is the limit of last year.")],
)
def test_feedback_is_kept_and_exported_with_its_answer(
    page: Page, model: FakeModelServer, name: str, why: str
) -> None:
    """A thumb, with a reason or without, is in the export, and there after a reload."""
    model.answer = ANSWER
    ask(page, QUESTION)
    expect_state(page, "Finished")
    expect(reason(page)).to_have_count(0)  # it is asked for after the thumb
    thumb(page, name).click()
    expect(reason(page)).to_be_visible()
    if why:
        say_why(page, why)
    line = expect_exported(page, {"useful": name == UP, "reason": why})
    assert (line["question"], line["answer"], line["support"]) == (QUESTION, ANSWER, "cited")
    assert [each["number"] for each in line["citations"]] == [1]
    assert any("EUR 160 per night, including" in each["text"] for each in line["passages"])
    page.reload()
    expect(thumb(page, name)).to_be_checked()
    expect(reason(page)).to_have_value(why)


def test_feedback_is_changed_and_taken_back(page: Page, model: FakeModelServer) -> None:
    """The other thumb keeps the reason; a second click on a thumb leaves nothing."""
    ask(page, QUESTION)
    expect_state(page, "Finished")
    assert exported(page)["feedback"] is None
    thumb(page, UP).click()
    say_why(page, "Hm.")
    expect_exported(page, {"useful": True, "reason": "Hm."})
    thumb(page, DOWN).click()
    expect_exported(page, {"useful": False, "reason": "Hm."})
    expect(thumb(page, DOWN)).to_be_checked()
    thumb(page, DOWN).click()
    expect_exported(page, None)
    page.reload()
    expect(thumb(page, UP)).not_to_be_checked()
    expect(thumb(page, DOWN)).not_to_be_checked()
