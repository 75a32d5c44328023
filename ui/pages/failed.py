"""The page of failed jobs, for operators: what failed and why, and queueing it again."""

from __future__ import annotations

import streamlit as st

from jobs.access.operators import Access
from jobs.models import DeadLetterPage
from jobs.operations.failed_jobs import DeadLetters
from ui.clients import get_clients
from ui.components.operations.failed_table import PAGE_SIZE, show_failed_jobs, show_kinds
from ui.components.operations.requeue_dialog import show_requeue_confirmation
from ui.components.page.live_page import show_live
from ui.components.page.operator_sign_in import show_sign_in, show_sign_out
from ui.identity.people import current_user, operators_access
from ui.state import operators as operator_state
from ui.state.tables import ALL

REFRESH_SECONDS = 3.0


def show_page() -> None:
    clients, user = get_clients(), current_user()
    access = operators_access(clients.settings)
    if user is None or access is Access.CLOSED:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.title("Failed jobs", anchor=False)
        if access is Access.PASSWORD and operator_state.is_signed_in.get():
            show_sign_out()
    if access is Access.PASSWORD and not operator_state.is_signed_in.get():
        show_sign_in(clients.settings)
        return
    kind = operator_state.kind_to_requeue.get()
    if kind:
        show_requeue_confirmation(clients.dead_letters, kind)
    show_live(clients.jobs, user, lambda: _draw(clients.dead_letters))


def _draw(dead_letters: DeadLetters) -> float:
    """Draw the live part; return how soon to draw it again."""
    page = _read(dead_letters)
    if page.entries:
        show_kinds(page.kinds)
        show_failed_jobs(dead_letters, page, operator_state.failed_kind())
    else:
        st.info(
            "Nothing has failed. Questions and documents that fail for good are listed here, and "
            "can be queued again.",
            icon=":material/check_circle:",
        )
    return REFRESH_SECONDS


def _read(dead_letters: DeadLetters) -> DeadLetterPage:
    """Return the page that is shown or, if nothing is left on it, the nearest with jobs."""
    kind, number = operator_state.failed_kind(), operator_state.failed_page()
    page = dead_letters.list_failed(kind, offset=(number - 1) * PAGE_SIZE, limit=PAGE_SIZE)
    if not page.entries and number > 1:
        operator_state.show_first_failed_page()
        page = dead_letters.list_failed(kind, limit=PAGE_SIZE)
    if not page.entries and kind:
        operator_state.kind_filter.set(ALL)
        page = dead_letters.list_failed(limit=PAGE_SIZE)
    return page


show_page()
