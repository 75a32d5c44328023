"""One question and its answer: state and stage, streaming text, sources, and what it took."""

from __future__ import annotations

import streamlit as st

from jobs.models import Answer, JobState, JobView, LiveText, Stage, SupportLevel
from jobs.questions.client import JobClient
from ui.components.common.actions import make_urgent, retry_job, stop_job
from ui.components.common.bulk import start
from ui.components.common.errors import show_failure
from ui.components.common.eta import eta_of, waiting_of
from ui.components.common.looks import JOB_LOOKS, STAGES, URGENT, URGENT_ICON
from ui.components.common.text import ago, one_line, plain, safe_markdown
from ui.components.question.citations import show_citations, show_support, with_marks
from ui.components.question.nearest import show_nearest
from ui.components.question.receipt import show_receipt
from ui.components.question.searched import show_parts
from ui.state.bulk import Action

HEADING_CHARS = 160


def show_question(jobs: JobClient, user: str, job: JobView, *, urgency: bool = False) -> None:
    """Show the question, its state, and the buttons that fit its state.

    `urgency` says that questions can be made urgent here.
    """
    heading = one_line(job.asked.text, HEADING_CHARS)
    st.header(plain(heading), anchor=False)
    if heading != " ".join(job.asked.text.split()):
        with st.expander("The whole question", type="compact", key=f"question_{job.id}"):
            st.markdown(plain(job.asked.text))
    look = JOB_LOOKS[job.state]
    with st.container(horizontal=True, vertical_alignment="center", key=f"state_{job.id}"):
        st.badge(look.label, icon=look.icon, color=look.color)
        if job.urgent:
            st.badge(URGENT, icon=URGENT_ICON, color="orange")
        if job.state.is_over:
            st.caption(f"Asked {ago(job.asked_at)}", width="content")
        st.space("stretch")
        if not job.state.is_over:
            if urgency and job.can_be_urgent:
                st.button(
                    "Make urgent",
                    icon=URGENT_ICON,
                    key=f"urgent_{job.id}",
                    help="Put it ahead of questions that are not urgent",
                    on_click=make_urgent,
                    args=(jobs, user, job.id),
                )
            st.button(
                "Stop",
                icon=":material/stop_circle:",
                key=f"stop_{job.id}",
                help="Stop this question and keep what is written so far",
                on_click=stop_job,
                args=(jobs, user, job.id),
            )
            return
        if job.state.can_retry:
            st.button(
                "Retry",
                icon=":material/replay:",
                key=f"retry_{job.id}",
                type="primary",
                help="Ask the same question again",
                on_click=retry_job,
                args=(jobs, user, job.id),
            )
        st.button(
            "Delete this question",
            icon=":material/delete:",
            key=f"delete_{job.id}",
            type="tertiary",
            help="Delete this question and its answer",
            on_click=start,
            args=(jobs, user, Action.DELETE, (job.id,)),
        )


def show_unfinished(jobs: JobClient, job: JobView, live: LiveText) -> None:
    """Show the stage, what was written so far, and why the last attempt failed."""
    waiting = waiting_of(jobs, job)
    doing = f"{STAGES[live.stage]}…" if job.state is JobState.STARTED else waiting
    st.caption(" · ".join(filter(None, (doing, eta_of(jobs, job)))))
    if job.state is JobState.STARTED and live.stage is Stage.RETRIEVING:
        show_parts(live.in_parts)
    if job.failure:
        # The first sentence only: the next says what to do, and it is tried again anyway.
        reason = job.failure.message.partition(". ")[0].rstrip(".")
        st.caption(f":material/info: The last attempt failed: {plain(reason)}.")
    elif live.restarted:
        st.caption(
            ":material/autorenew: An earlier attempt was interrupted; the answer starts over."
        )
    # While a retry waits in the queue, the text of the earlier attempt is of no interest.
    if live.text and job.state in (JobState.STARTED, JobState.RETRYING):
        st.markdown(safe_markdown(live.text), anchors=False)
    elif job.state is JobState.STARTED:
        st.skeleton(height=80)


def show_unanswered(job: JobView, partial: str) -> None:
    """Show how a question ended without an answer, and what was written until then."""
    if job.failure and job.state is JobState.FAILED:
        show_failure(job.failure)
    elif job.state is JobState.FAILED:
        st.error("This question failed without a reason. Retry it.", icon=":material/error:")
    else:
        st.info(
            "You stopped this question." + (" This is how far it got." if partial else ""),
            icon=":material/stop_circle:",
        )
    if partial:
        st.markdown(safe_markdown(partial), anchors=False)


def show_answer(job: JobView, answer: Answer) -> None:
    """Show a finished answer with its sources."""
    if answer.extractive:
        st.caption(":material/format_quote: Quoted from the documents; no model is set.")
    if answer.support is SupportLevel.NOT_FOUND:
        st.info(safe_markdown(answer.text), icon=":material/search_off:")
        show_nearest(job, answer)
    else:
        st.markdown(with_marks(answer), anchors=False)
    if answer.support is SupportLevel.UNSUPPORTED:
        what = (
            "No sentence of this answer carries a citation."
            if answer.citations
            else "This answer cites no passage of the documents."
        )
        st.warning(f"{what} Check it before you rely on it.", icon=":material/warning:")
    show_support(answer)
    show_citations(job.id, answer.citations)
    show_receipt(job.id, answer)
    for note in answer.remarks:
        st.caption(f":material/info: {plain(note)}")
