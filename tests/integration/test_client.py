"""JobClient over a real Valkey, without a worker."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
import redis
from redis.client import Pipeline
from rq import Queue
from rq.job import Job, JobStatus

from jobs.errors import (
    BrokerUnavailableError,
    InvalidQuestionError,
    InvalidStateError,
    ModelTimeoutError,
    NotFoundError,
)
from jobs.models import JobState, LiveText, Question
from jobs.questions.client import JobClient
from jobs.questions.ids import new_job_id
from jobs.questions.query import JobQuery
from jobs.questions.repository import JobRepository
from jobs.questions.soft_delete import UNDO_KEPT_SECONDS, SoftDeletion
from jobs.queue.broker import Broker
from jobs.queue.connection import connect
from jobs.queue.keys import job_key, user_jobs_key
from jobs.queue.retry_policy import MAX_ATTEMPTS
from jobs.settings import Settings
from tests.integration.failing import fail_next
from tests.integration.test_retention import mentions


@contextmanager
def counted_round_trips(client: redis.Redis) -> Iterator[list[int]]:
    """Count what goes over the wire: single commands, and pipelines as one."""
    trips = [0]
    connection_class = client.connection_pool.connection_class
    original = connection_class.send_packed_command

    def send(self: object, command: object, check_health: bool = True) -> object:
        trips[0] += 1
        return original(self, command, check_health)

    connection_class.send_packed_command = send
    try:
        yield trips
    finally:
        connection_class.send_packed_command = original


def test_accepted_question_is_queued_with_its_position(client: JobClient) -> None:
    """The second question asked is second in the queue."""
    client.submit("ann", Question("first?"))
    view = client.submit("ann", Question("  second?  "))
    assert (view.state, view.position, view.asked.text) == (JobState.QUEUED, 2, "second?")


@pytest.mark.parametrize("question", ["", "  \n ", "x" * 4001])
def test_bad_question_is_refused_and_leaves_nothing(
    client: JobClient, connection: redis.Redis, question: str
) -> None:
    """An empty or too long question raises, and writes no key."""
    with pytest.raises(InvalidQuestionError):
        client.submit("ann", Question(question))
    assert connection.keys("*") == []


def test_foreign_job_is_not_found(client: JobClient) -> None:
    """No call tells another user's job from one that does not exist."""
    job_id = client.submit("ann", Question("mine?")).id
    calls: list[Callable[[str, str], object]] = [
        client.get_job,
        client.get_answer,
        client.get_partial_text,
        client.retry,
        client.stop,
        client.delete,
        lambda user, job: client.wait(user, job, 0),
        lambda user, job: client.read_live(user, LiveText(job)),
    ]
    for call in calls:
        with pytest.raises(NotFoundError):
            call("bob", job_id)
        with pytest.raises(NotFoundError):
            call("bob", "no-such-job")
    assert client.list_jobs("bob").jobs == ()


def test_surplus_questions_of_a_user_wait_and_others_do_not(
    client: JobClient, settings: Settings
) -> None:
    """One user fills at most USER_CONCURRENCY places; another's question goes before the rest."""
    for number in range(settings.user_concurrency + 2):
        client.submit("ann", Question(f"question {number}?"))
    states = [view.state for view in client.list_jobs("ann").jobs]
    assert states.count(JobState.QUEUED) == settings.user_concurrency
    assert states.count(JobState.WAITING) == 2
    bob = client.submit("bob", Question("and mine?"))
    assert bob.position == settings.user_concurrency + 1


def test_urgent_question_goes_first(client: JobClient) -> None:
    """An urgent question overtakes what waits."""
    client.submit("ann", Question("slow?"))
    assert client.submit("bob", Question("fast?"), urgent=True).position == 1


def test_listing_is_newest_first_and_paged(client: JobClient, broker: Broker) -> None:
    """Pages follow each other without overlap, newest first."""
    asked = [client.submit("ann", Question(f"q{number}")).id for number in range(5)]
    first, second = (client.list_jobs("ann", offset=offset, limit=3) for offset in (0, 3))
    assert [view.id for view in first.jobs + second.jobs] == asked[::-1]
    assert first.total == 5


