"""What the owner of a question, or an operator, does to it: submit, stop, queue again, delete.

Each is one optimistic transaction, so that a double click, or two people at once, do it once.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol

import redis
from redis.client import Pipeline
from redis.typing import EncodableT, FieldT
from rq import Queue
from rq.exceptions import NoSuchJobError
from rq.job import Job, JobStatus

from jobs.models import Feedback, JobState, Question
from jobs.questions import answer_cache, priority
from jobs.questions.event_stream import read_text
from jobs.questions.repository import JobRepository
from jobs.queue.broker import ANSWER_QUESTION, Broker
from jobs.queue.keys import DELETED_JOBS_KEY, SUSPECTS_KEY, answer_key, events_key, limit_key
from jobs.queue.rq_internals import (
    RateLimitRegistry,
    enqueue,
    enqueue_rate_limited,
    format_time,
    now,
)
from jobs.queue.transitions import CAN_REQUEUE, EXECUTION_FIELD, JobSnapshot, Write, change
from jobs.settings import BATCH_QUEUE, QUESTIONS_QUEUE
from jobs.webhooks.outbox import announce

# It waits: on the queue, for its user's other questions, or for its next attempt.
MAY_BE_URGENT = (JobStatus.QUEUED, JobStatus.RATE_LIMITED, JobStatus.SCHEDULED)


class BatchPlace(Protocol):
    """A question's place in a batch, which changes in one transaction with the question's job.

    `jobs.batches.rows.RowPlace` is one.
    """

    def may_be_asked(self, pipeline: Pipeline) -> bool:
        """Return whether the batch runs; watch it until the transaction ends."""

    def take(self, pipeline: Pipeline) -> object:
        """Queue the writes that mark the row as asked."""

    def give_back(self, pipeline: Pipeline) -> object:
        """Queue the writes that mark the row as not asked."""


class Lifecycle:
    """Ownership is not checked here: `jobs.questions.client` does. Raises what redis raises."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self._connection: redis.Redis = broker.connection
        self._retention_seconds = broker.settings.retention_seconds
        self._records = JobRepository(broker.connection, self._retention_seconds)

    def submit(
        self,
        job_id: str,
        user: str,
        question: Question,
        *,
        thread: str = "",
        urgent: bool = False,
        place: BatchPlace | None = None,
    ) -> bool:
        """Accept a question: its record and its place in the queue, or nothing at all.

        Another version of a question has a `thread`, the id of the first version. A row of a batch
        has a `place` in it; False if that batch does not run.
        """
        queue_name = BATCH_QUEUE if place else QUESTIONS_QUEUE
        limit = limit_key(queue_name, user)
        job = self._broker.create(queue_name, ANSWER_QUESTION, job_id=job_id, rate_limit_key=limit)
        queue = self._broker.queues[queue_name]

        def decide(pipeline: Pipeline, snapshot: JobSnapshot) -> Write | None:
            if place is not None and not place.may_be_asked(pipeline):
                return None
            if snapshot.status is not None:
                # Accepted before, and only the reply got lost.
                return place.take if place and snapshot.status not in CAN_REQUEUE else None

            def write(pipeline: Pipeline) -> None:
                if place is not None:
                    place.take(pipeline)
                self._records.create(
                    pipeline,
                    job_id,
                    user,
                    question,
                    thread=thread,
                    urgent=urgent,
                    listed=place is None,
                )
                if place is not None:  # of a row that was asked before, and given back
                    self._records.queue_again(pipeline, job_id, user)
                pipeline.sadd(queue.redis_queues_keys, queue.key)
                enqueue_rate_limited(pipeline, queue, job)
                if urgent:
                    priority.mark(pipeline, queue, job)

            return write

        return change(self._connection, job_id, decide)

    def make_urgent(self, job_id: str) -> bool:
        """Let a question that waits go before those that are not urgent; False if none waits."""
        job = self._fetch(job_id)
        if job is None or job.origin != QUESTIONS_QUEUE:
            return False
        queue = self._queue_of(job)

        def decide(_pipeline: Pipeline, snapshot: JobSnapshot) -> Write | None:
            if snapshot.status not in MAY_BE_URGENT:
                return None

            def write(pipeline: Pipeline) -> None:
                self._records.note_urgent(pipeline, job_id)
                priority.mark(pipeline, queue, job)

            return write

        return change(self._connection, job_id, decide)

    def give_back(self, job_id: str, place: BatchPlace, from_states: Collection[JobStatus]) -> bool:
        """Take a row of a batch off the queue, as if it had not been asked yet.

        False if it is in another state, unless its owner deleted it. Its record stays, so that
        attempts are counted on.
        """
        job = self._fetch(job_id)
        if job is None:
            return False
        queue = self._queue_of(job)

        def decide(_pipeline: Pipeline, snapshot: JobSnapshot) -> Write | None:
            if snapshot.status not in from_states and snapshot.deleted_at is None:
                return None

            def write(pipeline: Pipeline) -> None:
                job.delete(pipeline=pipeline)
                pipeline.zrem(DELETED_JOBS_KEY, job_id)
                pipeline.lrem(queue.intermediate_queue_key, 1, job_id)
                pipeline.delete(events_key(job_id), answer_key(job_id))
                place.give_back(pipeline)

            return write

        if not change(self._connection, job_id, decide, even_deleted=True):
            return False
        if job.has_rate_limit:
            RateLimitRegistry.from_job(job).cancel(job_id)
        return True

    def stop(self, job_id: str) -> bool:
        """Cancel a job in whatever state, and keep what it has written; False if it is over."""
        job = self._fetch(job_id)
        if job is None:
            return False
        partial = read_text(self._connection, job_id)

        def decide(_pipeline: Pipeline, snapshot: JobSnapshot) -> Write | None:
            if snapshot.status is None or snapshot.is_over:
                return None

            def write(pipeline: Pipeline) -> None:
                self._cancel(pipeline, job)
                if job.func_name == ANSWER_QUESTION:
                    self._records.stop(pipeline, job_id, partial)
                    announce(pipeline, job, JobState.STOPPED)

            return write

        if not change(self._connection, job_id, decide):
            return False
        if job.has_rate_limit:
            # An attempt that still runs keeps the slot until it notices.
            RateLimitRegistry.from_job(job).cancel(job_id)
        return True

    def queue_again(self, job_id: str, *, from_states: Collection[JobStatus] = CAN_REQUEUE) -> bool:
        """Give a failed or stopped job all its attempts again; False if it is in another state."""
        job = self._fetch(job_id)
        if job is None:
            return False
        held_key = job.rate_limit_key
        record = self._records.read(job_id)
        self._forget_attempts(job)

        def decide(pipeline: Pipeline, snapshot: JobSnapshot) -> Write | None:
            if snapshot.status not in from_states:
                return None

            def write(pipeline: Pipeline) -> None:
                for registry in (queue.failed_job_registry, queue.canceled_job_registry):
                    pipeline.zrem(registry.key, job_id)
                pipeline.persist(job.key)
                priority.forget(pipeline, job_id)
                pipeline.hdel(job.key, "meta")  # RQ does not write an empty one
                if held_key != job.rate_limit_key:
                    pipeline.hdel(job.key, "rate_limit_key", "rate_limit_concurrency")
                if record is not None:
                    self._records.queue_again(pipeline, job_id, record.user, thread=record.thread)
                if job.has_rate_limit:
                    enqueue_rate_limited(pipeline, queue, job)
                else:
                    enqueue(pipeline, queue, job)

            return write

        queue = self._queue_of(job)
        return change(self._connection, job_id, decide)

    def delete(self, job_id: str, user: str, *, deleted_before: float | None = None) -> bool:
        """Remove all of a question for good, if it is over; False if it is not.

        With `deleted_before` (Unix seconds), only one that its owner deleted before then.
        """
        job = self._fetch(job_id)
        if job is None:
            return False

        def decide(_pipeline: Pipeline, snapshot: JobSnapshot) -> Write | None:
            if not snapshot.is_over:
                return None
            if deleted_before is not None and (
                snapshot.deleted_at is None or snapshot.deleted_at >= deleted_before
            ):
                return None

            def write(pipeline: Pipeline) -> None:
                job.delete(pipeline=pipeline)
                pipeline.delete(events_key(job_id))
                pipeline.zrem(DELETED_JOBS_KEY, job_id)
                priority.forget(pipeline, job_id)
                self._records.remove(pipeline, job_id, user)

            return write

        return change(self._connection, job_id, decide, even_deleted=True)

    def note_feedback(self, job_id: str, feedback: Feedback | None) -> bool:
        """Keep what its asker thinks of an answer; False if there is none (any more)."""

        def decide(reads: Pipeline, snapshot: JobSnapshot) -> Write | None:
            if snapshot.status is not JobStatus.FINISHED:
                return None
            is_bad = feedback is not None and not feedback.useful
            forget = answer_cache.forget(reads, job_id) if is_bad else None

            def write(pipeline: Pipeline) -> None:
                self._records.note_feedback(pipeline, job_id, feedback)
                if forget is not None:
                    forget(pipeline)

            return write

        return change(self._connection, job_id, decide)

    def _cancel(self, pipeline: Pipeline, job: Job) -> None:
        queue = self._queue_of(job)
        ended: dict[FieldT, EncodableT] = {
            "status": JobStatus.CANCELED.value,
            "ended_at": format_time(now()),
        }
        pipeline.hset(job.key, mapping=ended)
        pipeline.hdel(job.key, EXECUTION_FIELD)
        pipeline.expire(job.key, self._retention_seconds)
        priority.forget(pipeline, job.id)
        pipeline.lrem(queue.key, 1, job.id)
        pipeline.lrem(queue.intermediate_queue_key, 1, job.id)
        pipeline.zrem(queue.scheduled_job_registry.key, job.id)
        queue.canceled_job_registry.add(job, pipeline=pipeline)

    def _forget_attempts(self, job: Job) -> None:
        job.meta = {}
        job.started_at = job.ended_at = None
        if job.rate_limit_key == SUSPECTS_KEY:
            record = self._records.read(job.id)
            job.rate_limit_key = limit_key(job.origin, record.user) if record else None
            job.rate_limit_concurrency = self._broker.concurrency(job.origin) if record else None

    def _queue_of(self, job: Job) -> Queue:
        return self._broker.queues[job.origin]

    def _fetch(self, job_id: str) -> Job | None:
        try:
            return self._broker.fetch(job_id)
        except NoSuchJobError:
            return None
