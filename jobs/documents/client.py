"""DocumentClient: what pages, programs and the shell may do with documents.

It talks to Valkey and the document store; the index belongs to the worker. From a shell, see
`jobs.cli.documents`.
"""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import PurePath

import redis
import structlog
from rq.exceptions import NoSuchJobError

from jobs.documents.file_store import FileStore
from jobs.documents.ids import document_id_of, is_visible
from jobs.documents.quota import Quota, Storage
from jobs.documents.repository import PAGE, DocumentRepository
from jobs.errors import (
    DocumentStoreUnavailableError,
    InvalidStateError,
    InvalidUploadError,
    NotFoundError,
    OthersDocumentError,
    PrivateUnsafeError,
)
from jobs.extraction.file_types import ADVICE, MEDIA_TYPES
from jobs.extraction.upload_check import check_upload
from jobs.models import Document, DocumentPage, DocumentStatus, IndexState, Visibility
from jobs.queue.broker import INDEXING_TIMEOUT_SECONDS, Broker
from jobs.queue.connection import broker_errors
from jobs.queue.keys import limit_key
from jobs.queue.memory import MemoryReserve
from jobs.queue.workers import living_workers
from jobs.settings import INDEXING_QUEUE

log = structlog.get_logger(__name__)

SUPPORTED_EXTENSIONS = tuple(MEDIA_TYPES)
INDEX_DOCUMENT = "jobs.tasks.index_document"
DELETE_DOCUMENT = "jobs.tasks.delete_document"
REINDEX_DOCUMENTS = "jobs.tasks.reindex_documents"
NAME_CHARS = 200
CHOICES = 500  # so many documents are offered to choose from
NO_DOCUMENT = "There is no such document. It may have been deleted."
# Control characters, and those that turn the direction of writing: with one of these, a name can
# be made to look as if it ended in another extension.
UNSEEN = re.compile(r"[\x00-\x1f\x7f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
LIVE_STATUSES = ("queued", "started", "scheduled", "deferred", "rate_limited")


class DocumentClient:
    """The documents of this installation: shared by all users, or private to their owner.

    Every call is for a user, or for nobody (""), who sees the shared ones alone; a private document
    of somebody else is NotFoundError, like one that does not exist. Each method raises
    BrokerUnavailableError when Valkey is away.
    """

    def __init__(self, broker: Broker, store: FileStore, register: DocumentRepository) -> None:
        self._broker = broker
        self._store = store
        self._register = register
        self._memory = MemoryReserve(broker.connection)
        self._quota = Quota(
            broker.connection, broker.settings.user_storage_bytes, broker.settings.user_documents
        )

    def add(
        self,
        user: str,
        name: str,
        data: bytes,
        visibility: Visibility = Visibility.SHARED,
        *,
        container: Document | None = None,
    ) -> tuple[Document, bool]:
        """Store a file and queue it for indexing; the bool says whether it is new.

        `container` is the document that the file was in, if any; what was in a known document is
        kept as long as that.

        The same content again is recognised by its hash, and kept for as long as a new one; shared
        and private, or private to two users, it is as many documents. If its indexing had failed or
        got lost, it is queued again. Raises InvalidUploadError or StorageExceededError, before
        anything is stored, DocumentStoreUnavailableError, or PrivateUnsafeError.
        """
        name = display_name(name)
        self.check(name, len(data))
        check_upload(name, data)
        owner = self._owner(user, visibility)
        document_id = document_id_of(data, owner)
        with broker_errors():
            now = time.time()
            known = self._register.get(document_id)
            if known is not None and not self._register.renew(document_id, now):
                known = None  # it left in between
            if known is not None and self._is_in_hand(known):
                self._register.renew_all(self._register.with_contents(known.contents, user), now)
                return replace(known, added_at=now), False
            self._memory.expect(0)
            document = Document(
                document_id,
                name,
                len(data),
                added_at=now,
                added_by=user,
                owner=owner,
                came_with=container.name if container else "",
                nesting=container.nesting + 1 if container else 0,
            )
            # Of a known one as well: it may be deleted in between.
            with self._quota.room_for(user, document_id, name, len(data)):
                is_new = self._keep(document, known.name if known else name, data)
            return self._enqueue(document_id), is_new

    def page(self, user: str = "", offset: int = 0, limit: int = PAGE) -> DocumentPage:
        """Return a page of the documents that the user sees, newest first; two round trips."""
        with broker_errors():
            return self._register.page(user, offset, limit)

    def list_documents(self, user: str = "", limit: int = CHOICES) -> list[Document]:
        """Return the newest documents that the user sees, newest first.

        At most `limit` shared ones, and as many of their own. Two round trips.
        """
        with broker_errors():
            return [*self._register.newest(user, limit)]

    def storage(self, user: str) -> Storage:
        """Return what the user's documents take up, shared and private, and what is allowed."""
        with broker_errors():
            return self._quota.storage(user)

    def list_all(self) -> Sequence[Document]:
        """Return the documents of all users, for operators at a shell."""
        with broker_errors():
            return self._register.list_all()

    def get(self, document_id: str, user: str = "") -> Document:
        """Return one document; raises NotFoundError."""
        found = self.find([document_id], user)
        if not found:
            raise NotFoundError(NO_DOCUMENT)
        return found[0]

    def find(self, ids: Sequence[str], user: str = "") -> Sequence[Document]:
        """Return those of the documents that exist and that the user sees; one read."""
        with broker_errors():
            return self._register.find(ids, user)

    def delete(self, user: str, document_id: str, *, is_operator: bool = False) -> None:
        """Remove a document: it is gone from the list at once, its passages by a job.

        For who added it, or for operators, who need to see none for that. Raises NotFoundError or
        OthersDocumentError.
        """
        document = self._managed(user, document_id, is_operator=is_operator)
        with broker_errors():
            # Remembers that passages and file are due: what gets lost here, `expire` removes.
            self._register.delete(document.id)
            self._broker.withdraw(document.job_id)
            self._enqueue_removal(document.id)
        self._delete_file(document.id)

    def expire(self, added_before: float, loose_before: float) -> int:
        """Remove the documents last added before a time, samples apart; returns how many.

        Their passages go by a job, with those of deletions that broke off. Files that belong to
        no document since `loose_before` go as well: their upload or their deletion broke off.
        """
        now = time.time()
        with broker_errors():
            expired = self._register.expire(added_before, now)
            loose = self._register.take_loose_files(loose_before, now)
            if expired or self._register.claim_overdue_passages():
                self._enqueue_removal("")
        for document_id in [*expired, *loose]:
            try:
                self._delete_file(document_id)
            except DocumentStoreUnavailableError as error:
                # It is still known as loose: the next run tries again.
                log.warning("file not removed", document_id=document_id, error=error.message)
        return len(expired)

    def index_again(self, user: str, document_id: str, *, is_operator: bool = False) -> Document:
        """Queue a document for indexing again; raises InvalidStateError while that is under way.

        For who added it, or for operators; raises NotFoundError or OthersDocumentError as well.
        """
        document = self._managed(user, document_id, is_operator=is_operator)
        with broker_errors():
            if document.status is not DocumentStatus.INDEXED and self._is_in_hand(document):
                raise InvalidStateError("This document is being indexed already.")
            return self._enqueue(document_id)

    def queue_lost(self) -> int:
        """Queue the documents that no job is going to index any more; return how many.

        Somebody was killed between entering a document and queueing it, or between the end of its
        job and saying so.
        """
        with broker_errors():
            lost = [
                document.id
                for document in self._register.list_all()
                if document.status is not DocumentStatus.FAILED and not self._is_in_hand(document)
            ]
            for document_id in lost:
                with suppress(NotFoundError):  # deleted meanwhile
                    self._enqueue(document_id)
        return len(lost)

    def index_all_again(self) -> IndexState:
        """Queue everything for the collection of the configured embedding model."""
        with broker_errors():
            state = self._register.index_state()
            if state.reindex_job_id and self._is_live(state.reindex_job_id):
                raise InvalidStateError("Everything is being indexed again already.")
            self._broker.delete_failed(state.reindex_job_id)
            job_id = uuid.uuid4().hex
            self._register.set_index(reindex_job_id=job_id, reindexed=0)
            self._broker.enqueue(
                INDEXING_QUEUE,
                REINDEX_DOCUMENTS,
                job_id=job_id,
                timeout_seconds=INDEXING_TIMEOUT_SECONDS,
            )
            return self._register.index_state()

    def check_store(self) -> None:
        """Raise DocumentStoreUnavailableError if files can be neither kept nor read."""
        self._store.check()

    def index_state(self) -> IndexState:
        """Which collection answers, and whether everything should be indexed again."""
        with broker_errors():
            return self._register.index_state()

    def knows_schema(self, schema: int) -> bool:
        """True if all living workers find what is indexed with this schema of the index."""
        with broker_errors():
            workers = living_workers(self._broker.connection)
        return all(worker.index_schema >= schema for worker in workers)

    def is_reindexing(self) -> bool:
        """True while everything is being indexed again."""
        with broker_errors():
            state = self._register.index_state()
            return bool(state.reindex_job_id) and self._is_live(state.reindex_job_id)

    def claim_samples(self) -> bool:
        """Return True once, to the caller that is to add the sample documents."""
        with broker_errors():
            return self._register.claim_samples()

    def _keep(self, document: Document, name: str, data: bytes) -> bool:
        """Store a file under a name and enter its document; False if it was entered before.

        The file comes first: whatever breaks after it, adding it again repairs.
        """
        self._register.expect_file(document.id)
        self._store.save(document.id, name, data)
        return self._enter(document)

    def _owner(self, user: str, visibility: Visibility) -> str:
        """Whose a new document is; "" for everybody's."""
        if visibility is Visibility.SHARED:
            return ""
        if not user:
            raise InvalidUploadError(
                "A private document needs an owner. Say who you are, or share it."
            )
        with broker_errors():
            workers = living_workers(self._broker.connection)
        if not all(worker.knows_private for worker in workers):
            raise PrivateUnsafeError()
        return user

    def _managed(self, user: str, document_id: str, *, is_operator: bool) -> Document:
        """A document that this user may delete and index again."""
        with broker_errors():
            document = self._register.get(document_id)
        if document is None or not (is_operator or is_visible(document_id, user)):
            raise NotFoundError(NO_DOCUMENT)
        if not (is_operator or document.is_managed_by(user)):
            raise OthersDocumentError()
        return document

    def _enter(self, document: Document) -> bool:
        """Add a document to the register; its file does not stay if the register refuses it."""
        try:
            return self._register.add_if_new(document)
        except redis.exceptions.ResponseError:
            # Unlike after a lost connection, it is sure that nothing was entered.
            if self._register.get(document.id) is None:
                self._delete_file(document.id)
            raise

    def check(self, name: str, size: int) -> None:
        """Raise InvalidUploadError for a file that is of no use, before its content is read."""
        suffix = PurePath(name).suffix.lower()
        if suffix not in MEDIA_TYPES:
            kinds = ", ".join(extension.lstrip(".") for extension in SUPPORTED_EXTENSIONS)
            advice = ADVICE.get(suffix) or f"Use one of: {kinds}."
            raise InvalidUploadError(f"“{name}” is of no kind that can be read. {advice}")
        if not size:
            raise InvalidUploadError(f"“{name}” is empty.")
        if size > self._broker.settings.max_upload_bytes:
            raise InvalidUploadError(
                f"“{name}” has {size / 2**20:.1f} MB; the most is "
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

    def _enqueue_removal(self, document_id: str) -> None:
        """Queue the removal of all passages that are due, those of one document first.

        One job does all, so that no number of deletions fills the queue.
        """
        if self._register.claim_removal():
            self._broker.enqueue(
                INDEXING_QUEUE, DELETE_DOCUMENT, job_id=uuid.uuid4().hex, args=[document_id]
            )

    def _delete_file(self, document_id: str) -> None:
        self._store.delete(document_id)
        with broker_errors():
            self._register.forget_file(document_id)

    def _enqueue(self, document_id: str) -> Document:
        known = self._register.get(document_id)
        if known is not None:
            self._broker.delete_failed(known.job_id)
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
            rate_limit_key=limit_key(INDEXING_QUEUE, known.added_by) if known else "",
        )
        queued = self._register.get(document_id)
        if queued is None:
            raise NotFoundError(NO_DOCUMENT)
        return queued


def display_name(name: str) -> str:
    """The name of an uploaded file as it is shown: one line, no path, of a bounded length."""
    base = re.split(r"[/\\]", name)[-1].encode(errors="replace").decode()
    return " ".join(UNSEEN.sub(" ", base).split())[-NAME_CHARS:]
