"""Answering the question of one job, inside an attempt."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass, replace

import redis

from jobs.answering.citation_context import read_surroundings
from jobs.answering.follow_ups import Understood, add_understanding, read_turns, understand
from jobs.answering.pipeline import answer
from jobs.cancellation import Cancellation
from jobs.errors import NoDocumentsError, NotFoundError, StillIndexingError
from jobs.llm.chat import Generator
from jobs.models import Answer, DocumentStatus, Stage, SupportLevel
from jobs.questions.answer_cache import Lookup
from jobs.questions.event_stream import EventWriter
from jobs.questions.repository import JobRepository, Record
from jobs.queue.connection import broker_errors
from jobs.worker.attempts import Attempt
from jobs.worker.runtime import Runtime


def run_answer_job(runtime: Runtime, attempt: Attempt) -> Answer:
    """Answer the question in the record of this attempt's job, and say how long it took.

    Raises NotFoundError if the record is gone, and what `jobs.answering.pipeline.answer` raises.
    """
    with broker_errors():
        record = runtime.records.read(attempt.job.id)
    if record is None:
        raise NotFoundError()
    queued_at = record.queued_at or record.asked_at
    began = time.time()
    events = EventWriter(runtime.connection, attempt.job.id, attempt.number)
    try:
        with runtime.cancellations.running(
            attempt.execution.id, events.flush_if_due
        ) as cancellation:
            result = _answer(runtime, attempt, record, events, cancellation)
    finally:
        # What was written before RQ's timeout cut the attempt off can still be read.
        events.close()
    return replace(
        result,
        attempts=attempt.number,
        timings=replace(
            result.timings,
            queue=max(0.0, began - queued_at - record.earlier - record.retry_waits),
            earlier=record.earlier,
            retry_waits=record.retry_waits,
            total=max(0.0, time.time() - queued_at),
        ),
    )


@dataclass(frozen=True)
class _Progress:
    """Shows an answer being made: in the live stream, and in the record for lists."""

    attempt: Attempt
    events: EventWriter
    records: JobRepository

    def stage(self, stage: Stage) -> None:
        self.events.stage(stage)
        with suppress(redis.exceptions.RedisError):  # the next stage is written all the same
            self.records.set_stage(self.attempt.job.id, self.attempt.number, stage)

    def text(self, text: str) -> None:
        self.events.text(text)


def _answer(
    runtime: Runtime,
    attempt: Attempt,
    record: Record,
    events: EventWriter,
    cancellation: Cancellation,
) -> Answer:
    with broker_errors():
        collection = runtime.register.index_state().active
    if not collection:
        if _has_usable_documents(runtime, record.user):
            raise StillIndexingError()
        raise NoDocumentsError()
    settings, question = runtime.settings, record.asked
    generator = runtime.generator_of(question.model)
    progress = _Progress(attempt, events, runtime.records)
    understood = _understand(runtime, record, generator, progress, cancellation)

    def make() -> Answer:
        return answer(
            understood.text,
            search=lambda text: runtime.index.search(
                text, settings.passages_per_answer, collection, question.documents, record.user
            ),
            generator=generator,
            progress=progress,
            cancelled=cancellation,
            surroundings=lambda cited: read_surroundings(runtime.index, collection, cited),
        )

    if settings.cache:
        # A follow-up is looked up as the question that it was understood as.
        basis = (collection, *runtime.basis, generator.model)
        lookup = Lookup(record.user, understood.text, question.documents, basis)
        result = runtime.cache.answer(lookup, make, use_cache=question.use_cache)
    else:
        result = make()
    if result.earlier_at is not None:
        progress.text(result.text)  # for those who follow
    result = add_understanding(result, question.text, understood)
    unready = _count_unready(runtime, record) if result.support is not SupportLevel.CITED else 0
    if unready:
        note = (
            f"{unready} of the documents were still being indexed. Ask again when they are ready."
        )
        result = replace(result, notes=(*result.notes, note))
    return result


def _understand(
    runtime: Runtime,
    record: Record,
    generator: Generator,
    progress: _Progress,
    cancellation: Cancellation,
) -> Understood:
    """Return the question to answer: a follow-up is rewritten to stand alone first."""
    question = record.asked
    if not question.follows:
        return Understood(question.text)
    progress.stage(Stage.REWRITING)
    with broker_errors():
        turns = read_turns(runtime.connection, record.user, question.follows)
    return understand(question.text, turns, generator.rewrite, cancellation)


def _has_usable_documents(runtime: Runtime, user: str) -> bool:
    """Return whether the user sees a document that is indexed or still may be."""
    with broker_errors():
        documents = runtime.register.list_visible(user)
    return any(document.status is not DocumentStatus.FAILED for document in documents)


def _count_unready(runtime: Runtime, record: Record) -> int:
    """Count the chosen documents, or all visible ones, that are not indexed yet."""
    register, chosen = runtime.register, record.asked.documents
    with broker_errors():
        documents = (
            register.find(chosen, record.user) if chosen else register.list_visible(record.user)
        )
    unready = (DocumentStatus.QUEUED, DocumentStatus.INDEXING)
    return sum(document.status in unready for document in documents)
