"""An RQ worker that runs on a thread, beside others in one process.

A fork for each job would import everything again, or hold hundreds of megabytes in preloaded
children. Threads share warm clients; `jobs.worker.process` does what RQ does with signals.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Any, TypeVar

import redis
import structlog
from redis.client import Pipeline
from redis.typing import EncodableT, FieldT
from rq import Queue
from rq.job import Job
from rq.timeouts import JobTimeoutException, TimerDeathPenalty
from rq.worker import WorkerStatus
from structlog.contextvars import bound_contextvars

from jobs.errors import AskqueueError, SupersededError, UnknownTaskError
from jobs.queue.broker import DESCRIPTIONS
from jobs.queue.pauses import CHECK_SECONDS, Pauses
from jobs.queue.retry_policy import History, Outcome, after_error, known_error
from jobs.queue.rq_internals import Execution, JsonWorker, format_time, now, register_worker
from jobs.queue.transitions import EXECUTION_FIELD
from jobs.queue.valkey_errors import server_words
from jobs.worker.attempts import EXECUTION_TTL_SECONDS, Attempt, Attempts, performing, put_back

log = structlog.get_logger(__name__)

T = TypeVar("T")

# How long a blocking pop waits; it bounds how late an idle thread notices a shutdown.
IDLE_SECONDS = 2
WORKER_TTL_SECONDS = 30
# How long rq-dashboard shows a worker after its last heartbeat.
WORKER_SHOWN_SECONDS = 15
RESTART_WAIT_SECONDS = 1.0
# How long to try to write an outcome while Valkey is away, before the answer is given up.
COMMIT_PATIENCE_SECONDS = 300.0
COMMIT_WAIT_SECONDS = 0.5

# Called with a job whose attempt ended without a result, once that is written.
Report = Callable[[Job, Outcome], None]


# Renew the heartbeat of a job, if this execution is the one that counts.
# KEYS: job. ARGV: name of the field with the execution, its id, time.
BEAT = """
if redis.call('HGET', KEYS[1], ARGV[1]) == ARGV[2] then
    redis.call('HSET', KEYS[1], 'last_heartbeat', ARGV[3])
end
"""


class ThreadWorker(JsonWorker):
    """Serves one queue, because only then RQ pops a job atomically and a crash cannot lose it."""

    def __init__(
        self,
        queue_name: str,
        name: str,
        connection: redis.Redis,
        attempts: Attempts,
        report: Report,
        pauses: Pauses | None = None,
    ) -> None:
        super().__init__(queue_name, name, connection, WORKER_TTL_SECONDS)
        self._attempts = attempts
        self._report = report
        self._pauses = pauses or Pauses(connection)

    def work(self, *_args: Any, **_kwargs: Any) -> bool:
        """Take jobs until a shutdown is requested. Raises what redis raises.

        RQ's own loop would end, with a stack trace, whenever Valkey is away.
        """
        self.register_birth()  # type: ignore[no-untyped-call] # RQ does not annotate it
        self.set_state(WorkerStatus.IDLE)
        while not self.is_shutdown_requested:
            self.check_for_suspension(burst=False)
            if self._is_paused():
                time.sleep(CHECK_SECONDS / 2)
                continue
            popped = self.pop(IDLE_SECONDS)
            if popped is None:
                continue
            # These may have changed during the wait; the job is for another process, or later.
            if self.is_shutdown_requested or self._is_paused():
                put_back(self.connection, popped[1], popped[0].id)
            else:
                self.execute_job(*popped)
        self.register_death()  # type: ignore[no-untyped-call]
        return True

    def execute_job(self, job: Job, queue: Queue) -> None:
        """Run one attempt of a job, if it is still queued, and write the outcome."""
        attempt = self._attempts.begin(job, self)
        if attempt is None:
            log.info("job skipped", job_id=job.id, worker=self.name)
            return
        with bound_contextvars(
            job_id=job.id, user=attempt.user, attempt=attempt.number, worker=self.name
        ):
            log.info("attempt started", function=job.func_name)
            self._run(attempt)

    def heartbeat(self, timeout: int | None = None, pipeline: Pipeline | None = None) -> None:
        """Do nothing: the process beats for all its workers at once, see `beat`."""
        self.last_heartbeat = now()

    def maintain_heartbeats(self, job: Job, execution: Execution) -> None:
        """Renew the heartbeat of a running attempt, and that of its job while the attempt counts.

        RQ's own method writes to the job's hash whether it is there or not, and deletes it if it
        was not: a job that is submitted anew in between would be lost.
        """
        with self.connection.pipeline() as pipeline:
            execution.heartbeat(job.started_job_registry, EXECUTION_TTL_SECONDS, pipeline)
            # Recovery watches the job: with this write, it does not take a living attempt for lost.
            pipeline.eval(BEAT, 1, job.key, EXECUTION_FIELD, execution.id, format_time(now()))
            pipeline.execute()

    def get_heartbeat_ttl(self, job: Job, working_time: float = 0.0) -> int:
        return EXECUTION_TTL_SECONDS

    def beat(self, pipeline: Pipeline) -> None:
        """Queue the writes that keep this worker's entry in RQ for a few seconds."""
        if self.birth_date is None:
            return
        self.last_heartbeat = now()
        mapping: dict[FieldT, EncodableT] = {**self.serialize(), "state": self.get_state()}
        pipeline.hset(self.key, mapping=mapping)
        pipeline.expire(self.key, WORKER_SHOWN_SECONDS)
        register_worker(self, pipeline)

    def procline(self, message: str) -> None:
        """Do nothing: the process has one name and many threads."""

    def _is_paused(self) -> bool:
        return any(self._pauses.is_paused(queue.name) for queue in self.queues)

    def _run(self, attempt: Attempt) -> None:
        job = attempt.job
        try:
            with (
                performing(attempt),
                TimerDeathPenalty(job.timeout, JobTimeoutException, job_id=job.id),
            ):
                if job.func_name not in DESCRIPTIONS:
                    raise UnknownTaskError()
                result = job.perform()
        except SupersededError:
            self._commit(lambda: self._attempts.let_go(attempt, self))
            log.info("attempt given up")
        except Exception as error:  # whatever it was, the job must not stay started
            self._end(attempt, error)
        else:
            if self._commit(lambda: self._attempts.finish(attempt, self, result)):
                log.info("attempt finished")
            else:
                log.info("attempt no longer counts")

    def _end(self, attempt: Attempt, error: Exception) -> None:
        job = attempt.job
        outcome = after_error(error, History.from_dict(job.meta.get("history", {})))
        if not self._commit(lambda: self._attempts.end(attempt, self, outcome, error)):
            log.info("attempt no longer counts")
            return
        self._report(job, outcome)
        is_bug = type(known_error(error)) is AskqueueError
        log.log(
            logging.ERROR if is_bug else logging.WARNING,
            "attempt failed",
            kind=outcome.failure.kind,
            error=outcome.failure.message,
            retry_in_seconds=outcome.retry_in_seconds,
            exc_info=error if is_bug else None,
        )

    def _commit(self, change: Callable[[], T]) -> T:
        """Call `change` until it succeeds, for `COMMIT_PATIENCE_SECONDS` at most."""
        deadline = time.monotonic() + COMMIT_PATIENCE_SECONDS
        waiting = False
        while True:
            try:
                return change()
            except (redis.exceptions.RedisError, OSError) as error:
                if time.monotonic() >= deadline:
                    raise
                if not waiting:
                    log.warning("outcome waits for Valkey", error=server_words(error))
                waiting = True
            time.sleep(COMMIT_WAIT_SECONDS)


