"""The live part of a page: it refreshes itself while something runs, and only then."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from jobs.errors import BrokerUnavailableError
from jobs.questions.client import JobClient
from ui.components.common.bulk import show_bulk
from ui.components.common.errors import show_outage
from ui.components.history.sidebar_history import read_history, states_of
from ui.components.history.undo import show_undo
from ui.components.page.notices import notice_of, tab_title
from ui.identity.people import current_user
from ui.state import found as found_state
from ui.state import notices as notice_state
from ui.state import question as question_state
from ui.state import refresh as refresh_state
from ui.web.turns import drawing_turns

ACTIVE_SECONDS = 1.5
OUTAGE_SECONDS = 3.0

Draw = Callable[[], float | None]


def show_live(jobs: JobClient, user: str, draw: Draw) -> None:
    """Draw the live part. `draw` returns how soon it wants to be drawn again, None for never.

    A page has one live part, at its top level. Its interval is fixed until the page as a whole
    runs again, so a change of interval, or of what the sidebar shows, makes the page run again.
    """
    show_bulk(jobs, user)
    st.fragment(_take_turn, run_every=refresh_state.refresh_seconds.get())(jobs, user, draw)


def _take_turn(jobs: JobClient, user: str, draw: Draw) -> None:
    with drawing_turns.taken(user):
        _refresh(jobs, user, draw)


def _refresh(jobs: JobClient, user: str, draw: Draw) -> None:
    if current_user() != user:
        st.rerun()  # signed out, or in as somebody else: the page as a whole says so
    with st.container():  # there with or without the bar, so that nothing below moves
        undo_seconds = show_undo(jobs, user)
    try:
        seconds = draw()
        history = read_history(jobs, user)
    except BrokerUnavailableError as error:
        show_outage(error.failure)
        seconds, states = OUTAGE_SECONDS, refresh_state.sidebar_states.get()
    else:
        states = states_of(history)
        shown = question_state.shown_job.get()
        notice = notice_of(refresh_state.swap_known_states(states), history, shown)
        if notice:
            notice_state.add(*notice)
        if any(not job.state.is_over and job.id != shown for job in history.jobs):
            seconds = min(seconds or ACTIVE_SECONDS, ACTIVE_SECONDS)
    if undo_seconds is not None:
        seconds = min(seconds or undo_seconds, undo_seconds)
    if states != refresh_state.sidebar_states.get():
        found_state.forget()
    is_outdated = (
        seconds != refresh_state.refresh_seconds.get()
        or states != refresh_state.sidebar_states.get()
        # The sidebar was read after the title was given, and may know more.
        or tab_title(states) != refresh_state.title.get()
    )
    refresh_state.refresh_seconds.set(seconds)
    # The sidebar notes what it shows itself; this is for a run that ends before it is drawn.
    refresh_state.sidebar_states.set(states)
    if refresh_state.take_redraw_request() or is_outdated:
        st.rerun()
    # Not sooner: what a run says that is cut short may never reach the browser.
    for text, icon in notice_state.pending():
        st.toast(text, icon=icon)
