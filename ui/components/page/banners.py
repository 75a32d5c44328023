"""Quiet lines above the page: how answers are made now, and what is missing for better ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

from jobs.models import IndexState, JobView, WorkerReport
from jobs.queue.pauses import Pause
from jobs.settings import INDEXING_QUEUE, QUESTIONS_QUEUE
from ui.components.common.errors import show_failure
from ui.components.common.text import plain

NO_WORKER_SECONDS = 5.0
DOCUMENTS_PAGE = "pages/documents.py"
PAUSED = {
    QUESTIONS_QUEUE: "An operator has paused questions. What you ask now waits until they are "
    "resumed.",
    INDEXING_QUEUE: "An operator has paused indexing. What you add now waits until it is resumed.",
}


def show_banners(workers: Sequence[WorkerReport], index: IndexState) -> None:
    """Show problems and notes of the workers and the index; nothing if all is well."""
    problem = next((worker.problem for worker in workers if worker.problem), None)
    if problem:
        show_failure(problem)
    if any(worker.extractive for worker in workers):
        st.caption(
            ":material/info: No model is set, so answers are quoted from the documents. "
            "Set `OPENAI_API_KEY` or `OPENAI_BASE_URL` in `.env` and restart for written answers."
        )
    for note in sorted({note for worker in workers for note in worker.notes}):
        st.caption(f":material/info: {plain(note)}")
    if index.needs_reindex:
        if index.is_renewed:
            what, link = "This version has a new index.", "Progress on the Documents page"
        else:
            what = "The embedding model has changed."
            link = "Index everything again on the Documents page"
        st.caption(
            f":material/info: {what} The old index is used until everything is indexed again."
        )
        st.page_link(DOCUMENTS_PAGE, label=link)


def show_paused(pauses: Mapping[str, Pause], queue: str) -> bool:
    """Say that a queue is paused and what that means; return whether it is."""
    if queue in pauses:
        st.info(PAUSED[queue], icon=":material/pause_circle:")
    return queue in pauses


def show_no_worker() -> None:
    """Say that nothing takes questions off the queue, and how to change that."""
    st.warning(
        "No worker is running, so questions wait. None are lost: they start when a worker does. "
        "Run the first command to start everything, or the second to start a worker only.",
        icon=":material/hourglass_disabled:",
    )
    st.code("make run\npython -m jobs.worker", language="bash")


def lacks_worker(jobs: Sequence[JobView], workers: Sequence[WorkerReport], now: float) -> bool:
    """Return True if a job has waited `NO_WORKER_SECONDS` and no worker is alive."""
    return not workers and any(
        not job.state.is_over and now - max(job.queued_at, job.asked_at) >= NO_WORKER_SECONDS
        for job in jobs
    )
