"""The pages for everybody: with a screen reader, a keyboard, a phone, in the dark."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.access import expect_access, tab_to
from tests.browser.stack import Stack
from tests.browser.test_journey import ANSWER, ask, expect_row, expect_state
from tests.conftest import WAIT_MILLISECONDS
from tests.fakes import FakeModelServer

USER, PASSWORD = "ops", "secret"
QUESTION = "What may a hotel cost?"
SOURCE = "travel-and-expense-policy.docx"


@dataclass(frozen=True)
class Look:
    """A window and a theme."""

    width: int
    height: int
    scheme: Literal["light", "dark"]

    @property
    def is_phone(self) -> bool:
        return self.width < 500

    def __str__(self) -> str:
        return f"{self.width}-{self.scheme}"


DESK = Look(1400, 900, "light")
LOOKS = [DESK, Look(390, 844, "dark")]  # each width and each theme


@pytest.fixture(scope="module")
def stack(
    tmp_path_factory: pytest.TempPathFactory, model_server: FakeModelServer
) -> Iterator[Stack]:
    """An installation of its own, in which the page of failed jobs can be opened."""
    secrets = {"DASHBOARD_USERNAME": USER, "DASHBOARD_PASSWORD": PASSWORD}
    folder = tmp_path_factory.mktemp("access")
    with Stack(folder, model_server.base_url, **secrets) as running:
        yield running


@pytest.fixture
def look(request: pytest.FixtureRequest) -> Look:
    """How the test asks to see the pages; in a wide, light window if it does not."""
    look: Look = getattr(request, "param", DESK)
    return look


@pytest.fixture
def page(browser: Browser, stack: Stack, look: Look, model: FakeModelServer) -> Iterator[Page]:
    """The Ask page in a new browser, with the sample documents indexed."""
    context = browser.new_context(
        base_url=stack.url,
        viewport={"width": look.width, "height": look.height},
        color_scheme=look.scheme,
        reduced_motion="reduce",
    )
    context.set_default_timeout(WAIT_MILLISECONDS)
    page = context.new_page()
    page.goto("/")
    expect(page.get_by_role("button", name="What is the hotel limit per night?")).to_be_visible()
    yield page
    context.close()


def has_failed(page: Page, model: FakeModelServer) -> None:
    model.behave("bad_key", times=1)
    ask(page, "Who signs the lease?")
    expect_state(page, "Failed")


@pytest.mark.parametrize("look", LOOKS, indirect=True, ids=str)
def test_ask_page_has_no_barriers(page: Page, model: FakeModelServer, look: Look) -> None:
    """Empty, while an answer is written, with an answer and a source open, and when one failed."""
    expect_access(page)

    model.tokens, model.token_delay_seconds = 5000, 0.1
    ask(page, "Write at length")
    expect(page.get_by_text("word word word").first).to_be_visible()
    expect_access(page)
    page.get_by_role("button", name="Stop", exact=True).click()
    expect_state(page, "Stopped")

    model.answer, model.token_delay_seconds = ANSWER, 0.0
    ask(page, QUESTION)
    expect_state(page, "Finished")
    expect_access(page)
    page.get_by_role("button", name=SOURCE).click()
    expect(page.get_by_role("dialog").get_by_text("EUR 160 per night, including")).to_be_visible()
    expect_access(page)
    page.keyboard.press("Escape")

    has_failed(page, model)
    expect_access(page)
    page.get_by_test_id("stDataFrame").click(position={"x": 20, "y": 35 + 17})
    expect(page.get_by_text("1 selected")).to_be_visible()
    expect_access(page)
    page.get_by_role("button", name="Delete this question").click()
    expect(page.get_by_role("button", name="Undo")).to_be_visible()
    expect_access(page)


@pytest.mark.parametrize("look", LOOKS, indirect=True, ids=str)
def test_documents_page_has_no_barriers(page: Page, look: Look) -> None:
    """With its uploader and its table."""
    page.goto("/documents")
    expect_row(page, "warehouses.csv", "Indexed")
    expect_access(page)


@pytest.mark.parametrize("look", LOOKS, indirect=True, ids=str)
def test_glossary_page_has_no_barriers(page: Page, look: Look) -> None:
    """For those who may only read it, and for an operator, who has its forms."""
    page.goto("/glossary")
    expect(page.get_by_text("Operators can change the glossary.")).to_be_visible()
    expect_access(page)
    page.goto("/failed")
    page.get_by_label("User").fill(USER)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_label("Password", exact=True).press("Enter")
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    if look.is_phone:
        page.get_by_test_id("stExpandSidebarButton").click()
    page.get_by_role("link", name="Glossary").click()
    expect(page.get_by_role("button", name="Add", exact=True)).to_be_visible()
    expect_access(page)


@pytest.mark.parametrize("look", LOOKS, indirect=True, ids=str)
def test_failed_jobs_page_has_no_barriers(page: Page, model: FakeModelServer, look: Look) -> None:
    """Before an operator has signed in, and with what failed."""
    has_failed(page, model)
    page.goto("/failed")
    expect(page.get_by_label("User")).to_be_visible()
    expect_access(page)
    page.get_by_label("User").fill(USER)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_label("Password", exact=True).press("Enter")
    expect_row(page, "Answer a question", "Bad API key")
    expect_access(page)


@pytest.mark.parametrize("look", [each for each in LOOKS if each.is_phone], indirect=True, ids=str)
def test_sidebar_of_a_phone_has_no_barriers(page: Page, model: FakeModelServer, look: Look) -> None:
    """Opened over the page, it leads to the questions of before, and closes when one is opened."""
    model.answer = ANSWER
    ask(page, QUESTION)
    expect_state(page, "Finished")
    has_failed(page, model)
    page.get_by_test_id("stExpandSidebarButton").click()
    expect(page.get_by_role("button", name="Retry this question")).to_be_visible()
    expect_access(page)
    page.get_by_role("button", name=QUESTION).click()
    expect(page.get_by_role("heading", name=QUESTION)).to_be_in_viewport()


def test_journey_without_a_mouse(page: Page, model: FakeModelServer) -> None:
    """Tab, Enter and Escape are enough to ask, read, check a source, retry and delete."""
    keys = page.keyboard
    model.answer = ANSWER
    tab_to(page, page.get_by_placeholder("Ask your documents…"))
    keys.type(QUESTION)
    keys.press("Enter")
    expect(page.get_by_role("heading", name=QUESTION)).to_be_visible()
    expect_state(page, "Finished")

    model.behave("bad_key", times=1)
    keys.type("Who signs the lease?")
    keys.press("Enter")
    expect_state(page, "Failed")
    tab_to(page, page.get_by_role("button", name="Retry", exact=True))
    keys.press("Enter")
    expect_state(page, "Finished")

    tab_to(page, page.get_by_role("button", name=QUESTION), backwards=True)
    keys.press("Enter")
    expect(page.get_by_role("heading", name=QUESTION)).to_be_visible()
    tab_to(page, page.get_by_role("button", name=SOURCE))
    keys.press("Enter")
    source = page.get_by_role("dialog")
    expect(source.get_by_text("EUR 160 per night, including breakfast")).to_be_visible()
    keys.press("Escape")
    expect(source).not_to_be_visible()

    delete = page.get_by_role("button", name="Delete this question")
    # It comes before what was deleted. On the way round the page lies the table, where Tab may go
    # from cell to cell, which opens a question.
    undo = page.get_by_role("button", name="Undo")
    tab_to(page, delete, backwards=True)
    keys.press("Enter")
    expect(delete).not_to_be_visible()
    tab_to(page, undo, backwards=True)
    keys.press("Enter")
    tab_to(page, page.get_by_role("button", name=QUESTION), backwards=True)
    keys.press("Enter")
    expect(page.get_by_role("heading", name=QUESTION)).to_be_visible()
    tab_to(page, delete)
    keys.press("Enter")
    expect(page.get_by_role("heading", name="Ask your documents")).to_be_visible()
    expect(page.get_by_role("button", name=QUESTION)).to_have_count(0)
    tab_to(page, undo, backwards=True)
    keys.press("Enter")
    expect(page.get_by_role("heading", name=QUESTION)).to_be_visible()
    expect(page.get_by_role("button", name=QUESTION)).to_have_count(1)


def test_document_is_deleted_without_a_mouse(page: Page) -> None:
    """It is chosen by typing its name."""
    page.goto("/documents")
    page.locator("input[type=file]").set_input_files(
        [{"name": "brief.txt", "mimeType": "text/plain", "buffer": b"A note on ballast."}]
    )
    expect_row(page, "brief.txt", "Indexed")
    tab_to(page, page.get_by_role("combobox", name="One document"))
    page.keyboard.type("brief")
    expect(page.get_by_role("option", name="brief.txt")).to_be_visible()
    page.keyboard.press("Enter")
    delete = page.get_by_role("button", name="Delete it")
    expect(delete).to_be_enabled()
    tab_to(page, delete)
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("brief.txt")
    tab_to(page, dialog.get_by_role("button", name="Delete"))
    page.keyboard.press("Enter")
    expect(dialog).not_to_be_visible()
    expect(page.get_by_test_id("stDataFrame").get_by_text("brief.txt")).to_have_count(0)


def test_new_question_by_a_shortcut(page: Page, model: FakeModelServer) -> None:
    """Alt+N leads from an answer to a new question, even from within the box."""
    model.answer = ANSWER
    ask(page, QUESTION)
    expect_state(page, "Finished")
    page.get_by_placeholder("Ask your documents…").press("Alt+n")
    expect(page.get_by_role("heading", name="Ask your documents")).to_be_visible()
