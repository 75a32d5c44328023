"""Batches over a real Valkey: accepted whole, owned, fed a few rows at a time, settled, deleted."""

from __future__ import annotations

from collections.abc import Callable
from fnmatch import fnmatchcase

import pytest
import redis
from redis.client import Pipeline
from rq.job import Job, JobStatus
from rq.rate_limit import RateLimitRegistry

from jobs.batches import rows
from jobs.batches.client import BatchClient
from jobs.batches.feeder import FEED_AHEAD, BatchRows, Feeder
from jobs.batches.models import Batch, BatchState, Lines, RowState
from jobs.batches.rows import RowPlace, job_id_of, keys_of
from jobs.batches.spreadsheet import lines_of, pasted_sheet
from jobs.errors import BrokerUnavailableError, InvalidBatchError, InvalidStateError, NotFoundError
from jobs.models import JobState, Question
from jobs.questions.client import JobClient
from jobs.questions.lifecycle import Lifecycle
from jobs.queue.broker import Broker
from jobs.queue.keys import SUSPECTS_KEY, limit_key, user_batches_key
from jobs.settings import BATCH_QUEUE, Settings
from jobs.worker.retention import OWNERS

USER = "ann"


@pytest.fixture
def batches(broker: Broker) -> BatchClient:
    return BatchClient(broker)


@pytest.fixture
def feeder(broker: Broker) -> Feeder:
    return Feeder(broker)


def lines(count: int = 10) -> Lines:
    text = "\n".join(f"What is rule {number}?" for number in range(count))
    return lines_of("rules.csv", pasted_sheet(text), 0, header_row=None)


def on_queue(broker: Broker) -> list[str]:
    return broker.queues[BATCH_QUEUE].get_job_ids()


def test_accepted_batch_waits_for_the_feeder(
    batches: BatchClient, client: JobClient, feeder: Feeder, broker: Broker
) -> None:
    """All rows are there at once, none is on the queue until a worker feeds; then in order."""
    batch = batches.submit(USER, lines(100))
    assert (batch.rows, batch.counts, on_queue(broker)) == (100, {RowState.PENDING: 100}, [])
    feeder.run_once()
    counts = batches.get(USER, batch.id).counts
    assert counts == {RowState.QUEUED: FEED_AHEAD, RowState.PENDING: 100 - FEED_AHEAD}
    first = [job_id_of(batch.id, row) for row in range(4)]
    assert on_queue(broker) == first
    assert client.get_job(USER, first[0]).asked.text == "What is rule 0?"
    feeder.run_once()
    assert batches.get(USER, batch.id).counts == counts


def test_batch_takes_no_slot_of_its_owners_questions(
    make_settings: Callable[..., Settings], connection: redis.Redis
) -> None:
    """Rows have a limit of their own, the user's own question is queued, and alone listed."""
    broker = Broker(connection, make_settings(batch_concurrency=3, user_concurrency=2))
    batches, client = BatchClient(broker), JobClient(broker)
    batches.submit(USER, lines(100))
    Feeder(broker).run_once()
    assert len(on_queue(broker)) == 3
    question = client.submit(USER, Question("What now?"))
    assert (question.state, question.position) == (JobState.QUEUED, 1)
    assert [job.id for job in client.list_jobs(USER).jobs] == [question.id]


def test_same_file_is_the_same_batch(batches: BatchClient, feeder: Feeder, broker: Broker) -> None:
    """Whoever submits it again finds it, and no row is asked twice; another file is another."""
    batch = batches.submit(USER, lines())
    feeder.run_once()
    assert batches.find(USER, lines()) == batches.get(USER, batch.id)
    assert batches.submit(USER, lines()).id == batch.id
    feeder.run_once()
    assert batches.get(USER, batch.id).counts == {RowState.QUEUED: 10}
    assert len(set(on_queue(broker))) == len(on_queue(broker)) == 4
    assert batches.submit(USER, lines(11)).id != batch.id
    assert batches.find("bob", lines()) is None


