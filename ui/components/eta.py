"""When a question is done, in words that are round and do not flicker."""

from __future__ import annotations

from bisect import bisect_left, bisect_right

from jobs.client import JobClient
from jobs.models import Eta, JobState, JobView
from ui import state

# The ends of a range are one of these, in seconds.
_MINUTES = [60 * count for count in (1, 2, 3, 5, 10, 15, 20, 30, 45)]
_HOURS = [3600 * count for count in (1, 2, 3, 5, 10, 24)]
STEPS = (0, 2, 5, 10, 15, 20, 30, 45, *_MINUTES, *_HOURS)
ANY_MOMENT_SECONDS = 2.0
# An end that is shown stays until the estimate has left it by this share.
SLACK = 0.15

Range = tuple[int, int]


def eta_of(jobs: JobClient, job: JobView) -> str:
    """When this question is done, such as `about 20 s to 1 min`; "" if it is for others to say."""
    if job.state not in (JobState.QUEUED, JobState.WAITING, JobState.STARTED):
        return ""
    eta = jobs.estimate(job)
    if eta is None:
        # Of a started one, one sees how far it is.
        return "" if job.state is JobState.STARTED else "end not known yet"
    shown = steady(state.shown_eta(job.id), eta)
    state.keep_shown_eta(job.id, shown)
    return eta_words(eta, shown)


def eta_words(eta: Eta, shown: Range) -> str:
    """The estimate in words; `shown` is its range in steps."""
    low, high = shown
    if eta.overdue:
        return "longer than usual"
    if eta.high <= ANY_MOMENT_SECONDS:
        return "any moment"
    if high > STEPS[-1]:
        return "more than a day"
    if low == 0:
        return f"within {_words(high)}"
    return f"about {_words(low)} to {_words(high)}"


def steady(before: Range | None, eta: Eta) -> Range:
    """The range in steps that holds the estimate: as before, unless it has clearly changed."""
    if before is not None and _holds(before, eta, SLACK):
        return before
    low = STEPS[bisect_right(STEPS, eta.low) - 1]
    above = bisect_left(STEPS, eta.high)
    high = STEPS[above] if above < len(STEPS) else STEPS[-1] + 1
    return low, max(high, STEPS[STEPS.index(low) + 1] if low < STEPS[-1] else high)


def _holds(shown: Range, eta: Eta, slack: float) -> bool:
    """True if neither end has left its step by more than the slack."""
    low, high = shown
    above_low = STEPS[min(bisect_right(STEPS, low), len(STEPS) - 1)]
    below_high = STEPS[max(bisect_left(STEPS, high) - 1, 0)]
    return low * (1 - slack) <= eta.low <= above_low * (1 + slack) and below_high * (
        1 - slack
    ) <= eta.high <= high * (1 + slack)


def _words(seconds: int) -> str:
    if seconds < 60:
        return f"{seconds} s"
    return f"{seconds // 60} min" if seconds < 3600 else f"{seconds // 3600} h"
