"""Asking again with changes, versions and their comparison, and follow-ups, on the Ask page."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from streamlit.testing.v1 import AppTest

from jobs.errors import BrokerUnavailableError, NotFoundError, UnknownDocumentsError
from jobs.models import JobState, JobView, Question
from jobs.settings import Settings
from tests.pages.conftest import OpenPage, button_keys, shown_job, use_clients, words
from tests.pages.fakes import ANSWER, BAD_KEY, USER, FakeClients
from ui.components.common.text import plain

HOTEL = "What is the hotel limit?"


def newest(clients: FakeClients) -> JobView:
    return clients.jobs.list_jobs(USER, limit=1).jobs[0]


def put_versions(clients: FakeClients, *states: JobState) -> list[str]:
    """Script versions of one question; returns their ids."""
    first, *others = [clients.jobs.put(HOTEL, state) for state in states]
    for job_id in others:
        asked = replace(clients.jobs.jobs[job_id].asked, version_of=first)
        clients.jobs.change(job_id, asked=asked, thread=first)
    return [first, *others]


def open_dialog(app: AppTest, job_id: str) -> AppTest:
    return app.button(key=f"change_{job_id}").click().run()


# Asking again with changes


@pytest.mark.parametrize("state", [JobState.FINISHED, JobState.FAILED, JobState.STOPPED])
def test_question_is_asked_again_with_changes(
    clients: FakeClients, open_page: OpenPage, state: JobState
) -> None:
    """The dialog has the question as it was asked; what is changed becomes a version, and shown."""
    policy, report = clients.documents.put("policy.docx"), clients.documents.put("report.pdf")
    job = clients.jobs.put(Question(HOTEL, documents=(policy,)), state)
    app = open_dialog(open_page(job=job), job)
    assert app.text_area[0].value == HOTEL
    assert app.multiselect[0].value == [policy]
    assert "Model" not in [box.label for box in app.selectbox], "one model is no choice"
    app.text_area[0].set_value("What may a hotel cost?").run()
    app.multiselect[0].set_value([report]).run()
    app.button(key="ask_again_confirmed").click().run()
    assert newest(clients).asked == Question(
        "What may a hotel cost?", (report,), "", "", version_of=job
    )
    assert shown_job(app) == newest(clients).id
    assert "ask_again_confirmed" not in button_keys(app)
    assert "Asked of" in words(app)


def test_model_is_chosen_where_several_are_offered(
    clients: FakeClients,
    open_page: OpenPage,
    make_settings: Callable[..., Settings],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The usual one is chosen at first, and asked for without its name."""
    settings = make_settings(chat_model="usual", chat_models="large")
    use_clients(replace(clients, settings=settings), monkeypatch)
    job = clients.jobs.put(HOTEL, JobState.FINISHED)
    app = open_dialog(open_page(), job)
    [models] = [box for box in app.selectbox if box.label == "Model"]
    assert models.options == ["usual (default)", "large"]
    models.set_value("large").run()
    app.button(key="ask_again_confirmed").click().run()
    assert newest(clients).asked.model == "large"
    assert "large" in words(app)


def test_what_was_typed_stays_when_it_cannot_be_sent(
    clients: FakeClients, open_page: OpenPage
) -> None:
    """The reason is told in the dialog; the other try has the same id, a changed text another."""
    job = clients.jobs.put(HOTEL, JobState.FINISHED)
    app = open_dialog(open_page(), job)
    app.text_area[0].set_value("What may a hotel cost?").run()
    clients.jobs.submit_error = UnknownDocumentsError("Nothing of that is there.")
    app.button(key="ask_again_confirmed").click().run()
    assert [error.value for error in app.error] == [plain("Nothing of that is there.")]
    assert app.text_area[0].value == "What may a hotel cost?"
    app.button(key="ask_again_confirmed").click().run()
    app.text_area[0].set_value("What may a hotel cost in Oslo?").run()
    clients.jobs.submit_error = None
    app.button(key="ask_again_confirmed").click().run()
    first, again, changed = clients.jobs.submitted_ids
    assert first == again != changed
    assert newest(clients).asked.text == "What may a hotel cost in Oslo?"


def test_cancelled_changes_are_forgotten(clients: FakeClients, open_page: OpenPage) -> None:
    """Opened again, the dialog has the question as it was asked."""
    job = clients.jobs.put(HOTEL, JobState.FINISHED)
    app = open_dialog(open_page(), job)
    app.text_area[0].set_value("Something else").run()
    app.button(key="ask_again_cancelled").click().run()
    assert not app.text_area
    assert open_dialog(app, job).text_area[0].value == HOTEL
    assert clients.jobs.done("submit") == []


