"""What an analyst does, in a real browser: ask, watch, read, check, retry, add a document."""

from __future__ import annotations

import re

from playwright.sync_api import Page, Response, expect

from tests.browser.access import expect_access
from tests.browser.conftest import OpenBrowser
from tests.browser.slow_line import SlowLine
from tests.browser.stack import Stack
from tests.fakes import FakeModelServer
from tests.waiting import until

ANSWER = "Hotels may cost **EUR 160** per night [1]."
STATE = "[class*='st-key-state_']"


def ask(page: Page, question: str) -> None:
    """Ask, and wait until the page shows this question, and no more the state of one before."""
    classes = page.locator(STATE).evaluate_all("found => found.map(each => each.className)")
    before = [key for each in classes for key in re.findall(r"st-key-state_\w+", each)]
    box = page.get_by_placeholder("Ask your documents…")
    box.fill(question)
    box.press("Enter")
    expect(page.get_by_role("heading", name=question)).to_be_visible()
    for key in before:
        expect(page.locator(f".{key}")).to_have_count(0)


def expect_state(page: Page, label: str) -> None:
    """Wait until the question that is shown has this state, in its badge."""
    badge = page.locator(f"{STATE} .stMarkdownBadge")
    expect(badge).to_have_text(re.compile(label))


def expect_row(page: Page, *cells: str) -> None:
    """Wait until the first row of the table has these words among its cells."""
    # The grid is drawn on a canvas; its rows are there for assistive technology, out of sight.
    row = page.get_by_test_id("stDataFrame").locator("[role=row]").nth(1)
    for cell in cells:
        expect(row).to_contain_text(cell)


def click_row(page: Page, number: int, *, from_left: float = 250, from_right: float = 0) -> None:
    """Click into a row of the table, counted from 1."""
    table = page.get_by_test_id("stDataFrame")
    box = table.bounding_box()
    assert box is not None
    x = box["width"] - from_right if from_right else from_left
    table.click(position={"x": x, "y": 35 * number + 17})


def test_pages_get_all_that_they_ask_for(open_browser: OpenBrowser) -> None:
    """No font, script or picture of a page is refused, and icons are drawn, not spelled out."""
    page = open_browser()
    refused: list[str] = []

    def note(reply: Response) -> None:
        # Streamlit finds out below which path it is served by asking at that of the page first.
        if reply.status >= 400 and not re.search(r"\w/_stcore/(health|host-config)$", reply.url):
            refused.append(reply.url)

    page.on("response", note)
    for path, title in (
        ("/", "Ask your documents"),
        ("/documents", "Documents"),
        ("/batch", "Batches"),
        ("/glossary", "Glossary"),
        ("/api_keys", "API keys"),
    ):
        page.goto(path)
        expect(page.get_by_role("heading", name=title, exact=True)).to_be_visible()
        failed = page.evaluate(
            """document.fonts.ready.then(fonts =>
                [...fonts].filter(font => font.status === "error").map(font => font.family))"""
        )
        assert not failed
    assert not refused
    assert page.evaluate("document.fonts.check(\"16px 'Material Symbols Rounded'\")")


def test_question_runs_to_a_cited_answer(page: Page, model: FakeModelServer) -> None:
    """A question is seen started, streams, finishes, and its citation opens; a reload keeps it."""
    model.answer = ANSWER
    model.token_delay_seconds = 600.0
    ask(page, "What may a hotel cost?")
    expect_state(page, "Started")
    expect_row(page, "Started", "What may a hotel cost?")
    expect(page.get_by_text(re.compile(r"^Hotels\b"))).to_be_visible()
    expect_state(page, "Started")  # still: the text came as a stream
    model.token_delay_seconds = 0.0
    expect_state(page, "Finished")
    expect_row(page, "Finished", "What may a hotel cost?", "Hotels may cost EUR 160")
    expect(page.get_by_text("in total")).to_be_visible()

    page.get_by_role("button", name="travel-and-expense-policy.docx").click()
    source = page.get_by_role("dialog")
    expect(source.get_by_text("Retrieval score")).to_be_visible()
    expect(source.get_by_text("EUR 160 per night, including breakfast")).to_be_visible()
    source.get_by_role("button", name="Close").click()

    expect(page).to_have_url(re.compile(r"\?job=[0-9a-f]{32}$"))
    page.reload()
    expect(page.get_by_role("heading", name="What may a hotel cost?")).to_be_visible()
    expect_state(page, "Finished")
    expect(page.get_by_text("EUR 160").first).to_be_visible()


def test_failed_question_is_retried(page: Page, model: FakeModelServer) -> None:
    """A refused key is told in a sentence; once it is right, retry brings the answer."""
    model.behave("bad_key", times=1)
    ask(page, "Who signs the lease?")
    expect_state(page, "Failed")
    expect(page.get_by_text("The model server refused the API key").first).to_be_visible()
    expect_row(page, "Failed", "Retry")
    page.get_by_role("button", name="Retry", exact=True).click()
    expect_state(page, "Finished")


def test_retry_in_the_table(page: Page, model: FakeModelServer) -> None:
    """The retry button in a row does the same."""
    model.behave("bad_key", times=1)
    ask(page, "Who signs the lease?")
    expect_row(page, "Failed", "Retry")
    click_row(page, 1, from_right=50)
    expect_state(page, "Finished")


