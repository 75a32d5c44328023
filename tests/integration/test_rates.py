"""Questions a minute, counted in a real Valkey."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
import redis
from limits.storage import RedisStorage

from jobs.batches.client import BatchClient
from jobs.batches.feeder import Feeder
from jobs.batches.models import RowState
from jobs.batches.rows import job_id_of
from jobs.batches.spreadsheet import lines_of, pasted_sheet
from jobs.errors import (
    BrokerUnavailableError,
    InvalidQuestionError,
    InvalidStateError,
    TooManyQuestionsError,
    TooManyUrgentError,
)
from jobs.models import JobState, Question
from jobs.questions.client import JobClient
from jobs.questions.ids import new_job_id
from jobs.questions.lifecycle import Lifecycle
from jobs.questions.rate_limit import WINDOW_SECONDS
from jobs.queue.broker import Broker
from jobs.queue.connection import connect
from jobs.queue.keys import RATES_PREFIX
from jobs.settings import Settings

MOST = 3


@pytest.fixture
def settings(make_settings: Callable[..., Settings]) -> Settings:
    return make_settings(questions_per_minute=MOST, urgent_per_minute=1)


def ask(client: JobClient, count: int, user: str = "ann") -> None:
    for number in range(count):
        client.submit(user, Question(f"question {number}?"))


def test_one_question_more_than_the_limit_is_refused_and_leaves_nothing(client: JobClient) -> None:
    """The refusal says how many and when to ask again; another user is not concerned."""
    ask(client, MOST)
    with pytest.raises(TooManyQuestionsError, match="asked 3 questions within a minute") as caught:
        client.submit("ann", Question("one more?"))
    assert 1 <= (caught.value.retry_after_seconds or 0) <= WINDOW_SECONDS
    assert client.list_jobs("ann").total == MOST
    ask(client, 1, "bob")


def test_the_window_moves(
    client: JobClient, connection: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There is room again when the first question is a minute old, and for one alone."""
    now = time.time()
    for second in range(MOST):
        monkeypatch.setattr(time, "time", lambda second=second: now + second)
        client.submit("ann", Question(f"question {second}?"))
    monkeypatch.setattr(time, "time", lambda: now + WINDOW_SECONDS - 0.5)
    with pytest.raises(TooManyQuestionsError) as caught:
        client.submit("ann", Question("too early?"))
    assert caught.value.retry_after_seconds == 1
    monkeypatch.setattr(time, "time", lambda: now + WINDOW_SECONDS + 0.5)
    client.submit("ann", Question("in time?"))
    with pytest.raises(TooManyQuestionsError):
        client.submit("ann", Question("and another?"))
    keys = [key for key in connection.keys("*") if key.startswith(RATES_PREFIX.encode())]
    assert keys
    assert all(0 < connection.ttl(key) <= WINDOW_SECONDS for key in keys)


def test_question_that_is_sent_again_counts_once(client: JobClient) -> None:
    """With its id it is known, however often it comes; one that was refused is counted then."""
    job_id = new_job_id()
    for _ in range(MOST + 2):
        client.submit("ann", Question("the same?"), job_id=job_id)
    ask(client, MOST - 1)
    refused = new_job_id()
    for _ in range(2):
        with pytest.raises(TooManyQuestionsError):
            client.submit("ann", Question("refused?"), job_id=refused)
    assert client.submit("ann", Question("the same?"), job_id=job_id).id == job_id


