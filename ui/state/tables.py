"""How a table keeps its selection while its rows shift."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

ALL = "all"  # the filter that keeps everything


def select_rows(table: str, rows: list[int]) -> None:
    """Select these rows of the table with this key, unless they are selected already."""
    current = st.session_state.get(table)
    if current is None or rows_of(current) != rows or cells_of(current):
        st.session_state[table] = {"selection": {"rows": rows, "columns": [], "cells": []}}


def rows_of(selection: Any) -> list[int]:
    """Return the positions of the selected rows."""
    return list(selection["selection"].get("rows", []))


def cells_of(selection: Any) -> list[tuple[int, str]]:
    """Return the position of the row, and the column, of each selected cell."""
    return list(selection["selection"].get("cells", []))


def id_at(ids: Sequence[str], position: int) -> str | None:
    """Return the id of the row at this position; None if there is no such row any more."""
    return ids[position] if 0 <= position < len(ids) else None
