"""What operators see and do, on real workers: metrics that add up, and queues that pause."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator

import pytest
import redis
from rq.suspension import resume, suspend

from jobs.errors import BadApiKeyError, BrokerUnavailableError, NotFoundError
from jobs.models import JobState, Question, Stage
from jobs.operations import metrics
from jobs.operations.client import Operations
from jobs.operations.metrics import DAY, HOUR, Period, Tally
from jobs.questions.client import JobClient
from jobs.queue.broker import Broker
from jobs.queue.connection import connect
from jobs.queue.keys import METRICS_KEY, metrics_span_key
from jobs.queue.pauses import CHECK_SECONDS, Pauses
from jobs.settings import QUEUE_NAMES, Settings
from jobs.worker.attempts import Attempts
from jobs.worker.threads import IDLE_SECONDS, ThreadWorker
from tests.fakes import FakeModelServer
from tests.integration.failing import fail_next
from tests.integration.stack import USER, Stack, stack_of
from tests.waiting import until

QUESTIONS = 20


@pytest.fixture
def model() -> Iterator[FakeModelServer]:
    with FakeModelServer() as server:
        yield server


@pytest.fixture
def stack(settings: Settings, connection: redis.Redis, model: FakeModelServer) -> Iterator[Stack]:
    """A running worker with a model, and one indexed document."""
    with stack_of(
        settings,
        connection,
        OPENAI_BASE_URL=model.base_url,
        OPENAI_API_KEY="test-key",
        CHAT_MODEL="stub",
        EMBEDDING_MODEL="",
    ) as running:
        running.start_worker()
        running.add_document()
        yield running


@pytest.fixture
def operations(broker: Broker) -> Operations:
    return Operations(broker)


def past(operations: Operations, period: Period) -> Tally:
    return Tally.sum(span.tally for span in operations.spans(period))


def test_metrics_add_up_over_failures_and_a_killed_worker(
    stack: Stack, model: FakeModelServer, operations: Operations, connection: redis.Redis
) -> None:
    """Each question ends once in the counts, each attempt too, in the totals and both periods."""
    model.behave("bad_key", times=3)
    failing = [stack.ask() for _ in range(3)]
    for job in failing:
        assert stack.over(job.id).state is JobState.FAILED
    model.behave("rate_limited", times=1, retry_after=1)
    assert stack.over(stack.ask().id).state is JobState.FINISHED
    model.tokens, model.token_delay_seconds = 200, 0.05
    doomed = [stack.ask() for _ in range(2)]
    until(lambda: all(stack.view(job.id).stage is Stage.GENERATING for job in doomed))
    stack.worker.send_signal(signal.SIGKILL)
    stack.worker.wait()
    model.tokens, model.token_delay_seconds = 0, 0.0
    stack.start_worker()
    rest = [stack.ask() for _ in range(QUESTIONS - 6)]
    for job in (*doomed, *rest):
        assert stack.over(job.id).state is JobState.FINISHED

    for tally in (operations.totals(), past(operations, HOUR), past(operations, DAY)):
        assert tally.count(metrics.FINISHED, "questions") == QUESTIONS - 3
        assert tally.kinds(metrics.FAILED) == {"bad_api_key": 3}
        assert tally.kinds(metrics.RETRIED) == {"worker_lost": 2, "model_overloaded": 1}
        assert tally.count(metrics.ATTEMPTS, "questions") == QUESTIONS + 3
        waits = tally.histogram(metrics.WAIT, "questions")
        runs = tally.histogram(metrics.RUN, "questions")
        # How long a lost attempt ran, nobody knows.
        assert (waits.count, runs.count) == (QUESTIONS + 3, QUESTIONS + 1)
        assert tally.histogram(metrics.FIRST_TOKEN, "questions").count == QUESTIONS - 3
        answers = [stack.jobs.get_answer(USER, job.id) for job in (*doomed, *rest)]
        known = sum(answer.tokens.completion for answer in answers if answer)
        assert tally.count(metrics.TOKENS_OUT, "questions") > known > 0
        assert tally.count(metrics.FINISHED, "indexing") == 1
    keys = [key for key in connection.keys(METRICS_KEY + ":*")]
    assert keys
    assert all(0 < connection.ttl(key) <= DAY.seconds + 2 * DAY.span_seconds for key in keys)


def test_wait_and_run_are_measured(
    stack: Stack, operations: Operations, model: FakeModelServer
) -> None:
    """What the histograms sum up to is what the owner of the question sees."""
    model.first_token_delay_seconds = 1.0
    view = stack.over(stack.ask().id)
    tally = operations.totals()
    assert view.took_seconds is not None
    assert view.waited_seconds is not None
    run = tally.histogram(metrics.RUN, "questions").sum_seconds
    wait = tally.histogram(metrics.WAIT, "questions").sum_seconds
    assert run == pytest.approx(view.took_seconds, abs=0.5)
    assert wait == pytest.approx(view.waited_seconds, abs=0.5)


def test_paused_queue_holds_through_restarts_and_goes_on(
    stack: Stack, model: FakeModelServer, operations: Operations
) -> None:
    """What runs finishes; what is asked waits, even for a new worker; then it is answered."""
    model.tokens, model.token_delay_seconds = 40, 0.05
    running = stack.ask()
    until(lambda: stack.view(running.id).state is JobState.STARTED)
    assert operations.pause("questions", "ops")
    assert not operations.pause("questions", "another")
    until(lambda: stack.view(running.id).state is JobState.FINISHED)
    # Workers learn of it late, by so much.
    time.sleep(CHECK_SECONDS)  # no event to wait for: it is what does not happen
    held = [stack.ask() for _ in range(3)]
    stack.worker.terminate()
    stack.worker.wait()
    stack.start_worker()
    document = stack.add_document("other.md", b"The other queues go on.\n")
    assert document
    time.sleep(IDLE_SECONDS)  # the same
    state = operations.overview().queues[0]
    assert (state.name, state.waiting, state.running) == ("questions", 3, 0)
    assert [stack.view(job.id).state for job in held] == [JobState.QUEUED] * 3
    assert state.oldest_seconds is not None
    assert state.oldest_seconds >= IDLE_SECONDS
    assert state.pause is not None
    assert state.pause.by == "ops"
    assert time.time() - state.pause.since < 60

    assert operations.resume("questions", "ops")
    assert not operations.resume("questions", "ops")
    for job in held:
        assert stack.over(job.id).state is JobState.FINISHED
        assert stack.view(job.id).attempt == 1
    assert operations.overview().queues[0].pause is None


def test_rqs_own_suspension_still_holds_all_queues(stack: Stack, operations: Operations) -> None:
    """It is told apart from a pause, and ends as it always did."""
    suspend(stack.broker.connection)
    until(lambda: operations.overview().suspended)
    time.sleep(IDLE_SECONDS)  # a pop that was under way is over
    held = stack.ask()
    time.sleep(IDLE_SECONDS)  # no event to wait for: it is what does not happen
    assert stack.view(held.id).state is JobState.QUEUED
    resume(stack.broker.connection)
    assert stack.over(held.id).state is JobState.FINISHED
    assert not operations.overview().suspended


def test_job_popped_when_the_pause_begins_goes_back(broker: Broker, client: JobClient) -> None:
    """A worker that waited in a pop puts what it gets back where it was, at no attempt."""
    job = client.submit(USER, Question("Who earns the most?"))
    connection = connect(broker.settings.broker_url)

    class PausedWhilePopping(Pauses):
        answers = iter([False, True])

        def is_paused(self, queue: str) -> bool:
            answer = next(self.answers, None)
            if answer is None:
                worker.request_shutdown()
            return answer is not False

    worker = ThreadWorker(
        "questions",
        "w",
        connection,
        Attempts(broker),
        lambda *_outcome: None,
        PausedWhilePopping(connection),
    )
    worker.work()
    connection.close()
    queue = broker.queues["questions"]
    assert queue.get_job_ids() == [job.id]
    assert broker.connection.llen(queue.intermediate_queue_key) == 0
    assert client.get_job(USER, job.id).attempt == 0


def test_pause_is_asked_for_once_a_second(connection: redis.Redis) -> None:
    """However many threads ask, Valkey is asked once; an own change is seen at once."""
    pauses = Pauses(connection)
    before = connection.info("commandstats").get("cmdstat_hgetall", {}).get("calls", 0)
    for _ in range(50):
        assert not pauses.is_paused("batch")
    after = connection.info("commandstats")["cmdstat_hgetall"]["calls"]
    assert after - before <= 2
    pauses.pause("batch", "ops")
    assert pauses.is_paused("batch")
    pauses.resume("batch")
    assert not pauses.is_paused("batch")


def test_overview_shows_what_runs(
    stack: Stack, model: FakeModelServer, operations: Operations
) -> None:
    """What, where, since when and in which stage; no word of the question and no user."""
    model.tokens, model.token_delay_seconds = 400, 0.05
    job = stack.ask("Who may break the hotel limit?")
    until(lambda: stack.view(job.id).stage is Stage.GENERATING)
    overview = until(lambda: o if (o := operations.overview()).workers[0].running else None)
    [running] = overview.running
    assert running.job_id == job.id
    assert (running.queue, running.description) == ("questions", "Answer a question")
    assert (running.stage, running.attempt) == (Stage.GENERATING, 1)
    assert 0 < running.seconds < 30
    assert running.worker.startswith(overview.workers[0].name)
    assert overview.queues[0].running == 1
    assert "hotel" not in str(overview)
    assert USER not in str(overview)
    stack.jobs.stop(USER, job.id)


def test_overview_counts_what_waits_fails_and_is_held_back(
    broker: Broker, client: JobClient, operations: Operations
) -> None:
    """Beyond the user's limit questions are held back, and not in the queue."""
    limit = broker.settings.user_concurrency
    for number in range(limit + 3):
        client.submit(USER, Question(f"Question {number}?"))
    fail_next(broker, BadApiKeyError())
    overview = operations.overview()
    state = overview.queues[0]
    assert (state.waiting, state.failed, overview.held_back) == (limit, 1, 2)
    assert overview.workers == ()
    assert overview.running == ()


