"""Why a question waits: for programs as plain data, and for people in a few words."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from jobs.models import JobState, JobView


class WaitReason(StrEnum):
    """What a question waits for before a worker takes it."""

    QUEUE = "queue"  # those ahead of it are taken
    OWN = "own_questions"  # one of its user's others ends: they hold all places that one user has
    ALONE = "alone"  # nothing else of its kind runs: workers died with it
    RETRY = "retry"  # the time of its next attempt comes
    PAUSED = "paused"  # an operator resumes the queue
    NO_WORKER = "no_worker"  # a worker is started


@dataclass(frozen=True)
class Waiting:
    """What a question waits for. `ahead` counts the questions before it, if it is on the queue.

    `held_by` is PAUSED or NO_WORKER if that holds up the whole queue. After a failed attempt,
    `retry_at` (Unix seconds) is when attempt number `attempt` may start.
    """

    reason: WaitReason
    ahead: int | None = None
    held_by: WaitReason | None = None
    retry_at: float | None = None
    attempt: int = 1
    in_batch: bool = False


_BASE = {
    JobState.QUEUED: WaitReason.QUEUE,
    JobState.WAITING: WaitReason.OWN,
    JobState.RETRYING: WaitReason.RETRY,
}


def why_waiting(
    job: JobView, *, is_paused: bool = False, has_worker: bool = True
) -> Waiting | None:
    """What this question waits for; None if it runs or is over.

    `is_paused` and `has_worker` are of the queue of questions, and say nothing of a batch's rows.
    """
    base = _BASE.get(job.state)
    if base is None:
        return None
    if base is WaitReason.OWN and job.failure:
        base = WaitReason.ALONE
    held_by = None
    if not job.in_batch:
        held_by = WaitReason.PAUSED if is_paused else None
        held_by = held_by if has_worker else WaitReason.NO_WORKER
    ahead = job.position - 1 if job.position is not None else None
    return Waiting(base, ahead, held_by, job.retry_at, job.attempt + 1, job.in_batch)


def waiting_words(waiting: Waiting, now: float) -> str:
    """The reason in a few words, such as "2 ahead of you"; `now` is a Unix time."""
    held = {
        WaitReason.PAUSED: " · paused by an operator",
        WaitReason.NO_WORKER: " · no worker runs",
    }
    return _reason_words(waiting, now) + (held[waiting.held_by] if waiting.held_by else "")


def _reason_words(waiting: Waiting, now: float) -> str:
    if waiting.reason is WaitReason.RETRY:
        return _attempt_words(waiting, now)
    if waiting.reason is WaitReason.ALONE:
        return "Waits to run again, on its own"
    if waiting.reason is WaitReason.OWN:
        others = "other rows of your batches" if waiting.in_batch else "your other questions"
        return f"Waiting for {others}"
    return _place_words(waiting)


def _place_words(waiting: Waiting) -> str:
    if waiting.in_batch:
        return "In the queue of the batches"
    if waiting.ahead is None:
        return "Joining the queue"
    return f"{waiting.ahead:,} ahead of you" if waiting.ahead else "Next in the queue"


def _attempt_words(waiting: Waiting, now: float) -> str:
    left = (waiting.retry_at or now) - now
    if left < 1:
        return f"Attempt {waiting.attempt} starts now"
    minutes, seconds = divmod(round(left), 60)
    wait = f"{minutes} min {seconds:02} s" if minutes else f"{seconds} s"
    return f"Attempt {waiting.attempt} starts in {wait}"