class WorkerThread(threading.Thread):
    """Runs a ThreadWorker, and starts another one when its loop ends with an error."""

    def __init__(self, name: str, make_worker: Callable[[str], ThreadWorker]) -> None:
        super().__init__(name=name, daemon=True)
        self._make_worker = make_worker
        self._stopping = threading.Event()
        self.worker: ThreadWorker | None = None

    def run(self) -> None:
        generation, lost = 0, False
        while not self._stopping.is_set():
            generation += 1
            try:
                self.worker = self._make_worker(f"{self.name}.{generation}")
                if not self._stopping.is_set():
                    self.worker.work()
                    lost = False
            except (redis.exceptions.RedisError, OSError) as error:
                # An outage is logged once, not every second.
                log.log(
                    logging.DEBUG if lost else logging.WARNING,
                    "worker thread lost Valkey",
                    worker=self.name,
                    error=server_words(error),
                )
                lost = True
            except Exception:  # whatever it was, the thread goes on with a new worker
                log.exception("worker thread failed", worker=self.name)
            finally:
                self.worker = None  # no more heartbeats in its name
            self._stopping.wait(RESTART_WAIT_SECONDS)

    def stop(self) -> None:
        self._stopping.set()
        worker = self.worker
        if worker is not None:
            worker.request_shutdown()

    @property
    def is_busy(self) -> bool:
        return bool(self.executions())

    def executions(self) -> dict[str, str]:
        """Return the id of the running execution and that of its job; empty if idle."""
        worker = self.worker
        running = list(worker.executions.values()) if worker is not None else []
        return {execution.id: execution.job_id for execution in running}

    def keep_alive(self, pipeline: Pipeline) -> None:
        """Renew the heartbeat of the running job, if any, and queue that of the worker."""
        worker = self.worker
        if worker is None:
            return
        worker.beat(pipeline)
        for execution in list(worker.executions.values()):
            worker.maintain_heartbeats(execution.job, execution)


def wait_until_idle(threads: list[WorkerThread], timeout_seconds: float) -> bool:
    """Wait for the running jobs to end; return False if some are left after the timeout."""
    deadline = time.monotonic() + timeout_seconds
    while any(thread.is_busy for thread in threads):
        if time.monotonic() >= deadline:
            return False
        time.sleep(0.05)
    return True
