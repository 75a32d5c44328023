"""A model that thinks aloud, from the question to every place that shows its answer."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import pytest
import redis

from jobs.answer_files import to_markdown
from jobs.models import JobState, Question, Stage
from jobs.questions.event_stream import read_text
from jobs.questions.export import evaluation_lines
from jobs.queue.keys import events_key
from jobs.settings import Settings
from tests.fakes import FakeModelServer, RawReply, events, says
from tests.integration.inline_worker import InlineWorker, inline_worker
from ui.clients import Clients, build_clients

ANSWER = "The limit is EUR 160 [1]."
STOP = {"delta": {}, "finish_reason": "stop"}
THOUGHT = "Nobody may read this [2]."


class Desk:
    """One user with a document, a model, and a worker that answers at once."""

    def __init__(self, clients: Clients, worker: InlineWorker, model: FakeModelServer) -> None:
        self.clients, self.worker, self.model = clients, worker, model

    def ask(self, question: str) -> str:
        job_id = self.clients.jobs.submit("ann", Question(question)).id
        self.worker.work("questions")
        return job_id


@pytest.fixture
def desk(
    connection: redis.Redis,
    make_settings: Callable[..., Settings],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Desk]:
    with FakeModelServer() as model:
        settings = make_settings(
            openai_base_url=model.base_url, chat_model="stub", embedding_model="", cache=True
        )
        with inline_worker(settings, monkeypatch) as worker:
            clients = build_clients(settings)
            for name, data in (
                ("travel.txt", b"The hotel limit is EUR 160."),
                ("old.txt", b"A hotel limit."),
            ):
                clients.documents.add("ann", name, data)
            worker.work("indexing")
            yield Desk(clients, worker, model)


@pytest.mark.parametrize(
    ("raw_reply", "is_told"),
    [
        (events(says("<think>"), says(f"{THOUGHT}</think>"), says(ANSWER), STOP), True),
        (events(says(THOUGHT), says("</think>"), says(ANSWER), STOP), False),
        (events({"delta": {"reasoning_content": THOUGHT}}, says(ANSWER), STOP), True),
        (events(says([{"type": "thinking", "thinking": THOUGHT}]), says(ANSWER), STOP), True),
    ],
    ids=["tags", "closing-tag", "field", "parts"],
)
def test_thoughts_are_shown_nowhere(
    desk: Desk, connection: redis.Redis, raw_reply: RawReply, is_told: bool
) -> None:
    """Not in the answer, its citations, its preview and files, an export, the cache or live."""
    desk.model.raw_reply = raw_reply
    job_id = desk.ask("What is the hotel limit?")
    jobs = desk.clients.jobs
    view, answer = jobs.get_job("ann", job_id), jobs.get_answer("ann", job_id)
    assert answer is not None, view
    assert (answer.text, answer.notes) == (ANSWER, ())
    assert [citation.number for citation in answer.citations] == [1]
    assert read_text(connection, job_id) == ANSWER
    shown = [
        json.dumps(answer.to_dict()),
        view.preview,
        to_markdown(view, answer),
        *evaluation_lines(jobs, "ann", [job_id]),
    ]
    assert not any("Nobody may read" in str(text) for text in shown)
    stages = [fields.get(b"s") for _, fields in connection.xrange(events_key(job_id))]
    assert (Stage.THINKING.value.encode() in stages) is is_told
    requests = len(desk.model.requests)
    again = jobs.get_answer("ann", desk.ask("What is the hotel limit?"))
    assert again is not None
    assert (again.text, again.earlier_at is not None) == (ANSWER, True)
    assert len(desk.model.requests) == requests


def test_answer_that_may_be_cut_says_so_and_is_not_given_again(desk: Desk) -> None:
    """A stream without an end is no whole answer."""
    desk.model.raw_reply = events(says(ANSWER), done=False)
    job_id = desk.ask("What is the hotel limit?")
    answer = desk.clients.jobs.get_answer("ann", job_id)
    assert answer is not None
    assert any("may be cut" in note for note in answer.notes)
    desk.model.raw_reply = events(says(ANSWER), STOP)
    again = desk.clients.jobs.get_answer("ann", desk.ask("What is the hotel limit?"))
    assert again is not None
    assert (again.notes, again.earlier_at) == ((), None)


def test_question_whose_reply_is_thoughts_alone_fails_with_advice(desk: Desk) -> None:
    """It is not "not found", and the thoughts are not in the failure."""
    desk.model.raw_reply = events(says(f"<think>{THOUGHT}"), STOP)
    view = desk.clients.jobs.get_job("ann", desk.ask("What is the hotel limit?"))
    assert view.state is JobState.FAILED
    assert view.failure is not None
    assert "only thought" in view.failure.message
    assert "Nobody" not in view.failure.message