def test_documents_that_are_gone_are_told(clients: FakeClients, open_page: OpenPage) -> None:
    """They cannot be chosen, and the dialog says that there were some."""
    job = clients.jobs.put(Question(HOTEL, documents=("gone",)), JobState.FINISHED)
    app = open_dialog(open_page(), job)
    assert app.multiselect[0].value == []
    assert "1 document that it was asked of before is no longer available" in words(app)


def test_version_of_a_follow_up_follows_the_same_question(
    clients: FakeClients, open_page: OpenPage
) -> None:
    """Unless that was deleted: then it is a question of its own."""
    first = clients.jobs.put(HOTEL, JobState.FINISHED)
    job = clients.jobs.put(Question("And in Oslo?", follows=first), JobState.FINISHED)
    app = open_dialog(open_page(job=job), job)
    assert f"Follows up “{HOTEL}”" in words(app)
    app.button(key="ask_again_confirmed").click().run()
    assert newest(clients).asked.follows == first
    del clients.jobs.jobs[first]
    app = open_dialog(open_page(job=job), job)
    app.button(key="ask_again_confirmed").click().run()
    assert newest(clients).asked == Question("And in Oslo?", version_of=job)


def test_changed_sources_are_asked_again_as_a_version(
    clients: FakeClients, open_page: OpenPage
) -> None:
    """The click beside "the sources have changed" keeps scope and model, without what is gone."""
    job = clients.jobs.put(
        Question(HOTEL, documents=("d1", "d2"), model="large"), JobState.FINISHED
    )
    clients.documents.deleted.add("d1")
    open_page().button(key=f"ask_again_{job}").click().run()
    assert newest(clients).asked == Question(HOTEL, ("d2",), "large", "", version_of=job)


def test_outage_at_asking_again_is_told(clients: FakeClients, open_page: OpenPage) -> None:
    """The click that cannot read what is there says so, and asks nothing."""
    job = clients.jobs.put(Question(HOTEL, documents=("d1",)), JobState.FINISHED)
    clients.documents.deleted.add("d1")
    app = open_page()
    clients.documents.error = BrokerUnavailableError()
    app.button(key=f"ask_again_{job}").click().run()
    assert not app.exception
    assert plain(BrokerUnavailableError.message) in [notice.value for notice in app.warning]
    assert clients.jobs.done("submit") == []


# Versions


def test_single_version_has_no_row(clients: FakeClients, open_page: OpenPage) -> None:
    """Nothing speaks of versions until there are two."""
    job = clients.jobs.put(HOTEL, JobState.FINISHED)
    app = open_page()
    assert f"compare_{job}" not in button_keys(app)
    assert "Versions" not in words(app)


def test_versions_are_a_row_that_opens_them(clients: FakeClients, open_page: OpenPage) -> None:
    """Numbers with the states' icons; the shown one is chosen, and another one opens at a click."""
    ids = put_versions(clients, JobState.FINISHED, JobState.FAILED, JobState.STOPPED)
    app = open_page(job=ids[1])
    row = app.get("button_group")[0]
    assert row.value == ids[1]
    assert [option.content for option in row.proto.options] == [
        "1 :material/check_circle:",
        "2 :material/error:",
        "3 :material/stop_circle:",
    ]
    row.set_value(ids[0]).run()
    assert shown_job(app) == ids[0]


def test_two_versions_are_compared(clients: FakeClients, open_page: OpenPage) -> None:
    """The one that is shown and the one before it at first; any two by choice."""
    ids = put_versions(clients, *[JobState.FINISHED] * 3)
    clients.jobs.answers[ids[1]] = replace(ANSWER, text="The hotel limit is EUR 180 per night [1].")
    cited = replace(ANSWER.citations[0], passage_id="p2", text="Another passage.")
    clients.jobs.answers[ids[2]] = replace(ANSWER, citations=(cited,))
    app = open_page(job=ids[1]).button(key=f"compare_{ids[0]}").click().run()
    left, right = (f"compare_{side}" for side in ("left", "right"))
    assert [app.selectbox(key=key).value for key in (left, right)] == [ids[0], ids[1]]
    html = "".join(element.proto.body for element in app.get("html"))
    assert ">160</del>" in html
    assert ">180</ins>" in html
    assert "Struck through: only in version 1. Underlined: only in version 2." in words(app)
    app.selectbox(key=right).set_value(ids[2]).run()
    assert "Only version 3 cites" in words(app)
    assert "Another passage." in words(app)
    app.selectbox(key=right).set_value(ids[0]).run()
    assert "the same version twice" in words(app)


