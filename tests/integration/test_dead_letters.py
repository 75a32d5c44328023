"""DeadLetters over a real Valkey: what operators see of failed jobs, and queueing them again."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import redis
from rq.job import Job, JobStatus
from rq.registry import FailedJobRegistry
from rq.serializers import JSONSerializer

from jobs.documents.client import DocumentClient
from jobs.documents.file_store import FileStore
from jobs.documents.repository import DocumentRepository
from jobs.errors import (
    BadApiKeyError,
    BadModelRequestError,
    BrokerUnavailableError,
    ModelTimeoutError,
    NoQuotaError,
    UnreadableDocumentError,
)
from jobs.models import Document, DocumentStatus, JobState, Question
from jobs.operations.failed_jobs import DeadLetters
from jobs.questions.client import JobClient
from jobs.queue.broker import ANSWER_QUESTION, Broker
from jobs.queue.connection import connect
from jobs.queue.retry_policy import MAX_ATTEMPTS
from jobs.search.indexer import mark_failed
from jobs.settings import INDEXING_QUEUE, QUESTIONS_QUEUE, Settings
from tests.integration.failing import fail_next
from tests.integration.test_client import counted_round_trips


@pytest.fixture
def letters(broker: Broker) -> DeadLetters:
    return DeadLetters(broker)


@pytest.fixture
def documents(broker: Broker, settings: Settings) -> DocumentClient:
    store = FileStore(settings.document_store_url)
    return DocumentClient(broker, store, DocumentRepository(broker.connection))


def queued(broker: Broker, name: str = QUESTIONS_QUEUE) -> list[str]:
    return [job_id.decode() for job_id in broker.connection.lrange(f"rq:queue:{name}", 0, -1)]


def failed_document(broker: Broker, documents: DocumentClient) -> Document:
    """A document whose indexing failed, as a worker leaves it."""
    document, _ = documents.add("ann", "scan.pdf", b"%PDF-1.7 nothing to read")
    error = UnreadableDocumentError()
    fail_next(broker, error, INDEXING_QUEUE)
    mark_failed(document.id, error.failure, register=DocumentRepository(broker.connection))
    return documents.get(document.id)


def many_failed(broker: Broker, count: int) -> None:
    """That many failed jobs, written at once, as RQ and `jobs.worker.attempts` leave them."""
    failure = {"kind": "bad_api_key", "message": "No.", "command": ""}
    meta = json.dumps({"failure": failure, "history": {"attempts": 1}})
    pipeline = broker.connection.pipeline(transaction=False)
    for number in range(count):
        fields = {
            "status": "failed",
            "description": "Answer a question",
            "ended_at": f"2026-01-31T12:00:00.{number:06}Z",
            "meta": meta,
        }
        pipeline.hset(Job.key_for(f"job-{number}"), mapping=fields)
    ids = {f"job-{number}": time.time() + number for number in range(count)}
    pipeline.zadd(f"rq:failed:{QUESTIONS_QUEUE}", ids)
    pipeline.execute()


def test_failed_jobs_are_listed_newest_first(
    letters: DeadLetters, client: JobClient, documents: DocumentClient, broker: Broker
) -> None:
    """Of each queue, with what failed, why, after how many attempts, and when."""
    began = time.time()
    client.submit("ann", Question("q?"))
    first = fail_next(broker, ModelTimeoutError(), used=MAX_ATTEMPTS - 1)
    second = failed_document(broker, documents).job_id
    page = letters.list_failed()
    assert [entry.job_id for entry in page.entries] == [second, first]
    newest, oldest = page.entries
    assert (newest.queue, newest.description) == ("indexing", "Index a document")
    assert newest.failure == UnreadableDocumentError().failure
    assert (oldest.queue, oldest.description) == ("questions", "Answer a question")
    assert (oldest.failure.kind, oldest.attempts) == ("model_timeout", MAX_ATTEMPTS)
    assert began - 1 <= oldest.failed_at <= newest.failed_at <= time.time() + 1
    assert (page.total, page.kinds) == (2, {"unreadable_document": 1, "model_timeout": 1})


def test_list_is_filtered_by_kind_and_paged(
    letters: DeadLetters, client: JobClient, broker: Broker
) -> None:
    """The total is of the kind that was asked for; the counts are of all, the commonest first."""
    ids = []
    for error in (NoQuotaError(), BadApiKeyError(), BadApiKeyError(), BadApiKeyError()):
        client.submit("ann", Question("q?"))
        ids.append(fail_next(broker, error))
    page = letters.list_failed("bad_api_key", offset=1, limit=1)
    assert [entry.job_id for entry in page.entries] == [ids[2]]
    assert page.total == 3
    assert list(page.kinds.items()) == [("bad_api_key", 3), ("no_quota", 1)]
    assert letters.kinds() == page.kinds
    assert letters.list_failed("worker_lost").entries == ()


def test_no_word_of_a_question_and_no_user_is_in_an_entry(
    letters: DeadLetters, client: JobClient, broker: Broker
) -> None:
    """Not even where the model server repeats the question in what it says of it."""
    client.submit("b-ann-secret", Question("Who earns the most?"))
    fail_next(
        broker, BadModelRequestError("The model server rejected the request: Who earns the most")
    )
    entry = str(letters.list_failed().entries)
    assert "bad_model_request" in entry
    assert "earns" not in entry
    assert "ann" not in entry


def test_stopped_and_running_jobs_are_no_dead_letters(
    letters: DeadLetters, client: JobClient, broker: Broker
) -> None:
    """Neither what its owner stopped, nor what waits for another attempt, has failed."""
    client.stop("ann", client.submit("ann", Question("q?")).id)
    client.submit("ann", Question("q?"))
    fail_next(broker, ModelTimeoutError())
    assert letters.list_failed().total == 0


def test_what_is_left_of_foreign_jobs_harms_nothing(
    letters: DeadLetters, connection: redis.Redis
) -> None:
    """A member without a job is passed over; a job without our words is listed, not requeued."""
    connection.zadd("rq:failed:questions", {"gone": time.time() + 60, "odd": time.time() + 60})
    pickled = b"cos\nsystem"
    fields = {"status": "failed", "origin": "questions", "meta": pickled, "data": pickled}
    fields["description"] = "Index a document"
    connection.hset("rq:job:odd", mapping=fields)
    page = letters.list_failed()
    assert [(entry.job_id, entry.failure.kind) for entry in page.entries] == [("odd", "error")]
    assert letters.requeue_all() == 0


def test_requeued_question_runs_with_all_attempts_and_leaves_the_list(
    letters: DeadLetters, client: JobClient, broker: Broker
) -> None:
    """It is its owner's as before, queued, without the failure."""
    client.submit("ann", Question("q?"))
    job_id = fail_next(broker, BadApiKeyError())
    assert letters.requeue(job_id)
    assert queued(broker) == [job_id]
    view = client.get_job("ann", job_id)
    assert (view.state, view.failure) == (JobState.QUEUED, None)
    assert letters.list_failed().total == 0
    assert broker.fetch(job_id).meta == {}


