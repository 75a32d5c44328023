"""The filters, the order and the page of the table in the page's address, for reloads and links.

What makes no sense in an address, such as an unknown state, is ignored.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date
from types import MappingProxyType
from typing import Any

import streamlit as st

from jobs.models import JobState
from jobs.questions.query import JobOrder
from ui.state import history as history_state
from ui.state.history import (
    JOB_DATES,
    JOB_DOCUMENT,
    JOB_FILTER,
    JOB_ORDER,
    JOB_PERIOD,
    JOB_SEARCH,
    JOB_TABLE_PAGE,
    NO_FILTERS,
)
from ui.state.periods import CUSTOM, PERIODS
from ui.state.session_value import SessionValue

MAX_SEARCH_CHARS = 300
MAX_PAGE = 1_000_000
FIRST_DAY = date(2000, 1, 1)
DAYS_BETWEEN = ".."

# The parameters, the keys of the widgets they stand for, and their values without a parameter.
KEYS = {
    "search": JOB_SEARCH,
    "state": JOB_FILTER,
    "asked": JOB_PERIOD,
    "days": JOB_DATES,
    "cites": JOB_DOCUMENT,
    "order": JOB_ORDER,
    "page": JOB_TABLE_PAGE,
}
DEFAULTS: Mapping[str, Any] = {**NO_FILTERS, JOB_ORDER: JobOrder.NEWEST.value, JOB_TABLE_PAGE: 1}

# What the address said of the table when it was read or written last.
_known: SessionValue[Mapping[str, str]] = SessionValue("table_address", MappingProxyType({}))
_left: SessionValue[bool] = SessionValue("table_left", False)


def open_address() -> None:
    """Let the address say what the table shows, or make it say so. Once per run of the Ask page.

    Coming from another page, the table is as it was left, unless the address says otherwise.
    """
    received = _received()
    came_back = _left.take() and not received
    if not came_back and received != _known.get():
        _show(received)
    # Written even if it seems right, see `ui.state.question.open_address`; both are one step of
    # the browser's history.
    _write()


def leave() -> None:
    """Note that another page is shown, whose address says nothing about the table."""
    _left.set(True)


def note() -> None:
    """Make the address say what the table shows; a change is a step of the browser's history."""
    if parameters() != _received():
        _write()


def _received() -> dict[str, str]:
    return {name: value for name, value in st.query_params.items() if name in KEYS}


def _write() -> None:
    ours = parameters()
    _known.set(ours)
    others = {name: value for name, value in st.query_params.items() if name not in KEYS}
    st.query_params.from_dict({**others, **ours})


def parameters() -> dict[str, str]:
    """Return what the address says of the table as it is now, in a fixed order."""
    texts = {name: _text_of(key) for name, key in KEYS.items()}
    return {name: text for name, text in texts.items() if text}


def _text_of(key: str) -> str:
    value = st.session_state.get(key)
    if not value or value == DEFAULTS[key]:
        return ""
    if key == JOB_DATES:
        is_used = history_state.period() == CUSTOM
        return DAYS_BETWEEN.join(day.isoformat() for day in value) if is_used else ""
    return str(value).strip()


def _show(received: Mapping[str, str]) -> None:
    """Have the table show what these parameters say, as far as they make sense."""
    for name, key in KEYS.items():
        value = READERS[name](received[name]) if name in received else None
        st.session_state[key] = DEFAULTS[key] if value is None else value
    history_state.share_search()
    history_state.clear_selection()


def _one_of(values: Mapping[str, object] | type[JobState] | type[JobOrder]) -> Callable[[str], Any]:
    known = {str(value) for value in values}
    return lambda text: text if text in known else None


def _days(text: str) -> tuple[date, ...] | None:
    """Return the first and the last day; None unless both are past days, in this order."""
    try:
        first, last = (date.fromisoformat(day) for day in text.split(DAYS_BETWEEN))
    except ValueError:
        return None
    return (first, last) if FIRST_DAY <= first <= last <= history_state.today() else None


def _page(text: str) -> int | None:
    is_number = re.fullmatch("[0-9]{1,7}", text)
    return int(text) if is_number and 1 <= int(text) <= MAX_PAGE else None


def _document(text: str) -> str | None:
    return text if re.fullmatch(r"[\w-]{1,64}", text) else None


READERS: Mapping[str, Callable[[str], Any]] = {
    "search": lambda text: text[:MAX_SEARCH_CHARS],
    "state": _one_of(JobState),
    "asked": _one_of(PERIODS),
    "days": _days,
    "cites": _document,
    "order": _one_of(JobOrder),
    "page": _page,
}
