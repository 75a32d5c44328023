"""The functions that RQ calls, and the composition root of the worker: who works with whom."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import redis
from rq.job import Job

from jobs.answering.citation_context import read_surroundings
from jobs.answering.extractive import Extractive
from jobs.answering.follow_ups import Understood, add_understanding, read_turns, understand
from jobs.answering.pipeline import answer
from jobs.cancellation import Cancellation, Cancellations
from jobs.documents.client import DocumentClient
from jobs.documents.file_store import FileStore
from jobs.documents.repository import DocumentRepository
from jobs.errors import NoDocumentsError, NotFoundError, StillIndexingError
from jobs.llm.chat import SYSTEM_PROMPT, ChatModel, Generator, messages_of
from jobs.llm.embeddings import build_embedder
from jobs.models import Answer, DocumentStatus, Passage, Stage, SupportLevel
from jobs.questions.answer_cache import AnswerCache, Lookup, digest_of
from jobs.questions.event_stream import EventWriter
from jobs.questions.repository import Asked, JobRepository
from jobs.queue.broker import Broker
from jobs.queue.connection import broker_errors, connect
from jobs.queue.retry_policy import Outcome
from jobs.search import indexer as indexing
from jobs.search.index import PassageIndex, build_index
from jobs.settings import Settings
from jobs.worker.attempts import Attempt, current_attempt

# The version of the prompt: another wording, of any part of it, makes other answers.
PROMPT = digest_of(
    [SYSTEM_PROMPT, repr(messages_of("question", [Passage("", "", "name", "text")]))]
)
SAMPLES = Path(__file__).resolve().parent.parent / "samples"


class Runtime:
    """The warm collaborators of one worker process, shared by its threads."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.cancellations = Cancellations()
        self.connection: redis.Redis = connect(settings.broker_url)
        self.broker = Broker(self.connection, settings)
        self.records = JobRepository(self.connection, settings.retention_seconds)
        self.register = DocumentRepository(self.connection)
        self.store = FileStore(settings.document_store_url)
        self.documents = DocumentClient(self.broker, self.store, self.register)
        self.cache = AnswerCache(self.connection, self.register)

    @cached_property
    def index(self) -> PassageIndex:
        """The passage index; the first use of an embedded one takes its lock."""
        return build_index(self.settings, build_embedder(self.settings))

    @property
    def basis(self) -> tuple[object, ...]:
        """What answers are made with, beside the documents and the model: see `Lookup`."""
        settings, index = self.settings, self.index
        return (
            index.target_collection,
            settings.passages_per_answer,
            settings.openai_base_url,
            PROMPT,
        )

    @property
    def indexer(self) -> indexing.Indexer:
        return indexing.Indexer(self.register, self.store, self.index, self.settings)

    @cached_property
    def generator(self) -> Generator:
        return build_generator(self.settings)

    def generator_of(self, model: str) -> Generator:
        """The generator with this chat model, "" for the configured one."""
        generator = self.generator
        return (
            generator.with_model(model) if model and isinstance(generator, ChatModel) else generator
        )


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
    runtime, attempt = get_runtime(), current_attempt()
    with broker_errors():
        asked = runtime.records.read_asked(attempt.job.id)
    if asked is None:
        raise NotFoundError()
    began = time.time()
    events = EventWriter(runtime.connection, attempt.job.id, attempt.number)
    try:
        with _cancellation(runtime, events.flush_if_due) as cancellation:
            result = _answer(runtime, attempt, asked, events, cancellation)
    finally:
        # Even of an attempt that RQ's timeout cut off, what it had written can be read.
        events.close()
    result = replace(
        result,
        attempts=attempt.number,
        timings=replace(
            result.timings,
            queue=max(0.0, began - asked.queued_at - asked.earlier - asked.retry_waits),
            earlier=asked.earlier,
            retry_waits=asked.retry_waits,
            total=max(0.0, time.time() - asked.queued_at),
        ),
    )
    return result.to_dict()


def index_document(document_id: str) -> dict[str, Any]:
    """Put one stored document into the index, or bring it up to date."""
    runtime = get_runtime()
    with _cancellation(runtime) as cancellation:
        return runtime.indexer.index_document(document_id, cancellation)


