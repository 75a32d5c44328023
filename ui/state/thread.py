"""What one session remembers of versions and follow-ups."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import streamlit as st

from jobs.models import JobView, Question
from jobs.questions.ids import new_job_id
from ui.state import question as question_state
from ui.state import refresh as refresh_state
from ui.state.session_value import SessionValue

Side = Literal["left", "right"]
SIDES: tuple[Side, Side] = ("left", "right")

# The question that the next one follows up, as it was when that was chosen.
followed: SessionValue[JobView | None] = SessionValue("followed", None)
# The id of the question that is being asked again with changes.
job_to_ask_again: SessionValue[str | None] = SessionValue("ask_again", None)
# The id of the question whose versions are compared.
compared_job: SessionValue[str | None] = SessionValue("compared_job", None)

_dialogs_opened: SessionValue[int] = SessionValue("ask_again_opened", 0)
_sent: SessionValue[tuple[Question, str] | None] = SessionValue("ask_again_sent", None)


def follow(job: JobView | None) -> None:
    """Let the next question follow up this one; None for a question of its own."""
    if job != followed.get():
        followed.set(job)
        refresh_state.request_redraw()


# Asking again with changes


def set_job_to_ask_again(job_id: str | None) -> None:
    """Open the dialog for this question, with fields as it was asked; None closes it."""
    job_to_ask_again.set(job_id)
    _dialogs_opened.set(_dialogs_opened.get() + 1)
    _sent.clear()
    refresh_state.request_redraw()


def field_key(name: str) -> str:
    """Return the key of a field of the dialog: what was typed stays until it is closed."""
    return f"ask_again_{name}_{_dialogs_opened.get()}"


def id_to_send(asked: Question) -> str:
    """Return the id to submit under: the same as before, if just this was submitted before."""
    before = _sent.get()
    job_id = before[1] if before is not None and before[0] == asked else new_job_id()
    _sent.set((asked, job_id))
    return job_id


# Versions


def versions_key(thread: str) -> str:
    """Return the key of the row of versions."""
    return f"versions_{thread}"


def mark_version(thread: str, job_id: str) -> None:
    """Show this version as the chosen one."""
    if st.session_state.get(versions_key(thread)) != job_id:
        st.session_state[versions_key(thread)] = job_id


def open_chosen_version(thread: str) -> None:
    """Show the version that was just chosen in the row."""
    chosen: str | None = st.session_state.get(versions_key(thread))
    if chosen:
        question_state.select_job(chosen)
        refresh_state.request_redraw()


def compare(job_id: str | None) -> None:
    """Open the comparison beside this version; None closes it."""
    compared_job.set(job_id)
    for side in SIDES:
        st.session_state.pop(compare_key(side), None)
    refresh_state.request_redraw()


def compare_key(side: Side) -> str:
    """Return the key of the choice of the version on this side."""
    return f"compare_{side}"


def choose_at_first(side: Side, ids: Sequence[str], first: str) -> None:
    """Choose `first` for this side, unless one of these versions is chosen."""
    if st.session_state.get(compare_key(side)) not in ids:
        st.session_state[compare_key(side)] = first