def test_oldest_is_found_behind_urgent_ones(
    broker: Broker, client: JobClient, operations: Operations
) -> None:
    """A question at the front of the queue does not hide how long others have waited."""
    old = client.submit(USER, Question("First?"))
    broker.connection.hset(f"rq:job:{old.id}", "enqueued_at", "2026-01-01T00:00:00.000000Z")
    client.submit(USER, Question("Second?"), urgent=True)
    oldest = operations.overview().queues[0].oldest_seconds
    assert oldest is not None
    assert oldest > 24 * 3600


def test_span_that_is_over_is_read_once(operations: Operations, connection: redis.Redis) -> None:
    """The last ones are read each time, because they still may change."""
    starts = HOUR.starts(time.time())
    old, last = (metrics_span_key(HOUR.span_seconds, starts[i]) for i in (30, -1))
    for key in (old, last):
        connection.hset(key, "finished|questions", 1)
    assert past(operations, HOUR).count(metrics.FINISHED) == 2
    for key in (old, last):
        connection.hset(key, "finished|questions", 10)
    assert past(operations, HOUR).count(metrics.FINISHED) == 11
    assert past(operations, DAY).count(metrics.FINISHED) == 0
    assert past(operations, HOUR).count(metrics.FINISHED) == 11


def test_unknown_queue_is_not_found(operations: Operations) -> None:
    """Nothing but the queues can be paused."""
    for change in (operations.pause, operations.resume):
        with pytest.raises(NotFoundError, match=", ".join(QUEUE_NAMES)):
            change("nonsense", "ops")
    assert not operations.paused()


def test_valkey_away_is_told(settings: Settings) -> None:
    """Every method raises what the pages know."""
    away = connect("redis://127.0.0.1:1/0")
    operations = Operations(Broker(away, settings))
    for call in (
        operations.overview,
        operations.totals,
        operations.paused,
        lambda: operations.spans(HOUR),
        lambda: operations.pause("questions", ""),
        lambda: operations.resume("questions", ""),
    ):
        with pytest.raises(BrokerUnavailableError):
            call()
    away.close()
