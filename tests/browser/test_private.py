"""What two analysts do with a document that is private to one of them, in real browsers."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenBrowser
from tests.browser.stack import Stack
from tests.browser.test_journey import ask, expect_state

# In the words of the document, so that both halves of the search have it first.
QUESTION = "Blauwhuis merger of project Zilvermeer?"
SECRET = b"# Blauwhuis merger of project Zilvermeer: closes on 12 March\n"


def test_private_document_answers_its_owner_and_nobody_else(
    page: Page, open_browser: OpenBrowser, stack: Stack
) -> None:
    """A private document is asked twice, and for a new answer; nobody else sees any of it."""
    page.get_by_role("link", name="Documents").click()
    page.get_by_text("Only you").click()
    file = {"name": "merger.md", "mimeType": "text/markdown", "buffer": SECRET}
    page.locator("input[type=file]").set_input_files([file])  # type: ignore[list-item] # a file
    expect(page.get_by_text("added, for you only")).to_be_visible()
    expect(page.get_by_text("🔒 Only you").first).to_be_attached()
    expect(page.get_by_text(re.compile(r"(\d+) documents, \1 indexed"))).to_be_visible()

    page.get_by_role("link", name="Ask", exact=True).click()
    ask(page, QUESTION)
    expect_state(page, "Finished")
    expect(page.get_by_text("closes on 12 March").first).to_be_visible()
    expect(page.get_by_text("From an earlier answer")).to_have_count(0)
    ask(page, QUESTION.upper())
    expect(page.get_by_text("From an earlier answer, ")).to_be_visible()
    expect(page.get_by_text("closes on 12 March").first).to_be_visible()
    page.get_by_role("button", name="Get a new answer").click()
    expect(page.get_by_text("From an earlier answer")).to_have_count(0)
    expect_state(page, "Finished")

    other = open_browser()
    ask(other, QUESTION)
    expect_state(other, "Finished")
    expect(other.get_by_text("12 March")).to_have_count(0)
    expect(other.get_by_text("From an earlier answer")).to_have_count(0)
    other.get_by_role("link", name="Documents").click()
    expect(other.get_by_text("annual-report-2025.pdf").first).to_be_attached()
    expect(other.get_by_text("merger.md")).to_have_count(0)
    assert "Traceback" not in stack.log("web"), stack.log("web")[-12000:]
