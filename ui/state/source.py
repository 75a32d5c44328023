"""What one session remembers of the source that is open beside an answer."""

from __future__ import annotations

import streamlit as st

from ui.state import refresh as refresh_state
from ui.state.session_value import SessionValue

# Key of a widget.
SOURCE_LIST = "source_list"

# The id of the question and the number of the citation whose source is open.
opened: SessionValue[tuple[str, int] | None] = SessionValue("opened_source", None)


def open_source(job_id: str, number: int) -> None:
    """Open a source, and have the page drawn with it."""
    turn_to_source(job_id, number)
    refresh_state.request_redraw()


def turn_to_source(job_id: str, number: int) -> None:
    """Show another source where one is open, without redrawing the page."""
    opened.set((job_id, number))


def mark_source(number: int) -> str:
    """Have the list of sources show this one as the open one; return the key of the list."""
    st.session_state[SOURCE_LIST] = number
    return SOURCE_LIST


def turn_to_marked_source(job_id: str) -> None:
    """Show the source that was just chosen in the list."""
    turn_to_source(job_id, int(st.session_state[SOURCE_LIST]))


def close_source() -> None:
    """Close the source that is open."""
    opened.set(None)


def triggered_number(key: str, name: str) -> int | None:
    """Return the number that the component with this key just sent, None for nothing."""
    number = getattr(st.session_state.get(key), name, None)
    return None if number is None else int(number)