def test_listing_filters_by_state_and_text(client: JobClient) -> None:
    """Search ignores case; the state filter keeps only that state."""
    client.submit("ann", Question("What is the Hotel limit?"))
    stopped = client.submit("ann", Question("Who leads Ghent?"))
    client.stop("ann", stopped.id)
    assert [
        view.id
        for view in client.list_jobs("ann", JobQuery(states=frozenset({JobState.STOPPED}))).jobs
    ] == [stopped.id]
    found = client.list_jobs("ann", JobQuery("hotel"))
    assert [view.asked.text for view in found.jobs] == ["What is the Hotel limit?"]
    assert found.total == 1


def test_listing_takes_three_round_trips_however_many_jobs(
    client: JobClient, connection: redis.Redis
) -> None:
    """50 of 300 jobs cost the same three round trips as 50 of 60."""
    records = JobRepository(connection, 3600)
    for count in (60, 240):
        for number in range(count):
            job_id = f"{count}-{number}"
            with connection.pipeline() as pipeline:
                records.create(pipeline, job_id, "ann", Question("q?"))
                pipeline.execute()
            connection.hset(Job.key_for(job_id), "status", JobStatus.QUEUED.value)
        with counted_round_trips(connection) as trips:
            assert len(client.list_jobs("ann", limit=50).jobs) == 50
        assert trips[0] <= 3


def test_stopped_queued_question_leaves_the_queue_and_can_be_retried(
    client: JobClient, broker: Broker
) -> None:
    """Stop takes a queued question out at once; retry brings it back."""
    job_id = client.submit("ann", Question("q?")).id
    assert client.stop("ann", job_id).state is JobState.STOPPED
    assert broker.queues["questions"].get_job_ids() == []
    with pytest.raises(InvalidStateError):
        client.stop("ann", job_id)
    again = client.retry("ann", job_id)
    assert again.state is JobState.QUEUED
    assert broker.queues["questions"].get_job_ids() == [job_id]


def test_stopping_a_waiting_question_frees_nothing_it_did_not_hold(
    client: JobClient, settings: Settings
) -> None:
    """A question held back by the user's limit stops, and the queued ones stay."""
    ids = [client.submit("ann", Question("q?")).id for _ in range(settings.user_concurrency + 1)]
    assert client.stop("ann", ids[-1]).state is JobState.STOPPED
    states = [client.get_job("ann", job_id).state for job_id in ids[:-1]]
    assert states == [JobState.QUEUED] * settings.user_concurrency


def test_stopping_a_queued_question_lets_a_waiting_one_in(
    client: JobClient, settings: Settings
) -> None:
    """The place of a stopped question goes to the user's next."""
    ids = [client.submit("ann", Question("q?")).id for _ in range(settings.user_concurrency + 1)]
    client.stop("ann", ids[0])
    assert client.get_job("ann", ids[-1]).state is JobState.QUEUED


def test_only_failed_or_stopped_can_be_retried(client: JobClient) -> None:
    """Retrying a queued question is refused with a sentence."""
    job_id = client.submit("ann", Question("q?")).id
    with pytest.raises(InvalidStateError):
        client.retry("ann", job_id)


def test_deleted_question_leaves_no_key(
    client: JobClient, broker: Broker, connection: redis.Redis
) -> None:
    """Once a deletion cannot be undone, no key names the job; an unfinished one stays."""
    job_id = client.submit("ann", Question("q?")).id
    with pytest.raises(InvalidStateError):
        client.delete("ann", job_id)
    client.stop("ann", job_id)
    client.delete("ann", job_id)
    assert SoftDeletion(broker).purge(time.time() + UNDO_KEPT_SECONDS + 1) == 1
    assert mentions(connection, {job_id}) == []
    assert client.list_jobs("ann").total == 0


