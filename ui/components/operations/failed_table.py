"""The failed jobs: counts by kind, a table to select from, what to do with them, one in full."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

import pandas as pd
import streamlit as st

from jobs.models import DeadLetter, DeadLetterPage
from jobs.operations.failed_jobs import DeadLetters
from ui.components.common.actions import requeue_selected
from ui.components.common.errors import show_failure
from ui.components.common.looks import kind_name
from ui.components.common.table_height import ROW_PIXELS, table_height
from ui.state import operators as operator_state
from ui.state.tables import ALL

PAGE_SIZE = 50
MAX_ROWS = 14


def show_kinds(kinds: Mapping[str, int]) -> None:
    """Show how many failed in which way; a click keeps those alone."""
    counts = {ALL: sum(kinds.values()), **kinds}
    operator_state.kind_filter.prepare()
    st.pills(
        "Filter by kind of error",
        list(counts),
        format_func=lambda kind: (
            f"{'All' if kind == ALL else kind_name(kind)} :gray[{counts[kind]:,}]"
        ),
        required=True,
        key=operator_state.kind_filter.key,
        label_visibility="collapsed",
        on_change=operator_state.note_failed_kind,
    )


def show_failed_jobs(dead_letters: DeadLetters, page: DeadLetterPage, kind: str) -> None:
    """Show one page of failed jobs, of a kind or all, with what can be done about them."""
    operator_state.set_failed_rows([entry.job_id for entry in page.entries])
    _show_actions(dead_letters, page, kind)
    _show_rows(page)
    pages = -(-page.total // PAGE_SIZE)
    if pages > 1:
        with st.container(horizontal=True, horizontal_alignment="center", key="failed_foot"):
            st.pagination(pages, key=operator_state.FAILED_PAGE)
    selected = [entry for entry in page.entries if entry.job_id in operator_state.selected.get()]
    if len(selected) == 1:
        _show_one(selected[0])


def _show_actions(dead_letters: DeadLetters, page: DeadLetterPage, kind: str) -> None:
    count = len(operator_state.selected.get())
    with st.container(horizontal=True, vertical_alignment="center", key="failed_actions"):
        st.button(
            f"Requeue selected ({count})" if count else "Requeue selected",
            icon=":material/replay:",
            key="requeue_selected",
            type="primary",
            disabled=not count,
            help=None if count else "Select rows of the table first",
            on_click=requeue_selected,
            args=(dead_letters,),
        )
        st.button(
            f"Requeue all {page.total:,} of this kind" if kind else f"Requeue all {page.total:,}",
            icon=":material/playlist_play:",
            key="requeue_all",
            on_click=operator_state.ask_to_requeue,
            args=(kind or ALL,),
        )


def _show_rows(page: DeadLetterPage) -> None:
    st.dataframe(
        _frame(page),
        key=operator_state.FAILED_TABLE,
        on_select=operator_state.note_failed_selection,
        selection_mode="multi-row",
        height=table_height(len(page.entries), MAX_ROWS),
        row_height=ROW_PIXELS,
        hide_index=True,
        placeholder="",
        alt="Failed jobs, newest first",
        column_config={
            "What": st.column_config.TextColumn(width=140),
            "Kind": st.column_config.TextColumn(width=145),
            "Why": st.column_config.TextColumn(width=370),
            "Failed": st.column_config.DatetimeColumn(format="distance", width=125),
            "Attempts": st.column_config.NumberColumn(width=75),
            "Queue": st.column_config.TextColumn(width=90),
        },
    )


def _frame(page: DeadLetterPage) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "What": [entry.description for entry in page.entries],
            "Kind": [kind_name(entry.failure.kind) for entry in page.entries],
            "Why": [entry.failure.message for entry in page.entries],
            "Failed": [datetime.fromtimestamp(entry.failed_at, UTC) for entry in page.entries],
            "Attempts": [entry.attempts for entry in page.entries],
            "Queue": [entry.queue for entry in page.entries],
        }
    )


def _show_one(entry: DeadLetter) -> None:
    """Show a job's reason in full, and its id, under which the logs have more."""
    with st.container(border=True, key="failed_one"):
        st.markdown(f"**{entry.description}** · job `{entry.job_id}`")
        show_failure(entry.failure)
