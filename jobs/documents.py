"""DocumentClient: what pages, programs and the shell may do with documents.

It talks to Valkey and the document store; the index belongs to the worker. `python -m
jobs.documents add PATH…` is the same from a shell, see `jobs.shell`.
"""

from __future__ import annotations

import hashlib
import re
import time
import uuid
from pathlib import PurePath

from rq.exceptions import NoSuchJobError
from rq.job import JobStatus

from jobs.broker import INDEXING_TIMEOUT_SECONDS, Broker, broker_errors
from jobs.errors import InvalidState, InvalidUpload, NotFound
from jobs.lifecycle import Lifecycle
from jobs.models import Document, DocumentStatus, IndexState
from jobs.reading import MEDIA_TYPES
from jobs.register import DocumentRegister
from jobs.settings import INDEXING_QUEUE
from jobs.store import DocumentStore

SUPPORTED_EXTENSIONS = tuple(MEDIA_TYPES)
INDEX_DOCUMENT = "jobs.tasks.index_document"
DELETE_DOCUMENT = "jobs.tasks.delete_document"
REINDEX_DOCUMENTS = "jobs.tasks.reindex_documents"
NAME_CHARS = 200
LIVE_STATUSES = ("queued", "started", "scheduled", "deferred", "rate_limited")


class DocumentClient:
    """The documents of this installation, shared by all users.

    Each method raises BrokerUnavailable when Valkey is away.
    """

    def __init__(self, broker: Broker, store: DocumentStore, register: DocumentRegister) -> None:
        self._broker = broker
        self._lifecycle = Lifecycle(broker)
        self._store = store
        self._register = register

    def add(self, user: str, name: str, data: bytes) -> tuple[Document, bool]:
        """Store a file and queue it for indexing; the bool says whether it is new.

        The same content again is recognised by its hash. If its indexing had failed or got lost,
        it is queued again. Raises InvalidUpload, or DocumentStoreUnavailable.
        """
        name = display_name(name)
        self._validate(name, data)
        document_id = hashlib.sha256(data).hexdigest()
        with broker_errors():
            known = self._register.get(document_id)
            if known is not None and self._is_in_hand(known):
                return known, False
            # The file comes first: whatever breaks after it, adding it again repairs.
            self._store.save(document_id, known.name if known else name, data)
            document = Document(document_id, name, len(data), added_at=time.time(), added_by=user)
            is_new = self._register.add_if_new(document)
            return self._enqueue(document_id), is_new

    def list(self) -> list[Document]:
        """All documents, newest first."""
        with broker_errors():
            return self._register.list()

    def get(self, document_id: str) -> Document:
        """One document; raises NotFound."""
        with broker_errors():
            document = self._register.get(document_id)
        if document is None:
            raise NotFound("There is no such document. It may have been deleted.")
        return document

    def delete(self, user: str, document_id: str) -> None:
        """Remove a document: it is gone from the list at once, its passages by a job."""
        document = self.get(document_id)
        with broker_errors():
            # Remembers that the passages are due: lost here, the next deletion's job removes them.
            self._register.delete(document.id)
            self._forget_failure(document.job_id)
            self._broker.enqueue(
                INDEXING_QUEUE, DELETE_DOCUMENT, job_id=uuid.uuid4().hex, args=[document.id]
            )
        self._store.delete(document.id)

    def index_again(self, document_id: str) -> Document:
        """Queue a document for indexing again; raises InvalidState while that is under way."""
        document = self.get(document_id)
        with broker_errors():
            if document.status is not DocumentStatus.INDEXED and self._is_in_hand(document):
                raise InvalidState("This document is being indexed already.")
            return self._enqueue(document_id)

    def index_all_again(self) -> IndexState:
        """Queue everything for the collection of the configured embedding model."""
        with broker_errors():
            state = self._register.index_state()
            if state.reindex_job_id and self._is_live(state.reindex_job_id):
                raise InvalidState("Everything is being indexed again already.")
            self._forget_failure(state.reindex_job_id)
            job_id = uuid.uuid4().hex
            self._register.set_index(reindex_job_id=job_id, reindexed=0)
            self._broker.enqueue(
                INDEXING_QUEUE,
                REINDEX_DOCUMENTS,
                job_id=job_id,
                timeout_seconds=INDEXING_TIMEOUT_SECONDS,
            )
            return self._register.index_state()

    def index_state(self) -> IndexState:
        """Which collection answers, and whether everything should be indexed again."""
        with broker_errors():
            return self._register.index_state()

    def is_reindexing(self) -> bool:
        """True while everything is being indexed again."""
        with broker_errors():
            state = self._register.index_state()
            return bool(state.reindex_job_id) and self._is_live(state.reindex_job_id)

    def claim_samples(self) -> bool:
        """True once, for whoever should add the sample documents."""
        with broker_errors():
            return self._register.claim_samples()

    def _validate(self, name: str, data: bytes) -> None:
        suffix = PurePath(name).suffix.lower()
        if suffix not in MEDIA_TYPES:
            kinds = ", ".join(extension.lstrip(".") for extension in SUPPORTED_EXTENSIONS)
            raise InvalidUpload(f"“{name}” is of no kind that can be read. Use one of: {kinds}.")
        if not data:
            raise InvalidUpload(f"“{name}” is empty.")
        if len(data) > self._broker.settings.max_upload_bytes:
            raise InvalidUpload(
                f"“{name}” has {len(data) / 2**20:.1f} MB; the most is "
                f"{self._broker.settings.max_upload_mb} MB. Split it, or raise MAX_UPLOAD_MB."
            )

    def _is_in_hand(self, document: Document) -> bool:
        """True if the document is indexed, or a job is about to do it."""
        if document.status is DocumentStatus.INDEXED:
            return True
        return document.status is not DocumentStatus.FAILED and self._is_live(document.job_id)

    def _is_live(self, job_id: str) -> bool:
        try:
            return self._broker.fetch(job_id).get_status(refresh=False).value in LIVE_STATUSES
        except NoSuchJobError:
            return False

    def _forget_failure(self, job_id: str) -> None:
        """Drop a job that failed: another does its work now, or there is nothing left to do."""
        try:
            failed = self._broker.fetch(job_id).get_status(refresh=False) is JobStatus.FAILED
        except NoSuchJobError:
            return
        if failed:
            self._lifecycle.delete(job_id, user="")

    def _enqueue(self, document_id: str) -> Document:
        known = self._register.get(document_id)
        if known is not None:
            self._forget_failure(known.job_id)
        job_id = uuid.uuid4().hex
        self._register.update(
            document_id,
            status=DocumentStatus.QUEUED,
            stage="",
            progress=0.0,
            job_id=job_id,
            failure=None,
        )
        self._broker.enqueue(
            INDEXING_QUEUE,
            INDEX_DOCUMENT,
            job_id=job_id,
            args=[document_id],
            timeout_seconds=INDEXING_TIMEOUT_SECONDS,
        )
        return self.get(document_id)


def display_name(name: str) -> str:
    """The name of an uploaded file as it is shown: one line, no path, of a bounded length."""
    base = re.split(r"[/\\]", name)[-1].encode(errors="replace").decode()
    return " ".join(re.sub(r"[\x00-\x1f\x7f]", " ", base).split())[-NAME_CHARS:]


if __name__ == "__main__":
    import sys

    from jobs.shell import main

    sys.exit(main())
