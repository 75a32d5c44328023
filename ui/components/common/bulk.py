"""What is done to several questions at once, and what people are told about it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import streamlit as st

from jobs.errors import AskqueueError, InvalidStateError, NotFoundError
from jobs.questions.client import JobClient
from ui.components.common.reporting import tell_error
from ui.components.common.text import counted
from ui.state import bulk as bulk_state
from ui.state import history as history_state
from ui.state import notices as notice_state
from ui.state import question as question_state
from ui.state import refresh as refresh_state
from ui.state.bulk import Action, BulkRun

MORE_ICON, LESS_ICON = ":material/check:", ":material/info:"
# How long a piece of a run takes; a click meanwhile waits no longer than this.
PIECE_SECONDS = 0.25
# Between two pieces the page is drawn, and clicks take effect.
PAUSE_SECONDS = 0.1


@dataclass(frozen=True)
class Words:
    """What an action is called: while it runs, after it, and why it skipped some questions."""

    doing: str
    did: str
    why_skipped: str


WORDS = {
    Action.RETRY: Words("Retrying", "Retried", "not failed or stopped"),
    Action.STOP: Words("Stopping", "Stopped", "already over"),
    Action.DELETE: Words("Deleting", "Deleted", "not over yet and must be stopped first"),
    Action.UNDO: Words("Restoring", "Restored", "deleted for good"),
}


def start(jobs: JobClient, user: str, action: Action, job_ids: Sequence[str]) -> None:
    """Apply it to these questions: the first piece at once, the rest as the page refreshes."""
    _start(jobs, user, BulkRun(action, tuple(job_ids)))


def start_on_selected(jobs: JobClient, user: str, action: Action) -> None:
    """Apply it to the selected questions."""
    start(jobs, user, action, history_state.selected_in_order())


def undo_deletions(jobs: JobClient, user: str) -> None:
    """Restore what was deleted last, and open it if it is one question."""
    job_ids, until = history_state.take_deleted()
    _start(jobs, user, BulkRun(Action.UNDO, job_ids, until))


def show_bulk(jobs: JobClient, user: str) -> None:
    """Show the progress of what is under way, and continue it apart from the rest of the page."""
    runs = bulk_state.runs()
    with st.container():  # there with or without the bar, so that nothing below moves
        if runs:
            # The page is drawn first, and clicks take effect.
            runs[0].resume_at = time.monotonic() + PAUSE_SECONDS
            st.fragment(_continue, run_every=PAUSE_SECONDS)(jobs, user)


def _continue(jobs: JobClient, user: str) -> None:
    runs = bulk_state.runs()
    if not runs:
        st.rerun()
    run = runs[0]
    with st.container(
        horizontal=True, vertical_alignment="center", gap="small", width="content", key="bulk_bar"
    ):
        words = f"{WORDS[run.action].doing}: {run.tried:,} of {len(run.job_ids):,}"
        st.progress(run.tried / len(run.job_ids), words, width=260)
        st.button(
            "Stop here",
            icon=":material/stop_circle:",
            key="stop_bulk",
            help="Leave the rest unchanged",
            on_click=bulk_state.stop_first,
        )
    if run.is_over or time.monotonic() >= run.resume_at:
        _do_piece(jobs, user, run)
    if run.is_over or refresh_state.take_redraw_request():
        st.rerun()


def _start(jobs: JobClient, user: str, run: BulkRun) -> None:
    runs = bulk_state.runs()
    runs.append(run)
    if runs == [run]:
        _do_piece(jobs, user, run)
    # Whether it takes a while is for their number to say: on a slow day, one more piece than
    # usual must not take away what is selected.
    if run.action is Action.DELETE or len(run.job_ids) > history_state.MANY:
        history_state.clear_selection()
    refresh_state.request_redraw()


def _do_piece(jobs: JobClient, user: str, run: BulkRun) -> None:
    """Work for `PIECE_SECONDS`. Nothing before the last lines lets Streamlit interrupt this."""
    act, ends, before = _act_on(jobs, user, run), time.monotonic() + PIECE_SECONDS, len(run.done)
    while not run.is_over:
        job_id = run.job_ids[run.tried]
        try:
            act(job_id)
        except (InvalidStateError, NotFoundError):
            pass  # it changed since it was selected, and counts as refused
        except AskqueueError as error:
            tell_error(error)
            run.is_stopped = True
            break
        else:
            run.done.append(job_id)
        run.tried += 1
        if time.monotonic() >= ends:
            break
    if run.is_over:
        _finish(run)
    if run.action is Action.DELETE and question_state.shown_job.get() in run.done[before:]:
        refresh_state.request_redraw()
        question_state.start_new_question()


def _act_on(jobs: JobClient, user: str, run: BulkRun) -> Callable[[str], object]:
    def delete(job_id: str) -> None:
        if jobs.delete(user, job_id):
            run.undoable.append(job_id)

    actions: dict[Action, Callable[[str], object]] = {
        Action.RETRY: lambda job_id: jobs.retry(user, job_id),
        Action.STOP: lambda job_id: jobs.stop(user, job_id),
        Action.DELETE: delete,
        Action.UNDO: lambda job_id: jobs.undo_deletion(user, job_id),
    }
    return actions[run.action]


def _finish(run: BulkRun) -> None:
    bulk_state.runs().remove(run)
    if run.undoable:
        history_state.note_deleted(run.undoable)
    if run.action is Action.UNDO:
        history_state.keep_undoable(run.job_ids[run.tried :], run.until)
        if len(run.done) == 1:
            question_state.reopen_job(run.done[0])
    # The bar with "Undo" tells of a complete deletion.
    if run.action is not Action.DELETE or len(run.undoable) < len(run.job_ids):
        _tell(run)
    refresh_state.request_redraw()


def _tell(run: BulkRun) -> None:
    words, done, selected = WORDS[run.action], len(run.done), len(run.job_ids)
    if not run.tried:
        return  # an outage, which was reported
    if done == selected:
        notice_state.add(f"{words.did} {counted(done, 'question')}.", MORE_ICON)
        return
    parts = [f"{words.did} {done:,} of {selected:,}"]
    if run.refused:
        parts.append(f"{run.refused:,} {'was' if run.refused == 1 else 'were'} {words.why_skipped}")
    if run.tried < selected:
        parts.append(f"the other {selected - run.tried:,} are unchanged")
    notice_state.add(f"{'; '.join(parts)}.", LESS_ICON)
