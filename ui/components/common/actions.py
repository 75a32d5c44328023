"""What buttons do: each calls a client, reports errors as notices, and has the page redrawn."""

from __future__ import annotations

import time
from dataclasses import replace

from jobs.documents.client import DocumentClient
from jobs.errors import AskqueueError
from jobs.models import Feedback, JobView, Question
from jobs.operations.client import Operations
from jobs.operations.failed_jobs import DeadLetters
from jobs.questions.client import JobClient
from jobs.questions.ids import new_job_id
from ui.components.common.reporting import reporting
from ui.components.common.text import requeued
from ui.identity.people import Person
from ui.state import notices as notice_state
from ui.state import operators as operator_state
from ui.state import question as question_state
from ui.state import refresh as refresh_state


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
        question_state.unsent.set(question_state.Unsent(asked, error.failure, job_id, not_before))
    else:
        question_state.unsent.set(None)
        question_state.select_job(job.id)
    refresh_state.request_redraw()


def ask_again(
    jobs: JobClient,
    documents: DocumentClient,
    user: str,
    job: JobView,
    *,
    use_cache: bool = True,
    everywhere: bool = False,
) -> None:
    """Submit the same question as another version, of those of its documents that are there.

    `use_cache` and `everywhere` are as in `Question`.
    """
    asked = job.asked
    with reporting():
        found = documents.find(asked.documents, user) if asked.documents else ()
        follows = asked.follows if jobs.list_earlier(user, job) else ""
        # If all of its documents are gone, the client refuses it, and says so.
        still_there = tuple(document.id for document in found) or asked.documents
        version = replace(
            asked,
            documents=still_there,
            follows=follows,
            version_of=job.id,
            use_cache=use_cache,
            everywhere=everywhere or asked.everywhere,
        )
        submit_question(jobs, user, version)


def retry_job(jobs: JobClient, user: str, job_id: str) -> None:
    """Run a failed or stopped question again."""
    with reporting():
        jobs.retry(user, job_id)
    refresh_state.request_redraw()


def stop_job(jobs: JobClient, user: str, job_id: str) -> None:
    """Stop an unfinished question."""
    with reporting():
        jobs.stop(user, job_id)
    refresh_state.request_redraw()


def make_urgent(jobs: JobClient, user: str, job_id: str) -> None:
    """Let a question that waits go first."""
    with reporting():
        jobs.make_urgent(user, job_id)
    refresh_state.request_redraw()


def give_feedback(jobs: JobClient, user: str, job_id: str, feedback: Feedback | None) -> None:
    """Keep what the user thinks of an answer."""
    with reporting():
        jobs.give_feedback(user, job_id, feedback)


def index_document_again(documents: DocumentClient, visitor: Person, document_id: str) -> None:
    """Queue one document for indexing."""
    with reporting():
        documents.index_again(visitor.user, document_id, is_operator=visitor.is_operator)
    refresh_state.request_redraw()


def index_everything_again(documents: DocumentClient) -> None:
    """Queue all documents for the index of the configured embedding model."""
    with reporting():
        documents.index_all_again()
    refresh_state.request_redraw()


def requeue_selected(dead_letters: DeadLetters) -> None:
    """Queue the selected failed jobs again, as far as they still are failed."""
    with reporting():
        count = sum(dead_letters.requeue(job_id) for job_id in operator_state.selected.get())
        notice_state.add(requeued(count), ":material/replay:")
    refresh_state.request_redraw()


def pause_queue(operations: Operations, queue: str, by: str) -> None:
    """Have workers take nothing new from a queue."""
    with reporting():
        operations.pause(queue, by)
    refresh_state.request_redraw()


def resume_queue(operations: Operations, queue: str, by: str) -> None:
    """Let workers take from a queue again."""
    with reporting():
        operations.resume(queue, by)
    refresh_state.request_redraw()
