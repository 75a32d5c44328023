"""Which question the Ask page shows, what was read of it, and the one that is not sent yet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import streamlit as st

from jobs.models import Answer, Failure, LiveText, Question
from ui.state.session_value import SessionValue

# Key of a widget.
QUESTION_INPUT = "question_input"

KEPT_ETAS = 100  # more than a page of the table


@dataclass(frozen=True)
class Unsent:
    """A question that could not be submitted, kept so that nobody has to type it again."""

    asked: Question
    failure: Failure
    job_id: str
    # When there is room for it, as Unix seconds; 0: at once.
    not_before: float = 0.0


# The id of the question opened last; None means the latest, or a new one.
selected_job: SessionValue[str | None] = SessionValue("job", None)
# The id of the question that is on the page, None on a page that shows none.
shown_job: SessionValue[str | None] = SessionValue("shown_job", None)
# True after "New question", until a question is asked or opened.
composing: SessionValue[bool] = SessionValue("composing", False)
unsent: SessionValue[Unsent | None] = SessionValue("unsent", None)

_live_text: SessionValue[LiveText | None] = SessionValue("live", None)
_answer: SessionValue[tuple[str, Answer] | None] = SessionValue("answer", None)
_etas: SessionValue[Mapping[str, tuple[int, int]]] = SessionValue("etas", MappingProxyType({}))


def open_address() -> None:
    """Let the address say which question is shown, or make it say so. Once per run of the Ask page.

    It is written even if it seems right: what a callback wrote is lost when its run is cut short.
    """
    from_address = st.query_params.get("job")
    if from_address:
        reopen_job(from_address)
    job_id = selected_job.get()
    if job_id:
        st.query_params["job"] = job_id
    else:
        st.query_params.pop("job", None)


def select_job(job_id: str) -> None:
    """Show this question, here and after a reload."""
    reopen_job(job_id)
    st.query_params["job"] = job_id


def note_address() -> None:
    """Make the address say which question is shown. First in every drawing of the live part.

    A timer's run may begin before the browser knows what the address was changed to. The page as
    a whole would then take the address of before for where the user wants to go.
    """
    job_id = selected_job.get()
    if st.query_params.get("job") == job_id:
        return
    if job_id:
        st.query_params["job"] = job_id
    else:
        st.query_params.pop("job", None)


def reopen_job(job_id: str) -> None:
    """Show this question on the Ask page, now or when that is opened next."""
    selected_job.set(job_id)
    composing.set(False)


def start_new_question() -> None:
    """Show no question, not even the latest."""
    selected_job.set(None)
    composing.set(True)
    st.query_params.pop("job", None)


# What was read of the question that is shown


def live_text(job_id: str) -> LiveText:
    """Return what was read so far of this job's stream; reading goes on from there."""
    live = _live_text.get()
    return live if live is not None and live.job_id == job_id else LiveText(job_id)


def keep_live_text(live: LiveText) -> None:
    """Remember how far a job's stream was read."""
    _live_text.set(live)


def kept_answer(job_id: str) -> Answer | None:
    """Return this job's answer if it was fetched last; a finished answer never changes."""
    kept = _answer.get()
    return kept[1] if kept is not None and kept[0] == job_id else None


def keep_answer(job_id: str, answer: Answer) -> None:
    """Remember this job's answer instead of the one before."""
    _answer.set((job_id, answer))


def shown_eta(job_id: str) -> tuple[int, int] | None:
    """Return the range of seconds that was last shown for this job."""
    return _etas.get().get(job_id)


def keep_shown_eta(job_id: str, shown: tuple[int, int]) -> None:
    """Remember it for the next time, for the `KEPT_ETAS` jobs that were shown last."""
    others = [entry for entry in _etas.get().items() if entry[0] != job_id]
    _etas.set(dict([*others, (job_id, shown)][-KEPT_ETAS:]))


# What was entered into the widgets below an answer


def clicked_thumb(key: str) -> bool | None:
    """Return whether the thumb of this feedback widget is up; None for neither."""
    value: int | None = st.session_state.get(key)
    return None if value is None else bool(value)


def typed_text(key: str) -> str:
    """Return what was typed into the widget with this key."""
    value: str = st.session_state.get(key) or ""
    return value.strip()
