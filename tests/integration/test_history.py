"""Finding questions, and deleting them with undo, over a real Valkey, without a worker process."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

import pytest
import redis
from rq.job import Job
from rq.results import Result

from jobs.errors import BadApiKeyError, InvalidStateError, NotFoundError
from jobs.models import Answer, Citation, Feedback, JobState, LiveText, Question
from jobs.operations.failed_jobs import DeadLetters
from jobs.questions.client import JobClient
from jobs.questions.query import JobOrder, JobQuery
from jobs.questions.search import CHUNK
from jobs.questions.soft_delete import GONE_SECONDS, UNDO_KEPT_SECONDS, SoftDeletion
from jobs.queue.broker import Broker
from jobs.queue.keys import DELETED_JOBS_KEY, job_key, user_jobs_key
from jobs.queue.retry_policy import History, after_error
from jobs.settings import Settings
from jobs.worker.attempts import Attempt, Attempts
from jobs.worker.threads import ThreadWorker
from tests.integration.test_retention import mentions

USER = "ann"
ANSWER = Answer(
    "Die **Straße** nach Gent kostet 160 EUR [1].",
    citations=(Citation(1, "d1", "travel.md", "p1", "…"),),
)
ASKED = "user", "question", "asked_at", "queued_at"


class Desk:
    """Asks questions and answers them, as a worker does."""

    def __init__(self, client: JobClient, broker: Broker) -> None:
        self.client = client
        self.broker = broker
        self.attempts = Attempts(broker)
        self.deletions = SoftDeletion(broker)

    def ask(self, question: str) -> str:
        return self.client.submit(USER, Question(question)).id

    def answered(self, question: str, answer: Answer = ANSWER) -> str:
        job_id = self.ask(question)
        self.answer(job_id, answer)
        return job_id

    def answer(self, job_id: str, answer: Answer = ANSWER) -> None:
        attempt, worker = self._begin(job_id)
        assert self.attempts.finish(attempt, worker, answer.to_dict())

    def failed(self, question: str) -> str:
        job_id = self.ask(question)
        attempt, worker = self._begin(job_id)
        error = BadApiKeyError()
        assert self.attempts.end(attempt, worker, after_error(error, History()), error)
        return job_id

    def _begin(self, job_id: str) -> tuple[Attempt, ThreadWorker]:
        name = f"w-{time.monotonic_ns()}"
        worker = ThreadWorker(
            "questions", name, self.broker.connection, self.attempts, lambda *_: None
        )
        self.broker.connection.lrem(self.broker.queues["questions"].key, 1, job_id)
        attempt = self.attempts.begin(self.broker.fetch(job_id), worker)
        assert attempt is not None
        return attempt, worker

    def found(self, text: str = "", **filters: object) -> list[str]:
        page = self.client.list_jobs(USER, JobQuery(text, **filters))
        assert page.total == len(page.jobs)
        return [job.id for job in page.jobs]


@pytest.fixture
def desk(connection: redis.Redis, make_settings: Callable[..., Settings]) -> Desk:
    broker = Broker(connection, make_settings(user_concurrency=1000))
    return Desk(JobClient(broker), broker)


def set_times(desk: Desk, job_id: str, started: str, ended: str, queued_at: float) -> None:
    times = {"started_at": f"{started}Z", "ended_at": f"{ended}Z"}
    desk.broker.connection.hset(Job.key_for(job_id), mapping=times)
    desk.broker.connection.hset(job_key(job_id), "queued_at", queued_at)


def state_of(connection: redis.Redis, job_id: str) -> dict[bytes, object]:
    """All that is kept of a question, but for what its TTL is by now."""
    keys = [*connection.keys(f"*{job_id}*")]
    kept: dict[bytes, object] = {
        key: connection.hgetall(key) for key in keys if connection.type(key) == b"hash"
    }
    kept |= {key + b" expires": connection.pexpiretime(key) for key in keys}
    kept[b"place"] = connection.zrange(user_jobs_key(USER), 0, -1, withscores=True)
    return kept


# Finding


def test_words_are_found_in_question_or_answer(desk: Desk) -> None:
    """All words must occur, in any order and case, with or without the accents' own letters."""
    one = desk.answered("Was kostet die ÜBERFAHRT?")
    desk.answered("Wer zahlt?", Answer("Niemand."))
    waiting = desk.ask("Kostet 160 viel?")
    assert desk.found("überfahrt") == [one]
    assert desk.found("STRASSE Überfahrt") == [one]
    assert desk.found("160 kostet") == [waiting, one]
    assert desk.found("kostet niemand") == []
    assert desk.found("o\u0308") == []
    assert desk.found("u\u0308berfahrt") == [one]
    assert desk.found("[1]") == [one]  # no pattern


