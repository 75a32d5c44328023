"""A webhook in a real browser: added, tested, told of a question, sent again, removed."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.browser.access import expect_access
from tests.fakes import FakeModelServer
from tests.receiver import Receiver
from tests.waiting import until


def test_webhook_is_added_tested_and_removed(page: Page, model: FakeModelServer) -> None:
    """The secret shown once verifies what arrives; the log says what came of each delivery."""
    model.answer = "The hotel limit is EUR 160 [1]."
    # All of the page: a list that is open closes when the page is scrolled to it.
    page.set_viewport_size({"width": 1400, "height": 1700})
    with Receiver() as receiver:
        page.get_by_role("link", name="API keys").click()
        expect(page.get_by_text("You have no webhooks yet.")).to_be_visible()
        page.get_by_label("Address").fill("https://169.254.169.254/latest/meta-data")
        page.get_by_role("button", name="Add webhook").click()
        expect(page.get_by_text("is not on the public internet")).to_be_visible()
        page.get_by_label("Address").fill(receiver.url)
        page.get_by_role("button", name="Add webhook").click()
        expect(page.get_by_text("Copy its secret now")).to_be_visible()
        secret = page.locator(".st-key-made_webhook code").first.inner_text().strip()
        page.get_by_role("button", name="I have copied it").click()
        expect(page.get_by_text(secret)).to_have_count(0)

        page.get_by_role("button", name="Send a test").click()
        log = page.get_by_test_id("stDataFrame").last.locator("[role=row]")
        expect(log.nth(1)).to_contain_text("✓ delivered")
        assert receiver.received[0].is_signed_with(secret)
        expect_access(page)

        page.get_by_role("link", name="Ask", exact=True).click()
        page.get_by_placeholder("Ask your documents…").fill("What is told?")
        page.keyboard.press("Enter")
        until(lambda: len(receiver.received) == 2, "delivery")
        assert receiver.received[1].message["type"] == "job.finished"
        page.get_by_role("link", name="API keys").click()
        expect(log.nth(1)).to_contain_text("job.finished")
        expect(log.nth(1)).to_contain_text("✓ delivered")
        page.get_by_role("combobox", name="One delivery").click()
        page.get_by_role("option", name="job.finished").click()
        page.get_by_role("button", name="Send it again").click()
        until(lambda: len(receiver.received) == 3, "delivery again")
        again = [each.headers["webhook-id"] for each in receiver.received[1:]]
        assert len(set(again)) == 1

        page.get_by_role("button", name="Remove it").click()
        page.get_by_role("dialog").get_by_role("button", name="Remove", exact=True).click()
        expect(page.get_by_text("You have no webhooks yet.")).to_be_visible()
