"""Why a job failed, and the failed jobs as operators see them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Failure:
    """Why a job failed: a stable kind, a sentence that says what to do, and maybe a command."""

    kind: str
    message: str
    command: str = ""


@dataclass(frozen=True)
class DeadLetter:
    """A failed job as an operator sees it: what failed and why, never what was asked or by whom.

    `description` says what the job does, in the same words for all of its like. `attempts` are
    those that counted, `failed_at` is a Unix time.
    """

    job_id: str
    queue: str
    description: str
    failure: Failure
    attempts: int
    failed_at: float


@dataclass(frozen=True)
class DeadLetterPage:
    """One page of the failed jobs, newest first.

    `total` counts those of the kind that was asked for; `kinds` counts all, the commonest first.
    """

    entries: tuple[DeadLetter, ...]
    total: int
    kinds: Mapping[str, int]
