"""The worker's side of documents: from a stored file to passages in the index."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import structlog

from jobs.cancellation import Cancelled, call_cancellable
from jobs.documents.client import SUPPORTED_EXTENSIONS, DocumentClient
from jobs.documents.file_store import FileStore
from jobs.documents.repository import DocumentRepository
from jobs.errors import (
    AskqueueError,
    EmbeddingsUnsupportedError,
    ModelError,
    UnreadableDocumentError,
)
from jobs.extraction.extract import Extracted, extract
from jobs.models import SAMPLES_USER, Document, DocumentStatus, Failure, Passage
from jobs.queue.connection import broker_errors
from jobs.search.index import KEYWORD_COLLECTION, PassageIndex, passage_id
from jobs.settings import Settings

log = structlog.get_logger(__name__)

# Shares of the whole work, for the progress bar.
EXTRACTED, EMBEDDED = 0.3, 0.9

Vectors: TypeAlias = "Sequence[Sequence[float]]"
# Shows a stage, and which share of the work is done.
Show: TypeAlias = Callable[[str, float], None]


@dataclass(frozen=True)
class Indexer:
    """The collaborators of indexing."""

    register: DocumentRepository
    store: FileStore
    index: PassageIndex
    settings: Settings

    def index_document(self, document_id: str, cancelled: Cancelled) -> dict[str, Any]:
        """Put one document into the collection that answers.

        A document that was deleted meanwhile is left out. Raises AskqueueError.
        """
        while True:
            with broker_errors():
                document = self.register.get(document_id)
                active = self.register.index_state().active
            if document is None:
                # An attempt that was killed may have stored some after the deletion.
                self._take_out(document_id)
                return {"passages": 0}
            show = _Progress(document_id, self.register)
            extracted = self._extract(document, show, cancelled)
            passages = _passages(document, extracted)
            vectors = None
            if active in ("", self.index.target_collection):
                vectors = self._vectors_if_supported(passages, show, cancelled)
            # The first document decides; by now it is known whether there are embeddings.
            collection = active or self.index.target_collection
            show("storing", EMBEDDED)
            self._store(document, passages, vectors, collection)
            with broker_errors():
                active = self.register.activate_first(collection)
            # Another one answers by now if everything was indexed again meanwhile.
            if active == collection:
                # Only now: a document that is called indexed can be found.
                self._enter(document, extracted, vectors, collection)
                return {"passages": len(passages)}

    def reindex_documents(self, cancelled: Cancelled) -> dict[str, Any]:
        """Index all into the target collection, then let it answer; the old one does until then.

        Run again after a break, it goes on with what is missing. Raises AskqueueError.
        """
        probe_embeddings(self.index)
        target = self.index.target_collection
        old = self._begin(target)
        self._bring_into(target, cancelled)
        with broker_errors():
            self.register.set_index(active=target)
        # What was indexed into the old collection between the last look and the switch.
        self._bring_into(target, cancelled)
        if old not in ("", target):
            self.index.drop(old)
        with broker_errors():
            documents = self.register.index_state().documents
            self.register.set_index(building="", reindexed=documents, reindex_job_id="")
        return {"documents": documents}

    def remove_passages(self, document_id: str) -> None:
        """Take deleted documents out of every collection in use: this one, and any left over.

        One that was added again meanwhile keeps its passages.
        """
        with broker_errors():
            deleted = self.register.deleted()
        for deleted_id in sorted(deleted, key=lambda item: item != document_id):
            self._take_out(deleted_id)
            with broker_errors():
                self.register.forget_deleted(deleted_id)

    def _take_out(self, document_id: str) -> None:
        with broker_errors():
            state = self.register.index_state()
        for collection in {state.active, state.target, state.building} - {""}:
            self.index.delete_document(document_id, collection)

    def _begin(self, target: str) -> str:
        """Prepare the target collection; returns the one that answers until it is complete.

        One that is neither in use nor being built is left over from an earlier model, with
        passages of documents that were deleted since: it goes.
        """
        with broker_errors():
            state = self.register.index_state()
            self.register.set_index(target=target)
        if target not in (state.active, state.building):
            self.index.drop(target)
            if state.building not in ("", state.active):
                self.index.drop(state.building)  # deletions would no longer reach it
            with broker_errors():
                for document in self.register.list():
                    if document.collection == target:
                        self.register.update(document.id, collection="")
                self.register.set_index(building=target)
        return state.active

    def _bring_into(self, target: str, cancelled: Cancelled) -> None:
        """Index what is in another collection; documents on their way get there by themselves."""
        with broker_errors():
            documents = self.register.list()
        missing = [
            item
            for item in documents
            if item.status is DocumentStatus.INDEXED and item.collection != target
        ]
        for done, document in enumerate(missing, len(documents) - len(missing)):
            with broker_errors():
                self.register.set_index(reindexed=done)
            try:
                extracted = self._extract(document, _show_nothing, cancelled)
            except UnreadableDocumentError as error:
                mark_failed(document.id, error.failure, register=self.register)
                continue
            passages = _passages(document, extracted)
            vectors = self._vectors(passages, _show_nothing, cancelled)
            self._store(document, passages, vectors, target)
            self._enter(document, extracted, vectors, target)

    def _extract(self, document: Document, show: Show, cancelled: Cancelled) -> Extracted:
        show("extracting", 0.0)
        with self.store.local_copy(document.id, document.name) as path:
            return extract(path, document.name, self.settings, cancelled.check)

    def _vectors_if_supported(
        self, passages: Sequence[Passage], show: Show, cancelled: Cancelled
    ) -> Vectors | None:
        try:
            return self._vectors(passages, show, cancelled)
        except EmbeddingsUnsupportedError:
            return None

    def _vectors(
        self, passages: Sequence[Passage], show: Show, cancelled: Cancelled
    ) -> Vectors | None:
        """One vector a passage, or None for keyword search alone.

        Raises EmbeddingsUnsupportedError, which the index then knows.
        """
        embedder = self.index.embedder
        if embedder is None:
            return None

        def on_batch(done: int, total: int) -> None:
            cancelled.check()
            share = EXTRACTED + (EMBEDDED - EXTRACTED) * done / total
            show(f"embedding {done} of {total}", share)

        show(f"embedding 0 of {len(passages)}", EXTRACTED)
        texts = [passage.text for passage in passages]
        try:
            return call_cancellable(lambda: embedder.embed(texts, on_batch), cancelled)
        except EmbeddingsUnsupportedError as error:
            self.index.note_unsupported(error)
            raise

    def _store(
        self,
        document: Document,
        passages: Sequence[Passage],
        vectors: Vectors | None,
        collection: str,
    ) -> None:
        """Replace the passages of a document in a collection."""
        self.index.ensure_collection(collection)
        self.index.delete_document(document.id, collection)
        self.index.upsert(collection, passages, vectors, document.owner)

    def _enter(
        self,
        document: Document,
        extracted: Extracted,
        vectors: Vectors | None,
        collection: str,
    ) -> None:
        """Enter in the register what a collection holds; a document deleted meanwhile leaves it."""
        # Without its vectors a document is not complete in a collection that has them.
        is_complete = vectors is not None or collection == KEYWORD_COLLECTION
        with broker_errors():
            still_there = self.register.update(
                document.id,
                status=DocumentStatus.INDEXED,
                stage="",
                progress=1.0,
                pages=extracted.pages,
                passages=len(extracted.passages),
                media_type=extracted.media_type,
                collection=collection if is_complete else "",
                failure=None,
                indexed_at=time.time(),
            )
        if not still_there:
            self.index.delete_document(document.id, collection)


def mark_failed(document_id: str, failure: Failure, *, register: DocumentRepository) -> None:
    """Show on the document why it could not be indexed."""
    with broker_errors():
        register.update(document_id, status=DocumentStatus.FAILED, stage="", failure=failure)


def sync_target(register: DocumentRepository, index: PassageIndex) -> None:
    """Publish which collection the configured model asks for."""
    with broker_errors():
        state = register.index_state()
    if state.active and index.target_collection not in (state.active, state.target):
        # Nobody shall be asked to index everything again for a model that has no embeddings.
        probe_embeddings(index)
    target = index.target_collection
    with broker_errors():
        if not state.documents and state.active != target:
            register.set_index(active="", target=target)
            if state.active:
                index.drop(state.active)  # with what was deleted since, if anything is left
        elif state.target != target:
            register.set_index(target=target)


def probe_embeddings(index: PassageIndex) -> None:
    """Let the index learn whether the configured server has embeddings at all."""
    if index.embedder is None:
        return
    try:
        index.embedder.embed(["probe"])
    except EmbeddingsUnsupportedError as error:
        index.note_unsupported(error)
    except ModelError as error:  # says nothing about that, and may pass
        log.info("embeddings not probed", kind=error.kind)


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

    def __init__(self, document_id: str, register: DocumentRepository) -> None:
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


def _show_nothing(_stage: str, _progress: float) -> None:
    """While everything is indexed again, a document is still found: its entry stays as it is."""


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