def test_outcome_is_not_found_after_a_retry(desk: Desk) -> None:
    """What an earlier attempt said or cited is forgotten with it."""
    job_id = desk.failed("Who pays?")
    desk.client.retry(USER, job_id)
    desk.answer(job_id)
    assert desk.found("gent", document_id="d1") == [job_id]
    desk.broker.connection.hset(Job.key_for(job_id), "status", "failed")
    desk.client.retry(USER, job_id)
    assert desk.found("gent") == desk.found(document_id="d1") == []
    assert desk.found("pays") == [job_id]


def test_records_of_before_are_found_as_far_as_they_say(desk: Desk) -> None:
    """Without the words of its answer a question is found by its own, and by the first line."""
    job_id = desk.answered("What is the HOTEL limit?", Answer("First LINE.\nSecond."))
    desk.broker.connection.hdel(job_key(job_id), "folded", "said", "cited")
    assert desk.found("hotel line") == [job_id]
    assert desk.found("second") == []


def test_state_document_and_time_filter(desk: Desk) -> None:
    """Each filter keeps what it says, and together what all of them keep."""
    cites_ten = replace(ANSWER, citations=(replace(ANSWER.citations[0], document_id="d10"),))
    first = desk.answered("first?")
    second = desk.answered("second?", cites_ten)
    third = desk.failed("third?")
    asked = desk.client.get_job(USER, second).asked_at
    assert desk.found(document_id="d1") == [first]
    assert desk.found(states=frozenset({JobState.FAILED})) == [third]
    over = frozenset({JobState.FAILED, JobState.FINISHED})
    assert desk.found(states=over) == [third, second, first]
    assert desk.found(asked_from=asked) == [third, second]
    assert desk.found(asked_until=asked) == [first]
    assert desk.found("second", states=over, asked_from=asked, document_id="d10") == [second]


def test_time_filter_is_of_the_asking_not_of_a_retry(desk: Desk) -> None:
    """A retry puts a question on top of the list; it was asked when it was asked."""
    old = desk.failed("old?")
    between = time.time()
    new = desk.ask("new?")
    desk.client.retry(USER, old)
    assert desk.found() == [old, new]
    assert desk.found(asked_from=between) == [new]
    assert desk.found(asked_until=between) == [old]


def test_orders(desk: Desk) -> None:
    """By time, by the wait in the queue and by the latest attempt; what has none comes last."""
    one, two = desk.answered("one?"), desk.answered("two?")
    waiting = desk.ask("waiting?")
    stopped = desk.ask("stopped?")
    desk.client.stop(USER, stopped)
    # Over a leap day and the end of a year: 2 s and 86,401 s of waiting, 3 s and 1 s of running.
    set_times(desk, one, "2024-03-01T00:00:01", "2024-03-01T00:00:04.5", 1709164800.0)
    set_times(desk, two, "2025-01-01T00:00:01", "2025-01-01T00:00:02", 1735689599.0)
    desk.broker.connection.hset(job_key(waiting), "queued_at", time.time() - 50)
    assert desk.found() == [stopped, waiting, two, one]
    assert desk.found(order=JobOrder.OLDEST) == [one, two, waiting, stopped]
    assert desk.found("?", order=JobOrder.OLDEST) == [one, two, waiting, stopped]
    assert desk.found(order=JobOrder.LONGEST_WAIT) == [one, waiting, two, stopped]
    assert desk.found(order=JobOrder.LONGEST_RUN) == [one, two, stopped, waiting]
    views = {job.id: job for job in desk.client.list_jobs(USER).jobs}
    assert views[one].waited_seconds == 86401
    assert views[two].waited_seconds == 2


