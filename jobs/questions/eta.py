"""When questions will be done, from what Valkey says of their queue.

One simulation a second serves all who ask, see `jobs.questions.queue_simulation`.
"""

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

# Estimates are made again when they are older.
FRESH_SECONDS = 1.0
# Jobs farther back than this are not read.
MAX_QUEUED = 5000

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
    """Keeps the latest estimates, and renews them when they are older than `FRESH_SECONDS`.

    Thread-safe. Its methods raise what redis raises.
    """

    def __init__(self, broker: Broker, workers: Callable[[], Sequence[WorkerReport]]) -> None:
        self._broker = broker
        self._workers = workers
        self._lock = threading.Lock()
        self._made_at = 0.0  # Unix time
        self._etas: dict[str, Eta] = {}
        self._paused = False
        self._threads = 0

    def estimate(self, job_id: str, queued_at: float) -> Eta | None:
        """Estimate when this job, which joined the queue at `queued_at` (Unix time), will be done.

        The range is in seconds from now; None if too little is known.
        """
        with self._lock:
            age = time.time() - self._made_at
            # A job newer than the estimates does not wait for them to grow old.
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
    """Read what the queue of questions has to do now; two round trips. Raises what redis raises."""
    queue, connection = broker.queues[QUESTIONS_QUEUE], broker.connection
    with connection.pipeline(transaction=False) as pipeline:
        pipeline.lrange(durations_key(QUESTIONS_QUEUE), 0, KEPT - 1)
        pipeline.lrange(queue.key, 0, MAX_QUEUED - 1)
        pipeline.zrange(queue.started_job_registry.key, 0, -1)
        pipeline.eval_ro(
            READ_LIMITS,
            1,
            LIMITS_KEY,
            LIMITS_PREFIX,
            str(MAX_QUEUED - 1),
        )
        pipeline.lrange(queue.intermediate_queue_key, 0, -1)
        pipeline.hexists(PAUSED_KEY, QUESTIONS_QUEUE)
        pipeline.exists(WORKERS_SUSPENDED)
        pipeline.zrange(URGENT_KEY, 0, -1)
        recent, queued, executions, limits, popped, paused, suspended, urgent = pipeline.execute()
    running = _read_running(broker, executions, [report.name for report in workers])
    begun = {job.job_id for job in running}
    # Workers have just taken these from the queue, and have not marked them as started yet.
    running += tuple(Running(job_id, 0.0) for job_id in _decoded(popped) if job_id not in begun)
    return Load(
        recent=tuple(float(seconds) for seconds in recent),
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
    """Read the running attempts named in RQ's registry, whose entries are `job_id:execution_id`."""
    # A job may have two entries: the attempt that counts, and one whose worker was taken for dead.
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
            ran_seconds = max(0.0, now - unix_time(started_at))
            running.append(Running(job_id, ran_seconds, alive))
    return tuple(running)


def _decoded(ids: Sequence[bytes]) -> tuple[str, ...]:
    return tuple(job_id.decode() for job_id in ids)