def test_requeue_of_what_is_not_failed_changes_nothing(
    letters: DeadLetters, client: JobClient, broker: Broker
) -> None:
    """Unknown, queued, stopped, or stopped after somebody else had requeued it: all are False."""
    assert not letters.requeue("nonsense")
    assert not letters.requeue(client.submit("ann", Question("queued?")).id)
    broker.connection.delete("rq:queue:questions")
    client.submit("ann", Question("stopped?"))
    job_id = fail_next(broker, BadApiKeyError())
    letters.requeue(job_id)
    client.stop("ann", job_id)
    assert not letters.requeue(job_id)
    assert client.get_job("ann", job_id).state is JobState.STOPPED
    assert queued(broker) == []


def test_two_operators_at_once_requeue_once(
    letters: DeadLetters, client: JobClient, broker: Broker
) -> None:
    """However many click, each job is on its queue once."""
    for _ in range(5):
        client.submit("ann", Question("q?"))
        fail_next(broker, BadApiKeyError())
    with ThreadPoolExecutor(4) as pool:
        counts = list(pool.map(lambda _: letters.requeue_all(), range(4)))
    assert sum(counts) == 5
    assert len(queued(broker)) == len(set(queued(broker))) == 5


def test_requeue_by_kind_leaves_the_others_and_goes_oldest_first(
    letters: DeadLetters, client: JobClient, broker: Broker
) -> None:
    """Who has waited longest is served first."""
    ids = []
    for error in (BadApiKeyError(), NoQuotaError(), BadApiKeyError()):
        client.submit("ann", Question("q?"))
        ids.append(fail_next(broker, error))
    assert letters.requeue_all("bad_api_key") == 2
    assert queued(broker) == [ids[0], ids[2]]
    assert letters.kinds() == {"no_quota": 1}
    assert letters.requeue_all() == 1
    assert letters.kinds() == {}


