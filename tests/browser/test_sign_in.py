"""Signing in at an OpenID provider, in a real browser, with the real code flow."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.stack import Stack
from tests.browser.test_journey import ask, expect_state
from tests.conftest import WAIT_MILLISECONDS
from tests.fakes import FakeModelServer
from tests.openid import OpenIdProvider

PEOPLE = {
    "ann": {
        "sub": "1",
        "email": "ann@example.com",
        "email_verified": True,
        # more than fit into a cookie, the one that counts among them
        "groups": [f"{number**20}" for number in range(2, 300)] + ["ops"],
    },
    "bob": {"sub": "2", "email": "bob@example.com", "email_verified": True},
}
QUESTION = "Who signs the lease?"


@pytest.fixture
def provider() -> Iterator[OpenIdProvider]:
    with OpenIdProvider(PEOPLE) as running:
        yield running


@pytest.fixture
def stack(
    tmp_path_factory: pytest.TempPathFactory, model: FakeModelServer, provider: OpenIdProvider
) -> Iterator[Stack]:
    """An installation of its own, where people sign in, and the group `ops` has its operators."""
    folder = tmp_path_factory.mktemp("sign_in")
    secrets = folder / "secrets.toml"
    stack = Stack(
        folder,
        model.base_url,
        AUTH_MODE="oidc",
        OPERATORS="ops",
        STREAMLIT_SECRETS_FILES=str(secrets),
    )
    secrets.write_text(provider.secrets_toml(stack.url))
    with stack:
        yield stack


@pytest.fixture
def context(browser: Browser, stack: Stack) -> Iterator[BrowserContext]:
    context = browser.new_context(base_url=stack.url, viewport={"width": 1400, "height": 900})
    context.set_default_timeout(WAIT_MILLISECONDS)
    yield context
    context.close()


def go_through_provider(page: Page, name: str) -> None:
    page.get_by_role("button", name="Sign in").click()
    page.get_by_label("Name").fill(name)
    page.get_by_role("button", name="Continue").click()


def sign_in(page: Page, name: str) -> None:
    go_through_provider(page, name)
    expect(page.get_by_text(f"{name}@example.com")).to_be_visible()


def sign_out(page: Page) -> None:
    page.get_by_role("button", name="Sign out").click()
    expect_entrance(page)


def expect_entrance(page: Page) -> None:
    expect(page.get_by_role("heading", name="Sign in to Askqueue")).to_be_visible()
    expect(page.get_by_role("link", name="Documents")).to_be_hidden()


def test_two_people_share_a_browser_and_nothing_else(
    context: BrowserContext, provider: OpenIdProvider, stack: Stack
) -> None:
    """Who signs in sees his own alone; signing out ends his pages in all tabs, as expiry does."""
    page = context.new_page()
    page.goto("/")
    expect_entrance(page)
    assert page.request.get("/api/jobs").status == 401

    sign_in(page, "ann")
    ask(page, QUESTION)
    expect_state(page, "Finished")
    anns = page.url
    expect(page.get_by_role("link", name="Failed jobs")).to_be_visible()
    assert page.request.get("/api/operator/failed").status == 200
    [job] = page.request.get("/api/jobs").json()["jobs"]

    # In another tab of the same browser, which ends the first.
    other = context.new_page()
    other.goto("/")
    expect(other.get_by_role("button", name=QUESTION)).to_be_visible()
    sign_out(other)
    page.bring_to_front()
    expect_entrance(page)
    expect(page.get_by_text("expired")).to_be_hidden()
    assert page.request.get("/api/jobs").status == 401

    sign_in(page, "bob")
    expect(page.get_by_text("No questions yet.")).to_be_visible()
    expect(page.get_by_role("link", name="Failed jobs")).to_be_hidden()
    assert page.request.get("/api/jobs").json()["jobs"] == []
    assert page.request.get(f"/api/result/{job['job_id']}").status == 404
    assert page.request.get("/api/operator/failed").status == 403
    page.goto(anns)
    expect(page.get_by_text("bob@example.com")).to_be_visible()
    expect(page.get_by_role("button", name=QUESTION)).to_be_hidden()
    sign_out(page)

    # Her link leads her to it, by way of the provider, and him to nothing of hers.
    page.goto(anns)
    expect_entrance(page)
    sign_in(page, "ann")
    expect(page).to_have_url(anns)
    expect(page.get_by_role("heading", name=QUESTION)).to_be_visible()
    sign_out(page)
    page.goto("/documents")
    expect_entrance(page)
    sign_in(page, "bob")
    expect(page.get_by_role("heading", name="Documents")).to_be_visible()
    sign_out(page)

    provider.token_seconds = 5.0
    go_through_provider(page, "bob")
    expect(page.get_by_text("Your sign-in has expired.")).to_be_visible()
    assert page.request.get("/api/jobs").status == 401
    assert "Traceback" not in stack.log("web")
