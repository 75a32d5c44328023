"""What the Ask page shows before the first question."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import streamlit as st

from jobs.models import Document, DocumentPage, DocumentStatus
from jobs.questions.client import JobClient
from ui.components.common.actions import submit_question
from ui.components.common.text import plain

SAMPLE_QUESTIONS = Path(__file__).resolve().parents[3] / "samples" / "questions.json"
SUGGESTIONS = 3
DOCUMENTS_PAGE = "pages/documents.py"
_UNFINISHED = (DocumentStatus.QUEUED, DocumentStatus.INDEXING)


def show_welcome(jobs: JobClient, user: str, page: DocumentPage) -> bool:
    """Invite a first question; return True while documents are being indexed.

    `page` has the newest documents.
    """
    documents = page.documents
    st.title("Ask your documents", anchor=False)
    pending = [each for each in documents if each.status in _UNFINISHED]
    ready = [each for each in documents if each.status is DocumentStatus.INDEXED]
    if not documents:
        _show_no_documents()
    elif not ready and pending:
        st.markdown("The first documents are being indexed. You can ask as soon as one is ready.")
        st.progress(sum(each.progress for each in pending) / len(pending))
    elif not ready:
        st.markdown("None of the documents could be indexed. The Documents page says why.")
        st.page_link(DOCUMENTS_PAGE, label="Look at the documents", icon=":material/folder_open:")
    else:
        _show_invitation(jobs, user, ready, page.total if page.total > len(documents) else 0)
    return bool(pending)


def _show_no_documents() -> None:
    st.markdown(
        "There are no documents yet. Add a few — PDF, Office, mails, web pages, scans, text and "
        "more — and ask as soon as the first one is indexed."
    )
    st.page_link(DOCUMENTS_PAGE, label="Add documents", icon=":material/upload_file:")


def _show_invitation(jobs: JobClient, user: str, ready: Sequence[Document], many: int) -> None:
    """Say how many documents are `ready`, or how `many` there are in all if not all were read."""
    count = f"{len(ready):,} documents are ready" if len(ready) != 1 else "One document is ready"
    st.markdown(
        f"{f'There are {many:,} documents' if many else count}. Answers cite the "
        "passages they are based on, so you can check them."
    )
    questions = suggested_questions({each.name for each in ready})
    if not questions:
        st.caption("Ask about a name, a number, a date or a rule that one of them mentions.")
        return
    st.caption("Try one of these")
    with st.container(gap="xsmall", key="suggestions"):
        for number, question in enumerate(questions):
            st.button(
                plain(question),
                icon=":material/chat_bubble:",
                key=f"suggestion_{number}",
                on_click=submit_question,
                args=(jobs, user, question),
            )


def suggested_questions(names: set[str]) -> list[str]:
    """Return the first few sample questions whose document is among these names."""
    return [question for question, name in _samples() if name in names][:SUGGESTIONS]


@cache
def _samples() -> tuple[tuple[str, str], ...]:
    if not SAMPLE_QUESTIONS.exists():
        return ()
    entries = json.loads(SAMPLE_QUESTIONS.read_text(encoding="utf-8"))
    return tuple((entry["question"], entry["document"]) for entry in entries)
