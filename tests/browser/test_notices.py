"""How an analyst who looks at something else learns that a question is over."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.test_journey import ask, expect_state
from tests.browser.waiting import wait_for
from tests.fakes import FakeModelServer

STATIC = Path(__file__).resolve().parents[2] / "ui" / "static"
QUESTION = "What may a hotel cost in a city where rooms are known to be expensive?"
BODY = "What may a hotel cost in a city where rooms are known to…"

# The browser's notifications, allowed unless the test says otherwise, and kept in a list instead of
# shown on a desktop that is not there; and a document that is hidden when the test says so.
RECORDER = """
    window.notified = [];
    window.permissionRequests = 0;
    window.isHidden = false;
    window.Notification = class {
        static get permission() { return window.permission ?? "granted"; }
        static async requestPermission() {
            window.permissionRequests += 1;
            window.permission = window.answer;
            return window.answer;
        }
        constructor(title, options) { window.notified.push({ title, options, shown: this }); }
        close() { this.isClosed = true; }
    };
    Object.defineProperty(Document.prototype, "hidden", { get: () => window.isHidden });
"""


@pytest.fixture
def recorded(page: Page) -> Page:
    """The Ask page in a browser that allows notifications and records them."""
    page.add_init_script(RECORDER)
    page.reload()
    expect(switch(page)).to_be_visible()
    return page


def switch(page: Page) -> Locator:
    return page.get_by_role("switch", name="Notify me when an answer is ready")


def notified(page: Page) -> list[tuple[str, str]]:
    """Title and body of each notification so far."""
    shown: list[dict[str, Any]] = page.evaluate("notified.map(n => [n.title, n.options.body])")
    return [(title, body) for title, body in shown]


def ask_and_look_away(page: Page, model: FakeModelServer, question: str) -> None:
    """Ask, hide the page while the question runs, and have it answered."""
    page.evaluate("isHidden = false")
    with model.holding():
        ask(page, question)
        expect_state(page, "Started")
        page.evaluate("isHidden = true")


def test_tab_counts_what_is_not_over(page: Page, model: FakeModelServer) -> None:
    """The title of the tab has the number of unfinished questions, and loses it at the end."""
    expect(page).to_have_title("Askqueue")
    with model.holding():
        ask(page, "First?")
        expect(page).to_have_title("(1) Askqueue")
        ask(page, "Second?")
        expect(page).to_have_title("(2) Askqueue")
    expect(page).to_have_title("Askqueue")


def test_toast_tells_of_a_question_on_another_page(page: Page, model: FakeModelServer) -> None:
    """Who reads the documents meanwhile is told in passing, and finds the answer."""
    with model.holding():
        ask(page, "What may a hotel cost?")
        expect_state(page, "Started")
        page.get_by_role("link", name="Documents").click()
        expect(page.get_by_role("heading", name="Documents")).to_be_visible()
        expect(page.get_by_test_id("stToast")).to_have_count(0)
    expect(page.get_by_test_id("stToast")).to_contain_text("Finished: What may a hotel cost?")


def test_notification_comes_only_to_who_wants_it_and_looks_away(
    recorded: Page, model: FakeModelServer
) -> None:
    """Off by default; once on, an end is told while the page is hidden, after a reload as well."""
    expect(switch(recorded)).not_to_be_checked()
    ask_and_look_away(recorded, model, "Not wanted yet?")
    expect_state(recorded, "Finished")
    switch(recorded).check()
    expect(switch(recorded)).to_be_checked()
    recorded.reload()
    expect(switch(recorded)).to_be_checked()
    with model.holding():
        ask(recorded, "Seen anyway?")
        expect_state(recorded, "Started")
    expect_state(recorded, "Finished")
    ask_and_look_away(recorded, model, QUESTION)
    wait_for(recorded, "notified.length > 0")
    assert notified(recorded) == [("Answer ready", BODY)]
    model.behave("bad_key", times=1)
    ask_and_look_away(recorded, model, "Refused?")
    wait_for(recorded, "notified.length > 1")
    assert notified(recorded)[1:] == [("Question failed", "Refused?")]
    assert recorded.evaluate("permissionRequests") == 0  # it was granted all along
    switch(recorded).uncheck()
    recorded.reload()
    expect(switch(recorded)).not_to_be_checked()


# The script of the switch alone, switched on, with whatever Python tells it of the questions.
ALONE = """async source => {
    const { default: draw } = await import("data:text/javascript," + encodeURIComponent(source));
    document.body.innerHTML = "<input type=checkbox><p role=status></p>";
    window.tell = questions => draw({
        data: { questions: questions.map(([id, state]) => ({ id, state, words: id })) },
        parentElement: document.body, setTriggerValue() {},
    });
    window.isHidden = true;
}"""
SWITCH_ON = """() => {
    const box = document.querySelector("input");
    box.checked = true;
    return box.onchange();
}"""


def test_question_that_is_over_before_it_was_seen_is_told_too(browser: Browser) -> None:
    """What stands above all that was known is news; what moves up from below is none."""
    page = browser.new_page()
    page.route("http://localhost/", lambda route: route.fulfill(body="", content_type="text/html"))
    page.add_init_script(RECORDER)
    page.goto("http://localhost/")
    page.evaluate(ALONE, (STATIC / "notifications.js").read_text())
    page.evaluate("tell([['b', 'finished'], ['a', 'failed']])")
    page.evaluate(SWITCH_ON)
    for questions, told in (
        ([["c", "finished"], ["b", "finished"], ["a", "failed"]], ["c"]),
        ([["c", "finished"], ["b", "finished"], ["a", "failed"]], ["c"]),
        ([["b", "finished"], ["a", "failed"], ["older", "finished"]], ["c"]),
        ([["d", "queued"], ["b", "finished"], ["a", "failed"]], ["c"]),
        ([["d", "stopped"], ["b", "finished"]], ["c"]),
        ([["f", "started"], ["e", "failed"], ["d", "stopped"]], ["c", "e"]),
        ([["f", "finished"], ["e", "failed"]], ["c", "e", "f"]),
        ([["others", "finished"]], ["c", "e", "f"]),
        ([], ["c", "e", "f"]),
        ([["first", "finished"]], ["c", "e", "f", "first"]),
    ):
        page.evaluate("questions => tell(questions)", questions)
        assert [body for _, body in notified(page)] == told
    page.close()


def test_click_on_a_notification_opens_its_answer(recorded: Page, model: FakeModelServer) -> None:
    """From whatever page and question was looked at last."""
    switch(recorded).check()
    ask_and_look_away(recorded, model, "What may a hotel cost?")
    wait_for(recorded, "notified.length > 0")
    recorded.evaluate("isHidden = false")
    ask(recorded, "Another one?")
    expect_state(recorded, "Finished")
    recorded.get_by_role("link", name="Documents").click()
    expect(recorded.get_by_role("heading", name="Documents")).to_be_visible()
    recorded.evaluate("notified[0].shown.onclick()")
    expect(recorded.get_by_role("heading", name="What may a hotel cost?")).to_be_visible()
    expect_state(recorded, "Finished")
    assert recorded.evaluate("notified[0].shown.isClosed")


def test_permission_is_asked_for_by_the_click_and_a_refusal_explained(recorded: Page) -> None:
    """Nothing asks before the switch is used; blocked, it stays off and says how to undo that.

    Another click takes the wish back; once it is allowed, the switch works.
    """
    recorded.evaluate("permission = 'default'; answer = 'denied'")
    how = recorded.get_by_text("Your browser blocks notifications")
    expect(how).to_have_count(0)
    assert recorded.evaluate("permissionRequests") == 0
    switch(recorded).click()
    expect(how).to_contain_text("To allow them, open the site settings")
    expect(switch(recorded)).not_to_be_checked()
    assert recorded.evaluate("permissionRequests") == 1
    switch(recorded).click()
    expect(how).to_have_count(0)
    recorded.evaluate("permission = 'granted'")
    switch(recorded).click()
    expect(switch(recorded)).to_be_checked()
    expect(how).to_have_count(0)
