"""Connections to Valkey, the queues on it, and the names of the keys that Askqueue owns."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import redis
from rq import Queue
from rq.job import Job
from rq.rate_limit import RateLimit
from rq.serializers import JSONSerializer

from jobs.settings import BATCH_QUEUE, INDEXING_QUEUE, QUESTIONS_QUEUE, QUEUE_NAMES, Settings

ANSWER_QUESTION = "jobs.tasks.answer_question"
QUESTION_TIMEOUT_SECONDS = 600
INDEXING_TIMEOUT_SECONDS = 3600

# Shown in rq-dashboard as raw HTML, so no word of a user may be in it.
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
        return {
            name: Queue(name, connection=self.connection, serializer=JSONSerializer)
            for name in QUEUE_NAMES
        }

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
        """A job that is not on its queue yet; `args` are JSON types, without a word of a user.

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
        """How many jobs of one user are queued or running at once."""
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
        """Create a job and put it on its queue, or let it wait for its limit, see `create`."""
        job = self.create(
            queue_name,
            function,
            job_id=job_id,
            args=args,
            timeout_seconds=timeout_seconds,
            rate_limit_key=rate_limit_key,
        )
        return self.queues[queue_name].enqueue_job(job)

    def fetch(self, job_id: str) -> Job:
        """The RQ job; raises rq.exceptions.NoSuchJobError."""
        return Job.fetch(job_id, connection=self.connection, serializer=JSONSerializer)
