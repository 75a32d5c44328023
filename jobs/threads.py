"""An RQ worker that runs on a thread, beside others in one process.

A fork for each job would cost an import of everything, or hundreds of megabytes of preloaded
children. Threads share warm clients; what RQ does with signals and forks is done by the process.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import redis
import structlog
from redis.client import Pipeline
from redis.typing import EncodableT, FieldT
from rq import Queue, SimpleWorker, worker_registration
from rq.exceptions import StopRequested
from rq.job import Job
from rq.serializers import JSONSerializer
from rq.timeouts import TimerDeathPenalty
from rq.utils import now
from rq.worker import WorkerStatus

from jobs.broker import MAX_ATTEMPTS
from jobs.outcomes import Outcome, apply, decide

log = structlog.get_logger(__name__)

# An execution that is not kept alive for this long is taken for abandoned, and its job for
# recovered. Several heartbeats fit in, so that a busy moment loses none.
EXECUTION_TTL_SECONDS = 12
# How long a blocking pop waits; it bounds how late an idle thread notices a shutdown.
IDLE_SECONDS = 2
WORKER_TTL_SECONDS = 30
# How long rq-dashboard shows a worker after its last heartbeat.
WORKER_SHOWN_SECONDS = 15
RESTART_WAIT_SECONDS = 1.0

Report = Callable[[Job, Outcome, float | None], None]


class ThreadWorker(SimpleWorker):
    """Serves one queue: RQ then moves a job atomically, so that a crash cannot lose it."""

    death_penalty_class = TimerDeathPenalty

    def __init__(self, queue_name: str, name: str, connection: redis.Redis, report: Report) -> None:
        queue = Queue(
            queue_name,
            connection=connection,
            serializer=JSONSerializer,
            death_penalty_class=TimerDeathPenalty,
        )
        super().__init__(
            [queue],
            name=name,
            connection=connection,
            serializer=JSONSerializer,
            worker_ttl=WORKER_TTL_SECONDS,
            log_job_description=False,
            exception_handlers=[self._handle_outcome],
        )
        self._report = report

    def request_shutdown(self) -> None:
        """End the loop after the job that runs now; from any thread."""
        self._stop_requested = True

    def bootstrap(self, *args: Any, **kwargs: Any) -> None:
        """Register, without RQ's log handlers and command channel: those are per process."""
        self.register_birth()  # type: ignore[no-untyped-call] # RQ does not annotate it
        self.set_state(WorkerStatus.STARTED)

    def dequeue_job_and_maintain_ttl(
        self, timeout: int | None, max_idle_time: int | None = None
    ) -> tuple[Job, Queue] | None:
        """Wait for a job in short turns, and look between them whether to shut down."""
        while not self._stop_requested:
            result = super().dequeue_job_and_maintain_ttl(timeout, max_idle_time=IDLE_SECONDS)
            if result is not None:
                return result
        raise StopRequested

    @property
    def should_run_maintenance_tasks(self) -> bool:
        """Never: `jobs.maintenance` does it once for all threads, and far more often."""
        return False

    def get_heartbeat_ttl(self, job: Job, working_time: float = 0.0) -> int:
        return EXECUTION_TTL_SECONDS

    def heartbeat(self, timeout: int | None = None, pipeline: Pipeline | None = None) -> None:
        """Nothing of its own: the process beats for all its workers at once, see `beat`."""
        self.last_heartbeat = now()

    def beat(self, pipeline: Pipeline) -> None:
        """Queue the writes that keep this worker in RQ's register, whole, for a few seconds."""
        if self.birth_date is None:
            return
        self.last_heartbeat = now()
        mapping: dict[FieldT, EncodableT] = {**self.serialize(), "state": self.get_state()}
        pipeline.hset(self.key, mapping=mapping)
        pipeline.expire(self.key, WORKER_SHOWN_SECONDS)
        worker_registration.register(self, pipeline)

    def procline(self, message: str) -> None:
        """Nothing: the process has one name and many threads."""

    def unsubscribe(self) -> None:
        """Nothing was subscribed."""

    def _install_signal_handlers(self) -> None:
        """Nothing: only the main thread may, and the process does."""

    def _handle_outcome(self, job: Job, _type: type, error: BaseException, _trace: object) -> bool:
        """Decide what becomes of a failed attempt, before RQ reads it from the job."""
        outcome = decide(error, job.retries_left or 0, attempts_used(job))
        retry_at = apply(outcome, job)
        if outcome.stopped:
            self._stopped_job_id = job.id
        self._report(job, outcome, retry_at)
        return True


def attempts_used(job: Job) -> int:
    """How many attempts the job has used since it was queued or retried, counting this one."""
    return MAX_ATTEMPTS - (job.retries_left or 0)


class WorkerThread(threading.Thread):
    """Keeps one ThreadWorker at work: RQ ends a worker's loop on errors it does not know."""

    def __init__(self, name: str, make_worker: Callable[[str], ThreadWorker]) -> None:
        super().__init__(name=name, daemon=True)
        self._make_worker = make_worker
        self._stopping = threading.Event()
        self.worker: ThreadWorker | None = None

    def run(self) -> None:
        generation = 0
        while not self._stopping.is_set():
            generation += 1
            try:
                self.worker = self._make_worker(f"{self.name}.{generation}")
                if not self._stopping.is_set():
                    self.worker.work()
            except (redis.exceptions.RedisError, OSError) as error:
                log.warning("worker thread lost Valkey", worker=self.name, error=str(error))
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
        worker = self.worker
        return worker is not None and bool(worker.executions)

    def keep_alive(self, pipeline: Pipeline) -> None:
        """Renew the heartbeat of the job that runs now, if any; queue that of the worker."""
        worker = self.worker
        if worker is None:
            return
        worker.beat(pipeline)
        for execution in list(worker.executions.values()):
            worker.maintain_heartbeats(execution.job, execution)


def wait_until_idle(threads: list[WorkerThread], timeout_seconds: float) -> bool:
    """Wait for the running jobs; True if none is left."""
    deadline = time.monotonic() + timeout_seconds
    while any(thread.is_busy for thread in threads):
        if time.monotonic() >= deadline:
            return False
        time.sleep(0.05)
    return True
