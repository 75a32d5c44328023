"""What is done to several questions at once, and how people are told what came of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from jobs.client import JobClient
from jobs.errors import AskqueueError, InvalidState, NotFound
from ui import history_state, state
from ui.components.text import counted, plain

MORE_ICON, LESS_ICON = ":material/check:", ":material/info:"


def retry_jobs(jobs: JobClient, user: str, job_ids: Iterable[str]) -> None:
    """Run those again that failed or were stopped."""
    done, left = _each(lambda job_id: jobs.retry(user, job_id), job_ids)
    _tell("Retried", len(done), left, "not failed or stopped")


def stop_jobs(jobs: JobClient, user: str, job_ids: Iterable[str]) -> None:
    """Stop those that are not over."""
    done, left = _each(lambda job_id: jobs.stop(user, job_id), job_ids)
    _tell("Stopped", len(done), left, "over already")


def delete_jobs(jobs: JobClient, user: str, job_ids: Iterable[str]) -> None:
    """Delete those that are over; for a while they can be brought back."""
    undoable: list[str] = []

    def delete(job_id: str) -> None:
        if jobs.delete(user, job_id):
            undoable.append(job_id)

    done, left = _each(delete, job_ids)
    if undoable:
        history_state.note_deleted(undoable)
    if state.shown_job() in done:
        state.start_new_question()
    if left or len(undoable) < len(done):
        _tell("Deleted", len(done), left, "not over yet: stop first what still runs or waits")


def undo_deletions(jobs: JobClient, user: str) -> None:
    """Bring back what was deleted last, and open it if it is one question."""
    done, left = _each(lambda job_id: jobs.undo_deletion(user, job_id), history_state.undoable())
    history_state.forget_deleted()
    if len(done) == 1:
        state.reopen_job(done[0])
    _tell("Brought back", len(done), left, "gone for good")


def _each(do: Callable[[str], object], job_ids: Iterable[str]) -> tuple[Sequence[str], int]:
    """Do it to each; returns those that it was done to, and how many did not allow it.

    An outage ends it, and is told.
    """
    done: list[str] = []
    left = 0
    for job_id in job_ids:
        try:
            do(job_id)
        except (InvalidState, NotFound):
            left += 1
        except AskqueueError as error:
            state.keep_notice(plain(error.message), ":material/error:")
            break
        else:
            done.append(job_id)
    state.request_redraw()
    return done, left


def _tell(did: str, done: int, left: int, why_left: str) -> None:
    if not done and not left:
        return  # an outage, of which was told
    if left:
        verb = "was" if left == 1 else "were"
        text = f"{did} {done} of {done + left}; {left} {verb} {why_left}."
        state.keep_notice(text, LESS_ICON)
    else:
        state.keep_notice(f"{did} {counted(done, 'question')}.", MORE_ICON)
