"""What the pages say of limits, and of urgent questions."""

from __future__ import annotations

import time
from dataclasses import replace

from jobs.errors import TooManyQuestionsError, TooManyUrgentError
from jobs.models import JobState
from tests.pages.conftest import OpenPage, button_keys, words
from tests.pages.fakes import USER, FakeClients


def test_question_beyond_the_limit_stays_and_can_be_sent_when_there_is_room(
    clients: FakeClients, open_page: OpenPage
) -> None:
    """What was typed is there, with how long to wait; then it is sent under the same id."""
    clients.documents.put("minutes.docx")
    clients.jobs.submit_error = TooManyQuestionsError(retry_after_seconds=12)
    app = open_page()
    app.chat_input[0].set_value("How many trucks?").run()
    assert "You have asked as many questions as you may in a minute." in words(app)
    assert "How many trucks?" in words(app)
    wait = app.button(key="unsent_wait")
    assert (wait.label, wait.disabled) == ("Send again in 12 s", True)
    assert "unsent_send" not in button_keys(app)

    clients.jobs.submit_error = None
    app.session_state["unsent"] = replace(app.session_state["unsent"], not_before=time.time() - 1)
    app.run()
    app.button(key="unsent_send").click().run()
    assert len(set(clients.jobs.submitted_ids)) == 1
    assert "Next in the queue" in words(app)
    assert "unsent_send" not in button_keys(app)


def test_waiting_question_can_be_made_urgent(clients: FakeClients, open_page: OpenPage) -> None:
    """One click; then it is marked beside its state, in the history and in the table."""
    job = clients.jobs.put("How many trucks?", JobState.QUEUED, position=3)
    app = open_page()
    app.button(key=f"urgent_{job}").click().run()
    assert clients.jobs.done("urgent") == [job]
    assert "Urgent" in words(app)
    assert f"urgent_{job}" not in button_keys(app)
    assert list(map(list, app.dataframe[0].value["State"])) == [["Queued", "Urgent"]]
    assert "priority_high" in app.button(key=f"open_{job}").label
    clients.jobs.change(job, state=JobState.FINISHED)
    app.run()
    assert list(map(list, app.dataframe[0].value["State"])) == [["Finished"]]


def test_refused_urgency_is_told(clients: FakeClients, open_page: OpenPage) -> None:
    """The limit's sentence comes as a toast, and the question stays as it was."""
    job = clients.jobs.put("How many trucks?", JobState.WAITING)
    clients.jobs.urgent_error = TooManyUrgentError()
    app = open_page()
    app.button(key=f"urgent_{job}").click().run()
    assert any("as many questions urgent" in str(toast.value) for toast in app.toast)
    assert f"urgent_{job}" in button_keys(app)


def test_only_what_can_be_urgent_offers_it(clients: FakeClients, open_page: OpenPage) -> None:
    """Neither what runs, nor a row of a batch."""
    for state, in_batch in ((JobState.STARTED, False), (JobState.QUEUED, True)):
        job = clients.jobs.put("How many trucks?", state, in_batch=in_batch)
        assert f"urgent_{job}" not in button_keys(open_page(job=job))


def test_no_urgency_where_it_is_switched_off(clients: FakeClients, open_page: OpenPage) -> None:
    """With URGENT_PER_MINUTE=0 nobody is offered what would be refused."""
    clients.settings = clients.settings.model_copy(update={"urgent_per_minute": 0})
    job = clients.jobs.put("How many trucks?", JobState.QUEUED, position=3)
    assert f"urgent_{job}" not in button_keys(open_page())


def test_question_without_a_worker_says_so(clients: FakeClients, open_page: OpenPage) -> None:
    """The place in the queue, and that nothing takes it."""
    clients.jobs.put("How many trucks?", JobState.QUEUED, position=3)
    clients.jobs.reports = []
    assert "2 ahead of you · no worker runs" in words(open_page())


def test_documents_page_says_how_much_room_is_used(
    clients: FakeClients, open_page: OpenPage
) -> None:
    """Of one's own documents, and how much there is."""
    clients.documents.put("mine.pdf", size=2_500_000, added_by=USER)
    clients.documents.put("theirs.pdf", size=9_000_000, added_by="b-bob")
    assert ", 2.5 MB of 1,000 MB" in words(open_page("documents"))
