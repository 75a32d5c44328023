"""Maintenance of the queues: recovery of lost jobs, due retries, expired entries.

Every worker process runs it; a lock lets one of them at a time.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import redis
import structlog
from redis.lock import Lock

from jobs.queue.broker import Broker
from jobs.queue.keys import MAINTENANCE_LOCK_KEY
from jobs.queue.rq_internals import RateLimitRegistry, clean_worker_registry
from jobs.worker.recovery import Lost, Recovery

log = structlog.get_logger(__name__)

# Short: a process that dies with the lock delays recovery by this much. A pass that outlives the
# lock may overlap with another, which is harmless.
LOCK_SECONDS = 5
CLEANUP_EVERY_SECONDS = 10.0
WAITING_LIMITS_PER_PASS = 40
LIMITS_PER_PASS = 10
# After Valkey or this process was away, workers have this long to renew their heartbeats before
# silence counts as death. Several heartbeats fit in.
SETTLE_SECONDS = 5.0


class Maintenance:
    """Runs the maintenance from one process. Call `run_once` every second or two.

    `report` is called with each job whose worker died.
    """

    def __init__(self, broker: Broker, report: Callable[[Lost], None]) -> None:
        self._connection = broker.connection
        self._queues = list(broker.queues.values())
        self._report = report
        self._recovery = Recovery(broker)
        self._cleaned_at = 0.0
        self._turns = 0
        # When Valkey was last reached, and from when silence counts; both of the monotonic clock.
        self._seen_at = 0.0
        self._settled_at = 0.0

    def run_once(self) -> bool:
        """Make one pass; return False if another process is at it. Raises what redis raises."""
        try:
            self._notice_gaps()
            lock = self._connection.lock(MAINTENANCE_LOCK_KEY, timeout=LOCK_SECONDS, blocking=False)
            if not lock.acquire():
                return False
            try:
                self._pass()
            finally:
                self._release(lock)
        except redis.exceptions.RedisError:
            # Valkey is away or full, and may be refusing heartbeats too.
            self._seen_at = 0.0
            raise
        return True

    def _release(self, lock: Lock) -> None:
        try:
            lock.release()
        except redis.exceptions.LockError:
            log.warning("maintenance took longer than its lock", seconds=LOCK_SECONDS)

    def _notice_gaps(self) -> None:
        """Restart the `SETTLE_SECONDS` if Valkey was away or this process was paused."""
        self._connection.ping()
        now = time.monotonic()
        if now - self._seen_at > SETTLE_SECONDS:
            self._settled_at = now + SETTLE_SECONDS
        self._seen_at = now

    def _pass(self) -> None:
        if time.monotonic() >= self._settled_at:
            for lost in self._recovery.recover_lost():
                self._report(lost)
        for job_id in self._recovery.put_back_popped():
            log.warning("job put back on its queue", job_id=job_id)
        self._recovery.enqueue_due()
        self._clean_limits()
        if time.monotonic() - self._cleaned_at > CLEANUP_EVERY_SECONDS:
            self._clean_up()
            self._cleaned_at = time.monotonic()

    def _clean_limits(self) -> None:
        """Free the slots of attempts that died, for some users at a time, in turn.

        Each user costs some round trips, and there may be thousands. Users whose questions wait
        for a slot have their turn more often.
        """
        limits = RateLimitRegistry.all(self._connection)
        with self._connection.pipeline(transaction=False) as pipeline:
            for limit in limits:
                pipeline.zcard(limit.rate_limited_key)
            counts = pipeline.execute() if limits else []
        waiting = [limit for limit, count in zip(limits, counts, strict=True) if count]
        others = [limit for limit, count in zip(limits, counts, strict=True) if not count]
        self._turns += 1
        for group, size in ((waiting, WAITING_LIMITS_PER_PASS), (others, LIMITS_PER_PASS)):
            for limit in _slice(group, size, self._turns):
                limit.cleanup()

    def _clean_up(self) -> None:
        for queue in self._queues:
            queue.finished_job_registry.cleanup()
            queue.failed_job_registry.cleanup()
            clean_worker_registry(queue)


def _slice(limits: list[RateLimitRegistry], size: int, turn: int) -> list[RateLimitRegistry]:
    """Return the next `size` limits in a fixed order, so that each has its turn."""
    ordered = sorted(limits, key=lambda limit: limit.key)
    start = (turn * size) % len(ordered) if ordered else 0
    return (ordered[start:] + ordered[:start])[:size]