def delete_document(document_id: str) -> None:
    """Take the passages of a deleted document out of the index."""
    get_runtime().indexer.remove_passages(document_id)


def reindex_documents() -> dict[str, Any]:
    """Index every document into the collection of the configured embedding model."""
    runtime = get_runtime()
    with _cancellation(runtime) as cancellation:
        return runtime.indexer.reindex_documents(cancellation)


def report_outcome(runtime: Runtime, job: Job, outcome: Outcome) -> None:
    """Show on a document that its indexing failed; a question's record says it already."""
    if job.func_name == f"{__name__}.index_document" and outcome.retry_in_seconds is None:
        indexing.mark_failed(job.args[0], outcome.failure, register=runtime.register)


@dataclass(frozen=True)
class _Progress:
    """Where an answer in the making shows: the live stream, and the record for lists."""

    attempt: Attempt
    events: EventWriter
    records: JobRepository

    def stage(self, stage: Stage) -> None:
        self.events.stage(stage)
        with suppress(redis.exceptions.RedisError):  # the next stage is written all the same
            self.records.set_stage(self.attempt.job.id, self.attempt.number, stage)

    def text(self, text: str) -> None:
        self.events.text(text)


def _cancellation(
    runtime: Runtime, on_check: Callable[[], None] | None = None
) -> AbstractContextManager[Cancellation]:
    return runtime.cancellations.running(current_attempt().execution.id, on_check)


def _answer(
    runtime: Runtime,
    attempt: Attempt,
    asked: Asked,
    events: EventWriter,
    cancellation: Cancellation,
) -> Answer:
    with broker_errors():
        collection = runtime.register.index_state().active
    if not collection:
        raise StillIndexingError() if _is_coming(runtime, asked.user) else NoDocumentsError()
    settings, question = runtime.settings, asked.question
    generator = runtime.generator_of(question.model)
    progress = _Progress(attempt, events, runtime.records)
    understood = _understand(runtime, asked, generator, progress, cancellation)

    def make() -> Answer:
        return answer(
            understood.text,
            search=lambda text: runtime.index.search(
                text, settings.passages_per_answer, collection, question.documents, asked.user
            ),
            generator=generator,
            progress=progress,
            cancelled=cancellation,
            surroundings=lambda cited: read_surroundings(runtime.index, collection, cited),
        )

    if settings.cache:
        # A follow-up is looked up as the question that it was understood as.
        basis = (collection, *runtime.basis, generator.model)
        lookup = Lookup(asked.user, understood.text, question.documents, basis)
        result = runtime.cache.answer(lookup, make, use_cache=question.use_cache)
    else:
        result = make()
    if result.earlier_at is not None:
        progress.text(result.text)  # for those who follow
    result = add_understanding(result, question.text, understood)
    unready = _unready(runtime, asked) if result.support is not SupportLevel.CITED else 0
    if unready:
        note = (
            f"{unready} of the documents were still being indexed. Ask again when they are ready."
        )
        result = replace(result, notes=(*result.notes, note))
    return result


def _understand(
    runtime: Runtime,
    asked: Asked,
    generator: Generator,
    progress: _Progress,
    cancellation: Cancellation,
) -> Understood:
    """The question as it is answered: a follow-up is made to stand alone first."""
    question = asked.question
    if not question.follows:
        return Understood(question.text)
    progress.stage(Stage.REWRITING)
    with broker_errors():
        turns = read_turns(runtime.connection, asked.user, question.follows)
    return understand(question.text, turns, generator.rewrite, cancellation)


def _is_coming(runtime: Runtime, user: str) -> bool:
    """True if the user has a document on its way, or there, in an index that answers next."""
    with broker_errors():
        documents = runtime.register.list_visible(user)
    return any(document.status is not DocumentStatus.FAILED for document in documents)


def _unready(runtime: Runtime, asked: Asked) -> int:
    """How many of the chosen documents, or of all that the asker sees, are on their way."""
    register, chosen = runtime.register, asked.question.documents
    with broker_errors():
        documents = (
            register.find(chosen, asked.user) if chosen else register.list_visible(asked.user)
        )
    unready = (DocumentStatus.QUEUED, DocumentStatus.INDEXING)
    return sum(document.status in unready for document in documents)
