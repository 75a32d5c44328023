"""What one browser session remembers, apart from history, tables and batches.

With the other modules `ui.*_state` and `ui.state.address` it is all that touches session state and
the address.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import streamlit as st

from jobs.models import Answer, Failure, JobState, LiveText, Question

# Keys of widgets. Their values can be read before the widgets are drawn.
UPLOAD_VISIBILITY = "upload_visibility"
QUESTION_INPUT = "question_input"
HISTORY_SEARCH = "history_search"

KEPT_ETAS = 100  # more than a page of the table

ALL = "all"  # the filter that keeps every state

JobStates = tuple[tuple[str, JobState], ...]


@dataclass(frozen=True)
class Unsent:
    """A question that could not be submitted, kept so that nobody has to type it again."""

    asked: Question
    failure: Failure
    job_id: str
    # When there is room for it, as Unix seconds; 0: at once.
    not_before: float = 0.0


@dataclass(frozen=True)
class UploadResult:
    """What became of one uploaded file."""

    name: str
    outcome: str
    accepted: bool


# Whose session this is


def claim(user: str | None) -> None:
    """Make this session that of `user`; what it remembers of anybody else is forgotten first.

    Once per run of the script, before anything is drawn. A session goes from one to the other
    where its connection comes back after somebody else signed in, in the same browser.
    """
    if st.session_state.get("user", user) != user:
        st.session_state.clear()
        st.query_params.clear()
    st.session_state["user"] = user


# Which question is shown


def open_address() -> None:
    """Let the address say which question is shown, or make it say so. Once per run of the Ask page.

    It is written even if it seems right: what a callback wrote is lost when its run is cut short.
    """
    from_address = st.query_params.get("job")
    if from_address:
        st.session_state["job"] = from_address
        st.session_state["composing"] = False
    job_id = selected_job()
    if job_id:
        st.query_params["job"] = job_id
    else:
        st.query_params.pop("job", None)


def selected_job() -> str | None:
    """The id of the question opened last; None means the latest, or a new one."""
    job_id: str | None = st.session_state.get("job")
    return job_id


def swap_known_states(states: JobStates) -> JobStates | None:
    """Note the states that the user has been told of; returns those noted before.

    Not the sidebar's: a click draws that anew, and what ended just then would never be told.
    """
    before: JobStates | None = st.session_state.get("known_states")
    st.session_state["known_states"] = states
    return before


def shown_job() -> str | None:
    """The id of the question that is on the page, None on a page that shows none."""
    job_id: str | None = st.session_state.get("shown_job")
    return job_id


def set_shown_job(job_id: str | None) -> None:
    st.session_state["shown_job"] = job_id


def select_job(job_id: str) -> None:
    """Show this question, here and after a reload."""
    st.session_state["job"] = job_id
    st.session_state["composing"] = False
    st.query_params["job"] = job_id


def reopen_job(job_id: str) -> None:
    """Show this question on the Ask page, now or when that is opened next."""
    st.session_state["job"] = job_id
    st.session_state["composing"] = False


def start_new_question() -> None:
    """Show no question, not even the latest."""
    st.session_state["job"] = None
    st.session_state["composing"] = True
    st.query_params.pop("job", None)


def is_composing() -> bool:
    """True after "New question", until a question is asked or opened."""
    return bool(st.session_state.get("composing", False))


# What was read of the question that is shown


def live_text(job_id: str) -> LiveText:
    """What was read so far of this job's stream; reading goes on from there."""
    live: LiveText | None = st.session_state.get("live")
    return live if live is not None and live.job_id == job_id else LiveText(job_id)


def keep_live_text(live: LiveText) -> None:
    st.session_state["live"] = live


def kept_answer(job_id: str) -> Answer | None:
    """The answer of this job, if it was the last one fetched; a finished answer never changes."""
    kept: tuple[str, Answer] | None = st.session_state.get("answer")
    return kept[1] if kept is not None and kept[0] == job_id else None


def keep_answer(job_id: str, answer: Answer) -> None:
    st.session_state["answer"] = (job_id, answer)


def clicked_thumb(key: str) -> bool | None:
    """Whether the thumb of a feedback widget is up; None for neither."""
    value: int | None = st.session_state.get(key)
    return None if value is None else bool(value)


def typed_text(key: str) -> str:
    """What was typed into the widget of this key."""
    value: str = st.session_state.get(key) or ""
    return value.strip()


def shown_eta(job_id: str) -> tuple[int, int] | None:
    """The range of seconds that was last said of this job."""
    shown: tuple[int, int] | None = st.session_state.get("etas", {}).get(job_id)
    return shown


def keep_shown_eta(job_id: str, shown: tuple[int, int]) -> None:
    """Keep it for the next time; only of the jobs that were shown last."""
    etas = {**st.session_state.get("etas", {})}
    etas.pop(job_id, None)
    kept = [*etas.items(), (job_id, shown)][-KEPT_ETAS:]
    st.session_state["etas"] = dict(kept)