def test_long_histories_are_found_whole_in_a_fixed_number_of_round_trips(desk: Desk) -> None:
    """Every chunk is looked at, in one pipeline; pages follow each other in the same order."""
    pipeline = desk.broker.connection.pipeline(transaction=False)
    count = 2 * CHUNK + 7
    for number in range(count):
        job_id, now = f"job-{number:05d}", time.time() - 10 + number / 1000
        pipeline.hset(Job.key_for(job_id), "status", "failed")
        values = (USER, f"Question {number}?", now, now)
        pipeline.hset(job_key(job_id), mapping=dict(zip(ASKED, values, strict=True)))
        pipeline.zadd(user_jobs_key(USER), {job_id: now})
    pipeline.execute()
    query = JobQuery("question")
    ids = desk.client.find_jobs(USER, query)
    assert ids == [f"job-{number:05d}" for number in reversed(range(count))]
    second = desk.client.list_jobs(USER, query, offset=CHUNK - 1, limit=2)
    assert [job.id for job in second.jobs] == ids[CHUNK - 1 : CHUNK + 1]
    assert second.total == count
    assert desk.found(f"question {count - 1}") == [ids[0]]


def test_only_ones_own_are_read(desk: Desk) -> None:
    """An id of another user's question is left out, whoever found it."""
    mine = desk.ask("mine?")
    theirs = desk.client.submit("bob", Question("theirs?")).id
    assert [job.id for job in desk.client.read_jobs(USER, [theirs, mine])] == [mine]


# Deleting


def test_deleted_question_is_there_for_nobody(desk: Desk) -> None:
    """Not listed, not found, and no call reads or changes it."""
    job_id = desk.failed("Who pays?")
    desk.client.delete(USER, job_id)
    calls: list[Callable[[], object]] = [
        lambda: desk.client.get_job(USER, job_id),
        lambda: desk.client.get_answer(USER, job_id),
        lambda: desk.client.get_partial_text(USER, job_id),
        lambda: desk.client.read_live(USER, LiveText(job_id)),
        lambda: desk.client.wait(USER, job_id, 0),
        lambda: desk.client.retry(USER, job_id),
        lambda: desk.client.stop(USER, job_id),
        lambda: desk.client.delete(USER, job_id),
        lambda: desk.client.give_feedback(USER, job_id, Feedback(useful=True)),
        lambda: desk.client.submit(USER, Question("Who pays?"), job_id=job_id),
        lambda: desk.client.undo_deletion("bob", job_id),
    ]
    for call in calls:
        with pytest.raises(NotFoundError):
            call()
    assert desk.found() == desk.found("pays") == []
    assert desk.client.count_jobs(USER) == 0
    assert desk.client.answers_of(USER, [job_id]) == []
    letters = DeadLetters(desk.broker)
    assert letters.list_failed().total == 0
    assert not letters.requeue(job_id)


def test_undo_restores_everything(desk: Desk, connection: redis.Redis) -> None:
    """Fields, answer, feedback, place in the list and what is left of the retention."""
    first = desk.answered("first?")
    job_id = desk.answered("second?")
    desk.client.give_feedback(USER, job_id, Feedback(useful=True, reason="exact"))
    desk.ask("third?")
    connection.expire(job_key(job_id), 5000)
    before = state_of(connection, job_id)
    desk.client.delete(USER, job_id)
    assert desk.client.undo_deletion(USER, job_id).state is JobState.FINISHED
    assert state_of(connection, job_id) == before
    assert desk.client.get_answer(USER, job_id) == ANSWER
    assert desk.found("gent") == [job_id, first]
    assert connection.zcard(DELETED_JOBS_KEY) == 0


def test_undo_of_the_only_question_bounds_the_index_anew(
    desk: Desk, connection: redis.Redis
) -> None:
    """The index went with its last entry; it comes back with a TTL."""
    job_id = desk.answered("only?")
    desk.client.delete(USER, job_id)
    assert not connection.exists(user_jobs_key(USER))
    desk.client.undo_deletion(USER, job_id)
    assert connection.ttl(user_jobs_key(USER)) > 0