def test_uploaded_document_is_answered_from(page: Page) -> None:
    """A document that was just uploaded is indexed while one watches, and then cited."""
    page.get_by_role("link", name="Documents").click()
    expect(page.get_by_role("heading", name="Documents")).to_be_visible()
    text = b"The zeppelin Astra carries 72 passengers to Reykjavik every Tuesday."
    page.locator("input[type=file]").set_input_files(
        [{"name": "zeppelin.txt", "mimeType": "text/plain", "buffer": text}]
    )
    expect(page.get_by_text("added; the list below")).to_be_visible()
    expect_row(page, "zeppelin.txt", "Indexed", "you")
    page.get_by_role("link", name="Ask").click()
    ask(page, "How many passengers does the zeppelin Astra carry?")
    expect_state(page, "Finished")
    expect(page.get_by_text("72 passengers to Reykjavik").first).to_be_visible()
    expect(page.get_by_role("button", name="zeppelin.txt")).to_be_visible()


def test_document_is_deleted_after_a_question(page: Page) -> None:
    """A document goes from the list once its deletion was confirmed."""
    page.get_by_role("link", name="Documents").click()
    page.locator("input[type=file]").set_input_files(
        [{"name": "brief.txt", "mimeType": "text/plain", "buffer": b"A note on ballast."}]
    )
    expect_row(page, "brief.txt", "Indexed")
    click_row(page, 1, from_right=30)
    page.get_by_text("Delete", exact=True).click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("brief.txt")
    expect_access(page)
    dialog.get_by_role("button", name="Delete").click()
    expect(dialog).not_to_be_visible()
    expect(page.get_by_test_id("stDataFrame").get_by_text("brief.txt")).to_have_count(0)


def test_two_browsers_do_not_see_each_other(
    page: Page, open_browser: OpenBrowser, stack: Stack
) -> None:
    """Another browser sees neither the question in its lists nor under its address."""
    ask(page, "What is our secret plan?")
    expect_state(page, "Finished")
    address = page.url
    other = open_browser()
    expect(other.get_by_text("No questions yet.")).to_be_visible()
    other.goto(address)
    expect(other.get_by_text("There is no such question")).to_be_visible()
    expect(other.get_by_text("secret plan")).to_have_count(0)


def test_stop_keeps_the_text_so_far(page: Page, model: FakeModelServer) -> None:
    """A running answer stops at a click, and what was written stays."""
    model.tokens = 3000
    model.token_delay_seconds = 0.1
    ask(page, "Write at length")
    expect(page.get_by_text("word word word").first).to_be_visible()
    page.get_by_role("button", name="Stop", exact=True).click()
    expect_state(page, "Stopped")
    expect(page.get_by_text("This is how far it got")).to_be_visible()
    expect(page.get_by_text("word word word").first).to_be_visible()


def test_refreshes_lose_neither_words_nor_place(page: Page, model: FakeModelServer) -> None:
    """While an answer streams, what is typed stays, and so does the scroll position."""
    model.tokens = 3000
    model.token_delay_seconds = 0.1
    page.set_viewport_size({"width": 1400, "height": 400})
    ask(page, "Write at length")
    expect(page.get_by_text("word word word").first).to_be_visible()
    main = page.get_by_test_id("stMain")
    place = main.evaluate("element => { element.scrollTo(0, 60); return element.scrollTop }")
    assert place > 0
    box = page.get_by_placeholder("Ask your documents…")
    box.press_sequentially("And what about breakf", delay=50)
    answer = page.get_by_text("word word word").first
    expect(answer).not_to_have_text(answer.inner_text())
    box.press_sequentially("ast?", delay=50)
    expect(box).to_have_value("And what about breakfast?")
    assert main.evaluate("element => element.scrollTop") == place
    model.token_delay_seconds = 0.0
    expect_state(page, "Finished")
    expect(box).to_have_value("And what about breakfast?")
    expect(box).to_be_focused()


def test_new_question_stays_new_on_a_slow_line(page: Page, model: FakeModelServer) -> None:
    """A timer that ran with the address of before does not bring the question of before back."""
    line = SlowLine(page)
    page.reload()
    with model.holding() as held:
        ask(page, "What may a hotel cost?")
        expect_state(page, "Started")
        expect(page).to_have_url(re.compile("job="))
        line.hold()
        page.get_by_role("button", name="New question").click()
        line.wait_until_page_sent(3)  # by its timer too, before it knows of the new address
        held.release()  # the whole page runs again once the timer sees the answer
        line.wait_until_page_sent(5)
        line.release()
        expect(page.get_by_role("button", name=re.compile("check_circle"))).to_be_visible()
        expect(page.get_by_role("heading", name="Ask your documents")).to_be_visible()
        expect(page).not_to_have_url(re.compile("job="))


def test_restart_of_web_loses_nothing(page: Page, model: FakeModelServer, stack: Stack) -> None:
    """A running answer goes on while web restarts; the first visit may be to any page."""
    model.tokens = 60
    model.token_delay_seconds = 0.1
    ask(page, "Write at length")
    expect(page.get_by_text("word word word").first).to_be_visible()
    stack.stop("web")
    stack.start_web()
    page.goto("/documents")
    expect(page.get_by_role("heading", name="Documents")).to_be_visible()
    entry = page.get_by_role("button", name="Write at length")
    expect(entry).to_contain_text("check_circle")
    entry.click()
    expect_state(page, "Finished")


def test_nothing_polls_when_nothing_runs(page: Page, model: FakeModelServer) -> None:
    """Once every question is over, the page falls silent until somebody does something."""
    ask(page, "Who signs the lease?")
    expect_state(page, "Finished")
    sent: list[str | bytes] = []
    page.on("websocket", lambda socket: socket.on("framesent", lambda data: sent.append(data)))
    page.reload()
    expect_state(page, "Finished")

    def is_silent() -> bool:
        sent.clear()
        page.wait_for_timeout(4000)  # longer than the slowest refresh; silence is no event
        return not sent

    until(is_silent, "silence")  # what belongs to the reload may take a while
