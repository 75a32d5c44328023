"""Soft deletion of questions: their owner can undo it for a while, then they are purged.

Nobody sees a deleted question, and nothing changes it, see `jobs.queue.transitions`. Until it is
purged, all of it is kept as it was.
"""

from __future__ import annotations

import json
import time
from typing import Any, cast

import redis
import structlog
from redis.client import Pipeline
from redis.typing import EncodableT, FieldT
from rq.job import Job

from jobs.questions.lifecycle import Lifecycle
from jobs.questions.repository import JobRepository
from jobs.queue.broker import Broker
from jobs.queue.keys import DELETED_JOBS_KEY, answer_key, events_key, job_key, user_jobs_key
from jobs.queue.rq_internals import results_key
from jobs.queue.transitions import DELETED_FIELD, JobSnapshot, Write, change

log = structlog.get_logger(__name__)

# For so long after it, a deletion can be undone. Pages offer it for 300 s at most, from the end of
# what may take half a minute for 10,000 questions on a busy machine, as may its undo.
UNDO_KEPT_SECONDS = 420
# Where no worker runs that would remove it, Valkey does so after this long.
GONE_SECONDS = 900
# A field of ours in RQ's hash: what an undo puts back, as JSON.
RESTORE_FIELD = "restore"


class SoftDeletion:
    """Ownership is not checked here: `jobs.questions.client` does. Raises what redis raises."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self._connection: redis.Redis = broker.connection
        self._lifecycle = Lifecycle(broker)
        self._retention_seconds = broker.settings.retention_seconds
        self._records = JobRepository(broker.connection, self._retention_seconds)

    def delete(self, job_id: str, user: str) -> bool:
        """Hide a question from everybody until this is undone; False if it is not over."""

        def decide(_pipeline: Pipeline, snapshot: JobSnapshot) -> Write | None:
            if not snapshot.is_over:
                return None
            now = time.time()
            # In one round trip, which `pipeline` cannot do while it watches the job.
            reads = self._connection.pipeline(transaction=False)
            reads.zscore(user_jobs_key(user), job_id)
            for key in _keys_of(job_id):
                reads.pexpiretime(key)
            score, *expire_at = reads.execute()
            restore = {
                # None for a row of a batch, which is not in the user's index.
                "score": score,
                "expire_at": dict(zip(_keys_of(job_id), expire_at, strict=True)),
            }
            fields: dict[FieldT, EncodableT] = {
                DELETED_FIELD: now,
                RESTORE_FIELD: json.dumps(restore),
            }

            def write(pipeline: Pipeline) -> None:
                pipeline.hset(Job.key_for(job_id), mapping=fields)
                for key in _keys_of(job_id):
                    pipeline.expire(key, GONE_SECONDS, lt=True)
                pipeline.zrem(user_jobs_key(user), job_id)
                pipeline.zadd(DELETED_JOBS_KEY, {job_id: now})

            return write

        return change(self._connection, job_id, decide)

    def undo(self, job_id: str, user: str) -> bool:
        """Restore a deleted question as it was, at its place in the history; False if too late."""

        def decide(pipeline: Pipeline, snapshot: JobSnapshot) -> Write | None:
            oldest = time.time() - UNDO_KEPT_SECONDS
            if snapshot.deleted_at is None or snapshot.deleted_at < oldest:
                return None
            text = cast("bytes", pipeline.hget(Job.key_for(job_id), RESTORE_FIELD))
            restore: dict[str, Any] = json.loads(text)

            def write(pipeline: Pipeline) -> None:
                pipeline.hdel(Job.key_for(job_id), DELETED_FIELD, RESTORE_FIELD)
                for key, moment in restore["expire_at"].items():
                    if moment == -1:
                        pipeline.persist(key)
                    elif moment > 0:
                        pipeline.pexpireat(key, moment)
                if restore["score"] is not None:
                    pipeline.zadd(user_jobs_key(user), {job_id: restore["score"]})
                    pipeline.expire(user_jobs_key(user), self._retention_seconds)
                pipeline.zrem(DELETED_JOBS_KEY, job_id)

            return write

        return change(self._connection, job_id, decide, even_deleted=True)

    def purge(self, now: float) -> int:
        """Remove for good what can no longer be undone at `now` (Unix time); return how many."""
        oldest = now - UNDO_KEPT_SECONDS
        ids = cast(
            "list[bytes]", self._connection.zrangebyscore(DELETED_JOBS_KEY, "-inf", f"({oldest}")
        )
        removed = sum(self._remove(job_id.decode(), oldest) for job_id in ids)
        if removed:
            log.info("deleted questions removed", questions=removed)
        return removed

    def _remove(self, job_id: str, deleted_before: float) -> bool:
        """Remove one question for good; False if it was restored, or deleted anew, meanwhile."""
        record = self._records.read(job_id)
        user = record.user if record else ""
        if self._lifecycle.delete(job_id, user, deleted_before=deleted_before):
            return True

        def decide(_pipeline: Pipeline, snapshot: JobSnapshot) -> Write | None:
            return self._forget(job_id) if snapshot.status is None else None

        # Its keys went by themselves; what names them is left.
        return change(self._connection, job_id, decide)

    def _forget(self, job_id: str) -> Write:
        def write(pipeline: Pipeline) -> None:
            for queue in self._broker.queues.values():
                for registry in (
                    queue.finished_job_registry,
                    queue.failed_job_registry,
                    queue.canceled_job_registry,
                ):
                    pipeline.zrem(registry.key, job_id)
            pipeline.delete(*_keys_of(job_id))
            pipeline.zrem(DELETED_JOBS_KEY, job_id)

        return write


def _keys_of(job_id: str) -> tuple[str, ...]:
    return (
        Job.key_for(job_id),
        results_key(job_id),
        job_key(job_id),
        answer_key(job_id),
        events_key(job_id),
    )
