"""What an analyst sees of time, in a real browser: an estimate before, a receipt after."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from tests.browser.test_journey import ask, expect_row, expect_state
from tests.fakes import FakeModelServer

ANSWER = "Hotels may cost **EUR 160** per night [1]."
# More than an estimate needs. The stack answers four at a time, so that two of them wait.
QUESTIONS = 6


def test_question_says_when_it_is_done_and_afterwards_where_the_time_went(
    page: Page, model: FakeModelServer
) -> None:
    """After some answers, place and range show, count down to the end, and become a receipt."""
    model.answer = ANSWER
    model.first_token_delay_seconds = 0.2
    for number in range(QUESTIONS):
        ask(page, f"Quick question {number}?")
    expect_state(page, "Finished")

    # Place or stage, and the estimate, of the question that is shown.
    progress = page.get_by_test_id("stCaptionContainer").filter(has_text=" · ")
    model.first_token_delay_seconds = 2.0
    model.token_delay_seconds = 0.02  # what took no time is not in the receipt
    with model.holding() as held:
        for number in range(QUESTIONS):
            ask(page, f"Slow question {number}?")
        estimate = re.compile(r"1 ahead of you · (within|about|any moment)")
        expect(progress.filter(has_text=estimate)).to_be_visible()
        expect_row(page, "Queued", "Slow question 5?", "1 ahead of you · ")
        held.release()
        held.release()
        expect_state(page, "Started")
        estimate = re.compile(r"… · (within|about|any moment|longer than usual)")
        expect(progress.filter(has_text=estimate)).to_be_visible()
    expect_state(page, "Finished")
    expect(progress.filter(has_text=estimate)).to_have_count(0)

    receipt = page.locator("[class*='st-key-receipt_']")
    expect(receipt.locator("summary")).to_contain_text(
        re.compile(r"[\d.]+ s in total · first word")
    )
    parts = receipt.get_by_role("list", name=re.compile("^Where .+ went$"))
    expect(parts).not_to_be_visible()
    receipt.locator("summary").click()
    expect(parts).to_be_visible()
    names = [re.sub(r" [\d.]+ m?s$", "", each) for each in parts.locator("li").all_inner_texts()]
    assert names[:4] == ["In the queue", "Search", "To the first word", "Writing"], names
    widths = [
        (bar.bounding_box() or {"width": 0.0})["width"] for bar in receipt.locator("[title]").all()
    ]
    assert len(widths) == len(names)
    assert min(widths) >= 4
