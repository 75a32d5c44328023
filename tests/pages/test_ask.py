"""The Ask page in every state of a question."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from jobs.errors import BrokerUnavailableError, InvalidQuestionError
from jobs.models import (
    DocumentStatus,
    Eta,
    Failure,
    Feedback,
    IndexState,
    JobState,
    Stage,
    SupportLevel,
    WorkerReport,
)
from tests.pages.conftest import OpenPage, button_keys, shown_job, words
from tests.pages.fakes import ANSWER, BAD_KEY, FakeClients
from tests.waiting import HANG_SECONDS
from ui.components.common.text import plain


def test_no_documents_leads_to_the_documents_page(open_page: OpenPage) -> None:
    """Before there is a document, the page says so and links to where they are added."""
    app = open_page()
    assert "There are no documents yet" in words(app)
    assert [link.label for link in app.get("page_link")] == ["Add documents"]


def test_first_visit_suggests_three_questions(clients: FakeClients, open_page: OpenPage) -> None:
    """With the samples indexed, three questions that they answer are one click away."""
    for name in ("travel-and-expense-policy.docx", "annual-report-2025.pdf"):
        clients.documents.put(name)
    app = open_page()
    assert len([key for key in button_keys(app) if key.startswith("suggestion_")]) == 3
    app.button(key="suggestion_0").click().run()
    assert clients.jobs.done("submit") == ["What is the hotel limit per night?"]
    assert app.header[0].value == "What is the hotel limit per night?"


def test_own_documents_give_a_hint_instead_of_suggestions(
    clients: FakeClients, open_page: OpenPage
) -> None:
    """Where no sample is indexed, nothing is suggested that could not be answered."""
    clients.documents.put("minutes.docx")
    app = open_page()
    assert "One document is ready" in words(app)
    assert not any(key.startswith("suggestion_") for key in button_keys(app))


def test_first_documents_on_their_way_show_progress(
    clients: FakeClients, open_page: OpenPage
) -> None:
    """While the first documents are indexed, the page says so and looks again."""
    clients.documents.put("a.pdf", DocumentStatus.INDEXING, progress=0.5)
    app = open_page()
    assert "being indexed" in words(app)
    assert app.session_state["refresh_seconds"] == 1.5


def test_asking_submits_and_shows_the_question(clients: FakeClients, open_page: OpenPage) -> None:
    """What is typed is submitted, shown as queued with its place, and put in the address."""
    clients.documents.put("minutes.docx")
    app = open_page()
    app.chat_input[0].set_value("How many trucks?").run()
    assert clients.jobs.done("submit") == ["How many trucks?"]
    assert "Next in the queue" in words(app)
    assert shown_job(app) == "job-1"
    assert "open_job-1" in button_keys(app)


def test_queued_question_tells_its_place(clients: FakeClients, open_page: OpenPage) -> None:
    """A queued question says how many are before it, and can be stopped."""
    job = clients.jobs.put("How many trucks?", JobState.QUEUED, position=2)
    app = open_page()
    assert "1 ahead of you" in words(app)
    app.button(key=f"stop_{job}").click().run()
    assert clients.jobs.done("stop") == [job]
    assert "You stopped this question." in words(app)


def test_waiting_question_says_what_it_waits_for(clients: FakeClients, open_page: OpenPage) -> None:
    """A question beyond the user's share says that it waits for the user's others."""
    clients.jobs.put("How many trucks?", JobState.WAITING)
    assert "Waiting for your other questions" in words(open_page())


@pytest.mark.parametrize(
    ("state", "fields", "progress"),
    [
        (JobState.QUEUED, {"position": 3}, "2 ahead of you"),
        (JobState.WAITING, {}, "Waiting for your other questions"),
        (JobState.STARTED, {"stage": Stage.GENERATING}, "Writing the answer…"),
        (JobState.STARTED, {"stage": Stage.THINKING}, "The model is thinking…"),
    ],
)
def test_unfinished_question_says_when_it_is_done(
    clients: FakeClients,
    open_page: OpenPage,
    state: JobState,
    fields: dict[str, object],
    progress: str,
) -> None:
    """Place or stage, and the range in round steps; in the table as well."""
    job = clients.jobs.put("How many trucks?", state, **fields)
    clients.jobs.etas[job] = Eta(22.0, 55.0)
    app = open_page()
    assert f"{progress} · about 20 s to 1 min" in words(app)
    cell = {
        JobState.QUEUED: "2 ahead of you · about 20 s to 1 min",
        JobState.WAITING: "about 20 s to 1 min · Waiting for your other questions",
        JobState.STARTED: "about 20 s to 1 min",
    }
    assert list(app.dataframe[0].value["Answer"]) == [cell[state]]
    clients.jobs.etas[job] = Eta(19.5, 50.0)
    assert f"{progress} · about 20 s to 1 min" in words(app.run())
    clients.jobs.etas[job] = Eta(0.0, 0.5)
    assert f"{progress} · any moment" in words(app.run())


def test_queued_question_admits_that_its_end_is_not_known(
    clients: FakeClients, open_page: OpenPage
) -> None:
    """Before there is anything to learn from, the page says so instead of guessing."""
    clients.jobs.put("How many trucks?", JobState.QUEUED, position=1)
    assert "Next in the queue · no estimate yet" in words(open_page())


@pytest.mark.parametrize(
    ("state", "fields", "progress"),
    [
        (JobState.QUEUED, {"position": 3}, "2 ahead of you · paused by an operator"),
        (JobState.WAITING, {}, "Waiting for your other questions · paused by an operator"),
        (JobState.STARTED, {"stage": Stage.GENERATING}, "Writing the answer…"),
    ],
)
def test_question_in_a_paused_queue_says_so_instead_of_an_end(
    clients: FakeClients,
    open_page: OpenPage,
    state: JobState,
    fields: dict[str, object],
    progress: str,
) -> None:
    """Nobody knows when an operator resumes it; what was started before goes on."""
    clients.jobs.put("How many trucks?", state, **fields)
    clients.jobs.paused = True
    assert progress in words(open_page()).splitlines()


def test_overdue_question_says_that_it_takes_longer(
    clients: FakeClients, open_page: OpenPage
) -> None:
    """One that has run longer than nearly all of late gets no range."""
    job = clients.jobs.put("How many trucks?", JobState.STARTED, stage=Stage.GENERATING)
    clients.jobs.etas[job] = Eta(0.0, 30.0, overdue=True)
    assert "Writing the answer… · longer than usual" in words(open_page())


def test_streaming_answer_shows_stage_and_text(clients: FakeClients, open_page: OpenPage) -> None:
    """While an answer streams, its words so far and its stage show, which refresh by themselves."""
    job = clients.jobs.put("How many trucks?", JobState.STARTED, stage=Stage.GENERATING)
    clients.jobs.texts[job] = "There are 40 tru"
    app = open_page()
    assert "Writing the answer…" in words(app)
    assert "There are 40 tru" in words(app)
    assert app.session_state["refresh_seconds"] == 3.0


def test_retried_question_hides_the_earlier_text(clients: FakeClients, open_page: OpenPage) -> None:
    """While a retried question waits, the text of its earlier attempt is not shown."""
    job = clients.jobs.put("How many trucks?", JobState.QUEUED, position=1, attempt=1)
    clients.jobs.texts[job] = "There are 40 tru"
    assert "There are 40 tru" not in words(open_page())


def test_finished_answer_shows_text_sources_and_facts(
    clients: FakeClients, open_page: OpenPage
) -> None:
    """A finished answer has its text, the place of each cited passage, and what it took."""
    job = clients.jobs.put("What is the hotel limit?", JobState.FINISHED)
    app = open_page()
    text = words(app)
    assert "The hotel limit is **EUR 160** per night [:blue-badge[1]](#source-1" in text
    receipt = app.expander[-1]
    facts = "2.5 s in total · first word 400 ms · 1,640 + 61 tokens · stub-model"
    assert facts in receipt.label.replace("\\", "")
    assert "In the queue <b>12 ms</b>" in receipt.get("html")[0].proto.body
    assert "Writing <b>2.1 s</b>" in receipt.get("html")[0].proto.body
    label = app.button(key=f"citation_{job}_1").label.replace("\\", "")
    assert label == ":blue-badge[1] travel-policy.docx :gray[· pages 4–5]"


def test_nothing_refreshes_when_nothing_runs(clients: FakeClients, open_page: OpenPage) -> None:
    """Once all questions are over, the page stops polling."""
    job = clients.jobs.put("What is the hotel limit?", JobState.STARTED)
    app = open_page()
    assert app.session_state["refresh_seconds"] == 3.0
    clients.jobs.change(job, state=JobState.FINISHED)
    clients.jobs.answers[job] = ANSWER
    app.run()
    assert app.session_state["refresh_seconds"] is None


def test_other_running_questions_refresh_more_slowly(
    clients: FakeClients, open_page: OpenPage
) -> None:
    """While only questions that are not shown run, a slower refresh is enough."""
    clients.jobs.put("Running", JobState.STARTED)
    shown = clients.jobs.put("Finished", JobState.FINISHED)
    app = open_page(job=shown)
    assert app.session_state["refresh_seconds"] == 1.5


@pytest.mark.parametrize(
    ("support", "sentence"),
    [
        (SupportLevel.UNSUPPORTED, "cites no passage"),
        (SupportLevel.NOT_FOUND, "The hotel limit"),
    ],
)
def test_answer_without_support_is_marked(
    clients: FakeClients, open_page: OpenPage, support: SupportLevel, sentence: str
) -> None:
    """An answer without citations warns; one that was not found is told as plain information."""
    job = clients.jobs.put("What is the hotel limit?", JobState.FINISHED)
    clients.jobs.answers[job] = replace(ANSWER, support=support, citations=())
    app = open_page()
    box = app.warning if support is SupportLevel.UNSUPPORTED else app.info
    assert any(sentence in element.value for element in box)
    assert not [each for each in app.expander if "travel-policy" in each.label]


def test_extractive_answer_is_labelled(clients: FakeClients, open_page: OpenPage) -> None:
    """An answer that was quoted, not written, says so."""
    job = clients.jobs.put("What is the hotel limit?", JobState.FINISHED)
    clients.jobs.answers[job] = replace(ANSWER, extractive=True, model="")
    assert "Quoted from the documents; no model is set." in words(open_page())


def test_worker_notes_show_as_quiet_banners(clients: FakeClients, open_page: OpenPage) -> None:
    """What a worker reports shows on the page: how answers are made, notes, index problems."""
    problem = Failure(
        "index_too_old", "The Qdrant server is too old.", "docker compose pull qdrant"
    )
    clients.jobs.reports = [
        WorkerReport("w", time.time(), extractive=True, notes=("No embeddings.",), problem=problem)
    ]
    clients.documents.index = IndexState(active="a", target="b", documents=3)
    app = open_page()
    text = words(app)
    assert "Set `OPENAI_API_KEY` or `OPENAI_BASE_URL`" in text
    assert "No embeddings." in text
    assert "The Qdrant server is too old." in text
    assert "docker compose pull qdrant" in text
    assert "The embedding model has changed" in text


def test_failed_question_says_why_and_can_be_retried(
    clients: FakeClients, open_page: OpenPage
) -> None:
    """A failed question shows the reason, and runs again at a click."""
    job = clients.jobs.put("How many trucks?", JobState.FAILED, failure=BAD_KEY)
    app = open_page()
    assert [error.value for error in app.error] == [plain(BAD_KEY.message)]
    app.button(key=f"retry_{job}").click().run()
    assert clients.jobs.done("retry") == [job]
    assert "Next in the queue" in words(app)
    assert not app.error


def test_stopped_question_keeps_its_partial_text(clients: FakeClients, open_page: OpenPage) -> None:
    """A stopped question shows how far it got."""
    job = clients.jobs.put("How many trucks?", JobState.STOPPED)
    clients.jobs.partials[job] = "There are 40"
    app = open_page()
    assert "You stopped this question. This is how far it got." in words(app)
    assert "There are 40" in words(app)
    assert f"retry_{job}" in button_keys(app)


def test_retrying_question_shows_reason_and_wait(clients: FakeClients, open_page: OpenPage) -> None:
    """Between two attempts, the page says what failed and when the next one starts."""
    clients.jobs.put(
        "How many trucks?",
        JobState.RETRYING,
        attempt=1,
        retry_at=time.time() + 30,
        failure=Failure("model_overloaded", "The model server is too busy."),
    )
    text = words(open_page())
    assert "Attempt 2 starts in" in text
    assert "The model server is too busy." in text


def test_no_worker_is_told_with_a_command(clients: FakeClients, open_page: OpenPage) -> None:
    """A question that waits without a living worker leads to the command that starts one."""
    clients.jobs.put("How many trucks?", JobState.QUEUED, position=1)
    clients.jobs.reports = []
    app = open_page()
    assert "No worker is running" in words(app)
    assert app.code[0].value == "make run\npython -m jobs.worker"


def test_no_worker_is_not_told_too_early(clients: FakeClients, open_page: OpenPage) -> None:
    """In the first seconds, a worker may still be on its way; also where the page takes long."""
    clients.jobs.put("How many trucks?", JobState.QUEUED, position=1, age_seconds=-HANG_SECONDS)
    clients.jobs.reports = []
    assert "No worker is running" not in words(open_page())


def test_foreign_or_unknown_job_is_not_found(clients: FakeClients, open_page: OpenPage) -> None:
    """Another user's id, like one that does not exist, gives a sentence and no question."""
    foreign = clients.jobs.put("Secret of Bob", JobState.FINISHED, user="b-bob")
    for job in (foreign, "no-such-job"):
        app = open_page(job=job)
        assert "There is no such question" in words(app)
        assert "Secret" not in words(app)
        assert not app.header


