"""Urgent questions over a real Valkey: their order, their bounds, and their limits."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import asdict

import pytest
import redis

from jobs.batches.client import BatchClient
from jobs.batches.feeder import Feeder
from jobs.batches.rows import job_id_of
from jobs.batches.spreadsheet import lines_of, pasted_sheet
from jobs.errors import (
    BadApiKeyError,
    InvalidStateError,
    ModelTimeoutError,
    NotFoundError,
    TooManyUrgentError,
)
from jobs.models import Answer, JobState, JobView, Question, WorkerReport
from jobs.questions.client import JobClient
from jobs.questions.priority import MOST_IN_A_ROW
from jobs.queue.broker import Broker
from jobs.queue.keys import URGENT_KEY, WORKERS_KEY, durations_key, worker_key
from jobs.queue.retry_policy import History, after_error
from jobs.settings import Settings
from jobs.worker.attempts import Attempt, Attempts
from jobs.worker.recovery import Recovery
from jobs.worker.threads import ThreadWorker

CONCURRENCY = 4


class Desk:
    """A client, and a worker by hand."""

    def __init__(self, connection: redis.Redis, settings: Settings) -> None:
        self.connection = connection
        self.broker = Broker(connection, settings)
        self.client = JobClient(self.broker)
        self.queue = self.broker.queues["questions"]
        self.attempts = Attempts(self.broker)
        self.worker = ThreadWorker(
            "questions", "host-1-questions-1.1", connection, self.attempts, lambda *_: None
        )
        self._users = 0

    def ask(self, user: str = "", *, urgent: bool = False) -> str:
        """A question, of a user of its own unless one is named."""
        self._users += 1
        user = user or f"user-{self._users}"
        return self.client.submit(user, Question("Why?"), urgent=urgent).id

    def waiting(self) -> list[str]:
        return [job_id.decode() for job_id in self.connection.lrange(self.queue.key, 0, -1)]

    def begin(self) -> Attempt:
        """What a worker thread does with the next question."""
        popped = self.connection.lmove(self.queue.key, self.queue.intermediate_queue_key)
        attempt = self.attempts.begin(self.broker.fetch(popped.decode()), self.worker)
        assert attempt is not None
        return attempt

    def finish(self, attempt: Attempt) -> None:
        assert self.attempts.finish(attempt, self.worker, Answer("So.").to_dict())

    def run(self, count: int) -> list[str]:
        """One thread takes so many questions, one after the other; their ids."""
        ids = []
        for _ in range(count):
            attempt = self.begin()
            ids.append(attempt.job.id)
            self.finish(attempt)
        return ids


@pytest.fixture
def desk(connection: redis.Redis, make_settings: Callable[..., Settings]) -> Desk:
    return Desk(connection, make_settings(user_concurrency=CONCURRENCY, urgent_per_minute=1000))


def test_urgent_questions_go_before_others_in_the_order_in_which_they_became_urgent(
    desk: Desk,
) -> None:
    """Asked as urgent, or made so later; positions are right for them and those they overtake."""
    usual = [desk.ask() for _ in range(3)]
    first, second = desk.ask(urgent=True), desk.ask(urgent=True)
    assert desk.waiting() == [first, second, *usual]
    made = desk.client.make_urgent("user-3", usual[2])
    assert (made.urgent, made.position) == (True, 3)
    assert desk.waiting() == [first, second, usual[2], *usual[:2]]
    assert desk.client.get_job("user-1", usual[0]).position == 4
    assert desk.run(5) == [first, second, usual[2], *usual[:2]]


def test_urgent_questions_do_not_keep_the_others_waiting_for_ever(desk: Desk) -> None:
    """However many are asked, and whenever, every fourth that begins is one that is not urgent."""
    usual = [desk.ask() for _ in range(4)]
    urgent = [desk.ask(urgent=True) for _ in range(7)]
    began = desk.run(2)
    for _ in range(20):  # a new one for each that begins
        urgent.append(desk.ask(urgent=True))
        began += desk.run(1)
    places = [began.index(job_id) for job_id in usual]
    period = MOST_IN_A_ROW + 1
    assert places == [period * number - 1 for number in range(1, 5)]
    assert [job_id for job_id in began if job_id in urgent] == urgent[: len(began) - 4]


def test_urgent_question_of_a_busy_user_is_the_first_of_the_users_own(desk: Desk) -> None:
    """It takes no more places than one user has, but the next that is free, and overtakes then."""
    own = [desk.ask("ann") for _ in range(CONCURRENCY + 2)]
    usual = [desk.ask() for _ in range(2)]
    urgent = [desk.ask("ann", urgent=True) for _ in range(2)]
    states = [desk.client.get_job("ann", job_id).state for job_id in urgent]
    assert states == [JobState.WAITING] * 2
    attempt = desk.begin()
    assert desk.waiting() == [*own[1:CONCURRENCY], *usual]
    desk.finish(attempt)
    assert desk.waiting() == [urgent[0], *own[1:CONCURRENCY], *usual]
    waiting_before = own[CONCURRENCY]
    desk.client.make_urgent("ann", waiting_before)
    assert desk.run(3) == [urgent[0], urgent[1], waiting_before]


def test_urgent_question_stays_so_through_its_attempts(desk: Desk) -> None:
    """One that has to be tried again goes before the others again."""
    urgent, usual = desk.ask(urgent=True), desk.ask()
    error = ModelTimeoutError()
    attempt = desk.begin()
    desk.attempts.end(attempt, desk.worker, after_error(error, History()), error)
    registry = "rq:scheduled:questions"
    desk.connection.zadd(registry, {urgent: 1})
    other = desk.ask()
    Recovery(desk.broker).enqueue_due()
    assert desk.waiting() == [usual, other, urgent]
    desk.finish(desk.begin())
    assert desk.waiting() == [urgent, other]


def test_urgency_ends_with_the_question(desk: Desk, connection: redis.Redis) -> None:
    """What is over, stopped or retried has no place among the urgent ones."""
    stopped, done = desk.ask("ann", urgent=True), desk.ask("bob", urgent=True)
    desk.client.stop("ann", stopped)
    desk.finish(desk.begin())
    view = desk.client.retry("ann", stopped)
    assert not view.urgent
    desk.ask("eve", urgent=True)
    desk.begin()
    desk.begin()
    assert done.encode() not in connection.zrange(URGENT_KEY, 0, -1)
    assert stopped.encode() not in connection.zrange(URGENT_KEY, 0, -1)


def test_retried_question_is_urgent_no_more(desk: Desk) -> None:
    """Its owner has it run again at the end of the queue, and may make it urgent anew."""
    failed = desk.ask("ann", urgent=True)
    error = BadApiKeyError()
    desk.attempts.end(desk.begin(), desk.worker, after_error(error, History()), error)
    usual = desk.ask()
    desk.client.retry("ann", failed)
    urgent = desk.ask(urgent=True)
    assert desk.waiting() == [urgent, usual, failed]
    assert desk.client.make_urgent("ann", failed).position == 2


def test_what_cannot_be_urgent_is_refused(desk: Desk) -> None:
    """Neither what has begun or is over, nor a row of a batch, nor what is another's."""
    begun = desk.ask("ann")
    attempt = desk.begin()
    with pytest.raises(InvalidStateError):
        desk.client.make_urgent("ann", begun)
    desk.finish(attempt)
    with pytest.raises(InvalidStateError):
        desk.client.make_urgent("ann", begun)
    with pytest.raises(NotFoundError):
        desk.client.make_urgent("bob", begun)
    lines = lines_of("rules.csv", pasted_sheet("Why?\nWhat for?"), 0, header_row=None)
    batch = BatchClient(desk.broker).submit("ann", lines)
    Feeder(desk.broker).run_once()
    with pytest.raises(InvalidStateError, match="no row of a batch"):
        desk.client.make_urgent("ann", job_id_of(batch.id, 0))


