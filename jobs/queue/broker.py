"""The queues of this installation, and the jobs that are put on them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import redis
from redis.client import Pipeline
from rq import Queue
from rq.exceptions import NoSuchJobError
from rq.job import Job, JobStatus
from rq.rate_limit import RateLimit

from jobs.queue.rq_internals import RateLimitRegistry, fetch_job, make_queue
from jobs.queue.transitions import JobSnapshot, Write, change
from jobs.settings import BATCH_QUEUE, INDEXING_QUEUE, QUESTIONS_QUEUE, QUEUE_NAMES, Settings

ANSWER_QUESTION = "jobs.tasks.answer_question"
QUESTION_TIMEOUT_SECONDS = 600
INDEXING_TIMEOUT_SECONDS = 3600

# rq-dashboard shows these as raw HTML, so they hold no words of a user.
DESCRIPTIONS = {
    ANSWER_QUESTION: "Answer a question",
    "jobs.tasks.index_document": "Index a document",
    "jobs.tasks.delete_document": "Remove a document from the index",
    "jobs.tasks.reindex_documents": "Index all documents again",
}


class Broker:
    """The queues of this installation, over one connection."""

    def __init__(self, connection: redis.Redis, settings: Settings) -> None:
        self.connection = connection
        self.settings = settings

    @cached_property
    def queues(self) -> dict[str, Queue]:
        return {name: make_queue(name, self.connection) for name in QUEUE_NAMES}

    def create(
        self,
        queue_name: str,
        function: str,
        *,
        job_id: str,
        args: Sequence[Any] = (),
        timeout_seconds: int = QUESTION_TIMEOUT_SECONDS,
        rate_limit_key: str = "",
    ) -> Job:
        """Return a job that is not on its queue yet; `args` are JSON types without words of a user.

        With a `rate_limit_key`, at most `concurrency` jobs of that key are queued or running at
        once.
        """
        limit = RateLimit(rate_limit_key, self.concurrency(queue_name)) if rate_limit_key else None
        return self.queues[queue_name].create_job(
            function,
            args=tuple(args),
            job_id=job_id,
            timeout=timeout_seconds,
            result_ttl=self.settings.retention_seconds,
            failure_ttl=self.settings.retention_seconds,
            description=DESCRIPTIONS[function],
            rate_limit=limit,
        )

    def concurrency(self, queue_name: str) -> int:
        """Return how many jobs of one user may be queued or running at once."""
        return {
            QUESTIONS_QUEUE: self.settings.user_concurrency,
            BATCH_QUEUE: self.settings.batch_concurrency,
            INDEXING_QUEUE: self.settings.indexing_concurrency,
        }[queue_name]

    def enqueue(
        self,
        queue_name: str,
        function: str,
        *,
        job_id: str,
        args: Sequence[Any] = (),
        timeout_seconds: int = QUESTION_TIMEOUT_SECONDS,
        rate_limit_key: str = "",
    ) -> Job:
        """Create a job and put it on its queue, or let it wait for its limit; see `create`."""
        job = self.create(
            queue_name,
            function,
            job_id=job_id,
            args=args,
            timeout_seconds=timeout_seconds,
            rate_limit_key=rate_limit_key,
        )
        return self.queues[queue_name].enqueue_job(job)

    def delete_failed(self, job_id: str) -> bool:
        """Delete a failed job that has no record; return False if it has not failed, or is gone."""
        try:
            job = self.fetch(job_id)
        except NoSuchJobError:
            return False

        def decide(_pipeline: Pipeline, snapshot: JobSnapshot) -> Write | None:
            if snapshot.status is not JobStatus.FAILED:
                return None
            return lambda pipeline: job.delete(pipeline=pipeline)

        return change(self.connection, job_id, decide)

    def withdraw(self, job_id: str) -> bool:
        """Delete a job that has no record, unless it is running; False if it is, or is gone."""
        try:
            job = self.fetch(job_id)
        except NoSuchJobError:
            return False
        queue = self.queues[job.origin]

        def decide(_pipeline: Pipeline, snapshot: JobSnapshot) -> Write | None:
            if snapshot.status in (None, JobStatus.STARTED):
                return None

            def write(pipeline: Pipeline) -> None:
                job.delete(pipeline=pipeline)
                pipeline.lrem(queue.key, 1, job_id)
                pipeline.lrem(queue.intermediate_queue_key, 1, job_id)

            return write

        if not change(self.connection, job_id, decide):
            return False
        if job.has_rate_limit:
            RateLimitRegistry.from_job(job).cancel(job_id)
        return True

    def fetch(self, job_id: str) -> Job:
        """Return the RQ job; raises rq.exceptions.NoSuchJobError."""
        return fetch_job(job_id, self.connection)
