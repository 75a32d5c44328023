"""Documents are whole whatever became of the process that indexed them, or they are not there."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
import redis
from rq.job import JobStatus

from jobs.cancellation import Cancellation
from jobs.documents.embedding_progress import EmbeddingProgress
from jobs.errors import BrokerUnavailableError, IndexDiskFullError
from jobs.models import DocumentStatus
from jobs.queue.broker import Broker
from jobs.queue.retry_policy import MAX_ATTEMPTS
from jobs.search import edge_engine, engine
from jobs.search.engine import Entry
from jobs.search.giving_up import give_up
from jobs.search.index import KEYWORD_COLLECTION
from jobs.settings import INDEXING_QUEUE, Settings
from jobs.worker.attempts import Attempts
from jobs.worker.recovery import Recovery
from jobs.worker.threads import IDLE_SECONDS, ThreadWorker
from tests.integration.indexing_kills import outcome_of
from tests.integration.test_documents import TRAVEL, Desk

LONG = "".join(f"## Clause {n}\n\n{'The supplier delivers on time. ' * 25}\n\n" for n in range(9))
FULL = IndexDiskFullError()


@pytest.fixture
def desk(broker: Broker, settings: Settings) -> Iterator[Desk]:
    made = Desk(broker, settings)
    yield made
    made.close()


@pytest.fixture
def fill_disk(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Have no room for the second batch of a document, once it is called."""
    point = edge_engine._point

    def fail_at_third(entry: Entry) -> object:
        if entry.passage.position == 2:
            raise FULL
        return point(entry)

    def fill() -> None:
        monkeypatch.setattr(engine, "UPSERT_BATCH", 2)
        monkeypatch.setattr(edge_engine, "_point", fail_at_third)

    return fill


def end(desk: Desk, document_id: str) -> None:
    """What the worker does when an attempt was the last."""
    give_up(document_id, FULL.failure, register=desk.register, index=lambda: desk.indexer.index)


def test_nothing_is_half_there_after_kills(
    make_settings: Callable[..., Settings], connection: redis.Redis
) -> None:
    """Killed in whatever stage, a worker ends what it began: passages, vectors, what is found."""
    settings = make_settings(local_embedding_model="")
    undisturbed = outcome_of(settings, connection, count=5, kills=0, longest=20)
    killed = outcome_of(settings, connection, count=5, kills=5, longest=20, seed=14)
    assert [*killed.faults(undisturbed)] == []
    assert killed.stages.total() >= 5


def test_document_without_room_is_not_half_found(desk: Desk, fill_disk: Callable[[], None]) -> None:
    """When its last attempt is over, what was stored of it is gone."""
    index = desk.use_model(None)
    desk.add("travel.md", TRAVEL)
    document, _ = desk.client.add("ann", "contract.md", LONG.encode())
    fill_disk()
    with pytest.raises(IndexDiskFullError):
        desk.indexer.index_document(document.id, Cancellation())
    end(desk, document.id)
    assert desk.client.get(document.id).status is DocumentStatus.FAILED
    assert (index.count(KEYWORD_COLLECTION, document.id), index.count(KEYWORD_COLLECTION)) == (0, 1)


def test_document_that_was_whole_stays_so_unless_it_was_begun_anew(
    desk: Desk, fill_disk: Callable[[], None]
) -> None:
    """Indexed again in vain, it answers as before; half written again, it does not."""
    index = desk.use_model(None)
    document = desk.add("contract.md", LONG.encode())
    end(desk, document.id)
    assert index.count(KEYWORD_COLLECTION, document.id) == document.passages
    fill_disk()
    with pytest.raises(IndexDiskFullError):
        desk.indexer.index_document(document.id, Cancellation())
    end(desk, document.id)
    assert index.count(KEYWORD_COLLECTION, document.id) == 0


def test_document_survives_more_lost_workers_than_a_question(desk: Desk) -> None:
    """Three workers may be killed by others: it then waits a while, and is indexed by itself."""
    desk.use_model(None)
    document, _ = desk.client.add("ann", "travel.md", TRAVEL)
    queue, connection = desk.broker.queues[INDEXING_QUEUE], desk.broker.connection
    attempts, recovery = Attempts(desk.broker), Recovery(desk.broker)
    for _ in range(MAX_ATTEMPTS):
        worker = ThreadWorker(INDEXING_QUEUE, "w", connection, attempts, lambda *_: None)
        popped = worker.pop(IDLE_SECONDS)
        assert popped is not None
        assert attempts.begin(popped[0], worker) is not None
        lapse(connection, queue.started_job_registry.key)
        [lost] = recovery.recover_lost()
    assert lost.job.get_status() is JobStatus.SCHEDULED
    assert desk.client.queue_lost() == 0
    lapse(connection, queue.scheduled_job_registry.key)
    assert recovery.enqueue_due() == 1
    assert [job.args for job in queue.get_jobs()] == [[document.id]]


def lapse(connection: redis.Redis, registry_key: str) -> None:
    """Let the time of everything in a registry be over."""
    for each in connection.zrange(registry_key, 0, -1):
        connection.zadd(registry_key, {each: 1})


def test_document_that_no_job_will_index_is_queued_again(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Never queued, or its job failed and the worker died before it said so; others are left."""
    desk.use_model(None)
    desk.add("travel.md", TRAVEL)

    def refuse(*_arguments: object, **_options: object) -> None:
        raise BrokerUnavailableError

    with monkeypatch.context() as patch:
        patch.setattr(desk.broker, "enqueue", refuse)
        with pytest.raises(BrokerUnavailableError):
            desk.client.add("ann", "contract.md", LONG.encode())
    queue = desk.broker.queues[INDEXING_QUEUE]
    queue.empty()
    assert desk.client.queue_lost() == 1
    assert desk.client.queue_lost() == 0
    [job] = queue.get_jobs()
    document = desk.client.get(job.args[0])
    assert (document.name, document.status) == ("contract.md", DocumentStatus.QUEUED)

    desk.register.update(document.id, status=DocumentStatus.FAILED)
    job.delete()
    assert desk.client.queue_lost() == 0  # it says why, and waits for somebody


def test_vectors_go_on_soon_after_a_kill(broker: Broker) -> None:
    """What a killed worker was at is free again in seconds."""
    progress = EmbeddingProgress(broker.connection)
    assert progress.claim("d")
    assert not progress.claim("d")
    [claim] = broker.connection.keys("*embedding:d")
    assert 0 < broker.connection.ttl(claim) <= 15
