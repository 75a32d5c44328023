"""What was searched for an answer: mainly which documents, and in which parts."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from jobs.documents.client import DocumentClient
from jobs.models import Answer, JobView
from jobs.questions.client import JobClient
from ui.components.common.actions import ask_again
from ui.components.common.text import counted, one_line, plain

PART_CHARS = 160
MOST_NAMES = 3


def show_mainly_in(
    jobs: JobClient, documents: DocumentClient, user: str, job: JobView, answer: Answer
) -> None:
    """Say which documents the question seemed to mean; a click searches all of them alike."""
    if not answer.searched.mainly_in:
        return
    with st.container(
        horizontal=True, vertical_alignment="center", gap="small", key=f"mainly_{job.id}"
    ):
        st.caption(
            f":material/target: Searched mainly in {_listed(answer.searched.mainly_in)}",
            width="content",
        )
        st.button(
            "Search all documents",
            icon=":material/travel_explore:",
            key=f"everywhere_{job.id}",
            type="tertiary",
            help="Ask again, with all documents counting alike",
            on_click=ask_again,
            args=(jobs, documents, user, job),
            kwargs={"everywhere": True},
        )


def show_parts(parts: Sequence[str]) -> None:
    """Show what a question was searched for in, one part a line; nothing for one part."""
    if not parts:
        return
    lines = "\n".join(
        f"{n}. {plain(one_line(part, PART_CHARS))}" for n, part in enumerate(parts, 1)
    )
    st.caption(f":material/account_tree: Searched in {counted(len(parts), 'part')}\n\n{lines}")


def _listed(names: Sequence[str]) -> str:
    """Return the first few names, and how many others there are."""
    shown = [f"**{plain(name)}**" for name in names[:MOST_NAMES]]
    if len(names) > MOST_NAMES:
        shown.append(f"{len(names) - MOST_NAMES:,} more")
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"
