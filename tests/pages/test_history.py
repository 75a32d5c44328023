"""The table of questions: filters, order, selection, what is done to several, and undo."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest
from streamlit.testing.v1 import AppTest

from jobs.errors import BrokerUnavailableError
from jobs.models import JobState
from tests.pages.conftest import OpenPage, button_keys, words
from tests.pages.fakes import ANSWER, BAD_KEY, FakeClients
from ui.state import history as history_state

DAY = 24 * 3600


def questions(app: AppTest) -> list[str]:
    return list(app.dataframe[0].value["Question"]) if app.dataframe else []


def select(app: AppTest, *job_ids: str) -> AppTest:
    """As the boxes of the table do, which AppTest does not have."""
    app.session_state["table_selected"] = frozenset(job_ids)
    return app.run()


def told(app: AppTest) -> list[str]:
    return [toast.value for toast in app.toast]


def test_words_are_looked_for_in_questions_and_answers(
    clients: FakeClients, open_page: OpenPage
) -> None:
    """All words must occur, whichever of the two they are in; the count says of how many."""
    clients.jobs.put("What may a HOTEL cost?", JobState.FINISHED)
    clients.jobs.put("What may a taxi cost?", JobState.FAILED, failure=BAD_KEY)
    app = open_page()
    app.text_input(key="job_search").set_value("limit hotel").run()
    assert questions(app) == ["What may a HOTEL cost?"]
    assert "1 of 2" in words(app)
    app.button(key="clear_filters").click().run()
    assert len(questions(app)) == 2
    assert app.text_input(key="job_search").value == ""
    assert "clear_filters" not in button_keys(app)


def test_nothing_found_says_what_for(clients: FakeClients, open_page: OpenPage) -> None:
    """An empty table names the words, and whether other filters count as well."""
    clients.jobs.put("Good", JobState.FINISHED)
    app = open_page()
    app.text_input(key="job_search").set_value("zebra").run()
    assert "No question matches “zebra”." in words(app)
    app.selectbox(key="job_filter").set_value("stopped").run()
    assert "No question matches “zebra” and the other filters." in words(app)
    app.text_input(key="job_search").set_value("").run()
    assert "No question matches these filters." in words(app)


def test_state_time_and_document_filter(clients: FakeClients, open_page: OpenPage) -> None:
    """Each filter keeps what it says, and the shown question stays."""
    document = clients.documents.put("travel-policy.docx")
    cites = replace(ANSWER, citations=(replace(ANSWER.citations[0], document_id=document),))
    clients.jobs.put("Old", JobState.FINISHED, age_seconds=9 * DAY)
    clients.jobs.put("Bad", JobState.FAILED, failure=BAD_KEY)
    clients.jobs.answers[clients.jobs.put("Good", JobState.FINISHED)] = cites
    app = open_page()
    app.selectbox(key="job_filter").set_value("failed").run()
    assert questions(app) == ["Bad"]
    assert app.header[0].value == "Good"
    app.selectbox(key="job_filter").set_value("all").run()
    app.selectbox(key="job_period").set_value("7 days").run()
    assert questions(app) == ["Good", "Bad"]
    app.selectbox(key="job_period").set_value("any").run()
    app.selectbox(key="job_document").set_value(document).run()
    assert questions(app) == ["Good"]


def test_order_is_chosen(clients: FakeClients, open_page: OpenPage) -> None:
    """The oldest first, or what waited longest."""
    clients.jobs.put("Old", JobState.FINISHED, queued_at=time.time() - 62)
    clients.jobs.put("New", JobState.FINISHED)
    app = open_page()
    app.selectbox(key="job_order").set_value("oldest").run()
    assert questions(app) == ["Old", "New"]
    app.selectbox(key="job_order").set_value("newest").run()
    assert questions(app) == ["New", "Old"]
    app.selectbox(key="job_order").set_value("wait").run()
    assert questions(app) == ["Old", "New"]


def test_refresh_does_not_search_again_at_once(
    clients: FakeClients, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While nothing happens a search is not repeated; rows are as they are now all the same."""
    running = clients.jobs.put("Running", JobState.STARTED)
    app = open_page()
    app.text_input(key="job_search").set_value("running").run()
    searches = len(clients.jobs.done("find"))
    clients.jobs.change(running, preview="", state=JobState.RETRYING)
    monkeypatch.setattr(history_state.time, "monotonic", lambda: 0.0)
    app.run()
    assert len(clients.jobs.done("find")) == searches
    assert list(app.dataframe[0].value["State"][0]) == ["Retrying"]


