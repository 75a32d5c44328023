"""Gives passages the vectors of a local model, after they can be found by words.

Nothing is queued: it is known which documents wait and how far each is, so that it goes on
after a crash where it was. Texts come from the index; no file is read again.
"""

from __future__ import annotations

from collections.abc import Callable

import structlog

from jobs.documents.embedding_progress import EmbeddingProgress
from jobs.documents.repository import DocumentRepository
from jobs.llm.embedding_model import EmbeddingModel
from jobs.models import Document, DocumentStatus
from jobs.niceness import thread_gives_way
from jobs.search.index import PassageIndex
from jobs.search.points import passage_id

log = structlog.get_logger(__name__)

# As many are computed anew after a crash.
BATCH = 16


class BackgroundVectors:
    """Works on the thread that calls it, which then gives way to all others. Raises AskqueueError.

    Several workers share the documents.
    """

    def __init__(
        self,
        register: DocumentRepository,
        progress: EmbeddingProgress,
        index: Callable[[], PassageIndex],
        is_stopping: Callable[[], bool],
    ) -> None:
        self._register = register
        self._progress = progress
        self._index = index
        self._is_stopping = is_stopping
        self._has_given_way = False

    def run_once(self) -> None:
        """Give all documents that wait their vectors, or stop in between."""
        embedder = self._index().embedder
        if embedder is None or not embedder.is_local:
            return
        if not self._has_given_way:
            thread_gives_way()
            self._has_given_way = True
        for document_id in self._progress.waiting():
            if self._is_stopping():
                return
            if self._progress.claim(document_id):
                try:
                    self._embed(document_id, embedder)
                finally:
                    self._progress.end(document_id)

    def _embed(self, document_id: str, embedder: EmbeddingModel) -> None:
        document = self._register.get(document_id)
        index = self._index()
        if document is None or document.status is DocumentStatus.FAILED:
            self._progress.forget(document_id)
            return
        if document.status is not DocumentStatus.INDEXED:
            return  # it is indexed again, and then has other passages
        if document.collection != index.target_collection:
            self._progress.forget(document_id)  # another model's by now
            return
        for start in range(document.passages - document.to_embed, document.passages, BATCH):
            if self._is_stopping():
                return
            end = min(start + BATCH, document.passages)
            self._embed_batch(document, range(start, end), index, embedder)
            if not self._progress.note(document, document.passages - end):
                return
        if not document.to_embed:
            self._progress.note(document, 0)
        log.info("document embedded", document_id=document_id, passages=document.passages)

    def _embed_batch(
        self,
        document: Document,
        positions: range,
        index: PassageIndex,
        embedder: EmbeddingModel,
    ) -> None:
        ids = [passage_id(document.id, position) for position in positions]
        texts = index.texts(ids, document.collection)
        keep = self._progress.keep
        vectors = embedder.embed([*texts.values()], lambda _done, _total: keep(document.id))
        index.set_vectors(document.collection, dict(zip(texts, vectors, strict=True)))