def test_undo_may_be_repeated_and_comes_too_late(desk: Desk, connection: redis.Redis) -> None:
    """A second undo changes nothing; after its time it is NotFoundError, though keys are left."""
    job_id = desk.answered("q?")
    desk.client.delete(USER, job_id)
    for _ in range(2):
        assert desk.client.undo_deletion(USER, job_id).id == job_id
    desk.client.delete(USER, job_id)
    deleted_at = time.time() - UNDO_KEPT_SECONDS - 1
    connection.hset(Job.key_for(job_id), "deleted_at", deleted_at)
    with pytest.raises(NotFoundError):
        desk.client.undo_deletion(USER, job_id)


def test_unfinished_question_is_not_deleted(desk: Desk) -> None:
    """It has to be stopped first."""
    job_id = desk.ask("q?")
    with pytest.raises(InvalidStateError):
        desk.client.delete(USER, job_id)
    assert desk.found() == [job_id]


def test_purge_takes_what_cannot_be_undone_and_nothing_else(
    desk: Desk, connection: redis.Redis
) -> None:
    """Of what was deleted long enough ago no key speaks; what was brought back stays."""
    gone, back, recent, again = (desk.failed(f"{number}?") for number in range(4))
    for job_id in (gone, back, recent, again):
        desk.client.delete(USER, job_id)
    desk.client.undo_deletion(USER, back)
    late = time.time() + UNDO_KEPT_SECONDS + 1
    for job_id in (recent, again):
        connection.hset(Job.key_for(job_id), "deleted_at", late - 1)
    connection.zadd(DELETED_JOBS_KEY, {recent: late - 1})  # `again` was deleted anew just now
    assert desk.deletions.purge(late) == 1
    assert mentions(connection, {gone}) == []
    assert desk.found() == [back]
    assert [connection.exists(Job.key_for(job_id)) for job_id in (recent, again)] == [1, 1]
    assert set(connection.zrange(DELETED_JOBS_KEY, 0, -1)) == {recent.encode(), again.encode()}


def test_deleted_question_goes_by_itself_without_a_worker(
    desk: Desk, connection: redis.Redis
) -> None:
    """Its keys expire; the next purge takes the names that are left."""
    job_id = desk.failed("q?")
    desk.client.delete(USER, job_id)
    keys = (Job.key_for(job_id), Result.get_key(job_id), job_key(job_id))
    assert all(0 < connection.ttl(key) <= GONE_SECONDS for key in keys)
    connection.delete(*keys)
    assert desk.deletions.purge(time.time() + GONE_SECONDS) == 1
    assert mentions(connection, {job_id}) == []


def test_deletion_and_retry_at_once_do_one_of_the_two(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A retry that comes between the look and the write of a deletion wins, and the reverse."""
    job_id = desk.failed("q?")
    decided: list[bool] = []
    original = redis.client.Pipeline.multi

    def multi(pipeline: redis.client.Pipeline) -> None:
        if not decided:
            decided.append(True)
            assert desk.client.retry(USER, job_id).state is JobState.QUEUED
        original(pipeline)

    monkeypatch.setattr(redis.client.Pipeline, "multi", multi)
    with pytest.raises(InvalidStateError):
        desk.client.delete(USER, job_id)
    assert desk.found() == [job_id]
    assert desk.client.get_job(USER, job_id).state is JobState.QUEUED
    desk.answer(job_id)

    other = desk.failed("other?")
    decided.clear()

    def multi_again(pipeline: redis.client.Pipeline) -> None:
        if not decided:
            decided.append(True)
            desk.client.delete(USER, other)
        original(pipeline)

    monkeypatch.setattr(redis.client.Pipeline, "multi", multi_again)
    with pytest.raises(InvalidStateError):
        desk.client.retry(USER, other)
    monkeypatch.undo()
    assert desk.found() == [job_id]
    assert desk.client.undo_deletion(USER, other).state is JobState.FAILED
