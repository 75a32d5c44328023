"""One batch: its progress, what can be done with it, its rows, and its answers as a file."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import pandas as pd
import streamlit as st

from jobs.batches.client import BatchClient
from jobs.batches.models import Batch, BatchPage, BatchRow, BatchState, RowState
from ui.components.batches.progress import ROW_LOOKS, show_bar, summary
from ui.components.common.download_link import show_download_link
from ui.components.common.reporting import reporting
from ui.components.common.table_height import ROW_PIXELS, table_height
from ui.components.common.text import ago, counted, one_line, without_markup
from ui.state import batch as batch_state
from ui.state import refresh as refresh_state
from ui.state.tables import ALL

PAGE_SIZE = 50
MAX_ROWS = 15
OPEN = ":material/open_in_new: Open"


def show_batch(batches: BatchClient, user: str, batch: Batch, page: BatchPage) -> None:
    """Show one batch, with one page of its rows."""
    st.markdown(summary(batch))
    show_bar(batch)
    st.caption(_facts(batch))
    _show_actions(batches, user, batch)
    _show_filter(batch)
    if page.rows:
        _show_rows(page.rows)
    else:
        st.caption("No rows are in this state any more.")
    pages = -(-page.total // PAGE_SIZE)
    if pages > 1:
        with st.container(horizontal=True, horizontal_alignment="center", key="batch_foot"):
            st.pagination(pages, key=batch_state.ROW_PAGE)


def _facts(batch: Batch) -> str:
    facts = [f"{counted(batch.rows, 'question')} from {counted(batch.lines, 'row')}"]
    if batch.empty:
        facts.append(f"{counted(batch.empty, 'row')} without a question")
    if batch.duplicates:
        facts.append(f"{counted(batch.duplicates, 'duplicate')}, answered once")
    return " · ".join([*facts, f"submitted {ago(batch.submitted_at)}"])


def _show_actions(batches: BatchClient, user: str, batch: Batch) -> None:
    failed, ids = batch.count(RowState.FAILED), (user, batch.id)
    with st.container(horizontal=True, vertical_alignment="center", key="batch_actions"):
        if not batch.is_over and batch.state is BatchState.RUNNING:
            help_text = "Rows in progress finish; no more rows are asked"
            _button("Pause", "pause", "pause", batches.pause, help_text, *ids)
        if (batch.state is not BatchState.RUNNING and not batch.is_over) or _was_stopped(batch):
            help_text = "Ask the rows that were stopped or not asked yet"
            _button("Resume", "play_arrow", "resume", batches.resume, help_text, *ids)
        if batch.is_active:
            help_text = "Stop the rows in progress, and ask no more"
            _button("Stop", "stop", "stop", batches.stop, help_text, *ids)
        if failed:
            label, help_text = f"Retry failed ({failed:,})", "Ask the failed rows again"
            _button(label, "replay", "retry_failed", batches.retry_failed, help_text, *ids)
        _show_downloads(batch)
        st.button(
            "Delete",
            icon=":material/delete:",
            key="batch_delete",
            help="Delete this batch with its answers",
            on_click=batch_state.ask_to_delete,
            args=(batch.id,),
        )


def _was_stopped(batch: Batch) -> bool:
    """Return True if nothing runs any more and some rows have no outcome."""
    return not batch.is_active and batch.count(RowState.STOPPED, RowState.GONE) > 0


def _button(
    label: str,
    icon: str,
    key: str,
    action: Callable[[str, str], object],
    help_text: str,
    *ids: str,
) -> None:
    st.button(
        label,
        icon=f":material/{icon}:",
        key=f"batch_{key}",
        help=help_text,
        on_click=_do,
        args=(action, *ids),
    )


def _show_downloads(batch: Batch) -> None:
    for label in ("CSV", "XLSX"):
        show_download_link(
            f"Download {label}",
            f"/batches/{batch.id}/results",
            {"format": label.lower()},
            icon=":material/download:",
            key=f"batch_download_{label.lower()}",
            help_text=f"All rows with state, answer and citations, as {label}",
        )


def _show_filter(batch: Batch) -> None:
    chosen = batch_state.row_filter()
    counts = {ALL: batch.rows} | {
        each.value: batch.count(each) for each in ROW_LOOKS if batch.count(each) or each is chosen
    }
    batch_state.state_filter.prepare()
    st.pills(
        "Filter by state",
        list(counts),
        format_func=lambda option: f"{_label(option)} :gray[{counts[option]:,}]",
        required=True,
        key=batch_state.state_filter.key,
        label_visibility="collapsed",
        on_change=batch_state.note_row_filter,
    )


def _label(option: str) -> str:
    return "All" if option == ALL else ROW_LOOKS[RowState(option)].label


def _show_rows(rows: Iterable[BatchRow]) -> None:
    shown = list(rows)
    batch_state.rows.set(tuple(row.job_id for row in shown))
    st.dataframe(
        pd.DataFrame(
            {
                "#": [row.number for row in shown],
                "State": [[ROW_LOOKS[row.state].label] for row in shown],
                "Question": [one_line(row.question, 200) for row in shown],
                "Answer": [_outcome(row) for row in shown],
                "Open": [OPEN if _can_open(row) else None for row in shown],
            }
        ),
        key=batch_state.ROW_TABLE,
        height=table_height(len(shown), MAX_ROWS),
        row_height=ROW_PIXELS,
        hide_index=True,
        placeholder="",
        alt="The questions of this batch, in the order of the file",
        column_config={
            "#": st.column_config.NumberColumn(width=50),
            "State": st.column_config.MultiselectColumn(
                width=110,
                options=[look.label for look in ROW_LOOKS.values()],
                color=[look.chip for look in ROW_LOOKS.values()],
            ),
            "Question": st.column_config.TextColumn(width=330),
            "Answer": st.column_config.TextColumn(width=380),
            "Open": st.column_config.ButtonColumn(
                "Open",
                width=90,
                type="tertiary",
                on_click=batch_state.note_row_to_open,
                key=batch_state.ROW_OPEN,
            ),
        },
    )


def _can_open(row: BatchRow) -> bool:
    return row.state not in (RowState.PENDING, RowState.GONE)


def _outcome(row: BatchRow) -> str:
    return row.failure.message if row.failure else without_markup(row.preview)


def _do(action: Callable[[str, str], object], user: str, batch_id: str) -> None:
    with reporting():
        action(user, batch_id)
    refresh_state.request_redraw()
