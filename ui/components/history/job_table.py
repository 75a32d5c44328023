"""The live table of one user's questions: selection, what is done to several, export, pages."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime

import pandas as pd
import streamlit as st

from jobs.documents.client import DocumentClient
from jobs.models import JobPage, JobState, JobView
from jobs.questions.client import JobClient
from jobs.questions.query import JobQuery
from ui.components.common.actions import retry_job
from ui.components.common.bulk import start_on_selected
from ui.components.common.download_link import show_download_link
from ui.components.common.eta import eta_of, waiting_of
from ui.components.common.looks import JOB_LOOKS, ORANGE, URGENT
from ui.components.common.reporting import reporting
from ui.components.common.table_height import ROW_PIXELS, table_height
from ui.components.common.text import one_line, plain, without_markup
from ui.components.history.filters import show_filters
from ui.components.history.find_jobs import find_page
from ui.state import history as history_state
from ui.state import question as question_state
from ui.state import refresh as refresh_state
from ui.state.bulk import Action

PAGE_SIZE = 50
MAX_ROWS = 12
RETRY = ":material/replay: Retry"
OPEN_MARK = "▶"
ACTIONS = (
    ("Retry", ":material/replay:", Action.RETRY, "Run again those that failed or were stopped"),
    ("Stop", ":material/stop_circle:", Action.STOP, "Stop those that are not over yet"),
    ("Delete", ":material/delete:", Action.DELETE, "Delete those that are over"),
)


def read_table(jobs: JobClient, user: str) -> JobPage:
    """Return the page of questions that the filters, the order and the page number ask for."""
    query, number = history_state.job_query(), history_state.page_number()
    page = find_page(jobs, user, query, (number - 1) * PAGE_SIZE, PAGE_SIZE)
    if page.jobs or number == 1:
        return page
    # The page is gone, or never existed: an address can say anything.
    history_state.show_first_page()
    return find_page(jobs, user, query, 0, PAGE_SIZE)


def show_job_table(jobs: JobClient, documents: DocumentClient, user: str, page: JobPage) -> None:
    """Show one page of questions; a click on a cell opens it above, the boxes select several."""
    query = history_state.job_query()
    history_state.set_rows([job.id for job in page.jobs])
    with st.container(horizontal=True, vertical_alignment="center", key="table_head"):
        if history_state.selected.get():
            _show_actions(jobs, user, page.total, query)
        else:
            st.header("Your questions", anchor=False, width="content")
            _show_count(jobs, user, page.total, query)
            st.space("stretch")
        _show_export(query)
        if history_state.selected.get():
            st.button(
                "Clear",
                icon=":material/close:",
                type="tertiary",
                key="clear_selection",
                help="Clear the selection",
                on_click=history_state.clear_selection,
            )
    show_filters(documents, user)
    if page.jobs:
        _show_rows(jobs, user, page)
    else:
        _show_nothing(query)
    pages = -(-page.total // PAGE_SIZE)
    if pages > 1:
        with st.container(horizontal=True, horizontal_alignment="center", key="table_foot"):
            st.pagination(pages, key=history_state.JOB_TABLE_PAGE)


def _show_count(jobs: JobClient, user: str, found: int, query: JobQuery) -> None:
    count = f"{found:,} of {jobs.count_jobs(user):,}" if query.is_filtered else f"{found:,}"
    st.caption(count, width="content")
    if query.is_filtered:
        st.button(
            "Clear filters",
            icon=":material/filter_alt_off:",
            type="tertiary",
            key="clear_filters",
            on_click=history_state.clear_filters,
        )


def _show_nothing(query: JobQuery) -> None:
    if not query.is_filtered:
        st.caption("No questions on this page.")
    elif query.text:
        words = plain(one_line(query.text, 60))
        others = " and the other filters" if replace(query, text="").is_filtered else ""
        st.caption(f"No question matches “{words}”{others}.")
    else:
        st.caption("No question matches these filters.")


def _show_actions(jobs: JobClient, user: str, total: int, query: JobQuery) -> None:
    """Show what can be done to the selected ones of `total`, in place of the heading."""
    selected = len(history_state.selected.get())
    st.markdown(f"**{selected:,} selected**", width="content")
    if selected < total:
        st.button(
            f"Select all {total:,}{' that match' if query.is_filtered else ''}",
            icon=":material/select_all:",
            key="select_all",
            type="tertiary",
            help="On all pages of the table, as it is now",
            on_click=_select_all,
            args=(jobs, user, query),
        )
    for label, icon, action, words in ACTIONS:
        st.button(
            label,
            icon=icon,
            key=f"bulk_{action.value}",
            type="tertiary",
            help=words,
            on_click=start_on_selected,
            args=(jobs, user, action),
        )


def _select_all(jobs: JobClient, user: str, query: JobQuery) -> None:
    with reporting():
        history_state.select_all(jobs.find_jobs(user, query))


def _show_export(query: JobQuery) -> None:
    selection = history_state.selection()
    if selection:
        which = "The selected questions"
    else:
        which = "The questions that match" if query.is_filtered else "All your questions"
    show_download_link(
        "Export",
        "/jobs/export",
        selection
        | {
            "search": query.text,
            "state": next(iter(query.states), None),
            "asked_from": query.asked_from,
            "asked_until": query.asked_until,
            "document": query.document_id,
            "order": query.order.value,
        },
        icon=":material/download:",
        type="tertiary",
        key="export",
        help_text=f"{which}, if answered, with their passages and feedback, as JSON Lines",
    )


def _show_rows(jobs: JobClient, user: str, page: JobPage) -> None:
    st.dataframe(
        _frame(jobs, page),
        key=history_state.JOB_TABLE,
        on_select=_clicked,
        selection_mode=["multi-row", "single-cell"],
        height=table_height(len(page.jobs), MAX_ROWS),
        row_height=ROW_PIXELS,
        hide_index=True,
        placeholder="",
        alt="Your questions",
        column_config={
            # Pinned, to stay visible however far one scrolls to the right.
            "Open": st.column_config.TextColumn(
                OPEN_MARK, width=26, pinned=True, help="Shown above the table"
            ),
            "State": st.column_config.MultiselectColumn(
                width=160 if any(map(_is_urgent, page.jobs)) else 92,
                options=[*(look.label for look in JOB_LOOKS.values()), URGENT],
                color=[*(look.chip for look in JOB_LOOKS.values()), ORANGE],
            ),
            "Question": st.column_config.TextColumn(width=225),
            "Answer": st.column_config.TextColumn(width=205),
            "Asked": st.column_config.DatetimeColumn(format="distance", width=125),
            "Waited": st.column_config.NumberColumn(format="%.1f s", width=70),
            "Took": st.column_config.NumberColumn(format="%.1f s", width=70),
            "Retry": st.column_config.ButtonColumn(
                "Retry",
                width=88,
                type="tertiary",
                on_click=_retry_clicked,
                args=(jobs, user),
                key=history_state.JOB_TABLE_RETRY,
            ),
        },
    )


def _frame(jobs: JobClient, page: JobPage) -> pd.DataFrame:
    now, shown_id = time.time(), question_state.shown_job.get()
    return pd.DataFrame(
        {
            "Open": [OPEN_MARK if job.id == shown_id else "" for job in page.jobs],
            "State": [
                [JOB_LOOKS[job.state].label, *([URGENT] if _is_urgent(job) else [])]
                for job in page.jobs
            ],
            "Question": [one_line(job.asked.text, 200) for job in page.jobs],
            "Answer": [_outcome(jobs, job) for job in page.jobs],
            "Asked": [datetime.fromtimestamp(job.asked_at, UTC) for job in page.jobs],
            "Waited": pd.Series([_waited(job, now) for job in page.jobs], dtype="float"),
            "Took": pd.Series([_took(job, now) for job in page.jobs], dtype="float"),
            "Retry": [RETRY if job.state.can_retry else None for job in page.jobs],
        }
    )


def _is_urgent(job: JobView) -> bool:
    """Return True while it matters; the page still says so of a question that is over."""
    return job.urgent and not job.state.is_over


def _outcome(jobs: JobClient, job: JobView) -> str:
    """Return the answer, why there is none, or when to expect it."""
    if job.state is JobState.FAILED and job.failure:
        return job.failure.message
    if not job.state.is_over:
        parts = [waiting_of(jobs, job), eta_of(jobs, job)]
        if job.state is JobState.WAITING:  # the state says it already, and the cell is narrow
            parts.reverse()
        return " · ".join(filter(None, parts))
    return without_markup(job.preview)


def _waited(job: JobView, now: float) -> float | None:
    """Return the seconds in the queue, so far if it is still queued."""
    if job.waited_seconds is None and not job.state.is_over:
        return max(0.0, now - (job.queued_at or job.asked_at))
    return job.waited_seconds


def _took(job: JobView, now: float) -> float | None:
    """Return the seconds of the latest attempt, so far if it is still running."""
    if job.state is JobState.STARTED and job.started_at is not None:
        return max(0.0, now - job.started_at)
    return job.took_seconds


def _clicked() -> None:
    job_id = history_state.note_selection()
    if job_id is not None:
        question_state.select_job(job_id)
        refresh_state.request_redraw()


def _retry_clicked(jobs: JobClient, user: str) -> None:
    job_id = history_state.retried_id()
    if job_id is not None:
        retry_job(jobs, user, job_id)
