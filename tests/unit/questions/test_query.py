"""What can be asked of a history, as plain data."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from jobs.models import JobState
from jobs.questions.query import MAX_WORDS, JobOrder, JobQuery, fold
from ui.state.periods import ANY_TIME, CUSTOM, TODAY, WEEK, bounds_of

NOW = datetime(2026, 3, 10, 15, 30, tzinfo=timezone(timedelta(hours=2)))


def test_words_are_compared_without_case_width_and_accents_writing() -> None:
    """Each word counts once, however it is written."""
    assert JobQuery("  Straße STRASSE ﬁle e\u0301t\u00e9 ÉTÉ ").words == ("strasse", "file", "été")


def test_words_are_bounded() -> None:
    """A pasted page does not become hundreds of searches."""
    assert len(JobQuery(" ".join(map(str, range(1000)))).words) == MAX_WORDS


@pytest.mark.parametrize("text", ["ΑΣ", "İ", "ǰ", "ﬀ", "Ångström"])
def test_folding_twice_changes_nothing(text: str) -> None:
    """What is stored and what is asked for meet, whoever folded it first."""
    assert fold(fold(text)) == fold(text)


@pytest.mark.parametrize(
    "query",
    [
        JobQuery("a"),
        JobQuery(states=frozenset({JobState.FAILED})),
        JobQuery(asked_from=0.0),
        JobQuery(asked_until=1.0),
        JobQuery(document_id="d"),
    ],
)
def test_every_filter_counts_as_one(query: JobQuery) -> None:
    """Whatever narrows the list makes it filtered."""
    assert query.is_filtered
    assert query.reads_all


def test_spaces_and_orders_filter_nothing() -> None:
    """Only what has to be measured takes a look at all questions."""
    assert not JobQuery("  ", order=JobOrder.OLDEST).reads_all
    assert not JobQuery(order=JobOrder.LONGEST_RUN).is_filtered
    assert JobQuery(order=JobOrder.LONGEST_RUN).reads_all


def test_periods_are_whole_days_of_the_reader() -> None:
    """Today begins at the reader's midnight; a week is today and six days before."""
    midnight = datetime(2026, 3, 9, 22, tzinfo=UTC).timestamp()
    assert bounds_of(TODAY, (), NOW) == (midnight, None)
    assert bounds_of(WEEK, (), NOW) == (midnight - 6 * 86400, None)
    assert bounds_of(ANY_TIME, (date(2026, 3, 1),), NOW) == (None, None)


def test_custom_period_has_its_last_day() -> None:
    """Both days count, and one that is chosen alone is a day."""
    first, last = date(2026, 3, 9), date(2026, 3, 10)
    start, end = bounds_of(CUSTOM, (first, last), NOW)
    assert start is not None
    assert end == start + 2 * 86400
    assert bounds_of(CUSTOM, (first,), NOW) == (start, start + 86400)
    assert bounds_of(CUSTOM, (), NOW) == (None, None)
