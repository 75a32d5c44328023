"""What Valkey says of the queue becomes an estimate; what an attempt took is kept for the next."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Callable
from dataclasses import asdict

import pytest
import redis
from rq.suspension import resume, suspend

from jobs.errors import BadApiKeyError, BrokerUnavailableError, ModelTimeoutError
from jobs.models import Answer, JobState, JobView, Question, WorkerReport
from jobs.questions.client import JobClient
from jobs.questions.eta import FRESH_SECONDS, EtaEstimator, read_load
from jobs.questions.repository import JobRepository
from jobs.queue.broker import Broker
from jobs.queue.durations import KEPT
from jobs.queue.keys import WORKERS_KEY, durations_key, worker_key
from jobs.queue.pauses import Pauses
from jobs.queue.retry_policy import History, after_error
from jobs.settings import Settings
from jobs.worker.attempts import Attempt, Attempts
from jobs.worker.threads import ThreadWorker

PROCESS = "host-1"
KEY = durations_key("questions")


class Desk:
    """A client, and a worker by hand: of a process with two threads that reports."""

    def __init__(self, connection: redis.Redis, settings: Settings) -> None:
        self.connection = connection
        self.broker = Broker(connection, settings)
        self.client = JobClient(self.broker)
        self.attempts = Attempts(self.broker)
        self.worker = ThreadWorker(
            "questions", f"{PROCESS}-questions-1.1", connection, self.attempts, lambda *_: None
        )

    def report(self, threads: int = 2) -> None:
        report = WorkerReport(PROCESS, time.time(), threads_by_queue={"questions": threads})
        self.connection.set(worker_key(PROCESS), json.dumps(asdict(report)), ex=30)
        self.connection.zadd(WORKERS_KEY, {PROCESS: time.time()})

    def took(self, *seconds: float) -> None:
        self.connection.rpush(KEY, *seconds)

    def ask(self, user: str = "ann") -> JobView:
        return self.client.submit(user, Question("Why?"))

    def begin(self) -> Attempt:
        queue = self.broker.queues["questions"]
        popped = self.connection.lmove(queue.key, queue.intermediate_queue_key)
        attempt = self.attempts.begin(self.broker.fetch(popped.decode()), self.worker)
        assert attempt is not None
        return attempt

    def finish(self, attempt: Attempt) -> None:
        assert self.attempts.finish(attempt, self.worker, Answer("Because.").to_dict())


@pytest.fixture
def desk(connection: redis.Redis, make_settings: Callable[..., Settings]) -> Desk:
    return Desk(connection, make_settings(user_concurrency=2))


def test_finished_attempt_leaves_its_duration(desk: Desk) -> None:
    """What it took is the newest of a bounded list, which goes after the retention."""
    desk.took(*[100.0] * KEPT)
    desk.ask()
    attempt = desk.begin()
    time.sleep(0.05)
    desk.finish(attempt)
    kept = [float(each) for each in desk.connection.lrange(KEY, 0, -1)]
    assert 0.05 <= kept[0] < 50.0
    assert len(kept) == KEPT
    assert 0 < desk.connection.ttl(KEY) <= desk.broker.settings.retention_seconds


def test_attempt_without_an_answer_leaves_none(desk: Desk) -> None:
    """How long a bad key took to fail says nothing of how long an answer takes."""
    desk.ask()
    error = BadApiKeyError()
    desk.attempts.end(desk.begin(), desk.worker, after_error(error, History()), error)
    assert desk.connection.llen(KEY) == 0


def test_finishing_twice_counts_once(desk: Desk) -> None:
    """An attempt that no longer counts adds no duration."""
    desk.ask()
    attempt = desk.begin()
    desk.finish(attempt)
    desk.attempts.finish(attempt, desk.worker, Answer("Again.").to_dict())
    assert desk.connection.llen(KEY) == 1


def test_load_is_what_runs_waits_and_works(desk: Desk) -> None:
    """Threads of living workers, attempts with their time so far, the queue and the limits."""
    desk.report(threads=3)
    desk.took(2.0, 1.0)
    mine = [desk.ask("ann").id for _ in range(4)]
    other = desk.ask("bob").id
    desk.begin()
    load = read_load(desk.broker, desk.client.workers())
    assert (load.recent, load.threads) == ((2.0, 1.0), 3)
    assert [each.job_id for each in load.running] == [mine[0]]
    assert load.running[0].alive
    assert 0 <= load.running[0].ran_seconds < 5
    assert load.queued == (mine[1], other)
    assert [(set(limit.holding), limit.waiting) for limit in load.limits] == [
        (set(mine[:2]), tuple(mine[2:]))
    ]


def test_question_between_the_queue_and_its_start_is_not_overlooked(desk: Desk) -> None:
    """A question that a worker has taken and not yet begun counts as begun this moment."""
    job = desk.ask()
    queue = desk.broker.queues["questions"]
    desk.connection.lmove(queue.key, queue.intermediate_queue_key)
    load = read_load(desk.broker, desk.client.workers())
    assert [(each.job_id, each.ran_seconds) for each in load.running] == [(job.id, 0.0)]


def test_attempt_of_a_silent_worker_is_not_alive(desk: Desk) -> None:
    """Without a report of its process, nobody is known to work on it."""
    desk.ask()
    desk.begin()
    load = read_load(desk.broker, desk.client.workers())
    assert load.threads == 0
    assert not load.running[0].alive


def test_queued_waiting_and_started_have_an_estimate(desk: Desk) -> None:
    """Each of them, in the order in which they will be done; and none once it is over."""
    desk.report(threads=1)
    desk.took(*[4.0, 4.1, 3.9] * 5)
    jobs = [desk.ask() for _ in range(4)]
    attempt = desk.begin()
    views = [desk.client.get_job("ann", job.id) for job in jobs]
    assert [view.state for view in views] == [
        JobState.STARTED,
        JobState.QUEUED,
        JobState.WAITING,
        JobState.WAITING,
    ]
    for turn, view in enumerate(views, start=1):
        eta = desk.client.estimate(view)
        assert eta is not None
        assert eta.low <= 4.0 * turn <= eta.high + 0.5, (turn, eta)
    desk.finish(attempt)
    assert desk.client.estimate(desk.client.get_job("ann", jobs[0].id)) is None


def test_without_a_worker_no_end_is_known(desk: Desk) -> None:
    """Once no process reports, neither what waits nor what it had begun has an estimate."""
    desk.took(*[4.0, 4.1, 3.9] * 5)
    jobs = [desk.ask() for _ in range(3)]
    desk.begin()
    views = [desk.client.get_job("ann", job.id) for job in jobs]
    assert [desk.client.estimate(view) for view in views] == [None, None, None]
    desk.report()
    assert desk.client.estimate(desk.ask("bob")) is not None


def test_pause_hides_the_end_of_what_waits(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Paused by name or with all other queues, only what runs has an estimate; then all again."""
    desk.report()
    desk.took(*[4.0, 4.1, 3.9] * 5)
    jobs = [desk.ask() for _ in range(2)]
    desk.begin()
    views = [desk.client.get_job("ann", job.id) for job in jobs]
    start, seconds = time.time(), itertools.count(1)

    def known() -> list[bool]:
        later = start + next(seconds) * (FRESH_SECONDS + 0.1)  # a new forecast
        monkeypatch.setattr(time, "time", lambda: later)
        return [desk.client.estimate(view) is not None for view in views]

    pauses = Pauses(desk.connection)
    assert (known(), desk.client.is_paused()) == ([True, True], False)
    pauses.pause("questions", "ops")
    assert (known(), desk.client.is_paused()) == ([True, False], True)
    pauses.resume("questions")
    pauses.pause("indexing", "ops")
    assert (known(), desk.client.is_paused()) == ([True, True], False)
    suspend(desk.connection)
    assert (known(), desk.client.is_paused()) == ([True, False], True)
    resume(desk.connection)
    assert (known(), desk.client.is_paused()) == ([True, True], False)


