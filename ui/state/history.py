"""What one session remembers of the user's questions: filters, what was found, what is selected."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import streamlit as st

from jobs.models import JobState
from jobs.questions.query import JobOrder, JobQuery
from ui.state import tables
from ui.state.periods import ANY_TIME, bounds_of
from ui.state.session import ALL, HISTORY_SEARCH, history_search, request_redraw

# Keys of widgets. Their values can be read before the widgets are drawn.
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
# The table's query and the sidebar's, and the one before.
KEPT_FOUND = 3


@dataclass(frozen=True)
class Found:
    """The ids that a query found, and until when they need not be looked for again."""

    job_ids: Sequence[str]
    until: float


# Filters


def job_query() -> JobQuery:
    """What the filters and the order above the table ask for."""
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
    """The period that is chosen, of `ui.state.periods`."""
    return _value(JOB_PERIOD)


def document_filter() -> str:
    """The id of the document that is chosen, or `ALL`."""
    return _value(JOB_DOCUMENT)


def clear_filters() -> None:
    """Keep every question; the order stays."""
    for key, value in NO_FILTERS.items():
        st.session_state[key] = value
    show_first_page()
    share_search()
    request_redraw()


def search_in_table() -> None:
    """Let the search above the table be the sidebar's, too."""
    share_search()
    show_first_page()
    request_redraw()


def search_in_sidebar() -> None:
    """Let the sidebar's search be that of the table, too."""
    st.session_state[JOB_SEARCH] = history_search()
    show_first_page()


def share_search() -> None:
    st.session_state[HISTORY_SEARCH] = str(st.session_state.get(JOB_SEARCH) or "")


def time_zone() -> tzinfo | None:
    """The browser's time zone; None for the server's where it is not known."""
    try:
        return ZoneInfo(st.context.timezone) if st.context.timezone else None
    except (ZoneInfoNotFoundError, ValueError):
        return None


def today() -> date:
    return datetime.now(time_zone()).date()


def page_number() -> int:
    """The page of the table, from 1."""
    return int(st.session_state.get(JOB_TABLE_PAGE) or 1)


def show_first_page() -> None:
    """Show the first page of another query; what was selected of all that matched goes with it."""
    st.session_state[JOB_TABLE_PAGE] = 1
    if _all_selected():
        clear_selection()


# What was found and read, for a while


def kept_found(query: JobQuery) -> Found | None:
    """What this query found, unless it is time to look again."""
    found: Found | None = st.session_state.get("found", {}).get(query)
    return found if found is not None and time.monotonic() < found.until else None


def keep_found(query: JobQuery, found: Found) -> None:
    kept = {**st.session_state.get("found", {}), query: found}
    st.session_state["found"] = dict([*kept.items()][-KEPT_FOUND:])


def kept_names() -> Mapping[str, str] | None:
    """The names of the documents by id, unless it is time to read them again."""
    names, until = st.session_state.get("document_names", (None, 0.0))
    return names if time.monotonic() < until else None


def keep_names(names: Mapping[str, str], seconds: float) -> None:
    st.session_state["document_names"] = (names, time.monotonic() + seconds)


# The table


def set_rows(ids: Sequence[str]) -> None:
    """Note which ids the rows stand for, and keep the selection on those that were selected.

    The table knows its selection by position only, and positions shift as questions are asked.
    """
    st.session_state["table_rows"] = tuple(ids)
    kept = selected() if _all_selected() else selected() & frozenset(ids)
    st.session_state["table_selected"] = kept
    rows = [row for row, job_id in enumerate(ids) if job_id in kept]
    tables.select_rows(JOB_TABLE, rows)


def rows() -> tuple[str, ...]:
    """The ids of the rows, from the top."""
    ids: tuple[str, ...] = st.session_state.get("table_rows", ())
    return ids


def note_selection() -> str | None:
    """Remember the selected rows by their ids; or return the id of the row that was clicked."""
    selection = st.session_state[JOB_TABLE]
    for row, _column in tables.cells_of(selection):
        return tables.row_id("table_rows", row)  # what is selected stays so
    ids = (tables.row_id("table_rows", row) for row in tables.rows_of(selection))
    elsewhere = selected() - frozenset(rows())
    st.session_state["table_selected"] = elsewhere | frozenset(filter(None, ids))
    return None


def selected() -> frozenset[str]:
    """The ids of the selected questions: on the page of the table, or of all that matched."""
    ids: frozenset[str] = st.session_state.get("table_selected", frozenset())
    return ids


def selected_in_order() -> tuple[str, ...]:
    """The same, in the order of the table when they were selected."""
    chosen = selected()
    return tuple(id_ for id_ in dict.fromkeys((*_all_selected(), *rows())) if id_ in chosen)


def select_all(ids: Sequence[str]) -> None:
    """Select these, which match the filters now, on whatever page of the table they are."""
    st.session_state["table_all"] = tuple(ids)
    st.session_state["table_selected"] = frozenset(ids)


def _all_selected() -> tuple[str, ...]:
    """What "Select all" selected, some of which may be selected no more; () if it was not used."""
    ids: tuple[str, ...] = st.session_state.get("table_all", ())
    return ids


def clear_selection() -> None:
    st.session_state["table_selected"] = frozenset()
    st.session_state["table_all"] = ()


def retried_id() -> str | None:
    """The id of the row whose retry button was just clicked."""
    click = st.session_state.get(JOB_TABLE_RETRY)
    return tables.row_id("table_rows", int(click["row"])) if click else None


# What was deleted, and can be brought back


def note_deleted(job_ids: Sequence[str]) -> None:
    """Remember what was deleted just now, beside what can be undone still."""
    seconds = UNDO_MANY_SECONDS if len(job_ids) > MANY else UNDO_SECONDS
    keep_undoable(job_ids, time.time() + seconds)


def keep_undoable(job_ids: Sequence[str], until: float) -> None:
    """Offer to bring these back until then (Unix time)."""
    kept = [entry for entry in _deletions() if entry[1] > time.time()]
    st.session_state["deletions"] = [*kept, (tuple(job_ids), until)] if job_ids else kept


def undoable() -> tuple[str, ...]:
    """The ids of the questions whose deletion can be undone now."""
    now = time.time()
    return tuple(job_id for ids, until in _deletions() if until > now for job_id in ids)


def undo_seconds() -> float:
    """How long the last of them can still be undone, in seconds."""
    return max((until - time.time() for _ids, until in _deletions()), default=0.0)


def take_deleted() -> tuple[tuple[str, ...], float]:
    """What can be undone, and until when (Unix time); from now on it is not offered any more."""
    taken, until = undoable(), time.time() + undo_seconds()
    st.session_state["deletions"] = []
    return taken, until


def _deletions() -> list[tuple[tuple[str, ...], float]]:
    entries: list[tuple[tuple[str, ...], float]] = st.session_state.get("deletions", [])
    return entries
