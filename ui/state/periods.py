"""The periods that questions can be filtered by, as times. Days are those of the reader."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta

ANY_TIME, TODAY, WEEK, MONTH, CUSTOM = "any", "today", "7 days", "30 days", "custom"
PERIODS = {
    ANY_TIME: "Any time",
    TODAY: "Today",
    WEEK: "Last 7 days",
    MONTH: "Last 30 days",
    CUSTOM: "Between…",
}
DAYS = {TODAY: 1, WEEK: 7, MONTH: 30}


def bounds_of(
    period: str, dates: Sequence[date], now: datetime
) -> tuple[float | None, float | None]:
    """Return from when, and before when, in Unix seconds; None for no bound.

    `dates` are the first and last day of a custom period, or the first alone while the last is
    being chosen. The bounds stay the same all day, so that a query does not change every second.
    """
    if period == CUSTOM and dates:
        first, last = dates[0], dates[-1]
        return _midnight(first, now), _midnight(last + timedelta(days=1), now)
    if period in DAYS:
        return _midnight(now.date() - timedelta(days=DAYS[period] - 1), now), None
    return None, None


def _midnight(day: date, now: datetime) -> float:
    """Return the start of a day in the time zone of `now`."""
    return datetime(day.year, day.month, day.day, tzinfo=now.tzinfo).timestamp()
