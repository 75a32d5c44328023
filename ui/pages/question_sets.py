"""The page of question sets, for operators: run them before and after a change, and compare."""

from __future__ import annotations

import streamlit as st

from jobs.access.operators import Access
from jobs.errors import NotFoundError
from jobs.settings import BATCH_QUEUE
from ui.clients import Clients, get_clients
from ui.components.common.errors import show_failure
from ui.components.common.text import one_line, plain
from ui.components.page.banners import show_no_worker
from ui.components.page.live_page import ACTIVE_SECONDS, show_live
from ui.components.page.operator_sign_in import show_sign_in, show_sign_out
from ui.components.question_sets.comparison import show_comparison
from ui.components.question_sets.deletion import show_set_deletion
from ui.components.question_sets.runs import show_actions, show_runs
from ui.components.question_sets.set_list import facts, show_sets
from ui.components.question_sets.upload import show_set_upload
from ui.identity.people import current_user, operators_access
from ui.state import operators as operator_state
from ui.state import question_sets as set_state


def show_page() -> None:
    clients, user = get_clients(), current_user()
    access = operators_access(clients.settings)
    if user is None or access is Access.CLOSED:
        return
    is_in = access is not Access.PASSWORD or operator_state.is_signed_in.get()
    set_state.open_address()
    if is_in and set_state.selected.get():
        st.button(
            "All question sets",
            icon=":material/arrow_back:",
            key="set_back",
            type="tertiary",
            on_click=set_state.select,
            args=(None,),
        )
    else:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.title("Question sets", anchor=False)
            if is_in and access is Access.PASSWORD:
                show_sign_out()
    if not is_in:
        show_sign_in(clients.settings)
        return
    to_delete = set_state.to_delete.get()
    if to_delete:
        show_set_deletion(clients.question_sets, *to_delete)
    if not set_state.selected.get():
        st.caption(
            "Questions whose right answers are known, to be asked before and after a change of "
            "model, prompt or documents. All operators see them."
        )
        show_set_upload(clients.question_sets, user, clients.settings.max_upload_mb)
    show_live(clients.jobs, user, lambda: _draw(clients, user))


def _draw(clients: Clients, user: str) -> float | None:
    """Draw the live part; return how soon to draw it again."""
    set_state.note_address()
    set_id = set_state.selected.get()
    if set_id is None:
        show_sets(clients.question_sets.list_sets())
        return None
    try:
        return _draw_one(clients, user, set_id)
    except NotFoundError as error:  # deleted, maybe by somebody else a moment ago
        show_failure(error.failure, quiet=True)
        return None


def _draw_one(clients: Clients, user: str, set_id: str) -> float | None:
    sets = clients.question_sets
    found, runs = sets.get(set_id), sets.list_runs(set_id)
    st.title(plain(one_line(found.name, 80)), anchor=False)
    st.caption(facts(found))
    show_actions(sets, user, found, clients.settings)
    is_running = not all(run.is_over for run in runs)
    if is_running and not any(BATCH_QUEUE in each.queues for each in clients.jobs.workers()):
        show_no_worker()
    show_runs(sets, set_id, [sets.progress(run, found.questions) for run in runs])
    show_comparison(sets, set_id, runs)
    return ACTIVE_SECONDS if is_running else None


show_page()
