"""What one session remembers of the Batches page: its file, its rows, which batch is shown."""

from __future__ import annotations

import weakref

import streamlit as st

from jobs.batches.models import RowState
from jobs.models import Failure
from ui.state import refresh as refresh_state
from ui.state import tables as table_state
from ui.state.counted_filter import CountedFilter
from ui.state.kept_tables import ReadFile, kept_tables
from ui.state.session_value import SessionValue
from ui.state.tables import ALL

# Keys of widgets. Their values can be read before the widgets are drawn.
SOURCE = "batch_source"
ROW_TABLE = "batch_rows"
ROW_OPEN = "batch_row_open"
ROW_PAGE = "batch_page"


# The id of the batch that is shown; None for the list of them.
selected: SessionValue[str | None] = SessionValue("batch", None)
_read_file: SessionValue[weakref.ref[ReadFile] | None] = SessionValue("batch_file", None)
# Why the last submission was not accepted; it is shown once.
submit_failure: SessionValue[Failure | None] = SessionValue("batch_failure", None)
# The id of the batch whose deletion waits to be confirmed.
to_delete: SessionValue[str | None] = SessionValue("batch_to_delete", None)
# Which state the rows of the table are in.
state_filter = CountedFilter("batch_filter")
# The ids of the jobs that the rows of the table stand for.
rows: SessionValue[tuple[str, ...]] = SessionValue("batch_row_ids", ())
# The id of the job whose question is to be shown on the Ask page.
row_to_open: SessionValue[str | None] = SessionValue("batch_row_to_open", None)

_uploads: SessionValue[int] = SessionValue("batch_uploads", 0)


def open_address() -> None:
    """Let the address say which batch is shown, or make it say so. Once per run of the page."""
    from_address = st.query_params.get("batch")
    if from_address:
        selected.set(from_address)
    _write_address()


def select(batch_id: str | None) -> None:
    """Show this batch, here and after a reload, or the list of all."""
    selected.set(batch_id)
    state_filter.set(ALL)
    st.session_state.pop(ROW_PAGE, None)
    _write_address()
    refresh_state.request_redraw()


def note_address() -> None:
    """Make the address say what is shown, see `ui.state.question.note_address`."""
    if st.query_params.get("batch") != selected.get():
        _write_address()


def _write_address() -> None:
    batch_id = selected.get()
    # Nothing else: Back may have brought what the Ask page wrote.
    st.query_params.from_dict({"batch": batch_id} if batch_id else {})


def ask_to_delete(batch_id: str | None) -> None:
    """Have the page ask whether to delete this batch; None ends that."""
    to_delete.set(batch_id)
    refresh_state.request_redraw()


# The file that is about to be submitted


def widget_key(name: str) -> str:
    """Return the key of a widget that is emptied by a submission."""
    return f"batch_{name}_{_uploads.get()}"


def read_file() -> ReadFile | None:
    """Return what was read of the file; None if nothing was, or it is kept no more."""
    reference = _read_file.get()
    return reference() if reference else None


def keep_read_file(user: str, read: ReadFile | None) -> None:
    """Remember what was read, instead of what was read before."""
    kept_tables.forget(read_file())
    if read is not None:
        kept_tables.keep(user, read)
    _read_file.set(weakref.ref(read) if read is not None else None)


def forget_file() -> None:
    """Empty the uploader and the pasted lines."""
    _uploads.set(_uploads.get() + 1)
    keep_read_file("", None)


# The rows of one batch


def row_filter() -> RowState | None:
    """Return the state that the rows are filtered by; None for all."""
    value = state_filter.get()
    return None if value == ALL else RowState(value)


def note_row_filter() -> None:
    """Filter the rows by the state that was clicked, from the first page."""
    state_filter.note_choice()
    show_first_page()


def show_all_rows() -> None:
    """Filter the rows by no state, from the first page."""
    state_filter.set(ALL)
    show_first_page()


def row_page() -> int:
    """Return the page of the rows, from 1."""
    return int(st.session_state.get(ROW_PAGE) or 1)


def show_first_page() -> None:
    """Go back to the first page of the rows."""
    if row_page() != 1:
        st.session_state[ROW_PAGE] = 1


def note_row_to_open() -> None:
    """Remember whose button was clicked, for the page to go there."""
    click = st.session_state.get(ROW_OPEN)
    job_id = table_state.id_at(rows.get(), int(click["row"])) if click else None
    if job_id is not None:
        row_to_open.set(job_id)
        refresh_state.request_redraw()
