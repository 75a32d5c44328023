"""What buttons do: each calls a client, reports an error as a toast, and has the page redrawn."""

from __future__ import annotations

import time
from dataclasses import replace

from jobs.documents.client import DocumentClient
from jobs.errors import AskqueueError
from jobs.models import Feedback, JobView, Question
from jobs.operations.client import Operations
from jobs.operations.failed_jobs import DeadLetters
from jobs.questions.client import JobClient, new_job_id
from ui.components.common.text import plain, requeued
from ui.identity.people import Person
from ui.state import session, tables


def submit_question(jobs: JobClient, user: str, question: str | Question, job_id: str = "") -> None:
    """Submit a question and show it; if that fails, keep it for another try.

    The other try has the same id: if only the reply got lost, it is not asked twice.
    """
    asked = question if isinstance(question, Question) else Question(question)
    job_id = job_id or new_job_id()
    try:
        job = jobs.submit(user, asked, job_id=job_id)
    except AskqueueError as error:
        wait = error.retry_after_seconds
        not_before = time.time() + wait if wait else 0.0
        session.keep_unsent(session.Unsent(asked, error.failure, job_id, not_before))
    else:
        session.keep_unsent(None)
        session.select_job(job.id)
    session.request_redraw()


def ask_again(
    jobs: JobClient, documents: DocumentClient, user: str, job: JobView, *, use_cache: bool = True
) -> None:
    """Submit the same question as another version, of those of its documents that are there."""
    asked = job.asked
    try:
        found = documents.find(asked.documents, user) if asked.documents else ()
        follows = asked.follows if jobs.list_earlier(user, job) else ""
    except AskqueueError as error:
        _tell(error)
        return
    # If all of its documents are gone, the client refuses it, and says so.
    still_there = tuple(document.id for document in found) or asked.documents
    version = replace(
        asked, documents=still_there, follows=follows, version_of=job.id, use_cache=use_cache
    )
    submit_question(jobs, user, version)


def retry_job(jobs: JobClient, user: str, job_id: str) -> None:
    """Run a failed or stopped question again."""
    try:
        jobs.retry(user, job_id)
    except AskqueueError as error:
        _tell(error)
    session.request_redraw()


def stop_job(jobs: JobClient, user: str, job_id: str) -> None:
    """Stop an unfinished question."""
    try:
        jobs.stop(user, job_id)
    except AskqueueError as error:
        _tell(error)
    session.request_redraw()


def make_urgent(jobs: JobClient, user: str, job_id: str) -> None:
    """Let a question that waits go first."""
    try:
        jobs.make_urgent(user, job_id)
    except AskqueueError as error:
        _tell(error)
    session.request_redraw()


def give_feedback(jobs: JobClient, user: str, job_id: str, feedback: Feedback | None) -> None:
    """Keep what the user thinks of an answer."""
    try:
        jobs.give_feedback(user, job_id, feedback)
    except AskqueueError as error:
        _tell(error)


def index_document_again(documents: DocumentClient, visitor: Person, document_id: str) -> None:
    """Queue one document for indexing."""
    try:
        documents.index_again(visitor.user, document_id, is_operator=visitor.is_operator)
    except AskqueueError as error:
        _tell(error)
    session.request_redraw()


def index_everything_again(documents: DocumentClient) -> None:
    """Queue all documents for the index of the configured embedding model."""
    try:
        documents.index_all_again()
    except AskqueueError as error:
        _tell(error)
    session.request_redraw()


def requeue_selected(letters: DeadLetters) -> None:
    """Queue the selected failed jobs again, as far as they still are failed."""
    try:
        count = sum(letters.requeue(job_id) for job_id in tables.selected_failed())
    except AskqueueError as error:
        _tell(error)
    else:
        session.keep_notice(requeued(count), ":material/replay:")
    session.request_redraw()


def pause_queue(operations: Operations, queue: str, by: str) -> None:
    """Have workers take nothing new from a queue."""
    try:
        operations.pause(queue, by)
    except AskqueueError as error:
        _tell(error)
    session.request_redraw()


def resume_queue(operations: Operations, queue: str, by: str) -> None:
    """Let workers take from a queue again."""
    try:
        operations.resume(queue, by)
    except AskqueueError as error:
        _tell(error)
    session.request_redraw()


def _tell(error: AskqueueError) -> None:
    session.keep_notice(plain(error.message), ":material/error:")