def test_question_that_broke_off_after_the_counting_counts_once(
    client: JobClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever sends it again after an outage pays once."""
    job_id = new_job_id()
    with monkeypatch.context() as outage:

        def fail(*_args: object, **_more: object) -> bool:
            raise redis.ConnectionError

        outage.setattr(Lifecycle, "submit", fail)
        for _ in range(MOST + 1):
            with pytest.raises(BrokerUnavailableError):
                client.submit("ann", Question("lost?"), job_id=job_id)
    client.submit("ann", Question("lost?"), job_id=job_id)
    rate = client.rate("ann")
    assert rate is not None
    assert (rate.limit, rate.remaining) == (MOST, MOST - 1)


def test_questions_at_once_do_not_pass_the_limit_together(
    settings: Settings, connection: redis.Redis
) -> None:
    """From several web processes, exactly as many are accepted as may be."""

    def submit(number: int) -> bool:
        other = JobClient(Broker(connect(settings.redis_url), settings))
        try:
            other.submit("ann", Question(f"question {number}?"))
        except TooManyQuestionsError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(submit, range(8))) == MOST


def test_stop_and_retry_in_a_loop_runs_no_more_than_the_limit(client: JobClient) -> None:
    """A retry has the model called like a new question. What is refused stays as it was."""
    job_id = client.submit("ann", Question("again?")).id
    for _ in range(MOST - 1):
        client.stop("ann", job_id)
        client.retry("ann", job_id)
    client.stop("ann", job_id)
    with pytest.raises(TooManyQuestionsError) as caught:
        client.retry("ann", job_id)
    assert 1 <= (caught.value.retry_after_seconds or 0) <= WINDOW_SECONDS
    assert client.get_job("ann", job_id).state is JobState.STOPPED


def test_retry_of_what_cannot_be_retried_counts_nothing(client: JobClient) -> None:
    """A second click on the button, or one that comes too late, costs nothing."""
    job_id = client.submit("ann", Question("once?")).id
    for _ in range(2 * MOST):
        with pytest.raises(InvalidStateError):
            client.retry("ann", job_id)
    ask(client, MOST - 1)


@pytest.mark.parametrize("again", ["resume", "submit", "delete"])
def test_batch_in_a_loop_runs_no_more_than_the_limit(
    broker: Broker, client: JobClient, again: str
) -> None:
    """Whoever stops a batch and goes on with it, or submits it anew, runs its rows on account."""
    batches, feeder = BatchClient(broker), Feeder(broker)
    lines = lines_of("a.csv", pasted_sheet("one?\ntwo?"), 0, header_row=None)

    def run() -> int:
        batch = batches.submit("ann", lines)
        if again == "resume":
            batches.resume("ann", batch.id)
        feeder.run_once()
        rows = batches.get("ann", batch.id).count(RowState.QUEUED)
        for row in range(rows):
            client.stop("ann", job_id_of(batch.id, row))
        if again == "delete":
            batches.delete("ann", batch.id)
            feeder.run_once()
        return rows

    assert run() == 2
    with pytest.raises(TooManyQuestionsError):
        run()


def test_pausing_a_batch_counts_nothing(broker: Broker) -> None:
    """What runs finishes, so nothing is run twice."""
    batches, feeder = BatchClient(broker), Feeder(broker)
    lines = lines_of("a.csv", pasted_sheet("one?\ntwo?"), 0, header_row=None)
    batch = batches.submit("ann", lines)
    for _ in range(2 * MOST):
        feeder.run_once()
        batches.pause("ann", batch.id)
        batches.resume("ann", batch.id)


def test_batch_larger_than_the_limit_is_accepted(
    connection: redis.Redis, make_settings: Callable[..., Settings]
) -> None:
    """It counts as the whole limit, or it could never be asked."""
    broker = Broker(connection, make_settings(questions_per_minute=1, batch_concurrency=4))
    lines = lines_of("a.csv", pasted_sheet("\n".join("abcdef")), 0, header_row=None)
    assert BatchClient(broker).submit("ann", lines).rows == 6
    with pytest.raises(TooManyQuestionsError):
        JobClient(broker).submit("ann", Question("one more?"))


def test_bad_question_is_not_counted(client: JobClient) -> None:
    """What is refused for other reasons costs nothing."""
    for _ in range(MOST + 1):
        with pytest.raises(InvalidQuestionError):
            client.submit("ann", Question(" "))
    ask(client, MOST)


def test_no_limit_counts_nothing(
    connection: redis.Redis, make_settings: Callable[..., Settings]
) -> None:
    """QUESTIONS_PER_MINUTE=0 is off, and URGENT_PER_MINUTE=0 lets nobody be urgent."""
    settings = make_settings(questions_per_minute=0, urgent_per_minute=0)
    client = JobClient(Broker(connection, settings))
    ask(client, 2)
    assert client.rate("ann") is None
    assert connection.keys(f"{RATES_PREFIX}*") == []
    with pytest.raises(TooManyUrgentError, match="No question can be made urgent"):
        client.submit("ann", Question("at once?"), urgent=True)


def test_outage_of_valkey_is_a_named_refusal(make_settings: Callable[..., Settings]) -> None:
    """Nothing is accepted uncounted, and nobody sees an exception of the storage."""
    settings = make_settings(redis_url="redis://127.0.0.1:1/0", questions_per_minute=MOST)
    client = JobClient(Broker(connect(settings.redis_url), settings))
    with pytest.raises(BrokerUnavailableError):
        client.submit("ann", Question("anybody there?"))


def test_storage_shares_the_pool(broker: Broker, client: JobClient) -> None:
    """Counting opens no connections beyond those of the process."""
    storage = client._rates._limiter.storage
    assert isinstance(storage, RedisStorage)
    assert storage.storage.connection_pool is broker.connection.connection_pool
