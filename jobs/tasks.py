"""The functions that RQ calls, and the composition root of the worker: who works with whom."""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import redis
import structlog
from rq import get_current_job
from rq.job import Job

from jobs import indexing
from jobs.answering import answer
from jobs.broker import Broker, broker_errors, connect
from jobs.cancellation import Cancellation, Cancellations
from jobs.documents import DocumentClient
from jobs.embedding import build_embedder
from jobs.errors import JobStopped, NoDocuments
from jobs.events import EventWriter
from jobs.extractive import Extractive
from jobs.generation import ChatModel, Generator
from jobs.models import Answer, DocumentStatus, Stage, SupportLevel
from jobs.outcomes import Outcome
from jobs.records import AttemptStart, JobRecords
from jobs.register import DocumentRegister
from jobs.retrieval import PassageIndex, build_index
from jobs.settings import Settings
from jobs.store import DocumentStore

log = structlog.get_logger(__name__)

STILL_INDEXING = "The documents are still being indexed. Retry in a moment."

SAMPLES = Path(__file__).resolve().parent.parent / "samples"


class Runtime:
    """The warm collaborators of one worker process, shared by its threads."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.cancellations = Cancellations()
        self.connection: redis.Redis = connect(settings.broker_url)
        self.broker = Broker(self.connection, settings)
        self.records = JobRecords(self.connection, settings.retention_seconds)
        self.register = DocumentRegister(self.connection)
        self.store = DocumentStore(settings.document_store_url)
        self.documents = DocumentClient(self.broker, self.store, self.register)

    @cached_property
    def index(self) -> PassageIndex:
        """The passage index; the first use of an embedded one takes its lock."""
        return build_index(self.settings, build_embedder(self.settings))

    @property
    def indexer(self) -> indexing.Indexer:
        return indexing.Indexer(self.register, self.store, self.index, self.settings)

    @cached_property
    def generator(self) -> Generator:
        return build_generator(self.settings)


def build_generator(settings: Settings) -> Generator:
    """The configured chat model, or the extractive generator without a key and a base URL."""
    if not settings.has_chat_model:
        return Extractive()
    return ChatModel(
        settings.openai_base_url,
        settings.openai_api_key.get_secret_value(),
        settings.chat_model,
        settings.model_timeout_seconds,
    )


_runtime: Runtime | None = None
_runtime_lock = threading.Lock()


def use_runtime(runtime: Runtime | None) -> None:
    """Set what the tasks of this process work with."""
    global _runtime
    _runtime = runtime


def get_runtime() -> Runtime:
    """The runtime of this process; made from the environment if none was set."""
    global _runtime
    with _runtime_lock:
        if _runtime is None:
            _runtime = Runtime(Settings())
        return _runtime


def answer_question() -> dict[str, Any]:
    """Answer the question in this job's record; returns `Answer.to_dict()`."""
    runtime, job = get_runtime(), _current_job()
    with broker_errors():
        start = runtime.records.begin_attempt(job.id)
    if start is None or start.stop_requested:
        raise JobStopped()
    log.info("attempt started", job_id=job.id, user=start.user, attempt=start.number)
    began = time.time()
    events = EventWriter(runtime.connection, job.id, start.number)
    try:
        with runtime.cancellations.running(job.id, events.flush_if_due) as cancellation:
            result = _answer(runtime, job.id, start, events, cancellation)
    except BaseException:
        # Even an attempt that RQ's timeout cut off keeps what it had written.
        with suppress(redis.exceptions.RedisError):
            runtime.records.set_partial(job.id, events.full_text)
        raise
    finally:
        events.close()
    result = replace(
        result,
        attempts=start.number,
        timings=replace(
            result.timings,
            queue=max(0.0, began - start.queued_at),
            total=max(0.0, time.time() - start.queued_at),
        ),
    )
    with broker_errors():
        runtime.records.set_finished(job.id, result.text)
    return result.to_dict()


def index_document(document_id: str) -> dict[str, Any]:
    """Put one stored document into the index, or bring it up to date."""
    runtime = get_runtime()
    with runtime.cancellations.running(_current_job().id) as cancellation:
        return runtime.indexer.index_document(document_id, cancellation)


def delete_document(document_id: str) -> None:
    """Take the passages of a deleted document out of the index."""
    get_runtime().indexer.remove_passages(document_id)


def reindex_documents() -> dict[str, Any]:
    """Index every document into the collection of the configured embedding model."""
    runtime = get_runtime()
    with runtime.cancellations.running(_current_job().id) as cancellation:
        return runtime.indexer.reindex_documents(cancellation)


def report_outcome(runtime: Runtime, job: Job, outcome: Outcome, retry_at: float | None) -> None:
    """Tell the watchers of a job how its attempt ended."""
    if job.func_name == f"{__name__}.answer_question":
        if retry_at is not None:
            runtime.records.set_retry(job.id, retry_at, outcome.failure)
        else:
            runtime.records.set_failure(job.id, outcome.failure)
    elif job.func_name == f"{__name__}.index_document" and retry_at is None:
        indexing.mark_failed(job.args[0], outcome.failure, register=runtime.register)


@dataclass(frozen=True)
class _Progress:
    """Where an answer in the making shows: the live stream, and the record for lists."""

    job_id: str
    events: EventWriter
    records: JobRecords

    def stage(self, stage: Stage) -> None:
        self.events.stage(stage)
        with suppress(redis.exceptions.RedisError):  # the next stage is written all the same
            self.records.set_stage(self.job_id, stage)

    def text(self, text: str) -> None:
        self.events.text(text)


def _answer(
    runtime: Runtime,
    job_id: str,
    start: AttemptStart,
    events: EventWriter,
    cancellation: Cancellation,
) -> Answer:
    with broker_errors():
        collection = runtime.register.index_state().active
    if not collection:
        raise NoDocuments(STILL_INDEXING if _unready(runtime) else "")
    result = answer(
        start.question,
        search=lambda question: runtime.index.search(
            question, runtime.settings.passages_per_answer, collection
        ),
        generator=runtime.generator,
        progress=_Progress(job_id, events, runtime.records),
        cancelled=cancellation,
    )
    if result.support is not SupportLevel.CITED and (count := _unready(runtime)):
        note = f"{count} of the documents were still being indexed. Ask again when they are ready."
        result = replace(result, notes=(*result.notes, note))
    return result


def _unready(runtime: Runtime) -> int:
    """How many documents are on their way into the index."""
    with broker_errors():
        documents = runtime.register.list()
    unready = (DocumentStatus.QUEUED, DocumentStatus.INDEXING)
    return sum(document.status in unready for document in documents)


def _current_job() -> Job:
    job = get_current_job()
    if job is None:
        raise RuntimeError("a task runs inside an RQ worker only")
    return job
