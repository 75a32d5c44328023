"""The metrics in the text format of Prometheus, see https://prometheus.io/docs/instrumenting/.

All of it is read from Valkey, so every web process returns the same: scrape any one of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import accumulate

from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from jobs.operations import metrics
from jobs.operations.client import Overview, QueueState
from jobs.operations.metrics import BOUNDS, Tally
from jobs.settings import QUEUE_NAMES

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4
_BY_QUEUE, _BY_KIND = ["queue"], ["queue", "kind"]
_COUNTERS = (
    (metrics.ATTEMPTS, "askqueue_attempts", "Attempts that ended, in whatever way."),
    (metrics.FINISHED, "askqueue_jobs_finished", "Jobs that brought a result."),
)
_COUNTERS_BY_KIND = (
    (metrics.FAILED, "askqueue_jobs_failed", "Jobs that failed for good, by kind of error."),
    (metrics.RETRIED, "askqueue_retries", "Attempts that ended in another, by kind of error."),
)
_HISTOGRAMS = (
    (metrics.WAIT, "askqueue_wait_seconds", "From joining the queue to the start of an attempt."),
    (metrics.RUN, "askqueue_run_seconds", "From the start of an attempt to its end."),
    (metrics.FIRST_TOKEN, "askqueue_first_token_seconds", "From its start to the first words."),
)


def exposition(overview: Overview, totals: Tally) -> bytes:
    """Return all metrics in the text format that Prometheus scrapes."""
    return generate_latest(_Collector(overview, totals))


class _Collector(Collector):
    def __init__(self, overview: Overview, totals: Tally) -> None:
        self._overview = overview
        self._totals = totals

    def collect(self) -> Iterator[Metric]:
        yield from self._gauges()
        yield from self._queue_gauges()
        yield from self._counters()
        yield from self._histograms()

    def _gauges(self) -> Iterator[Metric]:
        workers, overview = self._overview.workers, self._overview
        for name, help_text, value in (
            ("workers", "Worker processes alive.", len(workers)),
            ("worker_threads", "Threads of all workers.", sum(w.threads for w in workers)),
            ("worker_threads_busy", "Threads that run a job.", sum(w.running for w in workers)),
            (
                "jobs_held_back",
                "Jobs that wait for others of their user, see USER_CONCURRENCY.",
                overview.held_back,
            ),
        ):
            yield GaugeMetricFamily(f"askqueue_{name}", help_text, value=value)

    def _queue_gauges(self) -> Iterator[Metric]:
        for name, help_text, values in (
            ("queue_jobs", "Jobs that wait for a worker.", [q.waiting for q in self._queues]),
            (
                "queue_oldest_seconds",
                "How long the oldest of them has waited; 0 if none waits.",
                [q.oldest_seconds or 0.0 for q in self._queues],
            ),
            ("queue_running", "Jobs that run.", [q.running for q in self._queues]),
            ("queue_retrying", "Jobs before another attempt.", [q.retrying for q in self._queues]),
            ("queue_failed", "Jobs in the list of failed ones.", [q.failed for q in self._queues]),
            (
                "queue_paused",
                "1 if the queue is paused, by itself or with all others.",
                [int(bool(q.pause) or self._overview.suspended) for q in self._queues],
            ),
        ):
            family = GaugeMetricFamily(f"askqueue_{name}", help_text, labels=_BY_QUEUE)
            for queue, value in zip(self._queues, values, strict=True):
                family.add_metric([queue.name], value)
            yield family

    def _counters(self) -> Iterator[Metric]:
        for name, exposed, help_text in _COUNTERS:
            family = CounterMetricFamily(exposed, help_text, labels=_BY_QUEUE)
            for queue in QUEUE_NAMES:
                family.add_metric([queue], self._totals.count(name, queue))
            yield family
        for name, exposed, help_text in _COUNTERS_BY_KIND:
            family = CounterMetricFamily(exposed, help_text, labels=_BY_KIND)
            for queue in QUEUE_NAMES:
                for kind, count in sorted(self._totals.kinds(name, queue).items()):
                    family.add_metric([queue, kind], count)
            yield family
        tokens = CounterMetricFamily(
            "askqueue_tokens", "Tokens of finished answers.", labels=["queue", "direction"]
        )
        for queue in QUEUE_NAMES:
            tokens.add_metric([queue, "in"], self._totals.count(metrics.TOKENS_IN, queue))
            tokens.add_metric([queue, "out"], self._totals.count(metrics.TOKENS_OUT, queue))
        yield tokens

    def _histograms(self) -> Iterator[Metric]:
        for name, exposed, help_text in _HISTOGRAMS:
            family = HistogramMetricFamily(exposed, help_text, labels=_BY_QUEUE)
            for queue in QUEUE_NAMES:
                histogram = self._totals.histogram(name, queue)
                bounds = [*(str(bound) for bound in BOUNDS), "+Inf"]
                buckets = list(zip(bounds, accumulate(histogram.counts), strict=True))
                family.add_metric([queue], buckets, histogram.sum_seconds)
            yield family

    @property
    def _queues(self) -> tuple[QueueState, ...]:
        return self._overview.queues