def test_same_file_asks_what_is_missing(
    batches: BatchClient, client: JobClient, feeder: Feeder
) -> None:
    """A row that was deleted on its own is asked again when the file is submitted again."""
    batch = batches.submit(USER, lines(3))
    feeder.run_once()
    job_id = job_id_of(batch.id, 1)
    client.stop(USER, job_id)
    client.delete(USER, job_id)
    assert batches.get(USER, batch.id).counts == {RowState.QUEUED: 2, RowState.GONE: 1}
    batches.submit(USER, lines(3))
    feeder.run_once()
    assert batches.get(USER, batch.id).counts == {RowState.QUEUED: 3}


def test_batch_of_another_user_is_not_found(batches: BatchClient) -> None:
    """Nothing can be read of it or done to it, as if it did not exist."""
    batch = batches.submit(USER, lines())
    calls: list[Callable[[], object]] = [
        lambda: batches.get("bob", batch.id),
        lambda: batches.rows("bob", batch.id),
        lambda: batches.header("bob", batch.id),
        lambda: list(batches.results("bob", batch.id)),
        lambda: batches.pause("bob", batch.id),
        lambda: batches.stop("bob", batch.id),
        lambda: batches.resume("bob", batch.id),
        lambda: batches.retry_failed("bob", batch.id),
        lambda: batches.delete("bob", batch.id),
    ]
    for call in calls:
        with pytest.raises(NotFoundError):
            call()
    assert batches.list_batches("bob") == []
    assert batches.list_batches(USER) == [batch]


def test_pause_takes_back_what_waits(
    batches: BatchClient, feeder: Feeder, broker: Broker, connection: redis.Redis
) -> None:
    """The queue and the user's limit are empty, all rows are pending, and go on with resume."""
    batch = batches.submit(USER, lines(100))
    feeder.run_once()
    paused = batches.pause(USER, batch.id)
    assert (paused.state, paused.counts) == (BatchState.PAUSED, {RowState.PENDING: 100})
    limit = RateLimitRegistry(limit_key(BATCH_QUEUE, USER), connection)
    assert (on_queue(broker), limit.get_allowed_job_ids()) == ([], [])
    assert limit.get_rate_limited_job_ids() == []
    feeder.run_once()
    assert batches.get(USER, batch.id).counts == {RowState.PENDING: 100}
    assert not paused.is_active
    batches.resume(USER, batch.id)
    feeder.run_once()
    assert batches.get(USER, batch.id).count(RowState.QUEUED) == FEED_AHEAD


