"""Connections to Valkey, the queues on it, and the names of the keys that Askqueue owns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import Any

import redis
from redis.backoff import ExponentialBackoff
from redis.retry import Retry as ConnectionRetry
from rq import Queue
from rq.job import Job
from rq.rate_limit import RateLimit
from rq.serializers import JSONSerializer

from jobs.refusals import explain, forget_command
from jobs.settings import BATCH_QUEUE, INDEXING_QUEUE, QUESTIONS_QUEUE, QUEUE_NAMES, Settings
from jobs.visibility import owner_part

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

# Keys. Each has a TTL, or an owner: `jobs.retention.OWNERS` names who removes what.
PREFIX = "askqueue:"
DOCUMENTS_KEY = PREFIX + "documents"
PRIVATE_DOCUMENTS_KEY = PREFIX + "documents:private"
DELETED_DOCUMENTS_KEY = PREFIX + "documents:deleted"
DOCUMENTS_VERSION_KEY = PREFIX + "documents:version"
LOOSE_FILES_KEY = PREFIX + "documents:loose"
INDEX_KEY = PREFIX + "index"
# How the keys of entries in the register begin, of shared and of private documents.
ENTRY, PRIVATE_ENTRY = PREFIX + "document:", PREFIX + "private:"
WORKERS_KEY = PREFIX + "workers"
MAINTENANCE_LOCK_KEY = PREFIX + "lock:maintenance"
RETENTION_LOCK_KEY = PREFIX + "lock:retention"
REMOVAL_LOCK_KEY = PREFIX + "lock:removal"
LOG_LOCK_KEY = PREFIX + "lock:log"
OPEN_BATCHES_KEY = PREFIX + "batches:open"
FEEDING_LOCK_KEY = PREFIX + "lock:feeding"
DELETED_JOBS_KEY = PREFIX + "jobs:deleted"
METRICS_KEY = PREFIX + "metrics"
PAUSED_KEY = PREFIX + "paused"
RATES_PREFIX = PREFIX + "rate"
URGENT_KEY = PREFIX + "urgent"
URGENT_ROW_KEY = PREFIX + "urgent:row"
OUTBOX_KEY = PREFIX + "outbox"
# Not a key but the name of a rate limit of RQ: of the jobs that may be what kills workers, one
# runs at a time.
SUSPECTS_KEY = PREFIX + "suspects"


def queue_key(name: str) -> str:
    """List, RQ's own: the ids of the jobs on this queue, the next one first."""
    return Queue.redis_queue_namespace_prefix + name


def job_key(job_id: str) -> str:
    """Hash: the record of one question (who asked what, stage, attempt, failure, preview)."""
    return f"{PREFIX}job:{job_id}"


def events_key(job_id: str) -> str:
    """Stream: the live events of one job."""
    return f"{PREFIX}events:{job_id}"


def user_jobs_key(user: str) -> str:
    """Sorted set: the ids of one user's questions by the time they were asked."""
    return f"{PREFIX}user:{user}:jobs"


def spent_key(job_id: str) -> str:
    """String with a TTL of a minute: the question with this id was counted, see `jobs.rates`."""
    return f"{RATES_PREFIX}:spent:{job_id}"


def uploads_key(user: str) -> str:
    """Sorted set with a TTL: the room that uploads under way hold, see `jobs.quota`."""
    return f"{PREFIX}user:{user}:uploads"


def thread_key(root_id: str) -> str:
    """Sorted set: the ids of a question's versions by the time they were last asked.

    It is named after the first of them, and there is none for a question with one version.
    """
    return f"{PREFIX}thread:{root_id}"


def batch_key(batch_id: str) -> str:
    """Hash: one batch (whose, of which file, in which state)."""
    return f"{PREFIX}batch:{batch_id}"


def user_batches_key(user: str) -> str:
    """Sorted set: the ids of one user's batches by the time they were submitted."""
    return f"{PREFIX}user:{user}:batches"


def api_key_key(digest: str) -> str:
    """Hash: one API key, found by the SHA-256 of its secret."""
    return f"{PREFIX}key:{digest}"


def api_keys_key(user: str) -> str:
    """Hash: the digests of one user's API keys, by their ids."""
    return f"{PREFIX}user:{user}:keys"


def webhook_key(webhook_id: str) -> str:
    """Hash: one webhook. `jobs.outbox` keeps what it has to send in keys that begin with this."""
    return f"{PREFIX}webhook:{webhook_id}"


def user_webhooks_key(user: str) -> str:
    """Set: the ids of one user's webhooks."""
    return f"{PREFIX}user:{user}:webhooks"


def limit_key(queue_name: str, user: str) -> str:
    """The name of RQ's rate limit: a user has one for questions, for batches, and for documents."""
    return user if queue_name == QUESTIONS_QUEUE else f"{queue_name}:{user}"


def document_key(document_id: str) -> str:
    """Hash: the register's entry of one document.

    Those of private ones are apart: who does not know of them finds none.
    """
    return f"{PRIVATE_ENTRY if owner_part(document_id) else ENTRY}{document_id}"


def own_documents_key(owner: str) -> str:
    """Sorted set: the ids of one owner's private documents, by the time they were last added.

    The owner is given as `jobs.visibility.owner_digest`. `PRIVATE_DOCUMENTS_KEY` has those of all.
    """
    return f"{PREFIX}documents:of:{owner}"


def cache_key(digest: str) -> str:
    """String with a TTL: the id of the question whose answer is kept, see `jobs.answer_cache`."""
    return f"{PREFIX}cache:{digest}"


def worker_key(name: str) -> str:
    """String with a TTL of seconds: the JSON report of one worker process."""
    return f"{PREFIX}worker:{name}"


def durations_key(queue_name: str) -> str:
    """List: the seconds that recent attempts of one queue took, the newest first."""
    return f"{PREFIX}durations:{queue_name}"


def metrics_span_key(span_seconds: int, start: int) -> str:
    """Hash with a TTL: what was counted in the span that began at this Unix time."""
    return f"{METRICS_KEY}:{span_seconds}:{start}"


def connect(url: str, *, socket_timeout_seconds: float | None = 5.0) -> redis.Redis:
    """A client with a pool of its own. It connects on first use and survives a server restart.

    Never share the client of an RQ worker with other code: a worker changes its pool's timeout.
    """
    return redis.Redis.from_url(
        url,
        socket_timeout=socket_timeout_seconds,
        socket_connect_timeout=5.0,
        # No health checks: a server whose disk is full refuses their PING, though it can be read.
        # A command that finds its connection broken is sent again over a new one.
        health_check_interval=0,
        retry=ConnectionRetry(ExponentialBackoff(cap=0.5, base=0.05), retries=2),
    )


@contextmanager
def broker_errors() -> Iterator[None]:
    """Translate what the client raises when Valkey is away or refuses, see `jobs.refusals`."""
    try:
        yield
    except (redis.exceptions.RedisError, OSError) as error:
        forget_command(error)
        raise explain(error) from error


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
