"""What becomes of an attempt that raised: fail, stop, retry after a wait, or hand back.

`decide` is the policy, pure; `apply` writes the decision where RQ looks for it, and `report`
tells whoever watches the job.
"""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable
from dataclasses import dataclass

from rq.exceptions import AbandonedJobError
from rq.job import Job
from rq.timeouts import JobTimeoutException

from jobs.errors import AskqueueError, HandedBack, JobStopped, JobTimedOut, WorkerLost
from jobs.models import Failure

# Waits before the second and the third attempt: about 2 s, then 8 s. "Equal jitter" (half fixed,
# half random) spreads clients that failed together, see
# https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
FIRST_WAIT_SECONDS = 2.0
WAIT_FACTOR = 4.0
# A server that asks for a longer wait than this is as good as down: better to fail visibly.
LONGEST_WAIT_SECONDS = 120.0


@dataclass(frozen=True)
class Outcome:
    """`retry_in_seconds` is None if this was the last attempt, 0 for at once."""

    failure: Failure
    retry_in_seconds: int | None = None
    stopped: bool = False
    costs_attempt: bool = True


def decide(
    error: BaseException | None,
    retries_left: int,
    attempts_used: int,
    random_fraction: Callable[[], float] = random.random,
) -> Outcome:
    """The outcome of an attempt; `attempts_used` counts it, from 1. None: the worker died."""
    if error is None or isinstance(error, AbandonedJobError):
        return Outcome(WorkerLost().failure, retry_in_seconds=0 if retries_left > 0 else None)
    known = _known(error)
    if isinstance(known, JobStopped):
        return Outcome(known.failure, stopped=True)
    if isinstance(known, HandedBack):
        return Outcome(known.failure, retry_in_seconds=0, costs_attempt=False)
    if not known.retryable or retries_left <= 0:
        return Outcome(known.failure)
    wait = FIRST_WAIT_SECONDS * WAIT_FACTOR ** (attempts_used - 1)
    wait = wait / 2 + wait / 2 * random_fraction()
    wait = max(wait, known.retry_after_seconds or 0.0)
    if wait > LONGEST_WAIT_SECONDS:
        return Outcome(known.failure)
    return Outcome(known.failure, retry_in_seconds=math.ceil(wait))


def apply(outcome: Outcome, job: Job) -> float | None:
    """Set on the job what RQ's failure handling reads; returns when it runs again, or None."""
    if outcome.retry_in_seconds is None:
        job.retries_left = 0
        return None
    if not outcome.costs_attempt:
        job.retries_left = (job.retries_left or 0) + 1
        job.enqueue_at_front_on_retry = True
    job.retry_intervals = [outcome.retry_in_seconds]
    return time.time() + outcome.retry_in_seconds


def _known(error: BaseException) -> AskqueueError:
    if isinstance(error, AskqueueError):
        return error
    if isinstance(error, JobTimeoutException):
        return JobTimedOut()
    return AskqueueError()
