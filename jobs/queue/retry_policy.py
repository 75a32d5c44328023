"""Whether an attempt that raised, or whose worker died, is retried, and when.

The policy is pure; `jobs.worker.attempts` and `jobs.worker.recovery` carry it out.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from rq.timeouts import JobTimeoutException

from jobs.errors import AskqueueError, HandedBackError, JobTimeoutError, WorkerLostError
from jobs.models import Failure, from_json

MAX_ATTEMPTS = 3
# Waits before the second and the third attempt: about 2 s, then 8 s. "Equal jitter" (half fixed,
# half random) spreads clients that failed together, see
# https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
FIRST_WAIT_SECONDS = 2.0
WAIT_FACTOR = 4.0
# A server that asks for a longer wait than this is as good as down: better to fail visibly.
LONGEST_WAIT_SECONDS = 120.0
# A service that is away costs no attempts for this long: a restart of Qdrant or of a model server
# takes minutes at most. The waits stay short, so that its return is noticed soon.
OUTAGE_PATIENCE_SECONDS = 300.0
LONGEST_OUTAGE_WAIT_SECONDS = 15.0
# A job that lost this many workers is a suspect: it may be what kills them. Of all suspects one
# runs at a time, or it would take the same neighbours with it until all of them fail.
SUSPECT_AFTER_LOSSES = MAX_ATTEMPTS - 1
# Nobody sits and waits for a document, while workers may be killed by others: before the attempts
# after each loss but the last. The longer ones spare others, should it be what kills them.
PATIENT_WAITS_SECONDS = (0.0, 0.0, 30.0, 120.0, 600.0)


@dataclass(frozen=True)
class History:
    """What the attempts have used up since the owner queued the job.

    `attempts` are those that count towards `MAX_ATTEMPTS`, `waits` the retries that waited, and
    `lost` the workers that died. `outage_since` is the Unix time of the first attempt that found a
    service away, or 0.
    """

    attempts: int = 0
    waits: int = 0
    lost: int = 0
    outage_since: float = 0.0

    def to_dict(self) -> dict[str, Any]:
        """Return the history as JSON types, for the job's `meta`."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> History:
        """Return the history of which `to_dict` made these JSON types."""
        return from_json(cls, data)


@dataclass(frozen=True)
class Outcome:
    """`retry_in_seconds` is None if this was the last attempt, 0 for at once.

    `history` is kept for the next attempt. `alone` asks that no other suspect runs beside it.
    """

    failure: Failure
    history: History
    retry_in_seconds: float | None = None
    at_front: bool = False
    alone: bool = False


def after_error(
    error: BaseException,
    history: History,
    *,
    now: Callable[[], float] = time.time,
    random_fraction: Callable[[], float] = random.random,
) -> Outcome:
    """Return the outcome of an attempt that raised; `history` is from before this attempt."""
    known = known_error(error)
    if isinstance(known, HandedBackError):
        return Outcome(known.failure, history, retry_in_seconds=0.0, at_front=True)
    longest = LONGEST_WAIT_SECONDS
    if known.is_outage:
        history = replace(history, outage_since=history.outage_since or now())
        longest = LONGEST_OUTAGE_WAIT_SECONDS
    if known.is_outage and now() - history.outage_since < OUTAGE_PATIENCE_SECONDS:
        used = history
    else:
        used = replace(history, attempts=history.attempts + 1)
    if not known.retryable or used.attempts >= MAX_ATTEMPTS:
        return Outcome(known.failure, used)
    wait = min(longest, FIRST_WAIT_SECONDS * WAIT_FACTOR**history.waits)
    wait = wait / 2 + wait / 2 * random_fraction()
    wait = max(wait, known.retry_after_seconds or 0.0)
    if wait > LONGEST_WAIT_SECONDS:
        return Outcome(known.failure, used)
    return Outcome(known.failure, replace(used, waits=used.waits + 1), retry_in_seconds=wait)


def after_loss(history: History, *, is_patient: bool = False) -> Outcome:
    """Return the outcome of an attempt whose worker died; `history` is from before it.

    What nobody waits for, `is_patient`: it is tried more often, with waits in between.
    """
    used = replace(history, attempts=history.attempts + 1, lost=history.lost + 1)
    wait = 0.0
    if is_patient and used.lost <= len(PATIENT_WAITS_SECONDS):
        wait = PATIENT_WAITS_SECONDS[used.lost - 1]
        # So that an error after it may be retried.
        used = replace(used, attempts=min(used.attempts, MAX_ATTEMPTS - 2))
    elif is_patient or used.attempts >= MAX_ATTEMPTS:
        used = replace(used, attempts=max(used.attempts, used.lost))
        return Outcome(_last_loss(used).failure, used)
    return Outcome(
        WorkerLostError().failure,
        used,
        retry_in_seconds=wait,
        # After a wait it still is, by its limit.
        alone=not wait and used.lost >= SUSPECT_AFTER_LOSSES,
    )


def known_error(error: BaseException) -> AskqueueError:
    """Return the error as one of ours, so that no foreign text reaches a page."""
    if isinstance(error, AskqueueError):
        return error
    if isinstance(error, JobTimeoutException):
        return JobTimeoutError()
    return AskqueueError()


def _last_loss(history: History) -> WorkerLostError:
    if history.lost > MAX_ATTEMPTS:
        how = f"{history.lost} times"
    elif history.lost == MAX_ATTEMPTS:
        how = "three times in a row"
    else:
        how = "and earlier attempts had failed too"
    return WorkerLostError(
        f"The worker died while running this, {how}. "
        "Retry once; if it happens again, tell the operator."
    )
