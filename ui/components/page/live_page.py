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
from ui.state import session

ACTIVE_SECONDS = 1.5
OUTAGE_SECONDS = 3.0

Draw = Callable[[], float | None]


def show_live(jobs: JobClient, user: str, draw: Draw) -> None:
    """Draw the live part. `draw` returns how soon it wants to be drawn again, None for never.

    A page has one live part, at its top level. Its interval is fixed until the page as a whole
    runs again, so a change of interval, or of what the sidebar shows, makes the page run again.
    """
    show_bulk(jobs, user)
    st.fragment(_refresh, run_every=session.refresh_seconds())(jobs, user, draw)


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
        seconds, states = OUTAGE_SECONDS, session.sidebar_states()
    else:
        states = states_of(history)
        notice = notice_of(session.swap_known_states(states), history, session.shown_job())
        if notice:
            session.keep_notice(*notice)
        shown = session.shown_job()
        if any(not job.state.is_over and job.id != shown for job in history.jobs):
            seconds = min(seconds or ACTIVE_SECONDS, ACTIVE_SECONDS)
    if undo_seconds is not None:
        seconds = min(seconds or undo_seconds, undo_seconds)
    if states != session.sidebar_states():
        session.forget_found()
    outdated = seconds != session.refresh_seconds() or states != session.sidebar_states()
    # The sidebar was read after the title was given, and may know more.
    outdated = outdated or tab_title(states) != session.title()
    session.set_refresh_seconds(seconds)
    # The sidebar notes what it shows itself; this is for a run that ends before it is drawn.
    session.set_sidebar_states(states)
    if session.take_redraw_request() or outdated:
        st.rerun()
    # Not sooner: what a run says that is cut short may never reach the browser.
    for text, icon in session.notices():
        st.toast(text, icon=icon)