def unsent() -> Unsent | None:
    value: Unsent | None = st.session_state.get("unsent")
    return value


def keep_unsent(value: Unsent | None) -> None:
    st.session_state["unsent"] = value


# Refreshing


def refresh_seconds() -> float | None:
    """How soon the live part of the page refreshes itself; None for never."""
    seconds: float | None = st.session_state.get("refresh_seconds")
    return seconds


def set_refresh_seconds(seconds: float | None) -> None:
    st.session_state["refresh_seconds"] = seconds


def sidebar_states() -> JobStates | None:
    """The jobs and states that the sidebar shows; None if it could not be drawn."""
    states: JobStates | None = st.session_state.get("sidebar_states")
    return states


def set_sidebar_states(states: JobStates | None) -> None:
    st.session_state["sidebar_states"] = states


def title() -> str:
    """The title that the browser's tab was given."""
    return str(st.session_state.get("title", ""))


def set_title(text: str) -> None:
    st.session_state["title"] = text


def foresee_end(job_id: str, ended: JobState) -> None:
    """Have the next run of the page begin as it will be: with the tab's title and the interval of
    a page whose question is over. Otherwise that run would only find out, and ask for another.

    What the sidebar shows is noted by itself alone: a run may be cut short before it is drawn.
    """
    set_refresh_seconds(None)
    before = sidebar_states() or ()
    st.session_state["foreseen_states"] = tuple(
        (each, ended if each == job_id else was) for each, was in before
    )
    forget_found()


def take_foreseen_states() -> JobStates | None:
    """The jobs and states that the sidebar is about to show, if that is known; else as it is."""
    states: JobStates | None = st.session_state.pop("foreseen_states", None)
    return states or sidebar_states()


def request_redraw() -> None:
    """Have the whole page drawn again after this refresh of its live part, nothing of it kept."""
    st.session_state["redraw"] = True
    forget_found()


def forget_found() -> None:
    """Have what searches and filters found looked for anew, see `ui.state.history`."""
    st.session_state.pop("found", None)


def take_redraw_request() -> bool:
    return bool(st.session_state.pop("redraw", False))


def keep_notice(text: str, icon: str) -> None:
    """Have the live part of the page say this in passing, once its refresh is not cut short."""
    st.session_state["notices"] = [*st.session_state.get("notices", []), (text, icon)]


def notices() -> Iterator[tuple[str, str]]:
    """What is to be said, each a text and an icon, and kept until the next is asked for.

    Saying it may be what a click cuts a run short at: then the next run says it.
    """
    while kept := st.session_state.get("notices"):
        yield kept[0]
        st.session_state["notices"] = kept[1:]


# The sidebar


def history_search() -> str:
    return str(st.session_state.get(HISTORY_SEARCH) or "")


# The Documents page


def uploader_key() -> str:
    """The key of the uploader. It changes after each upload, which empties the widget."""
    return f"uploader_{st.session_state.get('uploads', 0)}"


def upload_results() -> tuple[UploadResult, ...]:
    results: tuple[UploadResult, ...] = st.session_state.get("upload_results", ())
    return results


def keep_upload_results(results: Sequence[UploadResult]) -> None:
    """Keep what became of the files, and empty the uploader."""
    st.session_state["upload_results"] = tuple(results)
    st.session_state["uploads"] = st.session_state.get("uploads", 0) + 1


def clear_upload_results() -> None:
    st.session_state["upload_results"] = ()


def document_to_delete() -> str | None:
    """The id of the document whose deletion waits to be confirmed."""
    document_id: str | None = st.session_state.get("document_to_delete")
    return document_id


def set_document_to_delete(document_id: str | None) -> None:
    st.session_state["document_to_delete"] = document_id
    request_redraw()


# The page of failed jobs


def is_operator() -> bool:
    """True if the operators' user and password were given in this session."""
    return bool(st.session_state.get("operator", False))


def set_operator(is_one: bool) -> None:
    st.session_state["operator"] = is_one
    st.session_state["sign_ins"] = (0, 0.0)


def wrong_sign_ins() -> tuple[int, float]:
    """How often the password was wrong in a row, and the Unix time of the next try allowed."""
    value: tuple[int, float] = st.session_state.get("sign_ins", (0, 0.0))
    return value


def note_wrong_sign_in(wait_seconds: float) -> None:
    st.session_state["sign_ins"] = (wrong_sign_ins()[0] + 1, time.time() + wait_seconds)


def kind_to_requeue() -> str | None:
    """The kind, or `ALL`, whose requeueing waits to be confirmed."""
    kind: str | None = st.session_state.get("kind_to_requeue")
    return kind


def set_kind_to_requeue(kind: str | None) -> None:
    st.session_state["kind_to_requeue"] = kind
    request_redraw()
