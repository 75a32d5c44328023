"""The filters, the order and the page of the table in the page's address, for reloads and links.

What the address says and nobody can mean, such as a state that there is not, is left out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

import streamlit as st

from jobs.models import JobState
from jobs.questions.query import JobOrder
from ui.state import history
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

MAX_SEARCH_CHARS = 300
MAX_PAGE = 1_000_000
FIRST_DAY = date(2000, 1, 1)
DAYS_BETWEEN = ".."

# The parameters and the keys that they stand for, and what each is where the address has none.
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


def open_address() -> None:
    """Let the address say what the table shows, or make it say so. Once per run of the Ask page.

    Who comes from another page finds the table as it was left, unless the address has a say.
    """
    received = _received()
    came_back = st.session_state.pop("table_left", False) and not received
    if not came_back and received != st.session_state.get("table_address", {}):
        _show(received)
    # Written even if it seems right, see `ui.state.session.open_address`; the browser takes it as
    # one.
    _write()


def leave() -> None:
    """Note that another page is shown: its address says nothing of the table."""
    st.session_state["table_left"] = True


def note() -> None:
    """Make the address say what the table shows, if that has changed: it is one step back then."""
    if parameters() != _received():
        _write()


def _received() -> dict[str, str]:
    return {name: value for name, value in st.query_params.items() if name in KEYS}


def _write() -> None:
    st.session_state["table_address"] = ours = parameters()
    others = {name: value for name, value in st.query_params.items() if name not in KEYS}
    st.query_params.from_dict({**others, **ours})


def parameters() -> dict[str, str]:
    """What the address says of the table as it is now, in a fixed order."""
    texts = {name: _text_of(key) for name, key in KEYS.items()}
    return {name: text for name, text in texts.items() if text}


def _text_of(key: str) -> str:
    value = st.session_state.get(key)
    if not value or value == DEFAULTS[key]:
        return ""
    if key == JOB_DATES:
        is_used = history.period() == CUSTOM
        return DAYS_BETWEEN.join(day.isoformat() for day in value) if is_used else ""
    return str(value).strip()


def _show(received: Mapping[str, str]) -> None:
    """Have the table show what these parameters say, as far as one can mean it."""
    for name, key in KEYS.items():
        value = READERS[name](received[name]) if name in received else None
        st.session_state[key] = DEFAULTS[key] if value is None else value
    history.share_search()
    history.clear_selection()


def _one_of(values: Mapping[str, object] | type[JobState] | type[JobOrder]) -> Callable[[str], Any]:
    known = {str(value) for value in values}
    return lambda text: text if text in known else None


def _days(text: str) -> tuple[date, ...] | None:
    """The first and the last day; None unless both are days of the past, in this order."""
    try:
        first, last = (date.fromisoformat(day) for day in text.split(DAYS_BETWEEN))
    except ValueError:
        return None
    return (first, last) if FIRST_DAY <= first <= last <= history.today() else None


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
