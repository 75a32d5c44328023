"""What becomes of a document that could not be indexed."""

from __future__ import annotations

from collections.abc import Callable

from jobs.documents.repository import DocumentRepository
from jobs.models import Failure
from jobs.queue.connection import broker_errors
from jobs.search.index import PassageIndex
from jobs.search.indexer import mark_failed


def give_up(
    document_id: str,
    failure: Failure,
    *,
    register: DocumentRepository,
    index: Callable[[], PassageIndex],
) -> None:
    """Show why a document could not be indexed, and remove it if half of it is in the index.

    All of its passages, from when it was last indexed, stay. Raises AskqueueError.
    """
    try:
        with broker_errors():
            document, active = register.get(document_id), register.index_state().active
        whole = (0, document.passages if document is not None else 0)
        if active and index().count(active, document_id) not in whole:
            index().delete_document(document_id, active)
    finally:
        mark_failed(document_id, failure, register=register)
