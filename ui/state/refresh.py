"""When the page is drawn again, and what the browser shows since it was drawn last."""

from __future__ import annotations

from jobs.models import JobState
from ui.state import found as found_state
from ui.state.session_value import SessionValue

JobStates = tuple[tuple[str, JobState], ...]

# How soon the live part of the page refreshes itself; None for never.
refresh_seconds: SessionValue[float | None] = SessionValue("refresh_seconds", None)
# The jobs and states that the sidebar shows; None if it could not be drawn.
sidebar_states: SessionValue[JobStates | None] = SessionValue("sidebar_states", None)
# The title that the browser's tab was given.
title: SessionValue[str] = SessionValue("title", "")

_known_states: SessionValue[JobStates | None] = SessionValue("known_states", None)
_ended: SessionValue[tuple[str, JobState] | None] = SessionValue("ended", None)
_redraw: SessionValue[bool] = SessionValue("redraw", False)


def swap_known_states(states: JobStates) -> JobStates | None:
    """Note the states that the user has been told of; return those noted before.

    These are not the sidebar's: a click redraws the sidebar, and a question that ended just then
    would never be announced.
    """
    before = _known_states.get()
    _known_states.set(states)
    return before


def note_end(job_id: str, state: JobState) -> None:
    """Have the next run start with the interval and the title of a page whose question is over.

    Otherwise that run would only find out, and ask for another one.
    """
    refresh_seconds.set(None)
    _ended.set((job_id, state))
    found_state.forget()


def take_title_states() -> JobStates | None:
    """Return the states to make the tab's title from: the sidebar's, and an end just noted.

    The end is not put into `sidebar_states`: a run may be cut short before the sidebar is drawn.
    """
    states, ended = sidebar_states.get(), _ended.take()
    if not states or not ended:
        return states
    return tuple((job_id, ended[1] if job_id == ended[0] else state) for job_id, state in states)


def request_redraw() -> None:
    """Have the whole page drawn again after this refresh of its live part, from fresh searches."""
    _redraw.set(True)
    found_state.forget()


def take_redraw_request() -> bool:
    """Return True once after `request_redraw`."""
    return _redraw.take()
