"""The Documents page: add documents, see how far each is, index again, delete."""

from __future__ import annotations

import time

import streamlit as st

from jobs.documents.quota import MEGABYTE, Storage
from jobs.models import Document, DocumentPage, DocumentStatus
from jobs.settings import INDEXING_QUEUE
from ui.clients import Clients, get_clients
from ui.components.common.text import counted, file_size
from ui.components.documents.deletion import show_document_deletion
from ui.components.documents.document_table import (
    UNFINISHED,
    show_document_actions,
    show_documents,
    show_expiring,
    show_failed_documents,
    show_notes,
)
from ui.components.documents.reindex_offer import show_reindex
from ui.components.documents.upload import show_uploader
from ui.components.page.banners import NO_WORKER_SECONDS, show_no_worker, show_paused
from ui.components.page.live_page import ACTIVE_SECONDS, show_live
from ui.identity.people import Person
from ui.identity.roles import visitor
from ui.state import documents as document_state

PAGE_SIZE = 50


def show_page() -> None:
    clients = get_clients()
    person = visitor(clients.settings)
    if person is None:
        return
    st.title("Documents", anchor=False)
    show_uploader(clients.documents, person.user, clients.settings.max_upload_mb)
    to_delete = document_state.to_delete.get()
    if to_delete:
        show_document_deletion(clients.documents, person, to_delete)
    show_live(clients.jobs, person.user, lambda: _draw(clients, person))


def _draw(clients: Clients, person: Person) -> float | None:
    """Draw the live part; return how soon to draw it again."""
    notices, table = st.container(), st.container()
    page = _read(clients, person.user)
    entries = page.documents
    index = clients.documents.index_state()
    is_reindexing = bool(index.reindex_job_id) and clients.documents.is_reindexing()
    kept_seconds = clients.settings.document_retention_seconds
    pending = [entry for entry in entries if entry.status in UNFINISHED]
    with notices:
        show_paused(clients.operations.paused(), INDEXING_QUEUE)
        show_reindex(clients.documents, index, is_running=is_reindexing)
        if _lacks_worker(clients, pending):
            show_no_worker()
        show_failed_documents(clients.documents, person, entries)
    with table:
        if entries:
            storage = clients.documents.storage(person.user)
            st.caption(f"{_summary(page)} · {_storage_words(storage)}")
            show_documents(clients.documents, person, entries, kept_seconds)
            show_notes(entries)
            show_expiring(entries, kept_seconds)
            show_document_actions(clients.documents, person, entries)
            _show_page_numbers(page.total)
        else:
            st.info(
                "No documents yet. Drop some files above. You can ask about each one as soon as it "
                "is indexed.",
                icon=":material/folder_open:",
            )
    is_moving = pending or is_reindexing or any(entry.to_embed for entry in entries)
    return ACTIVE_SECONDS if is_moving else None


def _read(clients: Clients, user: str) -> DocumentPage:
    """Return the chosen page of the table; the last one if there are no longer so many."""
    number = document_state.page_number()
    page = clients.documents.page(user, (number - 1) * PAGE_SIZE, PAGE_SIZE)
    if page.documents or not page.total:
        return page
    return clients.documents.page(user, (page.total - 1) // PAGE_SIZE * PAGE_SIZE, PAGE_SIZE)


def _show_page_numbers(total: int) -> None:
    pages = -(-total // PAGE_SIZE)
    if pages > 1:
        with st.container(horizontal=True, horizontal_alignment="center", key="documents_foot"):
            st.pagination(pages, key=document_state.DOCUMENT_PAGE)


def _summary(page: DocumentPage) -> str:
    entries = page.documents
    if page.total > len(entries):
        return f"{counted(page.total, 'document')}, newest first"
    indexed = [entry for entry in entries if entry.status is DocumentStatus.INDEXED]
    passages = sum(entry.passages for entry in indexed)
    return (
        f"{counted(len(entries), 'document')}, {len(indexed):,} indexed, "
        f"{counted(passages, 'passage')}"
    )


def _storage_words(storage: Storage) -> str:
    of_allowed = f" of {storage.allowed / MEGABYTE:,.0f} MB" if storage.allowed else ""
    number = f" of {storage.most:,}" if storage.most else ""
    return f"yours: {storage.documents:,}{number}, {file_size(storage.used)}{of_allowed}"


def _lacks_worker(clients: Clients, pending: list[Document]) -> bool:
    longest = max((time.time() - entry.added_at for entry in pending), default=0.0)
    return longest >= NO_WORKER_SECONDS and not clients.jobs.workers()


show_page()
