"""Operations: the queues and workers, now and over time, and pausing a queue.

Nothing here contains text of a question or says who asked it. Methods raise BrokerUnavailableError
if Valkey cannot be reached.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import structlog
from redis.client import Pipeline
from rq import Queue
from rq.job import Job

from jobs.errors import NotFoundError
from jobs.models import Stage, WorkerReport
from jobs.operations.metrics import Period, Tally
from jobs.questions.client import JobClient
from jobs.queue.broker import Broker
from jobs.queue.connection import broker_errors
from jobs.queue.keys import METRICS_KEY, PAUSED_KEY, job_key, metrics_span_key
from jobs.queue.pauses import Pause, Pauses, read_pauses
from jobs.queue.rq_internals import WORKERS_SUSPENDED, RateLimitRegistry, unix_time

log = structlog.get_logger(__name__)

# The oldest waiting job is not always the next one, because urgent jobs join at the front. It is
# looked for among this many.
OLDEST_AMONG = 64
# Workers write to a span of metrics by their own clocks, which differ by less than this.
CLOSED_AFTER_SECONDS = 60
RUNNING_FIELDS = ("description", "started_at", "worker_name")


@dataclass(frozen=True)
class QueueState:
    """A queue now. `oldest_seconds` is None if nothing waits; `failed` counts the failed jobs."""

    name: str
    waiting: int
    oldest_seconds: float | None
    running: int
    retrying: int
    failed: int
    pause: Pause | None = None


@dataclass(frozen=True)
class RunningJob:
    """A running attempt. `worker` is the thread; its name begins with that of its process."""

    job_id: str
    queue: str
    description: str
    stage: Stage
    attempt: int
    seconds: float
    worker: str


@dataclass(frozen=True)
class Overview:
    """Everything at one moment. `held_back` counts the jobs that wait for others of their user."""

    queues: tuple[QueueState, ...]
    running: tuple[RunningJob, ...]
    workers: tuple[WorkerReport, ...]
    held_back: int
    suspended: bool


@dataclass(frozen=True)
class Span:
    """The counts from this Unix time until the next span."""

    start: int
    tally: Tally


class Operations:
    """What operators can see and do, except for the failed jobs."""

    def __init__(self, broker: Broker) -> None:
        self._connection = broker.connection
        self._queues = broker.queues
        self._clients = JobClient(broker)
        self._pauses = Pauses(broker.connection)
        # By length and start. Threads may overwrite each other's additions: those are read again.
        self._closed: Mapping[tuple[int, int], Tally] = {}

    def overview(self) -> Overview:
        """Return the queues and workers as they are now, in a fixed number of round trips."""
        with broker_errors():
            pipeline = self._connection.pipeline(transaction=False)
            pipeline.exists(WORKERS_SUSPENDED)
            pipeline.hgetall(PAUSED_KEY)
            for queue in self._queues.values():
                _read_queue(pipeline, queue)
            suspended, paused, *replies = pipeline.execute()
            per_queue = len(replies) // len(self._queues)
            entries = {
                name: cast("list[bytes]", replies[index * per_queue])
                for index, name in enumerate(self._queues)
            }
            running = self._running(entries)
            held_back = self._held_back()
        pauses, now = read_pauses(paused), time.time()
        states = tuple(
            _queue_state(name, replies[index * per_queue :], now, pauses.get(name))
            for index, name in enumerate(self._queues)
        )
        workers = tuple(sorted(self._clients.workers(), key=lambda report: report.name))
        return Overview(states, running, workers, held_back, bool(suspended))

    def totals(self) -> Tally:
        """Return the counts since the installation began."""
        with broker_errors():
            return Tally.of(cast("dict[bytes, bytes]", self._connection.hgetall(METRICS_KEY)))

    def spans(self, period: Period) -> Sequence[Span]:
        """Return the counts of each span of a period, oldest first, in one round trip.

        Spans that are over are cached: a day of a busy installation takes 0.3 s to read.
        """
        now, seconds = time.time(), period.span_seconds
        starts = period.starts(now)
        closed = {start: tally for (of, start), tally in self._closed.items() if of == seconds}
        unread = [start for start in starts if start not in closed]
        with broker_errors():
            pipeline = self._connection.pipeline(transaction=False)
            for start in unread:
                pipeline.hgetall(metrics_span_key(seconds, start))
            replies = pipeline.execute()
        read = {start: Tally.of(reply) for start, reply in zip(unread, replies, strict=True)}
        kept = {
            (of, start): t
            for (of, start), t in self._closed.items()
            if of != seconds or start >= starts[0]
        }
        over = {start for start in unread if start + seconds + CLOSED_AFTER_SECONDS < now}
        self._closed = kept | {(seconds, start): read[start] for start in over}
        return [Span(start, closed[start] if start in closed else read[start]) for start in starts]

    def paused(self) -> Mapping[str, Pause]:
        """Return the pauses by queue; they may be a second old, so that every page can ask."""
        with broker_errors():
            return self._pauses.paused()

    def pause(self, queue: str, by: str) -> bool:
        """Pause a queue on behalf of an operator; False if it was paused. Raises NotFoundError."""
        self._check(queue)
        with broker_errors():
            changed = self._pauses.pause(queue, by)
        if changed:
            log.info("queue paused", queue=queue, by=by)
        return changed

    def resume(self, queue: str, by: str) -> bool:
        """Resume a queue; False if it was not paused. Raises NotFoundError."""
        self._check(queue)
        with broker_errors():
            changed = self._pauses.resume(queue)
        if changed:
            log.info("queue resumed", queue=queue, by=by)
        return changed

    def _check(self, queue: str) -> None:
        if queue not in self._queues:
            raise NotFoundError(f"There is no such queue. There are: {', '.join(self._queues)}.")

    def _running(self, entries: Mapping[str, list[bytes]]) -> tuple[RunningJob, ...]:
        """Return the attempts in the registries of started jobs, the longest running first."""
        ids = [
            (queue, entry.decode().rpartition(":")[0])
            for queue, listed in entries.items()
            for entry in listed
        ]
        pipeline = self._connection.pipeline(transaction=False)
        for _queue, job_id in ids:
            pipeline.hmget(Job.key_for(job_id), list(RUNNING_FIELDS))
            pipeline.hmget(job_key(job_id), ["stage", "attempt"])
        replies = iter(pipeline.execute() if ids else [])
        now = time.time()
        found = [
            _running_job(queue, job_id, next(replies), next(replies), now) for queue, job_id in ids
        ]
        return tuple(sorted(filter(None, found), key=lambda job: -job.seconds))

    def _held_back(self) -> int:
        limits = RateLimitRegistry.all(self._connection)
        pipeline = self._connection.pipeline(transaction=False)
        for limit in limits:
            pipeline.zcard(limit.rate_limited_key)
        return sum(pipeline.execute()) if limits else 0


def _read_queue(pipeline: Pipeline, queue: Queue) -> None:
    """Queue the reads whose replies `_queue_state` takes."""
    # Not through the registries' own methods, which clean up as they read.
    pipeline.zrange(queue.started_job_registry.key, 0, -1)
    pipeline.llen(queue.key)
    # SORT that sorts nothing looks up a field of many hashes in one command.
    enqueued_at = [f"{Job.key_for('*')}->enqueued_at"]
    pipeline.sort(queue.key, start=0, num=OLDEST_AMONG, by="nosort", get=enqueued_at)
    pipeline.zcard(queue.scheduled_job_registry.key)
    pipeline.zcard(queue.failed_job_registry.key)


def _queue_state(name: str, replies: Sequence[Any], now: float, pause: Pause | None) -> QueueState:
    running, waiting, enqueued, retrying, failed = replies[:5]
    moments = [unix_time(text) for text in enqueued if text]
    return QueueState(
        name=name,
        waiting=waiting,
        oldest_seconds=max(0.0, now - min(moments)) if moments else None,
        running=len(running),
        retrying=retrying,
        failed=failed,
        pause=pause,
    )


def _running_job(
    queue: str,
    job_id: str,
    rq_values: Sequence[bytes | None],
    record_values: Sequence[bytes | None],
    now: float,
) -> RunningJob | None:
    description, started_at, worker = rq_values
    stage, attempt = record_values
    if not started_at:
        return None  # it ended a moment ago
    return RunningJob(
        job_id=job_id,
        queue=queue,
        description=(description or b"").decode(errors="replace"),
        stage=Stage(stage.decode()) if stage else Stage.WAITING,
        attempt=int(attempt or 1),
        seconds=max(0.0, now - unix_time(started_at)),
        worker=(worker or b"").decode(),
    )
