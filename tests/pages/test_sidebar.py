"""The sidebar: history, search, retry, and who is asking."""

from __future__ import annotations

import pytest
import streamlit as st

import ui.identity.people
from jobs.models import JobState
from tests.pages.conftest import OpenPage, button_keys, shown_job, words
from tests.pages.fakes import BAD_KEY, FakeClients


def test_history_shows_own_questions_only(clients: FakeClients, open_page: OpenPage) -> None:
    """The history has the user's questions with their age, and nobody else's."""
    clients.jobs.put("Mine?", JobState.FINISHED, age_seconds=600)
    clients.jobs.put("Secret of Bob", JobState.FINISHED, user="b-bob")
    app = open_page()
    labels = [button.label for button in app.sidebar.button]
    assert any("Mine?" in label and "10 min" in label for label in labels)
    assert not any("Secret" in label for label in labels)


def test_history_click_opens_the_question(clients: FakeClients, open_page: OpenPage) -> None:
    """A click shows that question and puts it in the address."""
    older = clients.jobs.put("Older", JobState.FINISHED)
    clients.jobs.put("Newer", JobState.FINISHED)
    app = open_page()
    app.button(key=f"open_{older}").click().run()
    assert app.header[0].value == "Older"
    assert shown_job(app) == older


def test_history_search_narrows_it(clients: FakeClients, open_page: OpenPage) -> None:
    """The search keeps the questions that contain its words, and says if none does."""
    trucks = clients.jobs.put("How many trucks?", JobState.FINISHED)
    hotels = clients.jobs.put("What is the hotel limit?", JobState.FINISHED)
    app = open_page()
    app.text_input(key="history_search").set_value("TRUCK").run()
    assert f"open_{trucks}" in button_keys(app)
    assert f"open_{hotels}" not in button_keys(app)
    app.text_input(key="history_search").set_value("zeppelin").run()
    assert "No question matches." in words(app)


def test_history_retries_in_place(clients: FakeClients, open_page: OpenPage) -> None:
    """A failed question in the history has a retry button of its own; a finished one has none."""
    failed = clients.jobs.put("Bad", JobState.FAILED, failure=BAD_KEY)
    fine = clients.jobs.put("Good", JobState.FINISHED)
    app = open_page()
    assert f"history_retry_{fine}" not in button_keys(app)
    app.button(key=f"history_retry_{failed}").click().run()
    assert clients.jobs.done("retry") == [failed]
    assert f"history_retry_{failed}" not in button_keys(app)


def test_history_follows_a_change_of_state(clients: FakeClients, open_page: OpenPage) -> None:
    """When a question ends, the sidebar shows it, though only the page's live part looked."""
    job = clients.jobs.put("How many trucks?", JobState.STARTED)
    app = open_page()
    assert "play_circle" in app.button(key=f"open_{job}").label
    clients.jobs.change(job, state=JobState.FAILED, failure=BAD_KEY)
    app.run()
    assert ":material/error:" in app.button(key=f"open_{job}").label


def test_long_history_points_to_the_table(clients: FakeClients, open_page: OpenPage) -> None:
    """The history has the newest 30, and says of how many."""
    for number in range(33):
        clients.jobs.put(f"Question {number}", JobState.FINISHED)
    app = open_page()
    assert len([key for key in button_keys(app) if key.startswith("open_")]) == 30
    assert "showing 30 of 33" in words(app)


def test_new_question_clears_the_page(clients: FakeClients, open_page: OpenPage) -> None:
    """ "New question" shows the welcome, though there are earlier questions."""
    job = clients.jobs.put("Earlier", JobState.FINISHED)
    clients.documents.put("minutes.docx")
    app = open_page(job=job)
    app.button(key="new_question").click().run()
    assert app.title[0].value == "Ask your documents"
    assert "Earlier" not in [header.value for header in app.header]


def test_browser_without_cookie_is_told(
    clients: FakeClients, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a cookie nobody can be told apart, so the page explains and shows no question."""
    monkeypatch.setattr(ui.identity.people, "current_person", lambda: None)
    app = open_page()
    assert "Allow cookies for this address" in words(app)
    assert not app.chat_input
    assert clients.jobs.calls == []


def test_question_that_ends_on_another_page_is_told_once(
    clients: FakeClients, open_page: OpenPage
) -> None:
    """While somebody reads the documents, a toast says what was answered."""
    job = clients.jobs.put("How many trucks?", JobState.STARTED)
    app = open_page("documents")
    assert not app.toast
    clients.jobs.change(job, state=JobState.FINISHED)
    app.run()
    assert [toast.value for toast in app.toast] == ["Finished: How many trucks?"]
    app.run()
    assert not app.toast


def test_title_follows_what_ends_while_the_page_is_drawn(
    clients: FakeClients, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sidebar is read after the title was given; the title does not stay behind."""
    job = clients.jobs.put("How many trucks?", JobState.STARTED)
    titles: list[str] = []
    is_ending = False
    config = st.set_page_config

    def note(**values: str) -> None:
        titles.append(values["page_title"])
        if is_ending:
            clients.jobs.change(job, state=JobState.FINISHED)
        config(**values)

    monkeypatch.setattr(st, "set_page_config", note)
    app = open_page("documents")
    assert titles[-1] == "(1) Askqueue"
    is_ending = True
    app.session_state["refresh_seconds"] = None  # as where another question's end was foreseen
    app.run()
    assert titles[-1] == "Askqueue"
