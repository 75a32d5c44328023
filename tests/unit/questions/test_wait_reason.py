"""Why a question waits, in words."""

from __future__ import annotations

import pytest

from jobs.models import Failure, JobState, JobView, Question
from jobs.questions.wait_reason import WaitReason, waiting_words, why_waiting

NOW = 1000.0


def job(state: JobState, **fields: object) -> JobView:
    return JobView("j", "ann", Question("Why?"), state, NOW, **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("view", "reason", "words"),
    [
        (job(JobState.QUEUED), WaitReason.QUEUE, "Joining the queue"),
        (job(JobState.QUEUED, position=1), WaitReason.QUEUE, "Next in the queue"),
        (job(JobState.QUEUED, position=3), WaitReason.QUEUE, "2 ahead of you"),
        (job(JobState.QUEUED, in_batch=True), WaitReason.QUEUE, "In the queue of the batches"),
        (job(JobState.WAITING), WaitReason.OWN, "Waiting for your other questions"),
        (
            job(JobState.WAITING, in_batch=True),
            WaitReason.OWN,
            "Waiting for other rows of your batches",
        ),
        (
            job(JobState.WAITING, failure=Failure("worker_lost", "It died.")),
            WaitReason.ALONE,
            "Waits to run again, on its own",
        ),
        (
            job(JobState.RETRYING, attempt=1, retry_at=NOW + 37.4),
            WaitReason.RETRY,
            "Attempt 2 starts in 37 s",
        ),
        (
            job(JobState.RETRYING, attempt=2, retry_at=NOW + 125),
            WaitReason.RETRY,
            "Attempt 3 starts in 2 min 05 s",
        ),
        (
            job(JobState.RETRYING, attempt=1, retry_at=NOW - 5),
            WaitReason.RETRY,
            "Attempt 2 starts now",
        ),
    ],
)
def test_each_reason_has_its_words(view: JobView, reason: WaitReason, words: str) -> None:
    """The reason for programs, and the same for people."""
    waiting = why_waiting(view)
    assert waiting is not None
    assert waiting.reason is reason
    assert waiting_words(waiting, NOW) == words


def test_what_holds_the_whole_queue_is_said_as_well() -> None:
    """No worker comes before a pause: that one must be started anyway. Batches have own queues."""
    view = job(JobState.QUEUED, position=3)
    paused = why_waiting(view, is_paused=True)
    assert paused is not None
    assert paused.held_by is WaitReason.PAUSED
    assert waiting_words(paused, NOW) == "2 ahead of you · paused by an operator"
    idle = why_waiting(view, is_paused=True, has_worker=False)
    assert idle is not None
    assert waiting_words(idle, NOW) == "2 ahead of you · no worker runs"
    row = why_waiting(job(JobState.QUEUED, in_batch=True), is_paused=True, has_worker=False)
    assert row is not None
    assert row.held_by is None


@pytest.mark.parametrize("state", [JobState.STARTED, *filter(lambda s: s.is_over, JobState)])
def test_what_runs_or_is_over_waits_for_nothing(state: JobState) -> None:
    """There is nothing to say of it."""
    assert why_waiting(job(state), is_paused=True, has_worker=False) is None