def test_submission_is_accepted_whole_or_not_at_all(
    client: JobClient, connection: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If any part of the submission is refused, no part of it is there."""

    def refuse(_self: Queue, _job: Job, pipeline: Pipeline, **_options: object) -> None:
        pipeline.execute_command("HSET", "wrong-arity")

    monkeypatch.setattr(Queue, "_enqueue_rate_limited_job", refuse)
    with pytest.raises(BrokerUnavailableError):
        client.submit("ann", Question("q?"))
    assert connection.keys("*") == []


def test_question_sent_again_with_its_id_is_asked_once(client: JobClient, broker: Broker) -> None:
    """Whoever did not get the reply asks again, and finds what was accepted; once only."""
    job_id = new_job_id()
    first = client.submit("ann", Question("q?"), job_id=job_id)
    again = client.submit("ann", Question(" q? "), job_id=job_id)
    assert (again.id, again.asked_at) == (first.id, first.asked_at)
    assert broker.queues["questions"].get_job_ids() == [job_id]
    with pytest.raises(InvalidQuestionError):
        client.submit("ann", Question("another?"), job_id=job_id)
    with pytest.raises(NotFoundError):
        client.submit("bob", Question("q?"), job_id=job_id)


def test_ids_sort_by_time_and_are_uuids() -> None:
    """RQ orders by id what was asked within a second."""
    ids = []
    for _ in range(100):
        ids.append(new_job_id())
        time.sleep(0.000_01)  # longer than the clock of an id ticks
    assert ids == sorted(ids)
    assert {uuid.UUID(job_id).version for job_id in ids} == {7}


def test_waiting_questions_of_a_user_go_in_the_order_they_were_asked(
    client: JobClient, settings: Settings
) -> None:
    """Freed places go to the question that has waited longest."""
    ids = [client.submit("ann", Question("q?")).id for _ in range(settings.user_concurrency + 6)]
    for number in range(6):
        client.stop("ann", ids[number])
        states = [client.get_job("ann", job_id).state for job_id in ids]
        assert states.count(JobState.QUEUED) == settings.user_concurrency
        assert states[settings.user_concurrency + number] is JobState.QUEUED


def test_double_click_on_retry_queues_once(client: JobClient, broker: Broker) -> None:
    """The second of two retries finds the question queued, and refuses."""
    job_id = client.submit("ann", Question("q?")).id
    client.stop("ann", job_id)
    client.retry("ann", job_id)
    with pytest.raises(InvalidStateError):
        client.retry("ann", job_id)
    assert broker.queues["questions"].get_job_ids() == [job_id]


def test_every_key_of_a_question_expires(client: JobClient, connection: redis.Redis) -> None:
    """The record and the user's index have a TTL of the retention."""
    job_id = client.submit("ann", Question("q?")).id
    for key in (job_key(job_id), user_jobs_key("ann")):
        assert connection.ttl(key) > 0
    client.stop("ann", job_id)
    assert connection.ttl(Job.key_for(job_id)) > 0


def test_no_word_of_a_user_is_in_the_rq_job(client: JobClient, connection: redis.Redis) -> None:
    """What rq-dashboard renders as HTML holds no text of a user."""
    job_id = client.submit("ann", Question("<script>alert(1)</script>")).id
    assert b"script" not in b"".join(connection.hgetall(Job.key_for(job_id)).values())


def test_wait_returns_when_the_time_is_up(client: JobClient) -> None:
    """A question nobody answers comes back queued after the timeout."""
    job_id = client.submit("ann", Question("q?")).id
    assert client.wait("ann", job_id, 0.2).state is JobState.QUEUED


def test_valkey_away_is_one_error(settings: Settings) -> None:
    """Every call raises BrokerUnavailableError, which says what to do."""
    away = connect("redis://127.0.0.1:1/0")
    client = JobClient(Broker(away, settings))
    calls: list[Callable[[], object]] = [
        lambda: client.submit("ann", Question("q?")),
        lambda: client.list_jobs("ann"),
        lambda: client.get_job("ann", "x"),
        client.workers,
    ]
    for call in calls:
        with pytest.raises(BrokerUnavailableError):
            call()
    away.close()


def test_retry_gives_all_attempts_again(client: JobClient, broker: Broker) -> None:
    """What an earlier run used up does not count: a transient error is waited out again."""
    client.submit("ann", Question("q?"))
    job_id = fail_next(broker, ModelTimeoutError(), used=MAX_ATTEMPTS - 1)
    assert client.get_job("ann", job_id).state is JobState.FAILED
    client.retry("ann", job_id)
    fail_next(broker, ModelTimeoutError())
    assert client.get_job("ann", job_id).state is JobState.RETRYING
