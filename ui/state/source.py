"""What one session remembers of the source that is open beside an answer."""

from __future__ import annotations

import streamlit as st

from ui.state.session import request_redraw

# Key of a widget.
SOURCE_LIST = "source_list"


def opened_source() -> tuple[str, int] | None:
    """The id of the question and the number of the citation whose source is open."""
    source: tuple[str, int] | None = st.session_state.get("opened_source")
    return source


def open_source(job_id: str, number: int) -> None:
    turn_to_source(job_id, number)
    request_redraw()


def turn_to_source(job_id: str, number: int) -> None:
    """Show another source where one is open, without drawing the page anew."""
    st.session_state["opened_source"] = (job_id, number)


def mark_source(number: int) -> str:
    """Have the list of sources show this one as the open one; returns the key of the list."""
    st.session_state[SOURCE_LIST] = number
    return SOURCE_LIST


def turn_to_marked_source(job_id: str) -> None:
    """Show the source that was just chosen in the list."""
    turn_to_source(job_id, int(st.session_state[SOURCE_LIST]))


def close_source() -> None:
    st.session_state["opened_source"] = None


def triggered_number(key: str, name: str) -> int | None:
    """The number that the component of this key just told, None for nothing."""
    number = getattr(st.session_state.get(key), name, None)
    return None if number is None else int(number)
