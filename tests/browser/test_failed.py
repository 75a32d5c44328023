"""What an operator does, in a real browser: see what failed, and queue it again."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.access import expect_access
from tests.browser.stack import Stack
from tests.browser.test_journey import ask, expect_row, expect_state
from tests.fakes import FakeModelServer

USER, PASSWORD = "ops", "pä:ss word"


@pytest.fixture
def stack(tmp_path_factory: pytest.TempPathFactory, model: FakeModelServer) -> Iterator[Stack]:
    """An installation of its own, with a password for operators."""
    folder = tmp_path_factory.mktemp("operators")
    secrets = {"DASHBOARD_USERNAME": USER, "DASHBOARD_PASSWORD": PASSWORD}
    with Stack(folder, model.base_url, **secrets) as running:
        yield running


def sign_in(page: Page, password: str) -> None:
    page.get_by_label("User").fill(USER)
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_label("Password", exact=True).press("Enter")


def test_operator_requeues_what_failed(page: Page, model: FakeModelServer, stack: Stack) -> None:
    """After the key was put right, one and then all of its kind run to their end."""
    model.behave("bad_key", times=3)
    questions = ["Who signs the lease?", "What may a hotel cost?", "How many trucks are there?"]
    for question in questions:
        ask(page, question)
        expect_state(page, "Failed")
    model.behave("no_quota", times=1)
    ask(page, "Who pays?")
    expect_state(page, "Failed")

    page.get_by_role("link", name="Failed jobs").click()
    sign_in(page, "wrong")
    expect(page.get_by_text("Wrong user name or password.")).to_be_visible()
    sign_in(page, PASSWORD)
    expect(page.get_by_role("radio", name="All 4")).to_be_visible()
    expect_row(page, "Answer a question", "No quota left", "questions")
    main = page.get_by_test_id("stMain")
    for question in questions:
        expect(main).not_to_contain_text(question)

    page.get_by_role("radio", name="Bad API key 3").click()
    expect(page.get_by_role("button", name="Requeue all 3 of this kind")).to_be_visible()
    table = page.get_by_test_id("stDataFrame")
    table.click(position={"x": 20, "y": 35 * 3 + 17})
    page.get_by_role("button", name="Requeue selected (1)").click()
    expect(page.get_by_text("1 job is queued again.")).to_be_visible()

    page.get_by_role("button", name="Requeue all 2 of this kind").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("2 jobs that failed with “Bad API key”")
    expect_access(page)
    dialog.get_by_role("button", name="Requeue 2").click()
    expect(page.get_by_text("2 jobs are queued again.")).to_be_visible()
    expect(page.get_by_role("radio", name="All 1")).to_be_visible()
    expect_row(page, "No quota left")
    for question in questions:
        expect(page.get_by_role("button", name=question)).to_contain_text("check_circle")
    assert "Traceback" not in stack.log("web")


def test_selection_survives_refreshes(page: Page, model: FakeModelServer) -> None:
    """While other jobs fail, the selected one stays selected, wherever its row moves."""
    model.behave("bad_key", times=1)
    ask(page, "Who signs the lease?")
    expect_state(page, "Failed")
    operator = page.context.new_page()
    operator.goto("/failed")
    sign_in(operator, PASSWORD)
    expect_row(operator, "Bad API key")
    operator.get_by_test_id("stDataFrame").click(position={"x": 20, "y": 35 + 17})
    expect(operator.get_by_role("button", name="Requeue selected (1)")).to_be_visible()
    model.behave("no_quota", times=1)
    ask(page, "Who pays?")
    expect_state(page, "Failed")
    expect_row(operator, "No quota left")
    selected = operator.get_by_test_id("stDataFrame").locator("[role=row][aria-selected=true]")
    expect(selected).to_have_count(1)
    expect(selected).to_contain_text("Bad API key")
    expect(operator.get_by_role("button", name="Requeue selected (1)")).to_be_visible()
