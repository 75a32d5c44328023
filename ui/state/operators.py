"""What one session remembers of the operators' pages: the sign-in, the failed jobs, the charts."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from ui.state import refresh as refresh_state
from ui.state import tables as table_state
from ui.state.counted_filter import CountedFilter
from ui.state.session_value import SessionValue
from ui.state.tables import ALL

# Keys of widgets. Their values can be read before the widgets are drawn.
FAILED_TABLE = "failed_table"
FAILED_PAGE = "failed_page"
OPERATIONS_PERIOD = "operations_period"
OPERATIONS_QUEUE = "operations_queue"

# True if the operators' user name and password were given in this session.
is_signed_in: SessionValue[bool] = SessionValue("operator", False)
# The kind of error, or `ALL`, whose requeueing waits to be confirmed.
kind_to_requeue: SessionValue[str | None] = SessionValue("kind_to_requeue", None)
# Which kind of error the list of failed jobs shows.
kind_filter = CountedFilter("failed_kind")
# The ids of the selected failed jobs.
selected: SessionValue[frozenset[str]] = SessionValue("failed_selected", frozenset())

_rows: SessionValue[tuple[str, ...]] = SessionValue("failed_rows", ())


# The page of failed jobs


def ask_to_requeue(kind: str | None) -> None:
    """Have the page ask whether to requeue this kind, or `ALL`; None ends that."""
    kind_to_requeue.set(kind)
    refresh_state.request_redraw()


def failed_kind() -> str:
    """Return the kind of error that the list is filtered by; "" for all."""
    kind = kind_filter.get()
    return "" if kind == ALL else kind


def note_failed_kind() -> None:
    """Filter the list by the kind that was clicked, from its first page."""
    kind_filter.note_choice()
    show_first_failed_page()


def failed_page() -> int:
    """Return the page of the list, from 1."""
    return int(st.session_state.get(FAILED_PAGE) or 1)


def show_first_failed_page() -> None:
    """Go back to the first page of the list."""
    st.session_state[FAILED_PAGE] = 1


def set_failed_rows(ids: Sequence[str]) -> None:
    """Note which ids the rows stand for, and keep the selection on those that were selected."""
    _rows.set(tuple(ids))
    kept = selected.get() & frozenset(ids)
    selected.set(kept)
    table_state.select_rows(FAILED_TABLE, [row for row, job_id in enumerate(ids) if job_id in kept])


def note_failed_selection() -> None:
    """Remember the selected rows by their ids: their positions shift as jobs come and go."""
    positions = table_state.rows_of(st.session_state[FAILED_TABLE])
    ids = (table_state.id_at(_rows.get(), row) for row in positions)
    selected.set(frozenset(filter(None, ids)))


# The page of operations


def operations_period() -> str:
    """Return the label of the period that the charts show; "" for the first."""
    return str(st.session_state.get(OPERATIONS_PERIOD) or "")


def operations_queue() -> str:
    """Return the queue that the charts show; "" for the first."""
    return str(st.session_state.get(OPERATIONS_QUEUE) or "")
