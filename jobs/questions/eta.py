"""Forecasts of the queue of questions, from what Valkey says of it: one a second for all."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import cast

from rq.job import Job

from jobs.models import Eta, WorkerReport
from jobs.questions.queue_simulation import Limit, Load, Running, forecast
from jobs.queue.broker import Broker
from jobs.queue.durations import KEPT
from jobs.queue.keys import PAUSED_KEY, URGENT_KEY, durations_key
from jobs.queue.rq_internals import LIMITS_KEY, LIMITS_PREFIX, WORKERS_SUSPENDED, unix_time
from jobs.settings import QUESTIONS_QUEUE

FRESH_SECONDS = 1.0
MOST_QUEUED = 5000

# Of each rate limit that holds jobs back: those with a slot, and those that wait, in order.
# KEYS: the names of the limits. ARGV: prefix of their keys, how many to return at most.
READ_LIMITS = """
local found = {}
for _, name in ipairs(redis.call('SMEMBERS', KEYS[1])) do
    local key = ARGV[1] .. name
    if redis.call('ZCARD', key .. ':rate_limited') > 0 then
        table.insert(found, {
            redis.call('ZRANGE', key .. ':allowed', 0, -1),
            redis.call('ZRANGE', key .. ':rate_limited', 0, tonumber(ARGV[2]))
        })
    end
end
return found
"""


class EtaEstimator:
    """The latest forecast, made again when it is asked for and old. Safe on many threads."""

    def __init__(self, broker: Broker, workers: Callable[[], Sequence[WorkerReport]]) -> None:
        self._broker = broker
        self._workers = workers
        self._lock = threading.Lock()
        self._made_at = 0.0  # as a Unix time
        self._etas: dict[str, Eta] = {}
        self._paused = False
        self._threads = 0

    def of(self, job_id: str, queued_at: float) -> Eta | None:
        """When this unfinished job, which joined the queue at this Unix time, is done, from now on.

        None if that is not known. Raises what redis raises.
        """
        with self._lock:
            age = time.time() - self._made_at
            # A new one is looked for at once.
            is_new = job_id not in self._etas and queued_at >= self._made_at
            if is_new or not 0 <= age <= FRESH_SECONDS:
                self._make()
                age = 0.0
            eta = self._etas.get(job_id)
        if eta is None:
            return None
        return Eta(max(0.0, eta.low - age), max(0.0, eta.high - age), eta.overdue)

    def is_paused(self) -> bool:
        """True while an operator holds the queue, up to `FRESH_SECONDS` late."""
        with self._lock:
            self._refresh()
            return self._paused

    def has_worker(self) -> bool:
        """True while some thread serves the queue, up to `FRESH_SECONDS` late."""
        with self._lock:
            self._refresh()
            return self._threads > 0

    def _refresh(self) -> None:
        if not 0 <= time.time() - self._made_at <= FRESH_SECONDS:
            self._make()

    def _make(self) -> None:
        self._made_at = time.time()
        load = read_load(self._broker, self._workers())
        self._etas, self._paused, self._threads = forecast(load), load.paused, load.threads


def read_load(broker: Broker, workers: Sequence[WorkerReport]) -> Load:
    """What the queue of questions has to do now; two round trips. Raises what redis raises."""
    queue, connection = broker.queues[QUESTIONS_QUEUE], broker.connection
    with connection.pipeline(transaction=False) as pipeline:
        pipeline.lrange(durations_key(QUESTIONS_QUEUE), 0, KEPT - 1)
        pipeline.lrange(queue.key, 0, MOST_QUEUED - 1)
        pipeline.zrange(queue.started_job_registry.key, 0, -1)
        pipeline.eval_ro(
            READ_LIMITS,
            1,
            LIMITS_KEY,
            LIMITS_PREFIX,
            str(MOST_QUEUED - 1),
        )
        pipeline.lrange(queue.intermediate_queue_key, 0, -1)
        pipeline.hexists(PAUSED_KEY, QUESTIONS_QUEUE)
        pipeline.exists(WORKERS_SUSPENDED)
        pipeline.zrange(URGENT_KEY, 0, -1)
        recent, queued, executions, limits, popped, paused, suspended, urgent = pipeline.execute()
    running = _read_running(broker, executions, [report.name for report in workers])
    begun = {each.job_id for each in running}
    # A worker has taken these, and begins them in this moment.
    running += tuple(Running(job_id, 0.0) for job_id in _decoded(popped) if job_id not in begun)
    return Load(
        recent=tuple(float(each) for each in recent),
        threads=sum(report.threads_by_queue.get(QUESTIONS_QUEUE, 0) for report in workers),
        running=running,
        queued=_decoded(queued),
        limits=tuple(Limit(_decoded(holding), _decoded(waiting)) for holding, waiting in limits),
        paused=bool(paused or suspended),
        urgent=frozenset(_decoded(urgent)),
    )


def _read_running(
    broker: Broker, executions: Sequence[bytes], workers: Sequence[str]
) -> tuple[Running, ...]:
    """The attempts that run, from the entries of RQ's registry: job id, colon, execution id."""
    # One job may have two: the attempt that counts, and one that was taken for dead.
    job_ids = list(dict.fromkeys(entry.decode().rpartition(":")[0] for entry in executions))
    with broker.connection.pipeline(transaction=False) as pipeline:
        for job_id in job_ids:
            pipeline.hmget(Job.key_for(job_id), "status", "started_at", "worker_name")
        replies = cast("list[list[bytes | None]]", pipeline.execute() if job_ids else [])
    now, running = time.time(), []
    for job_id, (status, started_at, worker_name) in zip(job_ids, replies, strict=True):
        if status == b"started" and started_at and worker_name:
            # A thread's name begins with that of its process.
            alive = any(worker_name.decode().startswith(f"{name}-") for name in workers)
            ran = max(0.0, now - unix_time(started_at))
            running.append(Running(job_id, ran, alive))
    return tuple(running)


def _decoded(ids: Sequence[bytes]) -> tuple[str, ...]:
    return tuple(job_id.decode() for job_id in ids)
