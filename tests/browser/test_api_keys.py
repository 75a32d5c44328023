"""API keys in a real browser: made, copied, used by a program, revoked."""

from __future__ import annotations

import httpx
from playwright.sync_api import Page, expect

from tests.browser.access import expect_access
from tests.browser.stack import Stack
from tests.fakes import FakeModelServer
from tests.waiting import HANG_SECONDS


def test_key_is_made_used_and_revoked(page: Page, model: FakeModelServer, stack: Stack) -> None:
    """What a program asks stands in its owner's history; a revoked key is refused at once."""
    model.answer = "The hotel limit is EUR 160 [1]."
    page.get_by_role("link", name="API keys").click()
    expect(page.get_by_text("You have no keys yet.")).to_be_visible()
    page.get_by_role("button", name="Create key").click()
    expect(page.get_by_text("Name the key")).to_be_visible()
    page.get_by_label("Name").fill("Monthly report")
    page.get_by_role("button", name="Create key").click()
    expect(page.get_by_text("Copy the key now")).to_be_visible()
    secret = page.locator(".st-key-made_key code").first.inner_text().strip()
    expect_access(page)

    bearer = {"Authorization": f"Bearer {secret}"}
    with httpx.Client(base_url=f"{stack.url}/api", headers=bearer, timeout=HANG_SECONDS) as program:
        asked = program.post("/chat", json={"query": "What does the program ask?"})
        job_id = asked.json()["job_id"]
        assert program.get(f"/result/{job_id}", params={"wait": 20}).status_code == 200
        assert program.get("/documents").status_code == 403

        page.get_by_role("button", name="I have copied it").click()
        expect(page.get_by_text(secret)).to_have_count(0)
        table = page.get_by_test_id("stDataFrame")
        expect(table.locator("[role=row]").nth(1)).to_contain_text("Monthly report")
        expect(table.locator("[role=row]").nth(1)).to_contain_text("ask, read")
        page.get_by_role("combobox", name="One key").click()
        page.get_by_role("option", name="Monthly report").click()
        page.get_by_role("button", name="Revoke it").click()
        page.get_by_role("dialog").get_by_role("button", name="Revoke", exact=True).click()
        expect(page.get_by_text("You have no keys yet.")).to_be_visible()
        assert program.get(f"/result/{job_id}").status_code == 401

    page.get_by_role("link", name="Ask", exact=True).click()
    expect(page.get_by_text("What does the program ask?").first).to_be_visible()
    assert secret not in stack.log("web")