def test_version_without_an_answer_says_why(clients: FakeClients, open_page: OpenPage) -> None:
    """A failed version is compared by what was asked, and tells its failure."""
    ids = put_versions(clients, JobState.FINISHED, JobState.FAILED)
    clients.jobs.change(ids[1], failure=BAD_KEY)
    app = open_page(job=ids[0]).button(key=f"compare_{ids[0]}").click().run()
    assert BAD_KEY.message in words(app)
    assert "Sources that both cite" not in words(app)


# Follow-ups


def test_follow_up_is_asked_only_if_that_was_said(
    clients: FakeClients, open_page: OpenPage
) -> None:
    """After "Follow up" the next question continues the shown one; the one after that does not."""
    job = clients.jobs.put(Question(HOTEL, documents=("d1",), model="large"), JobState.FINISHED)
    app = open_page()
    app.chat_input[0].set_value("Something new").run()
    assert newest(clients).asked == Question("Something new")
    app = open_page(job=job)
    app.button(key=f"follow_{job}").click().run()
    assert f"Following up: **{HOTEL}** · in 1 document" in words(app)
    app.chat_input[0].set_value("And in Oslo?").run()
    assert newest(clients).asked == Question("And in Oslo?", ("d1",), "large", follows=job)
    assert "Following up" not in words(app)
    app.chat_input[0].set_value("Something else").run()
    assert newest(clients).asked == Question("Something else")


@pytest.mark.parametrize("end", ["followed_stop", "follow_job-1", "new_question"])
def test_following_up_can_be_ended(clients: FakeClients, open_page: OpenPage, end: str) -> None:
    """By the cross at the input, by the button again, and by a new question."""
    clients.documents.put("minutes.docx")
    job = clients.jobs.put(HOTEL, JobState.FINISHED)
    app = open_page()
    app.button(key=f"follow_{job}").click().run()
    app.button(key=end).click().run()
    assert "Following up" not in words(app)
    app.chat_input[0].set_value("Something new").run()
    assert newest(clients).asked == Question("Something new")


def test_follow_up_shows_what_it_follows_and_how_it_was_understood(
    clients: FakeClients, open_page: OpenPage
) -> None:
    """The earlier questions are links above; the stand-alone question is below where it differs."""
    first = clients.jobs.put(HOTEL, JobState.FINISHED)
    second = clients.jobs.put(Question("And in Oslo?", follows=first), JobState.FINISHED)
    third = clients.jobs.put(Question("And with breakfast?", follows=second), JobState.FINISHED)
    clients.jobs.answers[third] = replace(ANSWER, standalone="What is the limit with breakfast?")
    app = open_page(job=third)
    assert {f"earlier_{third}_{first}", f"earlier_{third}_{second}"} <= button_keys(app)
    assert "Understood as: What is the limit with breakfast?" in words(app)
    app.button(key=f"earlier_{third}_{first}").click().run()
    assert shown_job(app) == first
    assert "Understood as" not in words(app)


def test_follow_up_that_cannot_be_sent_keeps_what_it_follows(
    clients: FakeClients, open_page: OpenPage
) -> None:
    """After an outage the same is sent again, as the follow-up that it was."""
    job = clients.jobs.put(HOTEL, JobState.FINISHED)
    app = open_page()
    app.button(key=f"follow_{job}").click().run()
    clients.jobs.submit_error = BrokerUnavailableError()
    app.chat_input[0].set_value("And in Oslo?").run()
    clients.jobs.submit_error = None
    app.button(key="unsent_send").click().run()
    assert newest(clients).asked == Question("And in Oslo?", follows=job)


def test_follow_up_to_a_deleted_question_can_be_asked_on_its_own(
    clients: FakeClients, open_page: OpenPage
) -> None:
    """What was typed is not lost with what it followed."""
    job = clients.jobs.put(HOTEL, JobState.FINISHED)
    app = open_page()
    app.button(key=f"follow_{job}").click().run()
    clients.jobs.submit_error = NotFoundError("It is not there.")
    app.chat_input[0].set_value("And in Oslo?").run()
    assert "unsent_send" not in button_keys(app)
    clients.jobs.submit_error = None
    app.button(key="unsent_alone").click().run()
    assert newest(clients).asked == Question("And in Oslo?")
