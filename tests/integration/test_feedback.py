"""Feedback on answers and its export, over a real Valkey, without a worker process."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
import redis

from jobs.errors import InvalidFeedbackError, InvalidStateError, NotFoundError
from jobs.models import Answer, Citation, Feedback, JobState, Passage, Question
from jobs.questions.client import MAX_REASON_CHARS, JobClient
from jobs.questions.export import evaluation_lines
from jobs.questions.query import JobQuery
from jobs.queue.broker import Broker
from jobs.worker.attempts import Attempts
from jobs.worker.threads import ThreadWorker

PASSAGES = (
    Passage("p1", "d1", "travel.md", "The hotel limit is EUR 160.", page=2),
    Passage("p2", "d2", "minutes.txt", "Nothing of hotels."),
)
ANSWER = Answer(
    "It is EUR 160 [1].",
    citations=(Citation(1, "d1", "travel.md", "p1", "The hotel limit is EUR 160.", 2),),
    model="stub",
    passages=PASSAGES,
)


@pytest.fixture
def answered(client: JobClient, broker: Broker, connection: redis.Redis) -> str:
    """The id of a finished question of ann."""
    return answer(client, broker, connection, "What is the hotel limit?")


def answer(client: JobClient, broker: Broker, connection: redis.Redis, question: str) -> str:
    job_id = client.submit("ann", Question(question)).id
    attempts = Attempts(broker)
    worker = ThreadWorker("questions", f"w-{job_id}", connection, attempts, lambda *_outcome: None)
    connection.lrem(broker.queues["questions"].key, 1, job_id)
    attempt = attempts.begin(broker.fetch(job_id), worker)
    assert attempt is not None
    assert attempts.finish(attempt, worker, ANSWER.to_dict())
    return job_id


def test_feedback_is_kept_with_the_answer_changed_and_forgotten(
    client: JobClient, answered: str
) -> None:
    """A thumb and its reason show on the question, until they change or are taken back."""
    assert client.get_job("ann", answered).feedback is None
    kept = Feedback(useful=False, reason="It is from 2019.")
    assert client.give_feedback("ann", answered, kept).feedback == kept
    assert client.list_jobs("ann").jobs[0].feedback == kept
    better = Feedback(useful=True)
    assert client.give_feedback("ann", answered, better).feedback == better
    assert client.give_feedback("ann", answered, None).feedback is None


def test_feedback_needs_an_answer_of_ones_own(client: JobClient, answered: str) -> None:
    """Neither another user's answer nor an unanswered question can be rated."""
    with pytest.raises(NotFoundError):
        client.give_feedback("bob", answered, Feedback(useful=True))
    queued = client.submit("ann", Question("q?")).id
    with pytest.raises(InvalidStateError):
        client.give_feedback("ann", queued, Feedback(useful=True))
    assert client.get_job("ann", queued).feedback is None


def test_reason_is_bounded(client: JobClient, answered: str) -> None:
    """A reason that is too long is refused with its length, and nothing is kept of it."""
    with pytest.raises(InvalidFeedbackError, match="1,001"):
        client.give_feedback("ann", answered, Feedback(True, "x" * (MAX_REASON_CHARS + 1)))
    assert client.get_job("ann", answered).feedback is None


def test_evaluation_has_question_passages_answer_and_feedback(
    client: JobClient, broker: Broker, connection: redis.Redis, answered: str
) -> None:
    """One JSON object for each answer, newest first; what has none is left out."""
    client.give_feedback("ann", answered, Feedback(useful=True, reason="“exact”"))
    newer = answer(client, broker, connection, "And abroad?")
    client.submit("ann", Question("still waiting?"))
    client.submit("bob", Question("not mine?"))
    ids = client.find_jobs("ann", JobQuery())
    lines = [json.loads(line) for line in evaluation_lines(client, "ann", ids)]
    assert [line["job_id"] for line in lines] == [newer, answered]
    line = lines[1]
    assert line["question"] == "What is the hotel limit?"
    assert line["answer"] == "It is EUR 160 [1]."
    assert [passage["text"] for passage in line["passages"]] == [
        passage.text for passage in PASSAGES
    ]
    assert line["citations"][0]["passage_id"] == "p1"
    assert line["feedback"] == {"useful": True, "reason": "“exact”"}
    assert lines[0]["feedback"] is None


def test_answers_are_read_with_their_questions(client: JobClient, answered: str) -> None:
    """Questions come with the answers of those that are finished, and foreign ones not at all."""
    queued = client.submit("ann", Question("q?")).id
    pairs = client.answers_of("ann", [queued, answered])
    assert [(view.id, view.state) for view, _ in pairs] == [
        (queued, JobState.QUEUED),
        (answered, JobState.FINISHED),
    ]
    assert [found for _, found in pairs] == [None, ANSWER]
    assert client.answers_of("bob", [queued, answered]) == []


def test_answer_of_an_earlier_version_still_reads() -> None:
    """One that was kept without its passages has none."""
    old = ANSWER.to_dict()
    del old["passages"]
    assert Answer.from_dict(old) == replace(ANSWER, passages=())