def test_without_recent_answers_nothing_is_known(desk: Desk) -> None:
    """A new installation makes no promise."""
    desk.report()
    assert desk.client.estimate(desk.ask()) is None


def test_forecast_is_shared_for_a_second(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many ask, Valkey is read once; a question that is new is looked for at once."""
    reads = []

    def workers() -> list[WorkerReport]:
        reads.append(1)
        return desk.client.workers()

    desk.report()
    desk.took(*[1.0] * 10)
    estimator = EtaEstimator(desk.broker, workers)
    job = desk.ask()
    for _ in range(20):
        assert estimator.estimate(job.id, job.queued_at) is not None
    assert len(reads) == 1
    newer = desk.ask()
    assert estimator.estimate(newer.id, newer.queued_at) is not None
    assert len(reads) == 2
    assert estimator.estimate("gone", job.queued_at) is None
    assert len(reads) == 2
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + FRESH_SECONDS + 0.1)
    estimator.estimate(job.id, job.queued_at)
    assert len(reads) == 3


def test_estimate_runs_down_between_two_forecasts(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half a second later, the same forecast is half a second less, and never below zero."""
    desk.report()
    desk.took(*[0.3, 2.0] * 10)
    estimator = EtaEstimator(desk.broker, desk.client.workers)
    job = desk.ask()
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now)
    first = estimator.estimate(job.id, job.queued_at)
    monkeypatch.setattr(time, "time", lambda: now + 0.5)
    second = estimator.estimate(job.id, job.queued_at)
    assert first is not None
    assert second is not None
    assert second.low == 0.0
    assert first.high - second.high == pytest.approx(0.5)


def test_estimate_of_an_outage_is_a_known_error(desk: Desk) -> None:
    """When Valkey is away, it says so like every other call."""
    job = desk.ask()
    away = redis.Redis(host="127.0.0.1", port=1, socket_connect_timeout=0.1)
    client = JobClient(Broker(away, desk.broker.settings))
    with pytest.raises(BrokerUnavailableError):
        client.estimate(job)


def test_record_sums_up_what_attempts_and_waits_cost(desk: Desk) -> None:
    """Each attempt that came to nothing adds its run and its wait; a retry by hand forgets them."""
    records = JobRepository(desk.connection, 3600)
    job = desk.ask()
    attempt = desk.begin()
    time.sleep(0.05)
    error = ModelTimeoutError()
    outcome = after_error(error, History(), random_fraction=lambda: 1.0)
    desk.attempts.end(attempt, desk.worker, outcome, error)
    record = records.read(job.id)
    assert record is not None
    assert 0.05 <= record.earlier < 50.0
    assert record.retry_waits == pytest.approx(2.0, abs=1.0)
    desk.client.stop("ann", job.id)
    desk.client.retry("ann", job.id)
    record = records.read(job.id)
    assert record is not None
    assert (record.earlier, record.retry_waits) == (0.0, 0.0)