def test_feeder_ends_a_pause_that_broke_off(
    batches: BatchClient, feeder: Feeder, broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If web dies between the change of state and the rows, a worker takes them back."""

    def die(_rows: BatchRows) -> int:
        raise redis.exceptions.ConnectionError

    batch = batches.submit(USER, lines())
    feeder.run_once()
    with monkeypatch.context() as broken:
        broken.setattr(BatchRows, "take_back", die)
        with pytest.raises(BrokerUnavailableError):
            batches.pause(USER, batch.id)
    assert len(on_queue(broker)) == 4
    feeder.run_once()
    assert batches.get(USER, batch.id).counts == {RowState.PENDING: 10}
    assert on_queue(broker) == []


def test_pause_beats_a_feeder_that_is_late(
    batches: BatchClient, broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A row that a feeder was about to ask when its batch was paused is not asked."""
    batch = batches.submit(USER, lines(3))
    give_back = Lifecycle.give_back

    def pause_in_between(self: Lifecycle, *args: object) -> bool:
        monkeypatch.setattr(Lifecycle, "give_back", give_back)
        batches.pause(USER, batch.id)
        return give_back(self, *args)  # type: ignore[arg-type]

    monkeypatch.setattr(Lifecycle, "give_back", pause_in_between)
    assert BatchRows(broker, batch.id, USER, 3).feed() == 0
    assert batches.get(USER, batch.id).counts == {RowState.PENDING: 3}


def test_pause_beats_a_row_that_is_just_being_asked(
    batches: BatchClient, broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the feeder had read before: the transaction that would queue it fails."""
    batch = batches.submit(USER, lines(3))
    take = RowPlace.take

    def pause_in_between(self: RowPlace, pipeline: Pipeline) -> None:
        monkeypatch.setattr(RowPlace, "take", take)
        batches.pause(USER, batch.id)
        take(self, pipeline)

    monkeypatch.setattr(RowPlace, "take", pause_in_between)
    assert BatchRows(broker, batch.id, USER, 3).feed() == 0
    assert batches.get(USER, batch.id).counts == {RowState.PENDING: 3}
    assert on_queue(broker) == []


def test_row_is_taken_back_by_two_at_once(
    batches: BatchClient, feeder: Feeder, broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who comes second, and finds the job gone in the middle of it, leaves it at that."""
    batch = batches.submit(USER, lines(1))
    feeder.run_once()
    rows = BatchRows(broker, batch.id, USER, 1)
    delete = Job.delete

    def be_second(self: Job, pipeline: Pipeline) -> None:
        monkeypatch.setattr(Job, "delete", delete)
        assert rows.take_back() == 1
        delete(self, pipeline)

    monkeypatch.setattr(Job, "delete", be_second)
    assert rows.take_back() == 0
    assert batches.get(USER, batch.id).counts == {RowState.PENDING: 1}


def test_row_that_ran_alone_comes_back_to_its_own_limit(
    batches: BatchClient, feeder: Feeder, broker: Broker, settings: Settings
) -> None:
    """One that lost its workers and failed is queued again among its user's rows."""
    batch = batches.submit(USER, lines(1))
    feeder.run_once()
    job = broker.fetch(job_id_of(batch.id, 0))
    job.rate_limit_key, job.rate_limit_concurrency = SUSPECTS_KEY, 1
    job.save()
    job.set_status(JobStatus.FAILED)
    assert Lifecycle(broker).queue_again(job.id)
    job = broker.fetch(job.id)
    assert job.rate_limit_key == limit_key(BATCH_QUEUE, USER)
    assert job.rate_limit_concurrency == settings.batch_concurrency


def test_stop_and_resume(batches: BatchClient, feeder: Feeder, broker: Broker) -> None:
    """A stopped batch has no row on the queue; the same file submitted again goes on with it."""
    batch = batches.submit(USER, lines())
    feeder.run_once()
    stopped = batches.stop(USER, batch.id)
    assert stopped.state is BatchState.STOPPED
    assert on_queue(broker) == []
    assert stopped.count(RowState.QUEUED, RowState.STARTED) == 0
    assert batches.submit(USER, lines()).state is BatchState.RUNNING
    feeder.run_once()
    assert batches.get(USER, batch.id).counts == {RowState.QUEUED: 10}


def test_deleted_batch_is_gone_with_all_its_keys(
    batches: BatchClient, client: JobClient, feeder: Feeder, connection: redis.Redis
) -> None:
    """At once for people, and with the next turns of a worker for good."""
    batch = batches.submit(USER, lines(60))
    feeder.run_once()
    batches.delete(USER, batch.id)
    with pytest.raises(NotFoundError):
        batches.get(USER, batch.id)
    assert batches.list_batches(USER) == []
    with pytest.raises(InvalidStateError):
        batches.submit(USER, lines(60))
    feeder.run_once()
    with pytest.raises(NotFoundError):
        client.get_job(USER, job_id_of(batch.id, 0))
    left = [key.decode() for key in connection.keys("*")]
    assert not [key for key in left if batch.id[:24] in key], left
    assert connection.exists(*keys_of(batch.id)) == 0
    assert batches.submit(USER, lines(60)).counts == {RowState.PENDING: 60}


def test_feeder_forgets_batches_without_work(
    batches: BatchClient, feeder: Feeder, connection: redis.Redis
) -> None:
    """Fed to the end, paused, or expired: no batch is looked at for ever."""
    batches.submit(USER, lines(3))
    paused = batches.submit(USER, lines(4))
    batches.pause(USER, paused.id)
    expired = batches.submit(USER, lines(5))
    connection.delete(*keys_of(expired.id))
    assert feeder.run_once()
    assert not feeder.run_once()


def test_every_key_of_a_batch_has_a_ttl_or_an_owner(
    batches: BatchClient, feeder: Feeder, connection: redis.Redis, settings: Settings
) -> None:
    """What is pending, on the queue, or paused goes with the retention, or somebody removes it."""
    batches.submit(USER, lines(100))
    feeder.run_once()
    batches.pause(USER, batches.submit(USER, lines(5)).id)
    unowned = [
        key.decode()
        for key in connection.scan_iter()
        if not 0 < connection.ttl(key) <= settings.retention_seconds
        and not any(fnmatchcase(key.decode(), pattern) for pattern in OWNERS)
    ]
    assert unowned == []
    assert 0 < connection.ttl(user_batches_key(USER)) <= settings.retention_seconds


def test_too_many_rows_are_refused(
    make_settings: Callable[..., Settings], connection: redis.Redis
) -> None:
    """With the most that are allowed, and a row that is too long with its number."""
    batches = BatchClient(
        Broker(connection, make_settings(batch_max_rows=5, max_question_chars=20))
    )
    with pytest.raises(InvalidBatchError, match="6 rows; the most is 5"):
        batches.submit(USER, lines(6))
    long = lines_of("x.csv", pasted_sheet("Who?\n" + "x" * 21), 0, header_row=None)
    with pytest.raises(InvalidBatchError, match=r"row 2 has 21 characters; the most is 20"):
        batches.submit(USER, long)
    empty = lines_of("x.csv", pasted_sheet("a\t\nb\t\nc\td"), 1, header_row=None)
    assert isinstance(batches.submit(USER, empty), Batch)
    with pytest.raises(InvalidBatchError, match="no questions"):
        batches.submit(USER, lines_of("x.csv", pasted_sheet("a"), 0, header_row=0))


def test_rows_are_paged_in_order_and_by_state(
    batches: BatchClient, client: JobClient, feeder: Feeder
) -> None:
    """A page holds the rows asked for, whatever their state, or those of one state."""
    batch = batches.submit(USER, lines(30))
    feeder.run_once()
    client.stop(USER, job_id_of(batch.id, 7))
    page = batches.rows(USER, batch.id, offset=10, limit=5)
    assert ([row.number for row in page.rows], page.total) == ([11, 12, 13, 14, 15], 30)
    assert page.rows[0].question == "What is rule 10?"
    stopped = batches.rows(USER, batch.id, state=RowState.STOPPED)
    assert [(row.number, row.state) for row in stopped.rows] == [(8, RowState.STOPPED)]


@pytest.mark.parametrize("at_once", [1, 7, 30, 42, 1000])
def test_rows_are_read_a_few_at_a_time(
    batches: BatchClient,
    client: JobClient,
    feeder: Feeder,
    monkeypatch: pytest.MonkeyPatch,
    at_once: int,
) -> None:
    """However many Valkey is asked for at once, each row of each batch is there, in order."""
    monkeypatch.setattr(rows, "ROWS_AT_ONCE", at_once)
    long, short = batches.submit(USER, lines(30)), batches.submit(USER, lines(12))
    feeder.run_once()
    client.stop(USER, job_id_of(long.id, 7))
    client.stop(USER, job_id_of(long.id, 29))
    states = {batch.id: batch.counts for batch in batches.list_batches(USER)}
    assert states[long.id] == {RowState.QUEUED: 28, RowState.STOPPED: 2}
    assert states[short.id] == {RowState.QUEUED: 12}
    stopped = batches.rows(USER, long.id, state=RowState.STOPPED)
    assert [row.number for row in stopped.rows] == [8, 30]


def test_rows_of_a_large_batch_are_read_in_several_round_trips(
    batches: BatchClient, connection: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Valkey serves others in between: no list of batches, however long, stops it."""
    monkeypatch.setattr(rows, "ROWS_AT_ONCE", 10)
    read = [batches.submit(USER, lines(count)) for count in (25, 4, 8)]
    trips = list[int]()
    execute = Pipeline.execute

    def counted(pipeline: Pipeline, *more: object) -> object:
        reads = [command[0] for command in pipeline.command_stack if command[0][0] == "EVAL"]
        if reads:
            trips.append(sum(last - first + 1 for *_, first, last, _prefix in reads))
        return execute(pipeline, *more)

    monkeypatch.setattr(Pipeline, "execute", counted)
    assert rows.read_statuses(connection, [(batch.id, batch.rows) for batch in read])
    assert trips == [10, 10, 10, 7]
