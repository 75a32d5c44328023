"""Has all documents indexed again, by itself, where the index is of an earlier version or gone."""

from __future__ import annotations

import structlog

from jobs.documents.client import DocumentClient
from jobs.documents.repository import DocumentRepository
from jobs.models import IndexState
from jobs.queue.connection import broker_errors
from jobs.search.index import PassageIndex
from jobs.search.schema import SCHEMA, is_outdated

log = structlog.get_logger(__name__)


def renew_index(
    documents: DocumentClient, register: DocumentRepository, index: PassageIndex
) -> None:
    """Queue the renewal of an index that needs one; remove what is left of an earlier one.

    A collection of another schema answers until everything is in one of today. If it is gone, as
    after somebody deleted the folder, questions wait instead. A renewal that failed begins again
    after ten minutes, and goes on with what is missing. Workers of an earlier version would find
    nothing in the new collection: it waits until they are gone.
    """
    state = documents.index_state()
    is_gone = bool(state.active) and not index.exists(state.active)
    is_begun = bool(state.building)
    if not (is_gone or is_outdated(state.active) or (is_begun and not state.active)):
        if not is_begun:
            index.drop_first()
        return
    if not state.documents or documents.is_reindexing() or not documents.knows_schema(SCHEMA):
        return
    with broker_errors():
        if not register.claim_renewal():
            return
        if is_gone:
            _forget(register, state)
    log.info("all documents are indexed again", active=state.active, is_gone=is_gone)
    documents.index_all_again()


def _forget(register: DocumentRepository, state: IndexState) -> None:
    """Say that nothing is in a collection that is gone, and that the target is being built."""
    for document in register.list_all():
        if document.collection == state.active:
            register.update(document.id, collection="")
    register.set_index(active="", building=state.target)
