"""The dialog that asks a question again with other words, documents or another model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import streamlit as st

from jobs.documents.client import DocumentClient
from jobs.models import Document, DocumentStatus, JobView, Question
from jobs.questions.client import JobClient
from jobs.questions.validation import MAX_DOCUMENTS
from jobs.settings import Settings
from ui.components.common.document_names import names_of
from ui.components.common.reporting import showing_errors
from ui.components.common.text import counted, one_line, plain
from ui.state import question as question_state
from ui.state import thread as thread_state

TEXT_PIXELS = 120


def show_ask_again_button(job: JobView) -> None:
    """Offer to ask this question again with changes."""
    st.button(
        "Ask again with changes",
        icon=":material/edit_note:",
        key=f"change_{job.id}",
        help="Change the wording, the documents or the model; this version is kept",
        on_click=thread_state.set_job_to_ask_again,
        args=(job.id,),
    )


def show_ask_again(
    jobs: JobClient, documents: DocumentClient, settings: Settings, user: str
) -> None:
    """Show the dialog, if it is open. "Ask" submits another version and shows it."""
    job_id = thread_state.job_to_ask_again.get()
    if job_id is None:
        return

    @st.dialog(
        "Ask again with changes",
        icon=":material/edit_note:",
        width="medium",
        on_dismiss=lambda: thread_state.set_job_to_ask_again(None),
    )
    def ask() -> None:
        with showing_errors():  # what was typed stays
            job = jobs.get_job(user, job_id)
            asked = _read(jobs, _offered(documents, user, job), settings, user, job)
            with st.container(horizontal=True, horizontal_alignment="right"):
                is_cancelled = st.button("Cancel", key="ask_again_cancelled")
                is_confirmed = st.button(
                    "Ask", icon=":material/send:", key="ask_again_confirmed", type="primary"
                )
            if is_confirmed:
                view = jobs.submit(user, asked, job_id=thread_state.id_to_send(asked))
                question_state.select_job(view.id)
            if is_cancelled or is_confirmed:
                thread_state.set_job_to_ask_again(None)
                st.rerun()

    ask()


def _read(
    jobs: JobClient, entries: Sequence[Document], settings: Settings, user: str, job: JobView
) -> Question:
    """Show the fields; return the question as it is to be asked now."""
    text = st.text_area(
        "Question",
        value=job.asked.text,
        height=TEXT_PIXELS,
        max_chars=settings.max_question_chars,
        key=thread_state.field_key("text"),
    )
    # If only its answer is gone, the worker says so. Without the question there is no follow-up.
    earlier = jobs.list_earlier(user, job)
    if earlier:
        st.caption(f":material/reply: Follows up “{plain(one_line(earlier[-1].asked.text, 100))}”")
    chosen = _choose_documents(entries, job)
    model = _choose_model(settings, job)
    return replace(
        job.asked,
        text=(text or "").strip(),
        documents=tuple(sorted(chosen)),
        model=model,
        follows=job.asked.follows if earlier else "",
        version_of=job.id,
        use_cache=True,
    )


def _offered(documents: DocumentClient, user: str, job: JobView) -> Sequence[Document]:
    """Return the newest documents, and those that it was asked of before."""
    entries = documents.list_documents(user)
    newest = {entry.id for entry in entries}
    older = [id_ for id_ in job.asked.documents if id_ not in newest]
    return [*entries, *(documents.find(older, user) if older else [])]


def _choose_documents(entries: Sequence[Document], job: JobView) -> list[str]:
    ready = [each for each in entries if each.status is DocumentStatus.INDEXED]
    offered = [each.id for each in ready]
    chosen = st.multiselect(
        "Documents",
        offered,
        default=[id_ for id_ in job.asked.documents if id_ in offered],
        format_func=names_of(ready).__getitem__,
        placeholder="All documents",
        max_selections=MAX_DOCUMENTS,
        key=thread_state.field_key("documents"),
    )
    gone = sum(id_ not in offered for id_ in job.asked.documents)
    if gone:
        st.caption(
            f":material/info: {counted(gone, 'document')} that it was asked of before "
            f"{'is' if gone == 1 else 'are'} no longer available."
        )
    return chosen


def _choose_model(settings: Settings, job: JobView) -> str:
    """Return the chosen model, "" for the default."""
    default, *others = settings.offered_models
    if not others:
        return ""
    options = ["", *others]
    return (
        st.selectbox(
            "Model",
            options,
            index=options.index(job.asked.model) if job.asked.model in options else 0,
            format_func=lambda model: model or f"{default} (default)",
            key=thread_state.field_key("model"),
        )
        or ""
    )
