"""What keeps the queues healthy: recovery of orphaned jobs, due retries, expired entries.

Every worker process offers to do it; a lock lets one do it at a time.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import redis
import structlog
from rq import Queue
from rq.intermediate_queue import IntermediateQueue
from rq.job import Job, JobStatus
from rq.rate_limit import RateLimitRegistry
from rq.registry import (
    CanceledJobRegistry,
    FailedJobRegistry,
    FinishedJobRegistry,
    StartedJobRegistry,
)
from rq.scheduler import RQScheduler
from rq.serializers import JSONSerializer
from rq.timeouts import TimerDeathPenalty
from rq.worker_registration import clean_worker_registry

from jobs.broker import MAINTENANCE_LOCK_KEY, Broker
from jobs.outcomes import Outcome, apply, decide
from jobs.threads import attempts_used

log = structlog.get_logger(__name__)

LOCK_SECONDS = 15
# A worker takes a popped job from the intermediate list within milliseconds.
INTERMEDIATE_STUCK_SECONDS = 6.0
CLEANUP_EVERY_SECONDS = 10.0

# Put a popped job back at the front of its queue, unless someone else did or started it.
# KEYS: intermediate list, queue. ARGV: job id.
PUT_BACK = """
if redis.call('LREM', KEYS[1], 1, ARGV[1]) == 1 then
    redis.call('LPUSH', KEYS[2], ARGV[1])
    return 1
end
return 0
"""


class Maintenance:
    """One process's share of the maintenance. Call `run_once` every second or two."""

    def __init__(
        self, broker: Broker, report: Callable[[Job, Outcome, float | None], None]
    ) -> None:
        self._connection = broker.connection
        self._queues = list(broker.queues.values())
        self._retention_seconds = broker.settings.retention_seconds
        self._report = report
        self._seen_intermediate: dict[str, float] = {}
        self._cleaned_at = 0.0
        # RQ's own scheduler process keeps its lock for a minute after it was killed. Only its
        # pass over the due jobs is used here, under the short lock of this class.
        self._scheduler = RQScheduler(
            self._queues, connection=self._connection, serializer=JSONSerializer
        )

    def run_once(self) -> bool:
        """Do one pass; False if another process is at it."""
        lock = self._connection.lock(MAINTENANCE_LOCK_KEY, timeout=LOCK_SECONDS, blocking=False)
        if not lock.acquire():
            return False
        try:
            self._recover_abandoned()
            self._recover_intermediate()
            self._scheduler.prepare_registries([queue.name for queue in self._queues])
            self._scheduler.enqueue_scheduled_jobs()
            if time.monotonic() - self._cleaned_at > CLEANUP_EVERY_SECONDS:
                self._clean_up()
                self._cleaned_at = time.monotonic()
        finally:
            try:
                lock.release()
            except redis.exceptions.LockError:
                log.warning("maintenance took longer than its lock", seconds=LOCK_SECONDS)
        return True

    def _recover_abandoned(self) -> None:
        """Queue again, or fail, the jobs whose worker stopped its heartbeat."""
        for queue in self._queues:
            StartedJobRegistry(
                queue=queue,
                serializer=JSONSerializer,
                death_penalty_class=TimerDeathPenalty,
            ).cleanup(exception_handlers=[self._handle_abandoned])

    def _handle_abandoned(self, job: Job, *_exc_info: object) -> bool:
        outcome = decide(None, job.retries_left or 0, attempts_used(job))
        log.warning("worker lost", job_id=job.id, runs_again=outcome.retry_in_seconds is not None)
        self._report(job, outcome, apply(outcome, job))
        return True

    def _recover_intermediate(self) -> None:
        """Put back jobs that a worker popped but never started, because it died in between."""
        stuck: dict[str, float] = {}
        for queue in self._queues:
            intermediate = IntermediateQueue(queue.key, connection=self._connection)
            for job_id in intermediate.get_job_ids():
                first_seen = self._seen_intermediate.get(job_id, time.monotonic())
                if time.monotonic() - first_seen < INTERMEDIATE_STUCK_SECONDS:
                    stuck[job_id] = first_seen
                else:
                    self._put_back(queue, intermediate, job_id)
        self._seen_intermediate = stuck

    def _put_back(self, queue: Queue, intermediate: IntermediateQueue, job_id: str) -> None:
        status = self._connection.hget(Job.key_for(job_id), "status")
        if status == JobStatus.QUEUED.value.encode():
            self._connection.eval(PUT_BACK, 2, intermediate.key, queue.key, job_id)
            log.warning("job put back on its queue", job_id=job_id, queue=queue.name)
        else:
            intermediate.remove(job_id)

    def _clean_up(self) -> None:
        for registry in RateLimitRegistry.all(self._connection):
            registry.cleanup()
        for queue in self._queues:
            FinishedJobRegistry(queue=queue, serializer=JSONSerializer).cleanup()
            FailedJobRegistry(queue=queue, serializer=JSONSerializer).cleanup()
            # RQ never expires cancelled jobs; their score is when they were cancelled.
            canceled = CanceledJobRegistry(queue=queue, serializer=JSONSerializer)
            self._connection.zremrangebyscore(
                canceled.key, "-inf", time.time() - self._retention_seconds
            )
            clean_worker_registry(queue)
