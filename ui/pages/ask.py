"""The Ask page: the question that is shown, its answer as it streams, and the user's questions."""

from __future__ import annotations

import time

import streamlit as st

from jobs.client import JobClient
from jobs.errors import BrokerUnavailable, NotFound
from jobs.models import JobPage, JobState, JobView
from jobs.queries import JobQuery
from jobs.settings import QUESTIONS_QUEUE
from ui import history_state, state
from ui.clients import Clients, Conditions, get_clients
from ui.components.actions import submit_question
from ui.components.answer import show_answer, show_question, show_unanswered
from ui.components.banners import lacks_worker, show_banners, show_no_worker, show_paused
from ui.components.download import show_download
from ui.components.empty import show_welcome
from ui.components.evidence import show_changes, show_evidence
from ui.components.failure import show_failure
from ui.components.feedback import show_feedback
from ui.components.job_table import read_table, show_job_table
from ui.components.live import ACTIVE_SECONDS, AROUND_SECONDS, OUTAGE_SECONDS, show_live
from ui.components.streaming import show_streaming
from ui.components.text import plain
from ui.identity import current_user

# Longer lines are hard to read.
READING_PIXELS = 1000


def show_page() -> None:
    clients, user = get_clients(), current_user()
    if user is None:
        return
    # First, so that what is being typed survives whatever happens below.
    with st.bottom:
        question = st.chat_input(
            "Ask your documents…",
            key=state.QUESTION_INPUT,
            max_chars=clients.settings.max_question_chars,
        )
    if question:
        submit_question(clients.jobs, user, question)
    _show_unsent(clients.jobs, user)
    show_live(clients.jobs, user, lambda: _draw(clients, user))
    show_evidence(clients.jobs, clients.pictures, user)


def _show_unsent(jobs: JobClient, user: str) -> None:
    unsent = state.unsent()
    if unsent is None:
        return
    # Of an outage the page says so itself, and for as long as it lasts.
    if unsent.failure.kind != BrokerUnavailable.kind:
        show_failure(unsent.failure)
    with st.container(border=True, key="unsent"):
        st.caption("Not sent yet")
        st.markdown(plain(unsent.question))
        with st.container(horizontal=True):
            st.button(
                "Send again",
                icon=":material/send:",
                key="unsent_send",
                type="primary",
                on_click=submit_question,
                args=(jobs, user, unsent.question, unsent.job_id),
            )
            st.button("Discard", key="unsent_discard", on_click=state.keep_unsent, args=(None,))


def _draw(clients: Clients, user: str) -> float | None:
    """Draw what is live; returns how soon to draw it again."""
    # Containers of their own keep what is below in place when something above comes or goes.
    banners, notice = st.container(), st.container()
    shown, table = st.container(width=READING_PIXELS), st.container()
    around = clients.conditions()
    workers = around.workers
    page = read_table(clients.jobs, user)
    selected = state.selected_job() or _latest(clients.jobs, user, page)
    state.set_shown_job(selected)
    with banners:
        show_banners(workers, around.index)
        is_paused = show_paused(around.pauses, QUESTIONS_QUEUE)
    with shown:
        job, seconds = _show_selected(clients, user, selected, around)
    waiting = [*page.jobs, *([job] if job else [])]
    if lacks_worker(waiting, workers, time.time()) or (not workers and job is None):
        with notice:
            show_no_worker()
        seconds = seconds or OUTAGE_SECONDS
    if is_paused:  # to notice the end of it
        seconds = seconds or OUTAGE_SECONDS
    if seconds and not workers:  # to notice for how long, and the end of it
        seconds = min(seconds, OUTAGE_SECONDS)
    if page.total or history_state.job_query().is_filtered:
        with table:
            st.space("small")
            show_job_table(clients.jobs, clients.documents, user, page)
    return seconds


def _latest(jobs: JobClient, user: str, page: JobPage) -> str | None:
    """The newest question, unless a new one is about to be asked."""
    if state.is_composing():
        return None
    if history_state.job_query() != JobQuery() or history_state.page_number() > 1:
        page = jobs.list_jobs(user, limit=1)
    return page.jobs[0].id if page.jobs else None


def _show_selected(
    clients: Clients, user: str, job_id: str | None, around: Conditions
) -> tuple[JobView | None, float | None]:
    if job_id is None:
        is_indexing = show_welcome(clients.jobs, user, clients.documents.list())
        return None, ACTIVE_SECONDS if is_indexing else None
    try:
        return _show_job(clients, user, job_id, around)
    except NotFound as error:
        show_failure(error.failure, quiet=True)
        st.button("New question", icon=":material/edit_square:", on_click=state.start_new_question)
        return None, None


def _show_job(
    clients: Clients, user: str, job_id: str, around: Conditions
) -> tuple[JobView, float | None]:
    jobs, live = clients.jobs, state.live_text(job_id)
    job, live = jobs.read_live(user, live)
    state.keep_live_text(live)
    show_question(jobs, user, job)
    if not job.state.is_over:
        show_streaming(clients, user, job, around)
        return job, AROUND_SECONDS
    if job.state is not JobState.FINISHED:
        show_unanswered(job, jobs.get_partial_text(user, job_id))
        return job, None
    answer = state.kept_answer(job_id) or jobs.get_answer(user, job_id)
    if answer is None:
        st.info("This answer is no longer kept. Ask again to get a new one.")
        return job, None
    state.keep_answer(job_id, answer)
    show_changes(jobs, clients.documents, user, job, answer)
    show_answer(job, answer)
    with st.container(horizontal=True, vertical_alignment="center", key=f"after_{job_id}"):
        show_feedback(jobs, user, job)
        st.space("stretch")
        show_download(job, answer)
    return job, None


show_page()
