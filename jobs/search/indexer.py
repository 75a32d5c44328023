"""Indexes documents: from a stored file to passages in the index."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeAlias

from jobs.cancellation import Cancelled, call_cancellable
from jobs.documents.client import DocumentClient
from jobs.documents.contents import Added, add_contents
from jobs.documents.file_store import FileStore
from jobs.documents.repository import DocumentRepository
from jobs.errors import EmbeddingsUnsupportedError, UnreadableDocumentError
from jobs.extraction.extract import Extracted, extract
from jobs.extraction.sandbox import own_folder
from jobs.models import Document, DocumentStatus, Failure, Passage
from jobs.queue.connection import broker_errors
from jobs.search.document_cards import make_card
from jobs.search.index import PassageIndex
from jobs.search.passage_context import terms_of_passages
from jobs.search.points import passage_id
from jobs.search.schema import KEYWORD_COLLECTION
from jobs.search.target_collection import probe_embeddings
from jobs.settings import Settings

# The progress, from 0 to 1, at which these stages are done.
EXTRACTED, EMBEDDED = 0.3, 0.9
# How late it is noticed that a document was deleted while it is read, which may take long.
DELETION_CHECK_SECONDS = 1.0

Vectors: TypeAlias = "Sequence[Sequence[float]]"
# Shows a stage, the progress from 0 to 1, and a detail such as "3 of 10" or "".
Show: TypeAlias = Callable[[str, float, str], None]


class _DeletedError(Exception):
    """The document was deleted while it was read."""


@dataclass(frozen=True)
class Indexer:
    """Reads, embeds and stores documents. Holds no state of its own."""

    register: DocumentRepository
    documents: DocumentClient
    store: FileStore
    index: PassageIndex
    settings: Settings

    def index_document(self, document_id: str, cancelled: Cancelled) -> dict[str, Any]:
        """Index one document into the collection that answers; returns its number of passages.

        Does nothing for a document that was deleted in the meantime. Raises AskqueueError.
        """
        while True:
            with broker_errors():
                document = self.register.get(document_id)
                active = self.register.index_state().active
            if document is None:
                # A killed attempt may have stored some passages after the deletion.
                self._delete_passages(document_id)
                return {"passages": 0}
            show = _Progress(document_id, self.register)
            with own_folder() as folder:
                try:
                    extracted = self._extract(document, show, cancelled, folder)
                except _DeletedError:
                    continue
                added = self._add_contents(document, extracted, show, cancelled)
            passages = _passages(document, extracted)
            vectors = None
            if active in ("", self.index.target_collection):
                notes = list(extracted.notes)
                vectors = self._vectors_if_supported(passages, show, cancelled, notes)
                extracted = replace(extracted, notes=tuple(notes))
            # The first document decides; by now we know whether there are embeddings.
            collection = active or self.index.target_collection
            show("storing", EMBEDDED, "")
            document = replace(document, card=make_card(extracted.passages))
            self._store(document, extracted, passages, vectors, collection)
            with broker_errors():
                active = self.register.activate_first(collection)
            # If everything was indexed again in the meantime, another collection answers now.
            if active == collection:
                # Not before: a document that is shown as indexed can be found.
                self._mark_indexed(document, extracted, vectors, collection, added)
                return {"passages": len(passages)}

    def reindex_documents(self, cancelled: Cancelled) -> dict[str, Any]:
        """Index all documents into the target collection; the old one answers until it is complete.

        Run again after an interruption, it continues with what is missing. Raises AskqueueError.
        """
        probe_embeddings(self.index)
        target = self.index.target_collection
        old = self._begin(target)
        self._index_missing(target, cancelled)
        with broker_errors():
            self.register.set_index(active=target)
        # For what was indexed into the old collection just before the switch.
        self._index_missing(target, cancelled)
        if old not in ("", target):
            self.index.drop(old)
        with broker_errors():
            documents = self.register.index_state().documents
            self.register.set_index(building="", reindexed=documents, reindex_job_id="")
        return {"documents": documents}

    def remove_passages(self, document_id: str) -> None:
        """Remove the passages of this deleted document, and of others left over, everywhere.

        A document that was added again in the meantime keeps its passages.
        """
        with broker_errors():
            deleted = self.register.begin_removal()
        for deleted_id in sorted(deleted, key=lambda item: item != document_id):
            self._delete_passages(deleted_id)
            with broker_errors():
                self.register.forget_deleted(deleted_id)

    def _delete_passages(self, document_id: str) -> None:
        with broker_errors():
            state = self.register.index_state()
        for collection in {state.active, state.target, state.building} - {""}:
            self.index.delete_document(document_id, collection)

    def _begin(self, target: str) -> str:
        """Prepare the target collection; returns the one that answers until it is complete.

        A target that is neither in use nor being built is left over from an earlier model, and may
        hold passages of deleted documents: it is dropped first.
        """
        with broker_errors():
            state = self.register.index_state()
            self.register.set_index(target=target)
        if target not in (state.active, state.building):
            self.index.drop(target)
            if state.building not in ("", state.active):
                self.index.drop(state.building)  # deletions no longer reach it
            with broker_errors():
                for document in self.register.list_all():
                    if document.collection == target:
                        self.register.update(document.id, collection="")
                self.register.set_index(building=target)
        return state.active

    def _index_missing(self, target: str, cancelled: Cancelled) -> None:
        """Index what is in other collections; documents being indexed get there by themselves."""
        with broker_errors():
            documents = self.register.list_all()
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
            except _DeletedError:
                continue
            except UnreadableDocumentError as error:
                mark_failed(document.id, error.failure, register=self.register)
                continue
            passages = _passages(document, extracted)
            notes = list(extracted.notes)
            vectors = self._vectors(passages, _show_nothing, cancelled, notes)
            extracted = replace(extracted, notes=tuple(notes))
            carded = replace(document, card=make_card(extracted.passages))
            self._store(carded, extracted, passages, vectors, target)
            self._mark_indexed(carded, extracted, vectors, target)

    def _add_contents(
        self, document: Document, extracted: Extracted, show: Show, cancelled: Cancelled
    ) -> Added:
        """Make documents of the files within one."""
        files = extracted.attachments

        def on_file(number: int) -> None:
            cancelled.check()
            show("unpacking", EXTRACTED, f"{number} of {len(files)}")

        return add_contents(self.documents, document, files, on_file)

    def _extract(
        self,
        document: Document,
        show: Show,
        cancelled: Cancelled,
        attachments_to: Path | None = None,
    ) -> Extracted:
        looked_at = time.monotonic()

        def check() -> None:
            nonlocal looked_at
            cancelled.check()
            if time.monotonic() - looked_at > DELETION_CHECK_SECONDS:
                looked_at = time.monotonic()
                with broker_errors():
                    if self.register.get(document.id) is None:
                        raise _DeletedError

        def report(done: int, total: int) -> None:
            show("extracting", EXTRACTED * done / max(total, 1), f"page {done} of {total}")

        show("extracting", 0.0, "")
        with self.store.local_copy(document.id, document.name) as path:
            return extract(path, document.name, self.settings, check, report, attachments_to)

    def _vectors_if_supported(
        self, passages: Sequence[Passage], show: Show, cancelled: Cancelled, notes: list[str]
    ) -> Vectors | None:
        try:
            return self._vectors(passages, show, cancelled, notes)
        except EmbeddingsUnsupportedError:
            return None

    def _vectors(
        self, passages: Sequence[Passage], show: Show, cancelled: Cancelled, notes: list[str]
    ) -> Vectors | None:
        """Return one vector for each passage, or None if they get none, or later.

        Adds to the notes if the model was given only the beginning of some of them. Raises
        EmbeddingsUnsupportedError, after telling the index.
        """
        embedder = self.index.embedder
        if embedder is None or embedder.is_local:
            return None

        def on_batch(done: int, total: int) -> None:
            cancelled.check()
            share = EXTRACTED + (EMBEDDED - EXTRACTED) * done / total
            show("embedding", share, f"{done} of {total}")

        show("embedding", EXTRACTED, f"0 of {len(passages)}")
        texts = [passage.text for passage in passages]
        try:
            return call_cancellable(
                lambda: embedder.embed(texts, on_batch, lambda many: notes.append(shortened(many))),
                cancelled,
            )
        except EmbeddingsUnsupportedError as error:
            self.index.note_unsupported(error)
            raise

    def _store(
        self,
        document: Document,
        extracted: Extracted,
        passages: Sequence[Passage],
        vectors: Vectors | None,
        collection: str,
    ) -> None:
        """Replace the passages of a document in a collection."""
        language = document.card.language if document.card else ""
        terms = terms_of_passages(document.name, extracted.passages, language)
        self.index.ensure_collection(collection)
        self.index.delete_document(document.id, collection)
        self.index.upsert(collection, passages, vectors, document.owner, terms)

    def _mark_indexed(
        self,
        document: Document,
        extracted: Extracted,
        vectors: Vectors | None,
        collection: str,
        added: Added | None = None,
    ) -> None:
        """Mark a document as indexed; if it was deleted in the meantime, remove its passages.

        Without `added`, it holds the documents that it held before.
        """
        contents_notes = document.contents_notes if added is None else (*added.notes(),)
        contents = document.contents if added is None else (*added.ids,)
        embedder = self.index.embedder
        is_local = embedder is not None and embedder.is_local
        # The vectors of a local model come later, see `BackgroundVectors`.
        come_later = is_local and collection == self.index.target_collection
        # Without vectors, a document is incomplete in a collection that has them.
        is_complete = vectors is not None or come_later or collection == KEYWORD_COLLECTION
        update = self.register.update_unembedded if come_later else self.register.update
        with broker_errors():
            still_there = update(
                document.id,
                status=DocumentStatus.INDEXED,
                stage="",
                progress=1.0,
                pages=extracted.pages,
                passages=len(extracted.passages),
                media_type=extracted.media_type,
                notes=(*extracted.notes, *contents_notes),
                card=document.card,
                contents=contents,
                contents_notes=contents_notes,
                collection=collection if is_complete else "",
                failure=None,
                indexed_at=time.time(),
                to_embed=len(extracted.passages) if come_later else 0,
            )
        if not still_there:
            self.index.delete_document(document.id, collection)


def shortened(passages: int) -> str:
    """Say that so many passages were too long for the embedding model."""
    what = "1 passage is" if passages == 1 else f"{passages} passages are"
    return (
        f"{what} longer than the embedding model takes: the search by meaning knows only the "
        "beginning, the search by words knows all."
    )


def mark_failed(document_id: str, failure: Failure, *, register: DocumentRepository) -> None:
    """Show on the document why it could not be indexed."""
    with broker_errors():
        register.update(document_id, status=DocumentStatus.FAILED, stage="", failure=failure)


class _Progress:
    """Shows the progress of one document, and within a stage at most five times a second."""

    min_seconds = 0.2

    def __init__(self, document_id: str, register: DocumentRepository) -> None:
        self._document_id = document_id
        self._register = register
        self._shown_at = 0.0
        self._stage = ""

    def __call__(self, stage: str, progress: float, detail: str) -> None:
        if stage == self._stage and time.monotonic() - self._shown_at < self.min_seconds:
            return
        self._stage, self._shown_at = stage, time.monotonic()
        with broker_errors():
            self._register.update(
                self._document_id,
                status=DocumentStatus.INDEXING,
                stage=f"{stage} {detail}".strip(),
                progress=progress,
                failure=None,
            )


def _show_nothing(_stage: str, _progress: float, _detail: str) -> None:
    """Leave the entry of a document as it is: it can be found while it is indexed again."""


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
            place=item.place,
            section=item.section,
            ocr_confidence=item.confidence,
        )
        for position, item in enumerate(extracted.passages)
    ]
