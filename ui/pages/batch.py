"""The Batches page: submit a file of questions, watch it, and download the answers."""

from __future__ import annotations

import streamlit as st

from jobs.batches.client import BatchClient
from jobs.batches.models import BatchPage
from jobs.errors import NotFoundError
from jobs.models import WorkerReport
from jobs.settings import BATCH_QUEUE
from ui.clients import Clients, get_clients
from ui.components.batches.deletion import show_batch_deletion
from ui.components.batches.progress import show_batches
from ui.components.batches.upload import show_batch_upload
from ui.components.batches.view import PAGE_SIZE, show_batch
from ui.components.common.errors import show_failure
from ui.components.common.text import one_line, plain
from ui.components.history.sidebar_history import ASK_PAGE
from ui.components.page.banners import show_no_worker
from ui.components.page.live_page import ACTIVE_SECONDS, OUTAGE_SECONDS, show_live
from ui.identity.people import current_user
from ui.state import batch as batch_state


def show_page() -> None:
    clients, user = get_clients(), current_user()
    if user is None:
        return
    job_id = batch_state.row_to_open.take()
    if job_id:
        st.switch_page(ASK_PAGE, query_params={"job": job_id})
    batch_state.open_address()
    to_delete = batch_state.to_delete.get()
    if to_delete:
        show_batch_deletion(clients.batches, user, to_delete)
    if batch_state.selected.get() is None:
        st.title("Batches", anchor=False)
        st.caption(
            "Ask many questions at once. Each row of a table is asked on its own, alongside your "
            "other questions, and the answers come back as a table."
        )
        show_batch_upload(clients.batches, user, clients.settings.max_upload_mb)
    else:
        st.button(
            "All batches",
            icon=":material/arrow_back:",
            key="batch_back",
            type="tertiary",
            on_click=batch_state.select,
            args=(None,),
        )
    show_live(clients.jobs, user, lambda: _draw(clients, user))


def _draw(clients: Clients, user: str) -> float | None:
    """Draw the live part; return how soon to draw it again."""
    batch_state.note_address()
    batch_id = batch_state.selected.get()
    if batch_id is None:
        return _draw_list(clients, user)
    return _draw_one(clients, user, batch_id)


def _draw_list(clients: Clients, user: str) -> float | None:
    found = clients.batches.list_batches(user)
    if found:
        show_batches(found)
    return ACTIVE_SECONDS if any(batch.is_active for batch in found) else None


def _draw_one(clients: Clients, user: str, batch_id: str) -> float | None:
    try:
        batch = clients.batches.get(user, batch_id)
        page = _read(clients.batches, user, batch_id)
    except NotFoundError as error:
        show_failure(error.failure, quiet=True)
        return None
    st.title(plain(one_line(batch.name, 80)), anchor=False)
    notice = st.container()
    show_batch(clients.batches, user, batch, page)
    if not batch.is_active:
        return None
    workers = clients.jobs.workers()
    if not any(BATCH_QUEUE in worker.queues for worker in workers):
        with notice:
            _show_unserved(workers)
        return OUTAGE_SECONDS
    return ACTIVE_SECONDS


def _show_unserved(workers: list[WorkerReport]) -> None:
    if not workers:
        show_no_worker()
        return
    st.warning(
        "No worker takes batches, so the rows wait. Ask an operator to give a worker threads for "
        "them, such as `batch:4` in `WORKER_THREADS`.",
        icon=":material/hourglass_disabled:",
    )


def _read(batches: BatchClient, user: str, batch_id: str) -> BatchPage:
    """Return the page that is shown or, if nothing is left on it, the nearest with rows."""
    chosen, number = batch_state.row_filter(), batch_state.row_page()
    offset = (number - 1) * PAGE_SIZE
    page = batches.rows(user, batch_id, state=chosen, offset=offset, limit=PAGE_SIZE)
    if not page.rows and number > 1:
        batch_state.show_first_page()
        page = batches.rows(user, batch_id, state=chosen, limit=PAGE_SIZE)
    if not page.rows and chosen is not None:
        batch_state.show_all_rows()
        page = batches.rows(user, batch_id, limit=PAGE_SIZE)
    return page


show_page()
