"""The job history in the sidebar: state, question, age; search; retry in place."""

from __future__ import annotations

import streamlit as st

from jobs.models import JobPage, JobView
from jobs.questions.client import JobClient
from jobs.questions.query import JobQuery
from ui.components.common.actions import retry_job
from ui.components.common.looks import JOB_LOOKS, URGENT_ICON
from ui.components.common.text import age, one_line, plain
from ui.components.history.browser_notifications import show_notification_switch
from ui.components.history.find_jobs import find_page
from ui.state import address as address_state
from ui.state import history as history_state
from ui.state import question as question_state
from ui.state import refresh as refresh_state

HISTORY_LENGTH = 30
LABEL_CHARS = 60  # more than there is room for
ASK_PAGE = "pages/ask.py"


def read_history(jobs: JobClient, user: str) -> JobPage:
    """Return the newest questions that match the search."""
    return find_page(jobs, user, JobQuery(history_state.sidebar_search()), 0, HISTORY_LENGTH)


def states_of(history: JobPage) -> refresh_state.JobStates:
    """Return the id and the state of each question."""
    return tuple((job.id, job.state) for job in history.jobs)


def show_history(jobs: JobClient, user: str, *, on_ask_page: bool) -> None:
    """Show the newest questions, on the Ask page with a mark at the one that is open there.

    A click opens one on the Ask page.
    """
    history = read_history(jobs, user)
    refresh_state.sidebar_states.set(states_of(history))
    notified_id = show_notification_switch(history)
    if notified_id:
        _open(notified_id)
    _show_heading(history)
    if not history.jobs:
        st.caption(
            "No question matches." if history_state.sidebar_search() else "No questions yet."
        )
        return
    selected_id = _open_id(history) if on_ask_page else None
    with st.container(gap="xxsmall", key="history"):
        for job in history.jobs:
            _show_entry(jobs, user, job, is_selected=job.id == selected_id)


def _show_heading(history: JobPage) -> None:
    """Say what is shown, and of how many: all others are in the table of the Ask page."""
    shown, total = len(history.jobs), history.total
    count = f"{shown:,}" if shown == total else f"showing {shown:,} of {total:,}"
    what = "Found" if history_state.sidebar_search() else "Your questions"
    st.markdown(f"**{what}**" + (f" :gray[:small[{count}]]" if total else ""))


def _show_entry(jobs: JobClient, user: str, job: JobView, *, is_selected: bool) -> None:
    look = JOB_LOOKS[job.state]
    # An element of its own in either case, which the style sheet cuts off where room runs out.
    mark = "**" if is_selected else "*"
    label = f"{mark}{plain(one_line(job.asked.text, LABEL_CHARS))}{mark}"
    if job.urgent and not job.state.is_over:
        label = f":orange[{URGENT_ICON}]{label}"
    state_words = f"{look.label}, urgent" if job.urgent else look.label
    with st.container(
        horizontal=True,
        wrap=False,
        gap="xsmall",
        vertical_alignment="center",
        key=f"entry_{job.id}",
    ):
        opened = st.button(
            f":{look.color}[{look.icon}] {label} :gray[:small[{age(job.asked_at)}]]",
            key=f"open_{job.id}",
            type="tertiary",
            width="stretch",
            help=f"{state_words}: {plain(one_line(job.asked.text, 300))}",
        )
        if job.state.can_retry:
            st.button(
                "Retry this question",
                icon=":material/replay:",
                key=f"history_retry_{job.id}",
                type="tertiary",
                help="Retry this question",
                on_click=retry_job,
                args=(jobs, user, job.id),
            )
    if opened:
        _open(job.id)


def _open_id(history: JobPage) -> str | None:
    """Return the question that the Ask page shows: the one opened last, or the latest."""
    if question_state.composing.get() or question_state.selected_job.get():
        return question_state.selected_job.get()
    return None if history_state.sidebar_search() else history.jobs[0].id


def _open(job_id: str) -> None:
    st.switch_page(ASK_PAGE, query_params={"job": job_id, **address_state.parameters()})
