"""Follow-ups: choose what the next question follows up, and show the questions before it."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from jobs.documents.client import DocumentClient
from jobs.models import Answer, JobView, Question
from jobs.questions.client import JobClient
from ui.components.common.text import counted, one_line, plain
from ui.state import question as question_state
from ui.state import refresh as refresh_state
from ui.state import thread as thread_state

LABEL_CHARS = 90
MOST_NAMES = 3


def show_follow_up_button(job: JobView) -> None:
    """Let the next question follow up this answer, or not any more."""
    chosen = thread_state.followed.get()
    is_on = chosen is not None and chosen.id == job.id
    st.button(
        "Following up" if is_on else "Follow up",
        icon=":material/check:" if is_on else ":material/reply:",
        key=f"follow_{job.id}",
        help="Ask the next question on its own again"
        if is_on
        else "Continue with the next question, which may say “it” or “there”",
        on_click=thread_state.follow,
        args=(None if is_on else job,),
    )


def show_followed() -> None:
    """Say above the input what the next question follows up; a click ends that."""
    job = thread_state.followed.get()
    if job is None:
        return
    with st.container(
        horizontal=True, wrap=False, gap="xsmall", vertical_alignment="center", key="followed"
    ):
        chosen = len(job.asked.documents)
        scope = f" · in {counted(chosen, 'document')}" if chosen else ""
        question = plain(one_line(job.asked.text, LABEL_CHARS))
        st.markdown(
            f":material/reply: :small[Following up: **{question}**{scope}]", width="content"
        )
        st.button(
            "Stop following up",
            icon=":material/close:",
            key="followed_stop",
            type="tertiary",
            help="Ask the next question on its own",
            on_click=thread_state.follow,
            args=(None,),
        )


def next_question(text: str) -> Question:
    """Return the typed text as a question, which may follow up another, with its documents."""
    job = thread_state.followed.get()
    if job is None:
        return Question(text)
    return Question(text, job.asked.documents, job.asked.model, follows=job.id)


def show_earlier(jobs: JobClient, user: str, job: JobView) -> None:
    """Show the questions that this one follows up, the oldest first; a click opens one."""
    earlier = jobs.list_earlier(user, job)
    if not earlier:
        return
    with st.container(gap="xxsmall", key=f"earlier_{job.id}"):
        for each in earlier:
            st.button(
                f":gray[:small[{plain(one_line(each.asked.text, LABEL_CHARS))}]]",
                icon=":material/subdirectory_arrow_right:",
                key=f"earlier_{job.id}_{each.id}",
                type="tertiary",
                help="Open this earlier question",
                on_click=_open,
                args=(each.id,),
            )


def show_asked_of(documents: DocumentClient, user: str, job: JobView) -> None:
    """Say which documents and model this was asked of, where they are not the usual ones."""
    parts = []
    if job.asked.documents:
        names = [each.name for each in documents.find(job.asked.documents, user)]
        parts.append(f":material/folder_open: Asked of {_listed(names, len(job.asked.documents))}")
    if job.asked.everywhere:
        parts.append(":material/travel_explore: All documents counted alike")
    if job.asked.model:
        parts.append(f":material/smart_toy: {plain(job.asked.model)}")
    if parts:
        st.caption(" · ".join(parts))


def show_understood(answer: Answer) -> None:
    """Say how a follow-up was understood, where that differs from what was typed."""
    if answer.standalone:
        st.caption(f":material/lightbulb: Understood as: {plain(answer.standalone)}")


def _open(job_id: str) -> None:
    question_state.select_job(job_id)
    refresh_state.request_redraw()


def _listed(names: Sequence[str], number: int) -> str:
    """Return the first few names, and how many other documents there are."""
    shown = [plain(name) for name in names[:MOST_NAMES]]
    rest = number - len(shown)
    if rest:
        more = counted(rest, "deleted document" if rest == number - len(names) else "document")
        shown.append(f"{more}" if not shown else f"{rest:,} more")
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"
