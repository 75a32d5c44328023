"""A question that could not be submitted: it stays on the page until it is sent or discarded."""

from __future__ import annotations

import math
import time

import streamlit as st

from jobs.errors import (
    BrokerUnavailableError,
    ModelNotOfferedError,
    NotFoundError,
    UnknownDocumentsError,
)
from jobs.models import Question
from jobs.questions.client import JobClient
from ui.components.common.actions import submit_question
from ui.components.common.errors import show_failure
from ui.components.common.text import plain
from ui.state import question as question_state

# What it refers to is gone: sent again, it would fail again.
_MISSING = (NotFoundError.kind, UnknownDocumentsError.kind, ModelNotOfferedError.kind)


def show_unsent(jobs: JobClient, user: str) -> None:
    """Show the question that was not accepted, if there is one, and why."""
    unsent = question_state.unsent.get()
    if unsent is None:
        return
    # The page itself shows an outage for as long as it lasts.
    if unsent.failure.kind != BrokerUnavailableError.kind:
        show_failure(unsent.failure, quiet=unsent.not_before > 0)
    with st.container(border=True, key="unsent"):
        st.caption("Not sent yet")
        st.markdown(plain(unsent.asked.text))
        with st.container(horizontal=True):
            if unsent.failure.kind in _MISSING:
                st.button(
                    "Ask it on its own",
                    icon=":material/send:",
                    key="unsent_alone",
                    type="primary",
                    help="Ask all documents with the default model, as a question of its own",
                    on_click=submit_question,
                    args=(jobs, user, Question(unsent.asked.text)),
                )
            else:
                _show_send(jobs, user, unsent)
            st.button(
                "Discard", key="unsent_discard", on_click=question_state.unsent.set, args=(None,)
            )


def _show_send(jobs: JobClient, user: str, unsent: question_state.Unsent) -> None:
    """Show the button that sends it again, or a countdown until there is room for it."""
    wait = unsent.not_before - time.time()
    if wait > 0:
        st.fragment(_count_down, run_every=1.0)(unsent)
        return
    st.button(
        "Send again",
        icon=":material/send:",
        key="unsent_send",
        type="primary",
        on_click=submit_question,
        args=(jobs, user, unsent.asked, unsent.job_id),
    )


def _count_down(unsent: question_state.Unsent) -> None:
    wait = unsent.not_before - time.time()
    if wait <= 0:
        st.rerun()
    st.button(
        f"Send again in {math.ceil(wait)} s",
        icon=":material/hourglass_top:",
        key="unsent_wait",
        disabled=True,
    )
