"""Keeps known which collection the configured embedding model asks for."""

from __future__ import annotations

import structlog

from jobs.documents.repository import DocumentRepository
from jobs.errors import EmbeddingsUnsupportedError, ModelError
from jobs.queue.connection import broker_errors
from jobs.search.index import PassageIndex

log = structlog.get_logger(__name__)


def sync_target(register: DocumentRepository, index: PassageIndex) -> None:
    """Publish which collection belongs to the configured model."""
    with broker_errors():
        state = register.index_state()
    if state.active and index.target_collection not in (state.active, state.target):
        # So that nobody is asked to index everything again for a server without embeddings.
        probe_embeddings(index)
    target = index.target_collection
    with broker_errors():
        if not state.documents and state.active != target:
            register.set_index(active="", target=target)
            if state.active:
                index.drop(state.active)  # it may still hold passages of deleted documents
        elif state.target != target:
            register.set_index(target=target)


def probe_embeddings(index: PassageIndex) -> None:
    """Let the index find out whether the configured server has embeddings at all."""
    if index.embedder is None:
        return
    try:
        index.embedder.embed(["probe"])
    except EmbeddingsUnsupportedError as error:
        index.note_unsupported(error)
    except ModelError as error:  # says nothing about that, and may be temporary
        log.info("embeddings not probed", kind=error.kind)
