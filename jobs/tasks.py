"""The functions that RQ calls by name. Queued jobs store these paths, so they do not move."""

from __future__ import annotations

from typing import Any

from jobs.worker.answer_job import run_answer_job
from jobs.worker.attempts import current_attempt
from jobs.worker.runtime import get_runtime


def answer_question() -> dict[str, Any]:
    """Answer the question in this job's record; return `Answer.to_dict()`."""
    return run_answer_job(get_runtime(), current_attempt()).to_dict()


def index_document(document_id: str) -> dict[str, Any]:
    """Put one stored document into the index, or bring it up to date."""
    runtime = get_runtime()
    with runtime.cancellations.running(current_attempt().execution.id) as cancellation:
        return runtime.indexer.index_document(document_id, cancellation)


def delete_document(document_id: str) -> None:
    """Remove the passages of a deleted document from the index."""
    get_runtime().indexer.remove_passages(document_id)


def reindex_documents() -> dict[str, Any]:
    """Index every document into the collection of the configured embedding model."""
    runtime = get_runtime()
    with runtime.cancellations.running(current_attempt().execution.id) as cancellation:
        return runtime.indexer.reindex_documents(cancellation)