def test_requeued_document_is_queued_in_the_register_too(
    letters: DeadLetters, documents: DocumentClient, broker: Broker
) -> None:
    """The Documents page shows at once that its indexing runs again, without the failure."""
    document = failed_document(broker, documents)
    assert document.status is DocumentStatus.FAILED
    assert letters.requeue(document.job_id)
    again = documents.get(document.id)
    assert (again.status, again.failure, again.job_id) == (
        DocumentStatus.QUEUED,
        None,
        document.job_id,
    )
    assert queued(broker, INDEXING_QUEUE) == [document.job_id]


def test_document_indexed_by_another_job_is_no_dead_letter(
    letters: DeadLetters, documents: DocumentClient, broker: Broker
) -> None:
    """Once somebody retried it on the Documents page, the job that failed has nothing to do."""
    document = failed_document(broker, documents)
    again = documents.index_again("ann", document.id)
    assert letters.list_failed().total == 0
    assert not letters.requeue(document.job_id)
    assert queued(broker, INDEXING_QUEUE) == [again.job_id]


def test_deleted_document_is_no_dead_letter(
    letters: DeadLetters, documents: DocumentClient, broker: Broker
) -> None:
    """There is nothing left to index."""
    document = failed_document(broker, documents)
    assert letters.list_failed().total == 1
    documents.delete("ann", document.id)
    assert letters.list_failed().total == 0


def test_repeated_reindexing_leaves_no_dead_letter_of_the_first(
    letters: DeadLetters, documents: DocumentClient, broker: Broker
) -> None:
    """Indexing everything again replaces the run that failed."""
    documents.index_all_again()
    fail_next(broker, BadApiKeyError(), INDEXING_QUEUE)
    assert letters.kinds() == {"bad_api_key": 1}
    documents.index_all_again()
    assert letters.kinds() == {}


def test_ten_thousand_are_listed_in_a_fixed_number_of_round_trips(
    letters: DeadLetters, broker: Broker
) -> None:
    """One for each thousand and one for each queue; no time to speak of."""
    count = 10_000
    many_failed(broker, count)
    with counted_round_trips(broker.connection) as trips:
        page = letters.list_failed(offset=20, limit=10)
    assert trips[0] <= count // 1000 + len(broker.queues)
    assert page.total == count
    assert [entry.job_id for entry in page.entries] == [
        f"job-{number}" for number in range(count - 21, count - 31, -1)
    ]
    started = time.process_time()  # of this process: other programs run on the machine
    letters.list_failed()
    assert time.process_time() - started < 5.0


def test_listing_cleans_nothing_up(letters: DeadLetters, broker: Broker) -> None:
    """What RQ would remove while reading, with signals that web threads cannot take, stays."""
    many_failed(broker, 1)
    broker.connection.zadd(f"rq:failed:{QUESTIONS_QUEUE}", {"job-0": 1})
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(letters.list_failed).result().total == 1
    registry = FailedJobRegistry(
        QUESTIONS_QUEUE, connection=broker.connection, serializer=JSONSerializer
    )
    assert registry.get_job_ids(cleanup=False) == ["job-0"]


def test_known_jobs_are_told_from_unknown_ones(letters: DeadLetters, broker: Broker) -> None:
    """Whatever their state."""
    broker.enqueue(QUESTIONS_QUEUE, ANSWER_QUESTION, job_id="there")
    assert letters.is_known("there")
    assert not letters.is_known("nonsense")
    assert broker.fetch("there").get_status() is JobStatus.QUEUED


def test_valkey_away_is_one_error(settings: Settings) -> None:
    """Each method says so in the same way."""
    away = connect("redis://127.0.0.1:1/0")
    letters = DeadLetters(Broker(away, settings))
    for call in (letters.list_failed, letters.kinds, letters.requeue_all):
        with pytest.raises(BrokerUnavailableError):
            call()
    for ask in (letters.requeue, letters.is_known):
        with pytest.raises(BrokerUnavailableError):
            ask("job")
    away.close()