def test_urgency_is_limited_for_each_user(
    connection: redis.Redis, make_settings: Callable[..., Settings]
) -> None:
    """At submission and afterwards alike; making one urgent twice counts once."""
    desk = Desk(connection, make_settings(urgent_per_minute=2))
    urgent, usual = desk.ask("ann", urgent=True), desk.ask("ann")
    desk.client.make_urgent("ann", usual)
    desk.client.make_urgent("ann", usual)
    third = desk.ask("ann")
    with pytest.raises(TooManyUrgentError, match="2 questions urgent within a minute"):
        desk.client.make_urgent("ann", third)
    with pytest.raises(TooManyUrgentError):
        desk.ask("ann", urgent=True)
    assert desk.client.list_jobs("ann").total == 3
    assert desk.waiting() == [urgent, usual, third]
    desk.ask("bob", urgent=True)


def test_estimates_know_who_is_urgent(desk: Desk) -> None:
    """An urgent one is done before those it overtakes, on the queue and waiting for its user's."""
    report = WorkerReport("host-1", time.time(), threads_by_queue={"questions": 1})
    desk.connection.set(worker_key("host-1"), json.dumps(asdict(report)), ex=30)
    desk.connection.zadd(WORKERS_KEY, {"host-1": time.time()})
    desk.connection.rpush(durations_key("questions"), *[4.0, 4.1, 3.9] * 5)
    own = [desk.ask("ann") for _ in range(CONCURRENCY)]
    usual = [desk.ask("bob") for _ in range(3)]
    desk.begin()
    waiting, held = desk.ask("ann"), desk.ask("ann", urgent=True)
    overtaking = desk.ask("eve", urgent=True)

    def high(user: str, job_id: str) -> float:
        client = JobClient(desk.broker)  # without a forecast of before
        eta = client.estimate(client.get_job(user, job_id))
        assert eta is not None
        return eta.high

    highs = [high("eve", overtaking), high("ann", own[1]), high("bob", usual[2])]
    assert highs == sorted(highs)
    assert high("ann", held) < high("bob", usual[0])
    assert high("ann", held) < high("ann", waiting)
    begun: JobView = desk.client.get_job("ann", own[0])
    assert begun.state is JobState.STARTED
