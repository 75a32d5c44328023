"""The worker's side of documents: from a stored file to passages in the index."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog

from jobs.broker import broker_errors
from jobs.documents import SUPPORTED_EXTENSIONS, DocumentClient
from jobs.errors import AskqueueError, EmbeddingsUnsupported, UnreadableDocument
from jobs.extraction import Extracted, extract
from jobs.interruptible import Cancelled, call
from jobs.models import Document, DocumentStatus, Failure, Passage
from jobs.register import DocumentRegister, readable
from jobs.retrieval import PassageIndex, passage_id
from jobs.settings import Settings
from jobs.store import DocumentStore

log = structlog.get_logger(__name__)

# Shares of the whole work, for the progress bar.
EXTRACTED, EMBEDDED = 0.3, 0.9
SAMPLES_USER = "samples"


@dataclass(frozen=True)
class Indexer:
    """The collaborators of indexing."""

    register: DocumentRegister
    store: DocumentStore
    index: PassageIndex
    settings: Settings

    def index_document(self, document_id: str, cancelled: Cancelled) -> dict[str, Any]:
        """Put one document into the collection that answers.

        A document that was deleted meanwhile is left out. Raises AskqueueError.
        """
        with broker_errors():
            document = self.register.get(document_id)
        if document is None:
            return {"passages": 0}
        collection = self._collection_for_new()
        count = self._index(document, collection, cancelled)
        with broker_errors():
            if self.register.index_state().active == "":
                self.register.set_index(active=collection)
        return {"passages": count}

    def reindex_documents(self, cancelled: Cancelled) -> dict[str, Any]:
        """Index all into the target collection, then let it answer; the old one does until then.

        Run again after a break, it goes on with what is missing.
        """
        target = self.index.target_collection
        with broker_errors():
            self.register.set_index(target=target)
            documents = readable(self.register.list())
        done = 0
        for document in documents:
            if document.collection != target:
                try:
                    self._index(document, target, cancelled)
                except UnreadableDocument as error:
                    mark_failed(document.id, error.failure, register=self.register)
            done += 1
            with broker_errors():
                self.register.set_index(reindexed=done)
        with broker_errors():
            old = self.register.index_state().active
            self.register.set_index(active=target, reindex_job_id="")
        if old and old != target:
            self.index.drop(old)
        return {"documents": done}

    def remove_passages(self, document_id: str) -> None:
        """Take a deleted document out of every collection in use."""
        with broker_errors():
            state = self.register.index_state()
        for collection in {state.active, state.target} - {""}:
            self.index.delete_document(document_id, collection)

    def _collection_for_new(self) -> str:
        """The one that answers; the first document ever decides by the configured model."""
        with broker_errors():
            active = self.register.index_state().active
        return active or self.index.target_collection

    def _index(self, document: Document, collection: str, cancelled: Cancelled) -> int:
        show = _Progress(document.id, self.register)
        show("extracting", 0.0)
        with self.store.local_copy(document.id, document.name) as path:
            extracted = extract(path, document.name, self.settings, cancelled.check)
        passages = _passages(document, extracted)
        vectors = self._vectors(passages, collection, show, cancelled)
        if vectors is None and collection != self.index.target_collection:
            log.info("indexed for keyword search alone", document_id=document.id)
        cancelled.check()
        show("storing", EMBEDDED)
        self.index.ensure_collection(collection)
        self.index.delete_document(document.id, collection)
        self.index.upsert(collection, passages, vectors)
        with broker_errors():
            still_there = self.register.update(
                document.id,
                status=DocumentStatus.INDEXED,
                stage="",
                progress=1.0,
                pages=extracted.pages,
                passages=len(passages),
                media_type=extracted.media_type,
                # Without its vectors the document is not complete in a dense collection.
                collection=collection if vectors is not None or self.index.embedder is None else "",
                failure=None,
            )
        if not still_there:
            self.index.delete_document(document.id, collection)
        return len(passages)

    def _vectors(
        self,
        passages: Sequence[Passage],
        collection: str,
        show: _Progress,
        cancelled: Cancelled,
    ) -> list[list[float]] | None:
        """One vector a passage; None where the collection is not the configured model's."""
        embedder = self.index.embedder
        if embedder is None or collection != self.index.target_collection:
            return None

        def on_batch(done: int, total: int) -> None:
            cancelled.check()
            share = EXTRACTED + (EMBEDDED - EXTRACTED) * done / total
            show(f"embedding {done} of {total}", share)

        show(f"embedding 0 of {len(passages)}", EXTRACTED)
        texts = [passage.text for passage in passages]
        try:
            return call(lambda: embedder.embed(texts, on_batch), cancelled)
        except EmbeddingsUnsupported as error:
            self.index.note_unsupported(error)
            return None


def mark_failed(document_id: str, failure: Failure, *, register: DocumentRegister) -> None:
    """Show on the document why it could not be indexed."""
    register.update(document_id, status=DocumentStatus.FAILED, stage="", failure=failure)


def sync_target(register: DocumentRegister, index: PassageIndex) -> None:
    """Publish which collection the configured model asks for."""
    target = index.target_collection
    with broker_errors():
        state = register.index_state()
        if not state.documents and state.active != target:
            register.set_index(active="", target=target)
        elif state.target != target:
            register.set_index(target=target)


def add_samples(documents: DocumentClient, folder: Path) -> None:
    """Add the sample documents, once ever, if there are no others."""
    if not folder.is_dir() or not documents.claim_samples():
        return
    for path in sorted(folder.iterdir()):
        if path.suffix in SUPPORTED_EXTENSIONS:
            try:
                documents.add(SAMPLES_USER, path.name, path.read_bytes())
            except AskqueueError as error:
                log.warning("sample not added", name=path.name, error=error.message)


class _Progress:
    """Shows the progress of one document, not more often than people can see."""

    min_seconds = 0.2

    def __init__(self, document_id: str, register: DocumentRegister) -> None:
        self._document_id = document_id
        self._register = register
        self._shown_at = 0.0
        self._stage = ""

    def __call__(self, stage: str, progress: float) -> None:
        kind = stage.split()[0]
        if kind == self._stage and time.monotonic() - self._shown_at < self.min_seconds:
            return
        self._stage, self._shown_at = kind, time.monotonic()
        with broker_errors():
            self._register.update(
                self._document_id,
                status=DocumentStatus.INDEXING,
                stage=stage,
                progress=progress,
                failure=None,
            )


def _passages(document: Document, extracted: Extracted) -> list[Passage]:
    return [
        Passage(
            id=passage_id(document.id, position),
            document_id=document.id,
            document_name=document.name,
            text=item.text,
            page=item.first_page,
            last_page=item.last_page,
            position=position,
        )
        for position, item in enumerate(extracted.passages)
    ]
