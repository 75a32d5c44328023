"""The Ask page: the question that is shown, its answer as it streams, and the user's questions."""

from __future__ import annotations

import time

import streamlit as st

from jobs.errors import NotFoundError
from jobs.models import JobPage, JobState, JobView
from jobs.questions.client import JobClient
from jobs.questions.query import JobQuery
from jobs.settings import QUESTIONS_QUEUE
from ui.clients import Clients, Conditions, get_clients
from ui.components.common.actions import submit_question
from ui.components.common.errors import show_failure
from ui.components.history.job_table import read_table, show_job_table
from ui.components.page.banners import lacks_worker, show_banners, show_no_worker, show_paused
from ui.components.page.live_page import ACTIVE_SECONDS, OUTAGE_SECONDS, show_live
from ui.components.question.answer import show_answer, show_question, show_unanswered
from ui.components.question.ask_again import show_ask_again, show_ask_again_button
from ui.components.question.compare_versions import show_comparison
from ui.components.question.download import show_download
from ui.components.question.earlier_answer import show_earlier_answer
from ui.components.question.feedback import show_feedback
from ui.components.question.follow_up import (
    next_question,
    show_asked_of,
    show_earlier,
    show_follow_up_button,
    show_followed,
    show_understood,
)
from ui.components.question.live_answer import pace, show_streaming
from ui.components.question.searched import show_mainly_in
from ui.components.question.source_dialog import show_changes, show_evidence
from ui.components.question.unsent_question import show_unsent
from ui.components.question.versions import show_versions
from ui.components.question.welcome import show_welcome
from ui.identity.people import current_user
from ui.state import address as address_state
from ui.state import history as history_state
from ui.state import question as question_state
from ui.state import thread as thread_state

# Longer lines are hard to read.
READING_PIXELS = 1000
# Before the first question, so many of the newest documents say whether it can be asked.
LOOKED_AT = 50


def show_page() -> None:
    clients, user = get_clients(), current_user()
    if user is None:
        return
    if question_state.composing.get():
        thread_state.follow(None)
    # First, so that what is being typed survives whatever happens below.
    with st.bottom:
        with st.container(key="followed_place"):
            show_followed()
        question = st.chat_input(
            "Ask your documents…",
            key=question_state.QUESTION_INPUT,
            max_chars=clients.settings.max_question_chars,
        )
    if question:
        submit_question(clients.jobs, user, next_question(question))
        thread_state.follow(None)
    show_unsent(clients.jobs, user)
    show_live(clients.jobs, user, lambda: _draw(clients, user))
    show_evidence(clients.jobs, clients.pictures, user)
    show_ask_again(clients.jobs, clients.documents, clients.settings, user)
    show_comparison(clients.jobs, user)


def _draw(clients: Clients, user: str) -> float | None:
    """Draw the live part; return how soon to draw it again."""
    question_state.note_address()
    # Containers of their own keep what is below in place when something above comes or goes.
    banners, notice = st.container(), st.container()
    shown, table = st.container(width=READING_PIXELS), st.container()
    around = clients.conditions()
    workers = around.workers
    page = read_table(clients.jobs, user)
    address_state.note()
    selected = question_state.selected_job.get() or _latest(clients.jobs, user, page)
    question_state.shown_job.set(selected)
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
    """Return the id of the newest question, None if a new one is about to be asked."""
    if question_state.composing.get():
        return None
    if history_state.job_query() != JobQuery() or history_state.page_number() > 1:
        page = jobs.list_jobs(user, limit=1)
    return page.jobs[0].id if page.jobs else None


def _show_selected(
    clients: Clients, user: str, job_id: str | None, around: Conditions
) -> tuple[JobView | None, float | None]:
    if job_id is None:
        is_indexing = show_welcome(
            clients.jobs, user, clients.documents.page(user, limit=LOOKED_AT)
        )
        return None, ACTIVE_SECONDS if is_indexing else None
    try:
        return _show_job(clients, user, job_id, around)
    except NotFoundError as error:
        show_failure(error.failure, quiet=True)
        st.button(
            "New question",
            icon=":material/edit_square:",
            on_click=question_state.start_new_question,
        )
        return None, None


def _show_job(
    clients: Clients, user: str, job_id: str, around: Conditions
) -> tuple[JobView, float | None]:
    jobs, live = clients.jobs, question_state.live_text(job_id)
    job, live = jobs.read_live(user, live)
    question_state.keep_live_text(live)
    # In containers, as in `_draw`: not every question has all of these.
    with st.container():
        show_earlier(jobs, user, job)
    show_question(jobs, user, job, urgency=clients.settings.urgent_per_minute > 0)
    with st.container():
        show_asked_of(clients.documents, user, job)
        show_versions(jobs, user, job)
    if not job.state.is_over:
        show_streaming(clients, user, job, around)
        return job, pace.around_seconds()
    if job.state is not JobState.FINISHED:
        show_unanswered(job, jobs.get_partial_text(user, job_id))
        show_ask_again_button(job)
        return job, None
    answer = question_state.kept_answer(job_id) or jobs.get_answer(user, job_id)
    if answer is None:
        st.info("This answer is no longer kept. Ask again to get a new one.")
        show_ask_again_button(job)
        return job, None
    question_state.keep_answer(job_id, answer)
    with st.container():
        show_understood(answer)
    show_changes(jobs, clients.documents, user, job, answer)
    with st.container():
        show_earlier_answer(jobs, clients.documents, user, job, answer)
        show_mainly_in(jobs, clients.documents, user, job, answer)
    show_answer(job, answer)
    with st.container(horizontal=True, vertical_alignment="center", key=f"after_{job_id}"):
        show_follow_up_button(job)
        show_ask_again_button(job)
        show_download(job)
    show_feedback(jobs, user, job)
    return job, None


show_page()
