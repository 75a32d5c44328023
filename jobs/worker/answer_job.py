"""Answering the question of one job, inside an attempt."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

import redis
import structlog

from jobs.answering.citation_context import read_surroundings
from jobs.answering.extractive import Extractive
from jobs.answering.follow_ups import Understood, add_understanding, read_turns, understand
from jobs.answering.passage_selection import rest_of_short_document
from jobs.answering.pipeline import answer
from jobs.cancellation import Cancellation
from jobs.errors import NoDocumentsError, NotFoundError, StillIndexingError
from jobs.llm.chat import Generator
from jobs.models import Answer, DocumentStatus, Passage, Searched, Stage, SupportLevel
from jobs.questions.answer_cache import Lookup
from jobs.questions.event_stream import EventWriter
from jobs.questions.repository import JobRepository, Record
from jobs.queue.connection import broker_errors
from jobs.search.question_parts import split_question
from jobs.search.search_parts import search_parts
from jobs.worker.attempts import Attempt
from jobs.worker.runtime import Runtime

log = structlog.get_logger(__name__)

# A question about a mail or an archive waits as long for what was in it; then it is answered from
# what is there.
CONTENTS_PATIENCE_SECONDS = 60
# Beside an answer; the table of documents has them all.
NOTES_OF_A_DOCUMENT = 3


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

    def parts(self, parts: Sequence[str]) -> None:
        """Show what is searched for apart."""
        self.events.parts(parts)

    def text(self, text: str) -> None:
        self.events.text(text)

    def take_back(self) -> None:
        self.events.take_back()


def _answer(
    runtime: Runtime,
    attempt: Attempt,
    record: Record,
    events: EventWriter,
    cancellation: Cancellation,
) -> Answer:
    with broker_errors():
        index = runtime.register.index_state()
    collection = index.active
    if not collection:
        if _has_usable_documents(runtime, record.user):
            raise StillIndexingError()
        raise NoDocumentsError()
    settings, question = runtime.settings, record.asked
    scope = _scope(runtime, record)
    generator = runtime.generator_of(question.model)
    progress = _Progress(attempt, events, runtime.records)
    understood = _understand(runtime, record, generator, progress, cancellation)
    terms, limit = runtime.glossary.at(index.glossary), settings.passages_per_answer
    if isinstance(generator, Extractive):
        generator = generator.in_words_of(terms)

    notes: list[str] = []

    def search_one(part: str, phrases: Sequence[str]) -> tuple[Sequence[Passage], Sequence[str]]:
        found = runtime.searcher.search(
            part,
            limit,
            collection,
            scope,
            record.user,
            phrases=phrases,
            everywhere=question.everywhere,
        )
        notes.extend(found.notes)
        return found.passages, found.mainly_in

    def make() -> Answer:
        searched = Searched()
        parts = split_question(understood.text)
        if len(parts) > 1:
            progress.parts(parts)

        def search(_question: str) -> Sequence[Passage]:
            nonlocal searched
            passages, searched = search_parts(parts, terms, search_one, limit)
            return passages

        made = answer(
            understood.text,
            search=search,
            generator=generator,
            progress=progress,
            cancelled=cancellation,
            surroundings=lambda cited: read_surroundings(runtime.index, collection, cited),
            rest_of_document=lambda found: rest_of_short_document(
                found, lambda ids: runtime.index.passages(ids, collection)
            ),
        )
        return replace(made, searched=searched, notes=(*made.notes, *dict.fromkeys(notes)))

    if settings.cache:
        # A follow-up is looked up as the question that it was understood as.
        basis = (collection, *runtime.basis, generator.model, index.glossary, question.everywhere)
        lookup = Lookup(record.user, understood.text, scope, basis)
        result = runtime.cache.answer(lookup, make, use_cache=question.use_cache)
    else:
        result = make()
    if result.earlier_at is not None:
        progress.text(result.text)  # for those who follow
    result = add_understanding(result, question.text, understood)
    unready = (
        _count_unready(runtime, record.user, scope)
        if result.support is not SupportLevel.CITED
        else 0
    )
    if unready:
        note = (
            f"{unready} of the documents were still being indexed. Ask again when they are ready."
        )
        result = replace(result, notes=(*result.notes, note))
    return replace(result, document_notes=tuple(_document_notes(runtime, record, result)))


def _document_notes(runtime: Runtime, record: Record, result: Answer) -> Iterator[str]:
    """Yield what readers of this answer should know about the documents that it cites.

    Nothing if Valkey is away: the answer waits for it, and is not made again.
    """
    cited = list(dict.fromkeys(citation.document_id for citation in result.citations))
    if not cited:
        return
    try:
        documents = runtime.register.find(cited, record.user)
    except redis.exceptions.RedisError as error:
        log.warning("notes on the cited documents not read", error=str(error))
        return
    for document in documents:
        if document.notes:
            yield f"About “{document.name}”: {' '.join(document.notes[:NOTES_OF_A_DOCUMENT])}"


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
    """Return whether one of the newest that the user sees is indexed or still may be."""
    with broker_errors():
        documents = runtime.register.newest(user)
    return any(document.status is not DocumentStatus.FAILED for document in documents)


def _scope(runtime: Runtime, record: Record) -> tuple[str, ...]:
    """Return the chosen documents with what was in them; none stands for all.

    A mail is indexed before its attachments. For a while, the question waits for them.
    """
    chosen = record.asked.documents
    if not chosen:
        return ()
    with broker_errors():
        scope = runtime.register.with_contents(chosen, record.user)
    within = scope[len(chosen) :]
    is_new = time.time() - record.asked_at < CONTENTS_PATIENCE_SECONDS
    if within and is_new and _count_unready(runtime, record.user, within):
        raise StillIndexingError(
            "What was in the chosen documents is still being indexed. Retry in a moment."
        )
    return tuple(scope)


def _count_unready(runtime: Runtime, user: str, scope: Sequence[str]) -> int:
    """Count those of these documents, or of the newest visible ones, that are not indexed yet."""
    register = runtime.register
    with broker_errors():
        documents = register.find(scope, user) if scope else register.newest(user)
    unready = (DocumentStatus.QUEUED, DocumentStatus.INDEXING)
    return sum(document.status in unready for document in documents)
