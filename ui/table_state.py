"""What one session remembers of the tables: filters, pages, and which rows are selected."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from jobs.models import JobState
from ui.state import ALL

# Keys of widgets. Their values can be read before the widgets are drawn.
JOB_TABLE = "job_table"
JOB_TABLE_RETRY = "job_table_retry"
JOB_FILTER = "job_filter"
JOB_TABLE_PAGE = "job_table_page"
DOCUMENT_TABLE = "document_table"
DOCUMENT_ACTION = "document_action"
DOCUMENT_CHOICE = "document_choice"
FAILED_TABLE = "failed_table"
FAILED_KIND = "failed_kind"
FAILED_PAGE = "failed_page"
OPERATIONS_PERIOD = "operations_period"
OPERATIONS_QUEUE = "operations_queue"


# The table of questions


def job_filter() -> JobState | None:
    """The state that the table is filtered by; None for all."""
    value: str = st.session_state.get(JOB_FILTER) or ALL
    return None if value == ALL else JobState(value)


def job_table_page() -> int:
    """The page of the table, from 1."""
    return int(st.session_state.get(JOB_TABLE_PAGE) or 1)


def show_first_table_page() -> None:
    st.session_state[JOB_TABLE_PAGE] = 1


def set_table_rows(ids: Sequence[str], selected_id: str | None) -> None:
    """Note which ids the table's rows stand for, and keep its selection on the selected one.

    The table knows its selection by position only, and positions shift as questions are asked.
    """
    st.session_state["table_rows"] = tuple(ids)
    _select(JOB_TABLE, [ids.index(selected_id)] if selected_id in ids else [])


def clicked_table_id() -> str | None:
    """The id of the row that was just selected, by its marker or by any of its cells."""
    selection = st.session_state.get(JOB_TABLE)
    if selection is None:
        return None
    positions = [row for row, _column in _cells(selection)] or _rows(selection)
    return _row_id("table_rows", positions[0]) if positions else None


def retried_table_id() -> str | None:
    """The id of the row whose retry button was just clicked."""
    click = st.session_state.get(JOB_TABLE_RETRY)
    return _row_id("table_rows", int(click["row"])) if click else None


# The table of documents


def set_document_rows(ids: Sequence[str]) -> None:
    st.session_state["document_rows"] = tuple(ids)


def clicked_document_action() -> tuple[str, str] | None:
    """The document id and the label of the action that was just chosen in the table."""
    click = st.session_state.get(DOCUMENT_ACTION)
    if not click:
        return None
    document_id = _row_id("document_rows", int(click["row"]))
    return (document_id, str(click["label"])) if document_id else None


# The table of failed jobs


def failed_kind() -> str:
    """The kind of error that the list is filtered by; "" for all."""
    kind = str(st.session_state.setdefault(FAILED_KIND, ALL))
    return "" if kind == ALL else kind


def show_all_failed_kinds() -> None:
    st.session_state[FAILED_KIND] = ALL


def failed_page() -> int:
    """The page of the list, from 1."""
    return int(st.session_state.get(FAILED_PAGE) or 1)


def show_first_failed_page() -> None:
    st.session_state[FAILED_PAGE] = 1


def set_failed_rows(ids: Sequence[str]) -> None:
    """Note which ids the rows stand for, and keep the selection on those that were selected."""
    st.session_state["failed_rows"] = tuple(ids)
    selected = selected_failed() & frozenset(ids)
    st.session_state["failed_selected"] = selected
    _select(FAILED_TABLE, [row for row, job_id in enumerate(ids) if job_id in selected])


def note_failed_selection() -> None:
    """Remember the selected rows by their ids: their positions shift as jobs come and go."""
    ids = (_row_id("failed_rows", row) for row in _rows(st.session_state[FAILED_TABLE]))
    st.session_state["failed_selected"] = frozenset(filter(None, ids))


def selected_failed() -> frozenset[str]:
    selected: frozenset[str] = st.session_state.get("failed_selected", frozenset())
    return selected


# The page of operations


def operations_period() -> str:
    """The label of the period that the charts show; "" for the first."""
    return str(st.session_state.get(OPERATIONS_PERIOD) or "")


def operations_queue() -> str:
    """The queue that the charts show; "" for the first."""
    return str(st.session_state.get(OPERATIONS_QUEUE) or "")


def _select(table: str, rows: list[int]) -> None:
    current = st.session_state.get(table)
    if current is None or _rows(current) != rows or _cells(current):
        st.session_state[table] = {"selection": {"rows": rows, "columns": [], "cells": []}}


def _rows(selection: Any) -> list[int]:
    return list(selection["selection"].get("rows", []))


def _cells(selection: Any) -> list[tuple[int, str]]:
    return list(selection["selection"].get("cells", []))


def _row_id(name: str, position: int) -> str | None:
    ids: tuple[str, ...] = st.session_state.get(name, ())
    return ids[position] if 0 <= position < len(ids) else None
