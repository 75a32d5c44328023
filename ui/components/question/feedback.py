"""Whether an answer was useful, and why: asked below it, and kept with it."""

from __future__ import annotations

import streamlit as st

from jobs.models import Feedback, JobView
from jobs.questions.client import MAX_REASON_CHARS, JobClient
from ui.components.common.actions import give_feedback
from ui.state import question as question_state

REASON_PIXELS = 420


def show_feedback(jobs: JobClient, user: str, job: JobView) -> None:
    """Ask for a thumb and, once it is there, for the reason."""
    given = job.feedback
    thumb, reason = f"thumb_{job.id}", f"reason_{job.id}"
    with st.container(horizontal=True, vertical_alignment="center", key=f"feedback_{job.id}"):
        st.caption("Was this useful?", width="content")
        st.feedback(
            "thumbs",
            key=thumb,
            default=int(given.useful) if given else None,
            on_change=_note_thumb,
            args=(jobs, user, job, thumb),
            width="content",
        )
        if given:
            st.text_input(
                "Why?",
                value=given.reason,
                placeholder="Why? Press Enter to save",
                max_chars=MAX_REASON_CHARS,
                key=reason,
                label_visibility="collapsed",
                on_change=_note_reason,
                args=(jobs, user, job, given.useful, reason),
                width=REASON_PIXELS,
            )


def _note_thumb(jobs: JobClient, user: str, job: JobView, key: str) -> None:
    useful = question_state.clicked_thumb(key)
    why = job.feedback.reason if job.feedback else ""
    give_feedback(jobs, user, job.id, None if useful is None else Feedback(useful, why))


def _note_reason(jobs: JobClient, user: str, job: JobView, useful: bool, key: str) -> None:
    give_feedback(jobs, user, job.id, Feedback(useful, question_state.typed_text(key)))
