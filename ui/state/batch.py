"""What one session remembers of the Batches page: its file, its rows, which batch is shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from jobs.batches.models import RowState
from jobs.batches.spreadsheet import Sheet
from jobs.models import Failure
from ui.state.session import ALL, request_redraw

# Keys of widgets. Their values can be read before the widgets are drawn.
SOURCE = "batch_source"
PASTED = "batch_pasted"
ROW_TABLE = "batch_rows"
ROW_OPEN = "batch_row_open"
ROW_FILTER = "batch_filter"
ROW_PAGE = "batch_page"


@dataclass(frozen=True)
class ReadFile:
    """What was read of the file that is about to be submitted. `token` says which one it is."""

    token: str
    sheets: tuple[Sheet, ...] = ()
    failure: Failure | None = None


def open_address() -> None:
    """Let the address say which batch is shown, or make it say so. Once per run of the page."""
    from_address = st.query_params.get("batch")
    if from_address:
        st.session_state["batch"] = from_address
    _write_address()


def selected() -> str | None:
    """The id of the batch that is shown; None for the list of them."""
    batch_id: str | None = st.session_state.get("batch")
    return batch_id


def select(batch_id: str | None) -> None:
    """Show this batch, here and after a reload, or the list of all."""
    st.session_state["batch"] = batch_id
    st.session_state[ROW_FILTER] = ALL
    st.session_state.pop(ROW_PAGE, None)
    _write_address()
    request_redraw()


def _write_address() -> None:
    batch_id = selected()
    # Nothing else: Back may have brought what the Ask page wrote.
    st.query_params.from_dict({"batch": batch_id} if batch_id else {})


# The file that is about to be submitted


def widget_key(name: str) -> str:
    """The key of a widget that is emptied by a submission."""
    return f"batch_{name}_{st.session_state.get('batch_uploads', 0)}"


def forget_file() -> None:
    """Empty the uploader and the pasted lines."""
    st.session_state["batch_uploads"] = st.session_state.get("batch_uploads", 0) + 1
    st.session_state["batch_file"] = None


def read_file() -> ReadFile | None:
    value: ReadFile | None = st.session_state.get("batch_file")
    return value


def keep_file(value: ReadFile) -> None:
    st.session_state["batch_file"] = value


def submit_failure() -> Failure | None:
    """Why the last submission was not accepted; it is told once."""
    failure: Failure | None = st.session_state.pop("batch_failure", None)
    return failure


def keep_submit_failure(failure: Failure) -> None:
    st.session_state["batch_failure"] = failure


# The rows of one batch


def row_filter() -> RowState | None:
    """The state that the rows are filtered by; None for all."""
    value = str(st.session_state.setdefault(ROW_FILTER, ALL))
    return None if value == ALL else RowState(value)


def show_all_rows() -> None:
    st.session_state[ROW_FILTER] = ALL
    show_first_page()


def row_page() -> int:
    """The page of the rows, from 1."""
    return int(st.session_state.get(ROW_PAGE) or 1)


def show_first_page() -> None:
    if row_page() != 1:
        st.session_state[ROW_PAGE] = 1


def set_rows(job_ids: Sequence[str]) -> None:
    """Note which jobs the rows of the table stand for."""
    st.session_state["batch_row_ids"] = tuple(job_ids)


def note_row_to_open() -> None:
    """Remember whose button was clicked, for the page to go there."""
    click = st.session_state.get(ROW_OPEN)
    ids: tuple[str, ...] = st.session_state.get("batch_row_ids", ())
    if click and 0 <= int(click["row"]) < len(ids):
        st.session_state["batch_row_to_open"] = ids[int(click["row"])]
        request_redraw()


def take_row_to_open() -> str | None:
    """The id of the job whose question is to be shown on the Ask page."""
    job_id: str | None = st.session_state.pop("batch_row_to_open", None)
    return job_id


def batch_to_delete() -> str | None:
    """The id of the batch whose deletion waits to be confirmed."""
    batch_id: str | None = st.session_state.get("batch_to_delete")
    return batch_id


def set_batch_to_delete(batch_id: str | None) -> None:
    st.session_state["batch_to_delete"] = batch_id
    request_redraw()
