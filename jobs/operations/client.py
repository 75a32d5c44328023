"""The state of queues and workers, now and over time, and pausing of queues: for operators.

Nothing here holds a word of a question or the name of its owner. Each method raises
BrokerUnavailableError when Valkey is away.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import structlog
from redis.client import Pipeline
from rq import Queue
from rq.defaults import RQ_KEY_PREFIX
from rq.job import Job
from rq.rate_limit import RateLimitRegistry
from rq.registry import FailedJobRegistry, ScheduledJobRegistry, StartedJobRegistry
from rq.serializers import JSONSerializer
from rq.suspension import WORKERS_SUSPENDED
from rq.utils import utcparse

from jobs.errors import NotFoundError
from jobs.models import Stage, WorkerReport
from jobs.operations.metrics import Period, Tally
from jobs.questions.client import JobClient
from jobs.queue.broker import Broker
from jobs.queue.connection import broker_errors
from jobs.queue.keys import METRICS_KEY, PAUSED_KEY, job_key, metrics_span_key
from jobs.queue.pauses import Pause, Pauses, read_pauses

log = structlog.get_logger(__name__)

# The oldest waiting job is not always the next one: some are put at the front of the queue.
# It is looked for among this many.
OLDEST_AMONG = 64
# The clocks of the hosts that run workers agree within less.
CLOSED_AFTER_SECONDS = 60
RUNNING_FIELDS = ("description", "started_at", "worker_name")


@dataclass(frozen=True)
class QueueState:
    """A queue now. `oldest_seconds` is the age of the oldest waiting job, None if none waits."""

    name: str
    waiting: int
    oldest_seconds: float | None
    running: int
    retrying: int
    failed: int
    pause: Pause | None = None


@dataclass(frozen=True)
class RunningJob:
    """An attempt that runs now. `worker` is the thread, whose name begins with the process's."""

    job_id: str
    queue: str
    description: str
    stage: Stage
    attempt: int
    seconds: float
    worker: str


@dataclass(frozen=True)
class Overview:
    """All queues and workers now. `held_back` counts jobs that wait for their user's other jobs."""

    queues: tuple[QueueState, ...]
    running: tuple[RunningJob, ...]
    workers: tuple[WorkerReport, ...]
    held_back: int
    suspended: bool


@dataclass(frozen=True)
class Span:
    """What was counted from `start` (Unix time) until the next span."""

    start: int
    tally: Tally


class Operations:
    """What operators see and do, except for failed jobs."""

    def __init__(self, broker: Broker) -> None:
        self._connection = broker.connection
        self._queues = broker.queues
        self._clients = JobClient(broker)
        self._pauses = Pauses(broker.connection)
        # By length and start; a thread that loses what another adds reads it again.
        self._closed: Mapping[tuple[int, int], Tally] = {}

    def overview(self) -> Overview:
        """Read the queues and workers; a fixed number of round trips."""
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
        """Read what was counted since the installation began."""
        with broker_errors():
            return Tally.of(cast("dict[bytes, bytes]", self._connection.hgetall(METRICS_KEY)))

    def spans(self, period: Period) -> Sequence[Span]:
        """Read what was counted in each span of this period, oldest first; one round trip.

        A span that is over is read once: a day of a busy installation takes a third of a second.
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
        """The pauses by queue, cached for up to a second, so that every page may ask."""
        with broker_errors():
            return self._pauses.paused()

    def pause(self, queue: str, by: str) -> bool:
        """Pause a queue in an operator's name; False if it was paused. Raises NotFoundError."""
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
        """Read the jobs behind the entries of the registries of started jobs, longest first."""
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
    pipeline.zrange(StartedJobRegistry(queue=queue, serializer=JSONSerializer).key, 0, -1)
    pipeline.llen(queue.key)
    # SORT that sorts nothing looks up a field of many hashes in one command.
    enqueued_at = [f"{RQ_KEY_PREFIX}:job:*->enqueued_at"]
    pipeline.sort(queue.key, start=0, num=OLDEST_AMONG, by="nosort", get=enqueued_at)
    pipeline.zcard(ScheduledJobRegistry(queue=queue, serializer=JSONSerializer).key)
    pipeline.zcard(FailedJobRegistry(queue=queue, serializer=JSONSerializer).key)


def _queue_state(name: str, replies: Sequence[Any], now: float, pause: Pause | None) -> QueueState:
    running, waiting, enqueued, retrying, failed = replies[:5]
    moments = [_moment(text) for text in enqueued if text]
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
        seconds=max(0.0, now - _moment(started_at)),
        worker=(worker or b"").decode(),
    )


def _moment(text: bytes) -> float:
    return utcparse(text.decode()).timestamp()
