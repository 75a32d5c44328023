"""What is counted: quantiles of histograms, sums of spans, the spans of a period."""

from __future__ import annotations

import itertools

import pytest

from jobs.operations.metrics import BOUNDS, DAY, FAILED, FINISHED, HOUR, RUN, WAIT, Histogram, Tally


def histogram(**buckets: int) -> Histogram:
    """Counts by upper bound, such as `le_0_5=3`; `longer` is beyond all bounds."""
    counts = [0] * (len(BOUNDS) + 1)
    for name, count in buckets.items():
        bound = name.removeprefix("le_").replace("_", ".")
        counts[-1 if name == "longer" else BOUNDS.index(float(bound))] = count
    return Histogram(counts)


def test_nothing_observed_has_no_quantile() -> None:
    """An empty histogram says so, rather than 0."""
    assert histogram().quantile(0.5) is None


@pytest.mark.parametrize(
    ("fraction", "expected"), [(0.25, 0.75), (0.5, 1.0), (0.75, 1.75), (1.0, 2.5)]
)
def test_quantile_is_interpolated_within_its_bucket(fraction: float, expected: float) -> None:
    """Observations are taken to be spread evenly between the bounds of their bucket."""
    assert histogram(le_1_0=4, le_2_5=4).quantile(fraction) == pytest.approx(expected)


def test_quantile_beyond_the_last_bound_is_that_bound() -> None:
    """What is longer than an hour is an hour at least."""
    assert histogram(le_0_01=1, longer=3).quantile(0.95) == BOUNDS[-1]


def test_tally_adds_up_by_queue_and_kind() -> None:
    """Counts of all queues or of one, and of kinds the commonest first."""
    tally = Tally.sum(
        [
            Tally({"finished|questions": 3, "failed|questions|no_quota": 1}),
            Tally({"finished|batch": 2, "failed|questions|worker_lost": 4}),
            Tally({"failed|batch|worker_lost": 1}),
        ]
    )
    assert tally.count(FINISHED) == 5
    assert tally.count(FINISHED, "batch") == 2
    assert list(tally.kinds(FAILED).items()) == [("worker_lost", 5), ("no_quota", 1)]
    assert tally.kinds(FAILED, "batch") == {"worker_lost": 1}


def test_histogram_is_read_back_by_queue() -> None:
    """Buckets and the sum, in seconds; not those of another queue or name."""
    tally = Tally({"wait|questions|0": 2, "wait|questions|18": 1, "wait|questions|us": 2_500_000})
    read = tally.histogram(WAIT, "questions")
    assert (read.counts[0], read.counts[18], read.count, read.sum_seconds) == (2, 1, 3, 2.5)
    assert tally.histogram(RUN, "questions").count == 0
    assert tally.histogram(WAIT, "batch").count == 0


@pytest.mark.parametrize(("period", "seconds"), [(HOUR, 3600), (DAY, 86400)])
def test_period_ends_with_the_span_of_now(period: object, seconds: int) -> None:
    """Its spans begin at multiples of their length, without a gap, and the last one runs."""
    assert isinstance(period, type(HOUR))
    now = 1_800_000_123.4
    starts = period.starts(now)
    assert len(starts) * period.span_seconds == seconds
    assert all(start % period.span_seconds == 0 for start in starts)
    assert {b - a for a, b in itertools.pairwise(starts)} == {period.span_seconds}
    assert starts[-1] <= now < starts[-1] + period.span_seconds
