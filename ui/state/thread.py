"""What one session remembers of versions and follow-ups."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import streamlit as st

from jobs.models import JobView, Question
from jobs.questions.client import new_job_id
from ui.state.session import request_redraw, select_job

Side = Literal["left", "right"]
SIDES: tuple[Side, Side] = ("left", "right")

# The question that the next one follows up


def followed() -> JobView | None:
    """The question that the next one follows up, as it was when that was chosen."""
    job: JobView | None = st.session_state.get("followed")
    return job


def follow(job: JobView | None) -> None:
    """Let the next question follow up this one; None for a question of its own."""
    if job != followed():
        st.session_state["followed"] = job
        request_redraw()


# Asking again with changes


def job_to_ask_again() -> str | None:
    """The id of the question that is being asked again with changes."""
    job_id: str | None = st.session_state.get("ask_again")
    return job_id


def set_job_to_ask_again(job_id: str | None) -> None:
    """Open the dialog for this question, with fields as it was asked; None closes it."""
    st.session_state["ask_again"] = job_id
    st.session_state["ask_again_opened"] = st.session_state.get("ask_again_opened", 0) + 1
    st.session_state.pop("ask_again_sent", None)
    request_redraw()


def field_key(name: str) -> str:
    """The key of a field of the dialog: what was typed stays until it is closed."""
    return f"ask_again_{name}_{st.session_state.get('ask_again_opened', 0)}"


def id_to_send(asked: Question) -> str:
    """The id under which to submit: the same as before, if just this was submitted before."""
    before: tuple[Question, str] | None = st.session_state.get("ask_again_sent")
    job_id = before[1] if before is not None and before[0] == asked else new_job_id()
    st.session_state["ask_again_sent"] = (asked, job_id)
    return job_id


# Versions


def versions_key(thread: str) -> str:
    """The key of the row of versions."""
    return f"versions_{thread}"


def mark_version(thread: str, job_id: str) -> None:
    """Show this version as the chosen one."""
    if st.session_state.get(versions_key(thread)) != job_id:
        st.session_state[versions_key(thread)] = job_id


def open_chosen_version(thread: str) -> None:
    """Show the version that was just chosen in the row."""
    chosen: str | None = st.session_state.get(versions_key(thread))
    if chosen:
        select_job(chosen)
        request_redraw()


def compared_job() -> str | None:
    """The id of the question whose versions are compared."""
    job_id: str | None = st.session_state.get("compared_job")
    return job_id


def compare(job_id: str | None) -> None:
    """Open the comparison beside this version; None closes it."""
    st.session_state["compared_job"] = job_id
    for side in SIDES:
        st.session_state.pop(compare_key(side), None)
    request_redraw()


def compare_key(side: Side) -> str:
    """The key of the choice of the version on this side."""
    return f"compare_{side}"


def choose_at_first(side: Side, ids: Sequence[str], first: str) -> None:
    """Choose `first` for this side, unless one of these versions is chosen."""
    if st.session_state.get(compare_key(side)) not in ids:
        st.session_state[compare_key(side)] = first
