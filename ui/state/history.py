"""What one session remembers of the user's questions: filters, what is selected, deletions."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import date, datetime, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import streamlit as st

from jobs.models import JobState
from jobs.questions.query import JobOrder, JobQuery
from ui.state import refresh as refresh_state
from ui.state import tables as table_state
from ui.state.periods import ANY_TIME, bounds_of
from ui.state.session_value import SessionValue
from ui.state.tables import ALL

# Keys of widgets. Their values can be read before the widgets are drawn.
HISTORY_SEARCH = "history_search"
JOB_TABLE = "job_table"
JOB_TABLE_RETRY = "job_table_retry"
JOB_TABLE_PAGE = "job_table_page"
JOB_SEARCH = "job_search"
JOB_FILTER = "job_filter"
JOB_PERIOD = "job_period"
JOB_DATES = "job_dates"
JOB_DOCUMENT = "job_document"
JOB_ORDER = "job_order"
# What each filter is when it keeps everything.
NO_FILTERS = {
    JOB_SEARCH: "",
    JOB_FILTER: ALL,
    JOB_PERIOD: ANY_TIME,
    JOB_DATES: (),
    JOB_DOCUMENT: ALL,
}

# So long a deletion can be undone from the page, and one of many questions, more than a page of the
# table has. The server keeps a margin, for slow networks and for the time that many take.
UNDO_SECONDS = 30.0
UNDO_MANY_SECONDS = 300.0
MANY = 50
# No id: of all that match, nothing is left out.
NOTHING = "-"

# The ids that the rows of the table stand for, from the top.
rows: SessionValue[tuple[str, ...]] = SessionValue("table_rows", ())
# The ids of the selected questions: on the page of the table, or of all that matched.
selected: SessionValue[frozenset[str]] = SessionValue("table_selected", frozenset())

# What "Select all" selected, some of which may be deselected since.
_all_selected: SessionValue[tuple[str, ...]] = SessionValue("table_all", ())
# What was deleted, and until when (Unix time) that can be undone.
_deletions: SessionValue[tuple[tuple[tuple[str, ...], float], ...]] = SessionValue("deletions", ())


# Filters


def job_query() -> JobQuery:
    """Return what the filters and the order above the table ask for."""
    chosen = _value(JOB_FILTER)
    asked_from, asked_until = bounds_of(
        _value(JOB_PERIOD), tuple(st.session_state.get(JOB_DATES) or ()), datetime.now(time_zone())
    )
    document = _value(JOB_DOCUMENT)
    return JobQuery(
        text=str(st.session_state.get(JOB_SEARCH) or "").strip(),
        states=frozenset() if chosen == ALL else frozenset({JobState(chosen)}),
        asked_from=asked_from,
        asked_until=asked_until,
        document_id="" if document == ALL else document,
        order=JobOrder(st.session_state.get(JOB_ORDER) or JobOrder.NEWEST),
    )


def _value(key: str) -> str:
    return str(st.session_state.get(key) or NO_FILTERS[key])


def period() -> str:
    """Return the chosen period, one of `ui.state.periods.PERIODS`."""
    return _value(JOB_PERIOD)


def document_filter() -> str:
    """Return the id of the chosen document, or `ALL`."""
    return _value(JOB_DOCUMENT)


def clear_filters() -> None:
    """Show every question; the order stays."""
    for key, value in NO_FILTERS.items():
        st.session_state[key] = value
    show_first_page()
    share_search()
    refresh_state.request_redraw()


def search_in_table() -> None:
    """Search in the sidebar for what was typed above the table."""
    share_search()
    show_first_page()
    refresh_state.request_redraw()


def search_in_sidebar() -> None:
    """Search in the table for what was typed in the sidebar."""
    st.session_state[JOB_SEARCH] = sidebar_search()
    show_first_page()


def sidebar_search() -> str:
    """Return the words that the sidebar searches for; "" for none."""
    return str(st.session_state.get(HISTORY_SEARCH) or "")


def share_search() -> None:
    """Put the table's search into the sidebar's field."""
    st.session_state[HISTORY_SEARCH] = str(st.session_state.get(JOB_SEARCH) or "")


def time_zone() -> tzinfo | None:
    """Return the browser's time zone; None, which means the server's, if it is not known."""
    try:
        return ZoneInfo(st.context.timezone) if st.context.timezone else None
    except (ZoneInfoNotFoundError, ValueError):
        return None


def today() -> date:
    """Return the day that it is for the reader."""
    return datetime.now(time_zone()).date()


def page_number() -> int:
    """Return the page of the table, from 1."""
    return int(st.session_state.get(JOB_TABLE_PAGE) or 1)


def show_first_page() -> None:
    """Show the first page, as for another query; drop what "Select all" selected."""
    st.session_state[JOB_TABLE_PAGE] = 1
    if _all_selected.get():
        clear_selection()


# The table


def set_rows(ids: Sequence[str]) -> None:
    """Note which ids the rows stand for, and keep the selection on those that were selected.

    The table knows its selection by position only, and positions shift as questions are asked.
    """
    rows.set(tuple(ids))
    kept = selected.get() if _all_selected.get() else selected.get() & frozenset(ids)
    selected.set(kept)
    table_state.select_rows(JOB_TABLE, [row for row, job_id in enumerate(ids) if job_id in kept])


def note_selection() -> str | None:
    """Remember the selected rows by their ids; or return the id of the row that was clicked."""
    selection = st.session_state[JOB_TABLE]
    for row, _column in table_state.cells_of(selection):
        return table_state.id_at(rows.get(), row)  # the selection stays as it is
    ids = (table_state.id_at(rows.get(), row) for row in table_state.rows_of(selection))
    elsewhere = selected.get() - frozenset(rows.get())
    selected.set(elsewhere | frozenset(filter(None, ids)))
    return None


def selected_in_order() -> tuple[str, ...]:
    """Return the selected ids in the order of the table when they were selected."""
    chosen, ids = selected.get(), dict.fromkeys((*_all_selected.get(), *rows.get()))
    return tuple(job_id for job_id in ids if job_id in chosen)


def selection() -> dict[str, str]:
    """Return what is selected for an address, which must not be long; {} if nothing is.

    A few ids, or of all that match those that are left out: more than a page of the table is
    selected by "Select all" alone.
    """
    chosen, everything = selected_in_order(), _all_selected.get()
    left_out = [job_id for job_id in everything if job_id not in selected.get()]
    if len(left_out) < len(chosen) - len(rows.get()):
        return {"without": ",".join(left_out) or NOTHING}
    return {"ids": ",".join(chosen)} if chosen else {}


def select_all(ids: Sequence[str]) -> None:
    """Select these, which match the filters now, on whatever page of the table they are."""
    _all_selected.set(tuple(ids))
    selected.set(frozenset(ids))


def clear_selection() -> None:
    """Select nothing."""
    selected.clear()
    _all_selected.clear()


def retried_id() -> str | None:
    """Return the id of the row whose retry button was just clicked."""
    click = st.session_state.get(JOB_TABLE_RETRY)
    return table_state.id_at(rows.get(), int(click["row"])) if click else None


# Deletions that can be undone


def note_deleted(job_ids: Sequence[str]) -> None:
    """Remember what was deleted just now, beside what can be undone still."""
    seconds = UNDO_MANY_SECONDS if len(job_ids) > MANY else UNDO_SECONDS
    keep_undoable(job_ids, time.time() + seconds)


def keep_undoable(job_ids: Sequence[str], until: float) -> None:
    """Offer to restore these until then (Unix time)."""
    kept = tuple(entry for entry in _deletions.get() if entry[1] > time.time())
    _deletions.set((*kept, (tuple(job_ids), until)) if job_ids else kept)


def undoable() -> tuple[str, ...]:
    """Return the ids of the questions whose deletion can be undone now."""
    now = time.time()
    return tuple(job_id for ids, until in _deletions.get() if until > now for job_id in ids)


def undo_seconds() -> float:
    """Return how long the last of them can still be undone, in seconds."""
    return max((until - time.time() for _ids, until in _deletions.get()), default=0.0)


def take_deleted() -> tuple[tuple[str, ...], float]:
    """Return what can be undone, and until when (Unix time), and stop offering it."""
    taken, until = undoable(), time.time() + undo_seconds()
    _deletions.clear()
    return taken, until
