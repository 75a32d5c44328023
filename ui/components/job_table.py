"""The live table of one user's questions: filter, selection, retry in place, pages."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pandas as pd
import streamlit as st

from jobs.client import JobClient
from jobs.export import evaluation_lines
from jobs.models import JobPage, JobState, JobView
from ui import state, table_state
from ui.components.actions import retry_job
from ui.components.eta import eta_of
from ui.components.states import JOB_LOOKS
from ui.components.text import one_line, ordinal, without_markup

PAGE_SIZE = 50
ROW_PIXELS = 35
MAX_ROWS = 12
RETRY = ":material/replay: Retry"


def show_job_table(jobs: JobClient, user: str, page: JobPage, selected_id: str | None) -> None:
    """Show one page of questions; a click on a row opens it above."""
    with st.container(horizontal=True, vertical_alignment="center", key="table_head"):
        st.subheader("Your questions", anchor=False, width="content")
        _show_filter()
        st.space("stretch")
        st.download_button(
            "Export",
            data=lambda: "".join(evaluation_lines(jobs, user)),
            file_name="askqueue.jsonl",
            mime="application/jsonl",
            icon=":material/download:",
            type="tertiary",
            key="export",
            help="All your answered questions, with passages and feedback, as JSON Lines",
            on_click="ignore",
        )
    if page.jobs:
        _show_rows(jobs, user, page, selected_id)
    else:
        chosen = table_state.job_filter()
        st.caption(f"No {chosen.value} questions." if chosen else "No questions on this page.")
    pages = -(-page.total // PAGE_SIZE)
    if pages > 1:
        with st.container(horizontal=True, horizontal_alignment="center", key="table_foot"):
            st.pagination(pages, key=table_state.JOB_TABLE_PAGE)


def _show_filter() -> None:
    labels = {state.ALL: "All", **{each.value: JOB_LOOKS[each].label for each in JobState}}
    st.segmented_control(
        "Filter by state",
        list(labels),
        format_func=lambda option: labels[option],
        default=state.ALL,
        required=True,
        key=table_state.JOB_FILTER,
        label_visibility="collapsed",
        wrap=True,
        on_change=table_state.show_first_table_page,
    )


def _show_rows(jobs: JobClient, user: str, page: JobPage, selected_id: str | None) -> None:
    table_state.set_table_rows([job.id for job in page.jobs], selected_id)
    st.dataframe(
        _frame(jobs, page),
        key=table_state.JOB_TABLE,
        on_select=_open_clicked,
        selection_mode=["single-row", "single-cell"],
        height=(min(len(page.jobs), MAX_ROWS) + 1) * ROW_PIXELS + 3,
        row_height=ROW_PIXELS,
        hide_index=True,
        placeholder="",
        alt="Your questions, newest first",
        column_config={
            "State": st.column_config.MultiselectColumn(
                width=92,
                options=[look.label for look in JOB_LOOKS.values()],
                color=[look.chip for look in JOB_LOOKS.values()],
            ),
            "Question": st.column_config.TextColumn(width=225),
            "Answer": st.column_config.TextColumn(width=205),
            "Asked": st.column_config.DatetimeColumn(format="distance", width=125),
            "Waited": st.column_config.NumberColumn(format="%.1f s", width=70),
            "Took": st.column_config.NumberColumn(format="%.1f s", width=70),
            "Retry": st.column_config.ButtonColumn(
                "",
                width=88,
                type="tertiary",
                on_click=_retry_clicked,
                args=(jobs, user),
                key=table_state.JOB_TABLE_RETRY,
            ),
        },
    )


def _frame(jobs: JobClient, page: JobPage) -> pd.DataFrame:
    now = time.time()
    return pd.DataFrame(
        {
            "State": [[JOB_LOOKS[job.state].label] for job in page.jobs],
            "Question": [one_line(job.question, 200) for job in page.jobs],
            "Answer": [_outcome(jobs, job) for job in page.jobs],
            "Asked": [datetime.fromtimestamp(job.asked_at, UTC) for job in page.jobs],
            "Waited": pd.Series([_waited(job, now) for job in page.jobs], dtype="float"),
            "Took": pd.Series([_took(job, now) for job in page.jobs], dtype="float"),
            "Retry": [RETRY if job.state.can_retry else None for job in page.jobs],
        }
    )


def _outcome(jobs: JobClient, job: JobView) -> str:
    """The answer, why there is none, or when to expect it."""
    if job.state is JobState.FAILED and job.failure:
        return job.failure.message
    if not job.state.is_over:
        place = ordinal(job.position) if job.position else ""
        eta = eta_of(jobs, job)
        return " · ".join(filter(None, (place, eta)))
    return without_markup(job.preview)


def _waited(job: JobView, now: float) -> float | None:
    """Seconds in the queue, so far if it still is in it."""
    if job.waited_seconds is None and not job.state.is_over:
        return max(0.0, now - (job.queued_at or job.asked_at))
    return job.waited_seconds


def _took(job: JobView, now: float) -> float | None:
    """Seconds of the latest attempt, so far if it still runs."""
    if job.state is JobState.STARTED and job.started_at is not None:
        return max(0.0, now - job.started_at)
    return job.took_seconds


def _open_clicked() -> None:
    job_id = table_state.clicked_table_id()
    if job_id is not None:
        state.select_job(job_id)
        state.request_redraw()


def _retry_clicked(jobs: JobClient, user: str) -> None:
    job_id = table_state.retried_table_id()
    if job_id is not None:
        retry_job(jobs, user, job_id)
