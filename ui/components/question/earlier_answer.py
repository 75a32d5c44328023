"""The line about an earlier answer that is given again: its age, and how to get a new one."""

from __future__ import annotations

import streamlit as st

from jobs.documents.client import DocumentClient
from jobs.models import Answer, JobView
from jobs.questions.client import JobClient
from ui.components.common.actions import ask_again
from ui.components.common.text import ago


def show_earlier_answer(
    jobs: JobClient, documents: DocumentClient, user: str, job: JobView, answer: Answer
) -> None:
    """Say that this is an earlier answer, if it is one; a click asks for a new one."""
    if answer.earlier_at is None:
        return
    with st.container(
        horizontal=True, vertical_alignment="center", gap="small", key=f"earlier_{job.id}"
    ):
        label = f":material/history: From an earlier answer, {ago(answer.earlier_at)}"
        st.caption(label, width="content")
        st.button(
            "Get a new answer",
            icon=":material/refresh:",
            key=f"ask_afresh_{job.id}",
            type="tertiary",
            help="Search again and write a new answer. The documents have not changed since then",
            on_click=ask_again,
            args=(jobs, documents, user, job),
            kwargs={"use_cache": False},
        )
