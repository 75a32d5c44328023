"""Why a question waits, and when it will be done, in rounded words that do not flicker."""

from __future__ import annotations

import time
from bisect import bisect_left, bisect_right

from jobs.models import Eta, JobState, JobView
from jobs.questions.client import JobClient
from jobs.questions.wait_reason import waiting_words
from ui.state import question as question_state

# The ends of a range are one of these, in seconds.
_MINUTES = [60 * count for count in (1, 2, 3, 5, 10, 15, 20, 30, 45)]
_HOURS = [3600 * count for count in (1, 2, 3, 5, 10, 24)]
STEPS = (0, 2, 5, 10, 15, 20, 30, 45, *_MINUTES, *_HOURS)
ANY_MOMENT_SECONDS = 2.0
# An end that is shown stays until the estimate has left it by this share, or this much if more.
SLACK = 0.2
SLACK_SECONDS = 1.0

Range = tuple[int, int]


def eta_of(jobs: JobClient, job: JobView) -> str:
    """Return when this question will be done, such as `about 20 to 45 s`; "" to say nothing."""
    if job.state not in (JobState.QUEUED, JobState.WAITING, JobState.STARTED):
        return ""
    eta = jobs.estimate(job)
    if eta is None:
        # A started one shows its stage, and a paused one that it is paused.
        waiting = jobs.why_waiting(job)
        return "" if waiting is None or waiting.held_by else "no estimate yet"
    shown = steady(question_state.shown_eta(job.id), eta)
    question_state.keep_shown_eta(job.id, shown)
    return eta_words(eta, shown)


def waiting_of(jobs: JobClient, job: JobView) -> str:
    """Return why this question waits, such as `2 ahead of you`; "" if it does not."""
    waiting = jobs.why_waiting(job)
    return waiting_words(waiting, time.time()) if waiting else ""


def eta_words(eta: Eta, shown: Range) -> str:
    """Return the estimate in words; `shown` is its range in steps, in seconds."""
    low, high = shown
    if eta.overdue:
        return "longer than usual"
    if eta.high <= ANY_MOMENT_SECONDS:
        return "any moment"
    if high > STEPS[-1]:
        return "more than a day"
    if low == 0:
        count, unit = _rounded(high)
        return f"within {count} {unit}"
    (first, unit), (last, last_unit) = _rounded(low), _rounded(high)
    if unit == last_unit:
        return f"about {first} to {last} {unit}"
    return f"about {first} {unit} to {last} {last_unit}"


def steady(before: Range | None, eta: Eta) -> Range:
    """Return the range in steps around the estimate: as before, unless it clearly changed."""
    if before is not None and _holds(before, eta):
        return before
    low = STEPS[bisect_right(STEPS, eta.low) - 1]
    above = bisect_left(STEPS, eta.high)
    high = STEPS[above] if above < len(STEPS) else STEPS[-1] + 1
    return low, max(high, STEPS[STEPS.index(low) + 1] if low < STEPS[-1] else high)


def _holds(shown: Range, eta: Eta) -> bool:
    """Return True if neither end of the estimate has clearly left its step."""
    low, high = shown
    above_low = STEPS[min(bisect_right(STEPS, low), len(STEPS) - 1)]
    below_high = STEPS[max(bisect_left(STEPS, high) - 1, 0)]
    return _is_between(eta.low, low, above_low) and _is_between(eta.high, below_high, high)


def _is_between(value: float, low: int, high: int) -> bool:
    return low - _slack(low) <= value <= high + _slack(high)


def _slack(step: int) -> float:
    return max(SLACK_SECONDS, SLACK * step)


def _rounded(seconds: int) -> tuple[int, str]:
    """Return a step as a number and its unit."""
    if seconds < 60:
        return seconds, "s"
    return (seconds // 60, "min") if seconds < 3600 else (seconds // 3600, "h")