def test_action_searches_again_at_once(clients: FakeClients, open_page: OpenPage) -> None:
    """What was deleted is not found any more."""
    job = clients.jobs.put("Good", JobState.FINISHED)
    app = open_page()
    app.text_input(key="job_search").set_value("good").run()
    app.button(key=f"delete_{job}").click().run()
    assert "No question matches “good”." in words(app)


def test_several_are_retried_and_stopped_as_far_as_they_can(
    clients: FakeClients, open_page: OpenPage
) -> None:
    """Each action says how many it did, and why it left the others."""
    failed = clients.jobs.put("Bad", JobState.FAILED, failure=BAD_KEY)
    stopped = clients.jobs.put("Stopped", JobState.STOPPED)
    good = clients.jobs.put("Good", JobState.FINISHED)
    app = open_page()
    select(app, failed, stopped, good)
    assert "3 selected" in words(app)
    app.button(key="bulk_retry").click().run()
    assert told(app) == ["Retried 2 of 3; 1 was not failed or stopped."]
    app.button(key="bulk_stop").click().run()
    assert told(app) == ["Stopped 2 of 3; 1 was already over."]
    app.button(key="clear_selection").click().run()
    assert "bulk_stop" not in button_keys(app)


def test_deleted_questions_come_back(clients: FakeClients, open_page: OpenPage) -> None:
    """A deletion asks nothing and can be undone; what is not over is left, and that is said."""
    jobs = [clients.jobs.put(text, JobState.FINISHED) for text in ("First", "Second")]
    running = clients.jobs.put("Running", JobState.STARTED)
    app = open_page()
    select(app, *jobs, running)
    app.button(key="bulk_delete").click().run()
    assert questions(app) == ["Running"]
    assert "Deleted 2 questions." in words(app)
    assert "Deleted 2 of 3; 1 was not over yet" in told(app)[0]
    app.switch_page("pages/documents.py").run()
    assert "Deleted 2 questions." in words(app)
    app.button(key="undo_deletion").click().run()
    assert "undo_deletion" not in button_keys(app)
    app.switch_page("pages/ask.py").run()
    assert questions(app) == ["Running", "Second", "First"]


def test_deleting_the_shown_question_frees_the_page(
    clients: FakeClients, open_page: OpenPage
) -> None:
    """The page is then free for a new question, until undo opens the deleted one again."""
    clients.jobs.put("Older", JobState.FINISHED)
    job = clients.jobs.put("What is the hotel limit?", JobState.FINISHED)
    app = open_page()
    app.button(key=f"delete_{job}").click().run()
    assert clients.jobs.done("delete") == [job]
    assert "What is the hotel limit?" not in [header.value for header in app.header]
    app.button(key="undo_deletion").click().run()
    assert app.header[0].value == "What is the hotel limit?"


def test_undo_is_offered_for_a_while(
    clients: FakeClients, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once its time is over the bar is gone, and while it is there the page looks at the clock."""
    job = clients.jobs.put("Good", JobState.FINISHED)
    app = open_page()
    app.button(key=f"delete_{job}").click().run()
    assert "undo_deletion" in button_keys(app)
    assert app.session_state["refresh_seconds"] == 1.0
    late = time.time() + history_state.UNDO_SECONDS + 1
    monkeypatch.setattr(history_state.time, "time", lambda: late)
    app.run()
    assert "undo_deletion" not in button_keys(app)


def test_outage_in_the_middle_is_told(clients: FakeClients, open_page: OpenPage) -> None:
    """If Valkey goes away, the action ends with a sentence and no trace."""
    job = clients.jobs.put("Bad", JobState.FAILED, failure=BAD_KEY)
    app = open_page()
    select(app, job)
    clients.jobs.error = BrokerUnavailableError()
    app.button(key="bulk_retry").click().run()
    clients.jobs.error = None
    app.run()
    assert not app.exception
    assert questions(app) == ["Bad"]
