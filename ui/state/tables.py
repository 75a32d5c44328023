"""What one session remembers of the tables of documents and jobs; how a table keeps a selection."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from ui.state.session import ALL

# Keys of widgets. Their values can be read before the widgets are drawn.
DOCUMENT_TABLE = "document_table"
DOCUMENT_ACTION = "document_action"
DOCUMENT_CHOICE = "document_choice"
FAILED_TABLE = "failed_table"
FAILED_KIND = "failed_kind"
FAILED_PAGE = "failed_page"
OPERATIONS_PERIOD = "operations_period"
OPERATIONS_QUEUE = "operations_queue"


# The table of documents


def set_document_rows(ids: Sequence[str]) -> None:
    st.session_state["document_rows"] = tuple(ids)


def clicked_document_action() -> tuple[str, str] | None:
    """The document id and the label of the action that was just chosen in the table."""
    click = st.session_state.get(DOCUMENT_ACTION)
    if not click:
        return None
    document_id = row_id("document_rows", int(click["row"]))
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
    select_rows(FAILED_TABLE, [row for row, job_id in enumerate(ids) if job_id in selected])


def note_failed_selection() -> None:
    """Remember the selected rows by their ids: their positions shift as jobs come and go."""
    ids = (row_id("failed_rows", row) for row in rows_of(st.session_state[FAILED_TABLE]))
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


def select_rows(table: str, rows: list[int]) -> None:
    current = st.session_state.get(table)
    if current is None or rows_of(current) != rows or cells_of(current):
        st.session_state[table] = {"selection": {"rows": rows, "columns": [], "cells": []}}


def rows_of(selection: Any) -> list[int]:
    """The positions of the selected rows."""
    return list(selection["selection"].get("rows", []))


def cells_of(selection: Any) -> list[tuple[int, str]]:
    """The position of the row, and the column, of each selected cell."""
    return list(selection["selection"].get("cells", []))


def row_id(name: str, position: int) -> str | None:
    """The id that the row at this position stands for, of those noted under this name."""
    ids: tuple[str, ...] = st.session_state.get(name, ())
    return ids[position] if 0 <= position < len(ids) else None