def test_deep_link_opens_that_question(clients: FakeClients, open_page: OpenPage) -> None:
    """`?job=` shows that question, not the latest."""
    older = clients.jobs.put("Older", JobState.FINISHED)
    clients.jobs.put("Newer", JobState.FINISHED)
    assert open_page(job=older).header[0].value == "Older"
    assert open_page().header[0].value == "Newer"


def test_outage_is_told_and_passes_by_itself(clients: FakeClients, open_page: OpenPage) -> None:
    """Without Valkey the page says so, keeps the input, looks again, and recovers."""
    clients.jobs.put("How many trucks?", JobState.FINISHED)
    app = open_page()
    clients.jobs.error = BrokerUnavailableError()
    app.run()
    assert not app.exception
    assert [warning.value for warning in app.warning] == [plain(BrokerUnavailableError.message)]
    assert app.session_state["refresh_seconds"] == 3.0
    assert app.chat_input
    clients.jobs.error = None
    app.button(key="outage_retry").click().run()
    assert not app.warning
    assert app.header[0].value == "How many trucks?"


def test_question_that_cannot_be_sent_is_kept(clients: FakeClients, open_page: OpenPage) -> None:
    """What could not be submitted stays on the page, to be sent again with a click."""
    clients.documents.put("minutes.docx")
    app = open_page()
    clients.jobs.error = BrokerUnavailableError()
    app.chat_input[0].set_value("How many trucks?").run()
    assert "How many trucks?" in words(app)
    told = [notice.value for notice in (*app.warning, *app.error)]
    assert told == [plain(BrokerUnavailableError.message)], "one outage is told once"
    clients.jobs.error = None
    app.run()
    assert not app.warning, "and not after it is over"
    assert not app.error
    app.button(key="unsent_send").click().run()
    assert app.header[0].value == "How many trucks?"
    assert "unsent_send" not in button_keys(app)
    first, again = clients.jobs.submitted_ids
    assert first, "an id that both tries share: only the reply may have got lost"
    assert first == again


