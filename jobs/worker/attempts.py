"""The attempts of jobs, from the worker's side: begin, then finish or end, or let go.

Each step is one transition (`jobs.queue.transitions`) of RQ's job and of the record that people
see. An attempt that has been superseded changes nothing.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import asdict, dataclass
from typing import Any

import redis
from redis.client import Pipeline
from rq import Queue
from rq.job import Job, JobStatus
from rq.worker import BaseWorker, WorkerStatus

from jobs.models import JobState
from jobs.operations import metrics
from jobs.questions import answer_cache, priority
from jobs.questions.event_stream import read_text
from jobs.questions.repository import JobRepository
from jobs.queue.broker import ANSWER_QUESTION, Broker
from jobs.queue.durations import note_duration
from jobs.queue.failure_texts import describe, without_quote
from jobs.queue.keys import SUSPECTS_KEY
from jobs.queue.results import write_answer
from jobs.queue.retry_policy import Outcome
from jobs.queue.rq_internals import (
    Execution,
    RateLimitRegistry,
    enqueue,
    enqueue_rate_limited,
    make_queue,
    now,
    release_slot,
    save_failure,
    save_success,
)
from jobs.queue.transitions import EXECUTION_FIELD, JobSnapshot, Write, change
from jobs.settings import QUESTIONS_QUEUE
from jobs.webhooks import outbox

# An execution without a heartbeat for this long counts as dead, and its job is recovered. Several
# heartbeats fit in, so that a busy moment does not cost an attempt.
EXECUTION_TTL_SECONDS = 12

# Put a popped job back at the front of its queue, unless it has been put back or begun already.
# KEYS: list of popped jobs, queue. ARGV: job id.
PUT_BACK = """
if redis.call('LREM', KEYS[1], 1, ARGV[1]) == 1 then
    redis.call('LPUSH', KEYS[2], ARGV[1])
    return 1
