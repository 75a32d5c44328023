"""What keeps the queues healthy: recovery of lost jobs, due retries, expired entries.

Every worker process offers to do it; a lock lets one do it at a time.
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

# Short: whoever dies with the lock delays the recovery by this much. A pass that outlives it may
# overlap with another, which harms nothing.
LOCK_SECONDS = 5
CLEANUP_EVERY_SECONDS = 10.0
URGENT_LIMITS_PER_PASS = 40
LIMITS_PER_PASS = 10
# After Valkey or this process was away, living workers get this long to renew their heartbeats
# before anyone's silence counts; several heartbeats fit in.
SETTLE_SECONDS = 5.0


class Maintenance:
    """One process's share of the maintenance. Call `run_once` every second or two.

    `report` is told of each job whose worker died.
    """

    def __init__(self, broker: Broker, report: Callable[[Lost], None]) -> None:
        self._connection = broker.connection
        self._queues = list(broker.queues.values())
        self._report = report
        self._recovery = Recovery(broker)
        self._cleaned_at = 0.0
        self._turns = 0
        # When Valkey was last reached, and from when on silence counts; on the monotonic clock.
        self._seen_at = 0.0
        self._settled_at = 0.0

    def run_once(self) -> bool:
        """Do one pass; False if another process is at it. Raises what redis raises."""
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
            # Away, or full: whatever it refuses, it may refuse the heartbeats too.
            self._seen_at = 0.0
            raise
        return True

    def _release(self, lock: Lock) -> None:
        try:
            lock.release()
        except redis.exceptions.LockError:
            log.warning("maintenance took longer than its lock", seconds=LOCK_SECONDS)

    def _notice_gaps(self) -> None:
        """Start to wait anew if Valkey was away, or this process was paused."""
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
        """Free the slots of attempts that died: of some users at a time, in turn.

        Each user takes some round trips, and there may be thousands. First come those whose
        questions wait for a slot.
        """
        limits = RateLimitRegistry.all(self._connection)
        with self._connection.pipeline(transaction=False) as pipeline:
            for limit in limits:
                pipeline.zcard(limit.rate_limited_key)
            waiting = pipeline.execute() if limits else []
        urgent = [limit for limit, count in zip(limits, waiting, strict=True) if count]
        others = [limit for limit, count in zip(limits, waiting, strict=True) if not count]
        self._turns += 1
        for group, size in ((urgent, URGENT_LIMITS_PER_PASS), (others, LIMITS_PER_PASS)):
            for limit in _slice(group, size, self._turns):
                limit.cleanup()

    def _clean_up(self) -> None:
        for queue in self._queues:
            queue.finished_job_registry.cleanup()
            queue.failed_job_registry.cleanup()
            clean_worker_registry(queue)


def _slice(limits: list[RateLimitRegistry], size: int, turn: int) -> list[RateLimitRegistry]:
    """The next `size` of them, in a fixed order, so that each has its turn."""
    ordered = sorted(limits, key=lambda limit: limit.key)
    start = (turn * size) % len(ordered) if ordered else 0
    return (ordered[start:] + ordered[:start])[:size]
