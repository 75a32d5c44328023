"""What we use of RQ 3.0 beyond its documented interface, all of it here.

RQ has no public way to enqueue, finish or fail a job inside a transaction of ours, or to find the
keys behind its registries. `tests/unit/queue/test_rq_internals.py` fails when an upgrade of RQ
removes one of these names or changes its parameters: read RQ's changes to it before following.

RQ pickles unless it is told otherwise, and unpickling runs whatever somebody wrote to Valkey. So
queues, jobs and results are made here, with JSON. A registry takes its serializer from its queue.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import redis
import rq.serializers
from redis.client import Pipeline
from rq import Queue, SimpleWorker
from rq.defaults import RQ_KEY_PREFIX
from rq.exceptions import DequeueTimeout
from rq.executions import Execution
from rq.job import Job, JobStatus
from rq.rate_limit import RateLimitRegistry, release_slot
from rq.results import Result
from rq.serializers import JSONSerializer
from rq.suspension import WORKERS_SUSPENDED
from rq.timeouts import TimerDeathPenalty
from rq.utils import now, utcformat
from rq.worker_registration import clean_worker_registry
from rq.worker_registration import get_keys as get_worker_keys
from rq.worker_registration import register as register_worker

__all__ = [
    "LIMITS_KEY",
    "LIMITS_PREFIX",
    "WORKERS_SUSPENDED",
    "Execution",
    "JsonWorker",
    "RateLimitRegistry",
    "clean_worker_registry",
    "enqueue",
    "enqueue_rate_limited",
    "fetch_job",
    "format_time",
    "get_worker_keys",
    "make_queue",
    "now",
    "read_result",
    "register_worker",
    "release_slot",
    "replace_pickle",
    "results_key",
    "save_failure",
    "save_success",
    "unix_time",
]

# Set: the names of the rate limits. Their keys begin with the prefix.
LIMITS_KEY: str = RateLimitRegistry.rl_keys_key
LIMITS_PREFIX = f"{RQ_KEY_PREFIX}:rl:"


def make_queue(name: str, connection: redis.Redis) -> Queue:
    """Return the queue of this name; its timeouts work on any thread."""
    return Queue(
        name,
        connection=connection,
        serializer=JSONSerializer,
        death_penalty_class=TimerDeathPenalty,
    )


def fetch_job(job_id: str, connection: redis.Redis) -> Job:
    """Return the job as it is stored; raises rq.exceptions.NoSuchJobError."""
    return Job.fetch(job_id, connection=connection, serializer=JSONSerializer)


class JsonWorker(SimpleWorker):
    """A worker of one queue. Its loop is not used: RQ's ends whenever Valkey is away."""

    death_penalty_class = TimerDeathPenalty

    def __init__(
        self, queue_name: str, name: str, connection: redis.Redis, ttl_seconds: int
    ) -> None:
        super().__init__(
            [make_queue(queue_name, connection)],
            name=name,
            connection=connection,
            serializer=JSONSerializer,
            worker_ttl=ttl_seconds,
            log_job_description=False,
        )

    def request_shutdown(self) -> None:
        """Ask for the end of the loop after the job that runs now; from any thread."""
        self._stop_requested = True

    @property
    def is_shutdown_requested(self) -> bool:
        return self._stop_requested

    def pop(self, timeout_seconds: int) -> tuple[Job, Queue] | None:
        """Move the next job to the queue's popped ones; None if none came in time."""
        try:
            return Queue.dequeue_any(
                self.queues,
                timeout_seconds,
                connection=self.connection,
                serializer=self.serializer,
                death_penalty_class=self.death_penalty_class,
            )
        except DequeueTimeout:
            return None


def results_key(job_id: str) -> str:
    """Stream: the results of a job, the latest one last."""
    return str(Result.get_key(job_id))


def read_result(
    job_id: str, entry_id: bytes, fields: Mapping[Any, Any], connection: redis.Redis
) -> Any:
    """Return the value in an entry of `results_key`; None for a failure."""
    result = Result.restore(
        job_id, entry_id.decode(), dict(fields), connection, serializer=JSONSerializer
    )
    return result.return_value


def enqueue(pipeline: Pipeline, queue: Queue, job: Job, *, at_front: bool = False) -> None:
    """Queue the writes that save the job and put it on the queue."""
    queue._enqueue_job(job, pipeline, at_front=at_front)


def enqueue_rate_limited(pipeline: Pipeline, queue: Queue, job: Job) -> None:
    """Queue the writes that save the job, and put it on the queue once its limit has room."""
    queue._enqueue_rate_limited_job(job, pipeline)


def save_success(
    pipeline: Pipeline,
    job: Job,
    *,
    ttl_seconds: int,
    worker_name: str,
    execution: Execution,
) -> None:
    """Queue the writes that finish the job, with a result that holds no value.

    What a task returns is the caller's to keep: see `jobs.queue.results`.
    """
    job._result = None  # `Job.perform` has set it
    job._handle_success(
        ttl_seconds,
        pipeline,
        worker_name=worker_name,
        execution_id=execution.id,
        execution_started_at=execution.created_at,
        execution_ended_at=job.ended_at,
    )
    job.cleanup(ttl_seconds, pipeline, remove_from_queue=False)


def save_failure(pipeline: Pipeline, job: Job, text: str, *, worker_name: str) -> None:
    """Queue the writes that fail the job, with its metadata; `text` says why."""
    job.set_status(JobStatus.FAILED, pipeline=pipeline)
    job._handle_failure(text, pipeline, worker_name=worker_name, execution_ended_at=job.ended_at)
    pipeline.hset(job.key, "meta", job.serializer.dumps(job.meta))  # `_handle_failure` does not


def replace_pickle() -> None:
    """Make JSON the serializer of code in this process that names none, such as rq-dashboard's."""
    vars(rq.serializers)["PickleSerializer"] = JSONSerializer


def format_time(moment: datetime) -> str:
    """Return a UTC time as RQ stores it, such as 2026-01-31T12:00:00.123456Z."""
    return utcformat(moment)


def unix_time(text: str | bytes) -> float:
    """Return the Unix time of what `format_time` wrote; raises ValueError for anything else."""
    moment = datetime.fromisoformat(text.decode() if isinstance(text, bytes) else text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
