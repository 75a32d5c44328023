"""Recovery of jobs whose worker died, whose retry is due, or that were popped and never begun."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import cast

import redis
from redis.client import Pipeline
from rq import Queue
from rq.exceptions import NoSuchJobError
from rq.job import Job, JobStatus

from jobs.errors import WorkerLostError
from jobs.questions.repository import JobRepository
from jobs.queue.broker import Broker
from jobs.queue.failure_texts import describe
from jobs.queue.retry_policy import History, Outcome, after_loss
from jobs.queue.rq_internals import (
    Execution,
    RateLimitRegistry,
    enqueue,
    enqueue_rate_limited,
)
from jobs.queue.transitions import EXECUTION_FIELD, JobSnapshot, Write, change
from jobs.settings import INDEXING_QUEUE
from jobs.worker.attempts import Attempts, put_back

# A living worker begins a popped job within milliseconds.
POPPED_SECONDS = 6.0


@dataclass(frozen=True)
class Lost:
    """A job whose worker died, and the outcome of that attempt.

    `attempt` and `user` are as in `jobs.worker.attempts.Attempt`.
    """

    job: Job
    outcome: Outcome
    attempt: int
    user: str


class Recovery:
    """Passes over the queues. Several processes may run them at once: one transition wins."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self._connection: redis.Redis = broker.connection
        self._queues = list(broker.queues.values())
        self._attempts = Attempts(broker)
        self._records = JobRepository(broker.connection, broker.settings.retention_seconds)
        self._popped_since: dict[str, float] = {}

    def recover_lost(self) -> list[Lost]:
        """Requeue or fail the jobs whose worker stopped its heartbeat."""
        lost: list[Lost] = []
        for queue in self._queues:
            key = queue.started_job_registry.key
            for entry in cast("list[bytes]", self._connection.zrangebyscore(key, 0, time.time())):
                recovered = self._recover(key, entry.decode())
                if recovered is not None:
                    lost.append(recovered)
        return lost

    def enqueue_due(self) -> int:
        """Queue the jobs whose wait before the next attempt is over; return how many."""
        count = 0
        for queue in self._queues:
            key = queue.scheduled_job_registry.key
            for job_id in cast("list[bytes]", self._connection.zrangebyscore(key, 0, time.time())):
                count += self._enqueue(queue, key, job_id.decode())
        return count

    def put_back_popped(self) -> list[str]:
        """Put back the jobs that a worker popped and did not begin before it died; return them."""
        now, still_popped, found = time.monotonic(), {}, []
        for queue in self._queues:
            for job_id in queue.intermediate_queue.get_job_ids():
                since = self._popped_since.get(job_id, now)
                if now - since < POPPED_SECONDS:
                    still_popped[job_id] = since
                elif self._put_back(queue, job_id):
                    found.append(job_id)
        self._popped_since = still_popped
        return found

    def _recover(self, registry_key: str, entry: str) -> Lost | None:
        job_id, execution_id = entry.rsplit(":", 1)
        job = self._fetch(job_id)
        if job is None:
            self._connection.zrem(registry_key, entry)
            return None
        execution = Execution(execution_id, job_id, self._connection)
        held_key = job.rate_limit_key  # the outcome may change it
        history = History.from_dict(job.meta.get("history", {}))
        outcome = after_loss(history, is_patient=job.origin == INDEXING_QUEUE)
        number, user = self._records.next_attempt(self._connection, job_id)
        write_outcome = self._attempts.outcome_writer(
            job, outcome, describe(WorkerLostError()), lost=True
        )

        def decide(pipeline: Pipeline, snapshot: JobSnapshot) -> Write | None:
            # A heartbeat also writes to the job, so the transaction fails if one comes now.
            expires = pipeline.zscore(registry_key, entry)
            if expires is None or expires > time.time() or not snapshot.runs(execution_id):
                return None

            def write(pipeline: Pipeline) -> None:
                write_outcome(pipeline)
                pipeline.hdel(job.key, EXECUTION_FIELD)
                execution.delete(job=job, pipeline=pipeline)

            return write

        if change(self._connection, job_id, decide):
            self._release_slot(job, held_key)
            return Lost(job, outcome, max(0, number - 1), user)
        # Left by an attempt that no longer counts; with a new heartbeat it has a new score.
        if self._connection.eval(REMOVE_EXPIRED, 1, registry_key, entry, time.time()):
            self._forget(job, execution)
        return None

    def _forget(self, job: Job, execution: Execution) -> None:
        """Remove a dead execution, so that a stopped job does not keep its slot."""
        with self._connection.pipeline() as pipeline:
            execution.delete(job=job, pipeline=pipeline)
            pipeline.execute()
        if job.has_rate_limit:
            RateLimitRegistry.from_job(job).release_stale_and_enqueue(job.id)

    def _release_slot(self, job: Job, held_key: str | None) -> None:
        """Free the slot for the next job of the limit, unless this one runs again under it."""
        if held_key and job.get_status(refresh=False) is not JobStatus.QUEUED:
            RateLimitRegistry(held_key, self._connection).release_and_enqueue(job.id)

    def _enqueue(self, queue: Queue, registry_key: str, job_id: str) -> bool:
        job = self._fetch(job_id)
        if job is None:
            self._connection.zrem(registry_key, job_id)
            return False

        def decide(_pipeline: Pipeline, snapshot: JobSnapshot) -> Write | None:
            if snapshot.status is not JobStatus.SCHEDULED:
                return lambda pipeline: pipeline.zrem(registry_key, job_id)

            def write(pipeline: Pipeline) -> None:
                pipeline.zrem(registry_key, job_id)
                if job.has_rate_limit:
                    enqueue_rate_limited(pipeline, queue, job)
                else:
                    enqueue(pipeline, queue, job)

            return write

        return change(self._connection, job_id, decide)

    def _put_back(self, queue: Queue, job_id: str) -> bool:
        status = self._connection.hget(Job.key_for(job_id), "status")
        if status != JobStatus.QUEUED.value.encode():
            queue.intermediate_queue.remove(job_id)
            return False
        return put_back(self._connection, queue, job_id)

    def _fetch(self, job_id: str) -> Job | None:
        try:
            return self._broker.fetch(job_id)
        except NoSuchJobError:
            return None


# KEYS: registry. ARGV: entry, now. A score in the future means that the execution is alive.
REMOVE_EXPIRED = """
local score = redis.call('ZSCORE', KEYS[1], ARGV[1])
if score and tonumber(score) <= tonumber(ARGV[2]) then
    return redis.call('ZREM', KEYS[1], ARGV[1])
end
return 0
"""
