"""What one session remembers of the Question sets page: which set, which runs, which questions."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from jobs.models import Failure
from ui.state import refresh as refresh_state
from ui.state import tables as table_state
from ui.state.counted_filter import CountedFilter
from ui.state.session_value import SessionValue
from ui.state.tables import ALL

# Keys of widgets. Their values can be read before the widgets are drawn.
TABLE = "set_table"
MODEL = "set_model"
BEFORE, AFTER = "set_before", "set_after"

# The id of the set that is shown; None for the list of them.
selected: SessionValue[str | None] = SessionValue("question_set", None)
# The set, and the run of it or "", whose deletion waits to be confirmed.
to_delete: SessionValue[tuple[str, str] | None] = SessionValue("set_to_delete", None)
# Why a file was not kept as a set, or a run did not begin.
failure: SessionValue[Failure | None] = SessionValue("set_failure", None)
# Which change the questions of the table have.
change_filter = CountedFilter("set_change")

_rows: SessionValue[tuple[str, ...]] = SessionValue("set_row_ids", ())
_question: SessionValue[str | None] = SessionValue("set_question", None)
# The newest run that was over when the page was drawn last.
_newest: SessionValue[str] = SessionValue("set_newest", "")
_uploads: SessionValue[int] = SessionValue("set_uploads", 0)


def open_address() -> None:
    """Let the address say which set is shown, or make it say so. Once per run of the page."""
    from_address = st.query_params.get("set")
    if from_address:
        selected.set(from_address)
    _write_address()


def select(set_id: str | None) -> None:
    """Show this set, here and after a reload, or the list of all."""
    selected.set(set_id)
    change_filter.set(ALL)
    failure.clear()
    _question.clear()
    _newest.clear()
    for key in (BEFORE, AFTER, TABLE):
        st.session_state.pop(key, None)
    _write_address()
    refresh_state.request_redraw()


def note_address() -> None:
    """Make the address say what is shown, see `ui.state.question.note_address`."""
    if st.query_params.get("set") != selected.get():
        _write_address()


def _write_address() -> None:
    set_id = selected.get()
    # Nothing else: Back may have brought what the Ask page wrote.
    st.query_params.from_dict({"set": set_id} if set_id else {})


def ask_to_delete(set_id: str | None, run_id: str = "") -> None:
    """Have the page ask whether to delete this set, or a run of it; None ends that."""
    to_delete.set((set_id, run_id) if set_id else None)
    refresh_state.request_redraw()


def uploader_key() -> str:
    """Return the key of the uploader, which is emptied once a file is kept."""
    return f"set_file_{_uploads.get()}"


def empty_uploader() -> None:
    """Have the uploader forget its file."""
    _uploads.set(_uploads.get() + 1)


def choose_runs(ids: Sequence[str]) -> None:
    """Compare the two newest of these runs, which are over, until others are chosen.

    A run that has just ended is compared with the one before it, whatever was chosen until then.
    """
    is_new = _newest.get() != ids[0]
    _newest.set(ids[0])
    if is_new or st.session_state.get(AFTER) not in ids:
        st.session_state[AFTER] = ids[0]
    if is_new or st.session_state.get(BEFORE) not in ("", *ids):
        st.session_state[BEFORE] = ids[1] if len(ids) > 1 else ""


def compared_runs() -> tuple[str, str]:
    """Return the ids of the two runs; that of the earlier is "" to see the other alone."""
    return str(st.session_state.get(BEFORE) or ""), str(st.session_state.get(AFTER) or "")


def set_rows(ids: Sequence[str]) -> None:
    """Note which questions the rows stand for, and keep the one that was selected."""
    _rows.set(tuple(ids))
    question = _question.get()
    table_state.select_rows(TABLE, [ids.index(question)] if question in ids else [])


def note_selection() -> None:
    """Remember the selected question by its id: its position shifts with the filter."""
    positions = table_state.rows_of(st.session_state[TABLE])
    _question.set(table_state.id_at(_rows.get(), positions[0]) if positions else None)


def shown_question() -> str | None:
    """Return the id of the question whose answers are shown; None for none."""
    question = _question.get()
    return question if question in _rows.get() else None