end
return 0
"""


def put_back(connection: redis.Redis, queue: Queue, job_id: str) -> bool:
    """Undo the pop of a job that has not begun; return False if there is nothing to undo."""
    keys = [queue.intermediate_queue_key, queue.key]
    return bool(connection.eval(PUT_BACK, len(keys), *keys, job_id))


@dataclass(frozen=True)
class Attempt:
    """A job that this worker runs.

    `number` counts a question's attempts from 1, over all retries; 0 for a job without a record.
    """

    job: Job
    execution: Execution
    number: int = 0
    user: str = ""


_current: ContextVar[Attempt | None] = ContextVar("attempt", default=None)


@contextmanager
def performing(attempt: Attempt) -> Iterator[None]:
    """Make this the `current_attempt` of the tasks called in this block."""
    token = _current.set(attempt)
    try:
        yield
    finally:
        _current.reset(token)


def current_attempt() -> Attempt:
    """Return the attempt that runs on this thread; raises RuntimeError outside of a worker."""
    attempt = _current.get()
    if attempt is None:
        raise RuntimeError("a task runs inside a worker of jobs.worker.threads only")
    return attempt


class Attempts:
    """The attempts of one worker. Raises what redis raises."""

    def __init__(self, broker: Broker) -> None:
        self._connection: redis.Redis = broker.connection
        self._retention_seconds = broker.settings.retention_seconds
        self._records = JobRepository(broker.connection, self._retention_seconds)
        # Executions whose end was sent, and may have been written although the reply was lost.
        self._closing: set[str] = set()

    def begin(self, job: Job, worker: BaseWorker) -> Attempt | None:
        """Begin the job; return None if it was stopped, deleted, or begun elsewhere.

        Either way it leaves the list of popped jobs.
        """
        begin = _Begin(self._records, job, worker)
        is_changed = change(self._connection, job.id, begin.decide)
        attempt = begin.attempt
        if not is_changed or attempt is None:
            self._connection.lrem(_queue_of(job).intermediate_queue_key, 1, job.id)
            return None
        worker.executions[attempt.execution.id] = attempt.execution
        return attempt

    def finish(self, attempt: Attempt, worker: BaseWorker, result: Any) -> bool:
        """Finish the job; return False if this attempt no longer counts.

        The `result` of a question is its answer. Of other jobs, none is kept.
        """
        job, execution = attempt.job, attempt.execution
        job.ended_at = now()
        counts = metrics.count_finished(job, result)

        def write(pipeline: Pipeline) -> None:
            save_success(
                pipeline,
                job,
                ttl_seconds=self._retention_seconds,
                worker_name=worker.name,
                execution=execution,
            )
            if attempt.number:
                cited = [citation["document_id"] for citation in result.get("citations", ())]
                write_answer(pipeline, job.id, result, self._retention_seconds)
                self._records.finish(pipeline, job.id, result["text"], cited)
                answer_cache.remember(pipeline, job.id, result, self._retention_seconds)
                outbox.announce(pipeline, job, JobState.FINISHED)
            # An answer from the cache says nothing about how long a new one takes.
            if not (attempt.number and result.get("earlier_at")):
                note_duration(pipeline, job.origin, _seconds_run(job), self._retention_seconds)
            metrics.add(pipeline, counts)

        return self._close(attempt, worker, write)

    def end(
        self, attempt: Attempt, worker: BaseWorker, outcome: Outcome, error: BaseException
    ) -> bool:
        """Fail the job or let it run again; return False if this attempt no longer counts."""
        set_outcome = self.outcome_writer(attempt.job, outcome, describe(error), worker.name)
        return self._close(attempt, worker, set_outcome)

    def let_go(self, attempt: Attempt, worker: BaseWorker) -> None:
        """Leave the job alone: this attempt no longer counts."""
        self._closing.discard(attempt.execution.id)
        with self._connection.pipeline() as pipeline:
            self._leave(pipeline, attempt, worker)
            pipeline.execute()
        worker.executions.pop(attempt.execution.id, None)
        if attempt.job.has_rate_limit:
            RateLimitRegistry.from_job(attempt.job).release_stale_and_enqueue(attempt.job.id)

    def outcome_writer(
        self, job: Job, outcome: Outcome, text: str, worker_name: str = "", *, lost: bool = False
    ) -> Write:
        """Return the function that writes the outcome of an attempt, whether it ended or died.

        RQ keeps `text`, from `jobs.queue.failure_texts.describe`.
        """
        job.ended_at, held_key = now(), job.rate_limit_key
        counts = metrics.count_ended(job, outcome, lost=lost)  # before it is queued again
        job.meta["history"] = outcome.history.to_dict()
        is_question = job.func_name == ANSWER_QUESTION
        if outcome.retry_in_seconds is None:
            job.meta["failure"] = asdict(without_quote(outcome.failure))
            partial = read_text(self._connection, job.id) if is_question else ""
            retry_at = 0.0
        else:
            partial, retry_at = "", time.time() + outcome.retry_in_seconds

        def write(pipeline: Pipeline) -> None:
            if outcome.retry_in_seconds is None:
                save_failure(pipeline, job, text, worker_name=worker_name)
            elif outcome.alone:
                _enqueue_alone(pipeline, job, held_key)
            elif outcome.retry_in_seconds > 0:
                _schedule(pipeline, job, retry_at)
            else:
                enqueue(pipeline, _queue_of(job), job, at_front=outcome.at_front)
            if is_question and outcome.retry_in_seconds is None:
                self._records.fail(pipeline, job.id, outcome.failure, partial)
                outbox.announce(pipeline, job, JobState.FAILED, outcome.failure)
            elif is_question:
                self._records.wait(pipeline, job.id, outcome.failure, retry_at, _seconds_run(job))
            metrics.add(pipeline, counts)

        return write

    def _close(self, attempt: Attempt, worker: BaseWorker, write: Write) -> bool:
        execution = attempt.execution

        def decide(_pipeline: Pipeline, snapshot: JobSnapshot) -> Write | None:
            if not snapshot.runs(execution.id):
                if execution.id in self._closing and snapshot.execution_id == execution.id:
                    return lambda _pipeline: None  # it was closed, and the reply lost
                return None

            def write_all(pipeline: Pipeline) -> None:
                self._closing.add(execution.id)
                write(pipeline)
                self._leave(pipeline, attempt, worker)

            return write_all

        if not change(self._connection, attempt.job.id, decide):
            self.let_go(attempt, worker)
            return False
        worker.executions.pop(execution.id, None)
        # If the worker dies here, maintenance frees the slot.
        if release_slot(attempt.job) and attempt.job.origin == QUESTIONS_QUEUE:
            priority.arrange(self._connection, _queue_of(attempt.job))
        self._closing.discard(execution.id)
        return True

    def _leave(self, pipeline: Pipeline, attempt: Attempt, worker: BaseWorker) -> None:
        attempt.execution.delete(job=attempt.job, pipeline=pipeline)
        worker.set_state(WorkerStatus.IDLE, pipeline)


class _Begin:
    """The change that begins an attempt. Its transaction may be tried more than once."""

    def __init__(self, records: JobRepository, job: Job, worker: BaseWorker) -> None:
        self.attempt: Attempt | None = None
        self._records = records
        self._job = job
        self._worker = worker

    def decide(self, pipeline: Pipeline, snapshot: JobSnapshot) -> Write | None:
        """Begin a job that is queued; delete a question whose record has expired."""
        begun, self.attempt = self.attempt, None
        if begun is not None and snapshot.runs(begun.execution.id):
            self.attempt = begun
            return lambda _pipeline: None  # the try before was written, and its reply lost
        if snapshot.status is not JobStatus.QUEUED:
            return None
        number, user = self._records.next_attempt(pipeline, self._job.id)
        if not number and self._job.func_name == ANSWER_QUESTION:
            return lambda writes: self._job.delete(pipeline=writes)
        return lambda writes: self._write(writes, number, user)

    def _write(self, pipeline: Pipeline, number: int, user: str) -> None:
        job, worker, queue = self._job, self._worker, _queue_of(self._job)
        execution = Execution.create(job, EXECUTION_TTL_SECONDS, pipeline, worker_name=worker.name)
        self.attempt = Attempt(job, execution, number, user)
        job.prepare_for_execution(worker.name, pipeline)
        pipeline.hset(job.key, EXECUTION_FIELD, execution.id)
        pipeline.persist(job.key)
        pipeline.lrem(queue.intermediate_queue_key, 1, job.id)
        if job.origin == QUESTIONS_QUEUE:
            priority.arrange(pipeline, queue, begun=job.id)
        worker.set_state(WorkerStatus.BUSY, pipeline)
        if number:
            self._records.begin(pipeline, job.id, number)


def _seconds_run(job: Job) -> float:
    """Return the seconds that the latest attempt ran; 0 if its start or end is unknown."""
    if job.started_at is None or job.ended_at is None:
        return 0.0
    return max(0.0, (job.ended_at - job.started_at).total_seconds())


def _schedule(pipeline: Pipeline, job: Job, when: float) -> None:
    job.set_status(JobStatus.SCHEDULED, pipeline=pipeline)
    job.save(pipeline=pipeline, include_result=False)
    pipeline.zadd(_queue_of(job).scheduled_job_registry.key, {job.id: when})


def _enqueue_alone(pipeline: Pipeline, job: Job, held_key: str | None) -> None:
    """Queue the job under a rate limit that lets one suspect be queued or run at a time."""
    if held_key:
        pipeline.zrem(RateLimitRegistry(held_key, job.connection).allowed_key, job.id)
    job.rate_limit_key, job.rate_limit_concurrency = SUSPECTS_KEY, 1
    enqueue_rate_limited(pipeline, _queue_of(job), job)


def _queue_of(job: Job) -> Queue:
    return make_queue(job.origin, job.connection)
