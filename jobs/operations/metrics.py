"""The counts of all attempts: totals for Prometheus, and spans of a day for the charts.

All counts of an attempt are added by one command, in the transaction that ends it, so that each
attempt counts exactly once. A count is a field of a hash, such as `failed|questions|worker_lost`.
"""

from __future__ import annotations

import time
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from redis.client import Pipeline
from rq.job import Job

from jobs.queue.keys import METRICS_KEY, metrics_span_key
from jobs.queue.retry_policy import Outcome

# Upper bounds of the buckets of histograms, in seconds; one more bucket holds what is longer.
BOUNDS = (
    *(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0),
    *(20.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0),
)

# Names of counts, each followed by the queue, and FAILED and RETRIED by the kind of error too.
ATTEMPTS, FINISHED, FAILED, RETRIED = "attempts", "finished", "failed", "retried"
TOKENS_IN, TOKENS_OUT = "tokens_in", "tokens_out"
# Names of histograms: the time in the queue, of the attempt (unless its worker was lost), and from
# the start of the attempt to the first token of the answer.
WAIT, RUN, FIRST_TOKEN = "wait", "run", "first_token"

SEPARATOR = "|"
MICROSECONDS = "us"  # in place of a bucket: the sum of a histogram

# KEYS: totals, span, span. ARGV: the TTLs of the two spans, then fields and increments in turn.
# pcall, because an error of metrics must not fail the transaction of a question.
ADD = """
for number, key in ipairs(KEYS) do
    for field = 3, #ARGV, 2 do
        redis.pcall('HINCRBY', key, ARGV[field], ARGV[field + 1])
    end
    if number > 1 then
        redis.pcall('EXPIRE', key, ARGV[number - 1])
    end
end
"""


@dataclass(frozen=True)
class Period:
    """The past that a chart shows, in spans of equal length, of which the last is unfinished."""

    span_seconds: int
    spans: int

    @property
    def seconds(self) -> int:
        return self.span_seconds * self.spans

    def starts(self, now: float) -> list[int]:
        """Return the Unix times at which the spans begin, oldest first."""
        last = int(now) // self.span_seconds
        return [number * self.span_seconds for number in range(last - self.spans + 1, last + 1)]


HOUR = Period(60, 60)
DAY = Period(600, 144)
PERIODS = (HOUR, DAY)

Counts = Mapping[str, int]


def count_finished(job: Job, result: Any) -> Counts:
    """Return the counts of an attempt that succeeded, for an answer with its tokens."""
    counts = _count_attempt(job)
    counts[_field(FINISHED, job.origin)] += 1
    answer = result if isinstance(result, dict) else {}
    tokens = answer.get("tokens") or {}
    counts[_field(TOKENS_IN, job.origin)] += int(tokens.get("prompt") or 0)
    counts[_field(TOKENS_OUT, job.origin)] += int(tokens.get("completion") or 0)
    first_token = (answer.get("timings") or {}).get("first_token")
    if first_token is not None:
        _observe(counts, FIRST_TOKEN, job.origin, first_token)
    return counts


def count_ended(job: Job, outcome: Outcome, *, lost: bool) -> Counts:
    """Return the counts of an attempt that raised, or was `lost` with its worker."""
    counts = _count_attempt(job, ran=not lost)
    name = FAILED if outcome.retry_in_seconds is None else RETRIED
    counts[_field(name, job.origin, outcome.failure.kind)] += 1
    return counts


def add(pipeline: Pipeline, counts: Counts) -> None:
    """Add these counts, by one command in the pipeline."""
    now = time.time()
    keys = [METRICS_KEY, *(metrics_span_key(p.span_seconds, p.starts(now)[-1]) for p in PERIODS)]
    # A span is kept as long as a chart can show it.
    lives = [period.seconds + 2 * period.span_seconds for period in PERIODS]
    fields = (part for field, count in counts.items() if count for part in (field, count))
    pipeline.eval(ADD, len(keys), *keys, *lives, *fields)


def _count_attempt(job: Job, *, ran: bool = True) -> Counter[str]:
    counts = Counter({_field(ATTEMPTS, job.origin): 1})
    if job.enqueued_at and job.started_at:
        _observe(counts, WAIT, job.origin, _between(job.enqueued_at, job.started_at))
    if ran and job.started_at and job.ended_at:
        _observe(counts, RUN, job.origin, _between(job.started_at, job.ended_at))
    return counts


def _between(start: datetime, end: datetime) -> float:
    return (end - start).total_seconds()


def _observe(counts: Counter[str], name: str, queue: str, seconds: float) -> None:
    seconds = max(0.0, seconds)  # the clocks of two hosts may differ
    counts[_field(name, queue, str(bisect_left(BOUNDS, seconds)))] += 1
    counts[_field(name, queue, MICROSECONDS)] += round(seconds * 1e6)


def _field(*parts: str) -> str:
    return SEPARATOR.join(parts)


@dataclass(frozen=True)
class Histogram:
    """Observed durations: `counts` has one for each of `BOUNDS`, and one for what is longer."""

    counts: Sequence[int]
    sum_seconds: float = 0.0

    @property
    def count(self) -> int:
        return sum(self.counts)

    def quantile(self, fraction: float) -> float | None:
        """Return the duration that this fraction stayed below, in seconds; None without any.

        Interpolates within a bucket as Prometheus does, see
        https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile
        """
        rank, below = fraction * self.count, 0
        for index, inside in enumerate(self.counts[:-1]):
            if inside and below + inside >= rank:
                lower = BOUNDS[index - 1] if index else 0.0
                return lower + (BOUNDS[index] - lower) * (rank - below) / inside
            below += inside
        return BOUNDS[-1] if self.count else None


class Tally:
    """Counts as they were read from Valkey."""

    def __init__(self, counts: Counts) -> None:
        self._counts = {tuple(field.split(SEPARATOR)): count for field, count in counts.items()}

    @classmethod
    def of(cls, reply: Mapping[bytes, bytes]) -> Tally:
        """Make a tally of a reply to HGETALL."""
        return cls({field.decode(): int(count) for field, count in reply.items()})

    @classmethod
    def sum(cls, tallies: Iterable[Tally]) -> Tally:
        """Add up several tallies."""
        total: Counter[tuple[str, ...]] = Counter()
        for tally in tallies:
            total.update(tally._counts)
        made = cls({})
        made._counts = dict(total)
        return made

    def count(self, name: str, queue: str = "") -> int:
        """Return a count, of one queue or of all."""
        return sum(
            count
            for (counted, of_queue, *_), count in self._counts.items()
            if counted == name and queue in ("", of_queue)
        )

    def kinds(self, name: str, queue: str = "") -> Mapping[str, int]:
        """Return FAILED or RETRIED by kind of error, the commonest first."""
        found: Counter[str] = Counter()
        for (counted, of_queue, *rest), count in self._counts.items():
            if counted == name and rest and queue in ("", of_queue):
                found[rest[0]] += count
        return dict(found.most_common())

    def histogram(self, name: str, queue: str) -> Histogram:
        """Return a histogram of one queue."""
        numbers = [self._counts.get((name, queue, str(i)), 0) for i in range(len(BOUNDS) + 1)]
        return Histogram(numbers, self._counts.get((name, queue, MICROSECONDS), 0) / 1e6)