def test_invalid_question_says_what_is_wrong(clients: FakeClients, open_page: OpenPage) -> None:
    """A question that the client refuses shows the client's sentence."""
    app = open_page()
    clients.jobs.submit_error = InvalidQuestionError("This question has 5,000 characters.")
    app.chat_input[0].set_value("x" * 10).run()
    assert "This question has 5,000 characters." in words(app)


def test_table_lists_questions_newest_first(clients: FakeClients, open_page: OpenPage) -> None:
    """The table has state, question, outcome and times of each question, the newest on top."""
    clients.jobs.put("Old", JobState.FAILED, failure=BAD_KEY)
    clients.jobs.put("New", JobState.FINISHED, preview="**EUR 160** [1]")
    frame = open_page().dataframe[0].value
    assert list(frame["Question"]) == ["New", "Old"]
    assert [list(state) for state in frame["State"]] == [["Finished"], ["Failed"]]
    assert list(frame["Answer"]) == ["EUR 160 [1]", BAD_KEY.message]
    assert frame["Took"][0] == pytest.approx(2.49)
    assert list(frame["Retry"].fillna("")) == ["", ":material/replay: Retry"]


def test_long_tables_come_in_pages_of_fifty(clients: FakeClients, open_page: OpenPage) -> None:
    """Beyond 50 questions there are pages."""
    for number in range(60):
        clients.jobs.put(f"Question {number}", JobState.FINISHED)
    app = open_page()
    assert len(app.dataframe[0].value) == 50
    app.session_state["job_table_page"] = 2
    app.run()
    assert list(app.dataframe[0].value["Question"])[-1] == "Question 0"
    assert len(app.dataframe[0].value) == 10


def test_answer_asks_whether_it_was_useful_and_why(
    clients: FakeClients, open_page: OpenPage
) -> None:
    """A thumb is kept at once and asks for a reason, which is kept too."""
    job = clients.jobs.put("What is the hotel limit?", JobState.FINISHED)
    app = open_page()
    assert f"reason_{job}" not in [each.key for each in app.text_input]
    app.feedback[0].set_value(0).run()
    assert clients.jobs.jobs[job].feedback == Feedback(useful=False)
    app.text_input(key=f"reason_{job}").set_value("  It is from 2019. ").run()
    assert clients.jobs.jobs[job].feedback == Feedback(False, "It is from 2019.")
