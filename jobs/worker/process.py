"""`python -m jobs.worker`: one process with RQ workers on threads, and their watchers.

SIGTERM and Ctrl-C stop it: it takes no new work, lets running jobs finish for
`SHUTDOWN_GRACE_SECONDS`, and hands back the rest.
"""

from __future__ import annotations

import json
import logging
import os
import signal
import socket
import sys
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import asdict

import redis
import structlog
from rq.job import Job

from jobs.batches.feeder import Feeder
from jobs.documents.embedding_progress import EmbeddingProgress
from jobs.errors import AskqueueError
from jobs.extraction import sandbox
from jobs.logs import configure_logging
from jobs.models import Failure, WorkerReport
from jobs.niceness import WORKER_NICENESS, give_way
from jobs.question_sets.finisher import Finisher
from jobs.queue.connection import broker_errors, connect
from jobs.queue.keys import WORKERS_KEY, worker_key
from jobs.queue.pauses import Pauses
from jobs.queue.retry_policy import Outcome
from jobs.queue.transitions import running
from jobs.queue.valkey_errors import server_words
from jobs.queue.workers import WORKER_ALIVE_SECONDS, living_workers
from jobs.search.background_vectors import BackgroundVectors
from jobs.search.renewal import renew_index
from jobs.search.samples import add_samples
from jobs.search.schema import SCHEMA
from jobs.search.target_collection import sync_target
from jobs.settings import Settings
from jobs.webhooks.sender import Sender
from jobs.worker.attempts import Attempts
from jobs.worker.maintenance import Maintenance
from jobs.worker.recovery import Lost
from jobs.worker.retention import Retention
from jobs.worker.runtime import SAMPLES, Runtime, report_outcome, use_runtime
from jobs.worker.threads import IDLE_SECONDS, ThreadWorker, WorkerThread, wait_until_idle

log = structlog.get_logger(__name__)

STOP_CHECK_SECONDS = 0.5
HEARTBEAT_SECONDS = 2.0
MAINTENANCE_SECONDS = 1.0
INDEX_CHECK_SECONDS = 15.0
FEEDING_SECONDS = 0.5
QUESTION_SETS_SECONDS = 2.0
WEBHOOK_CHECK_SECONDS = 0.5
VECTORS_CHECK_SECONDS = 1.0
RETENTION_CHECK_SECONDS = 15.0  # it runs once a minute, over all workers
HAND_BACK_SECONDS = 3.0
BROKER_WAIT_SECONDS = 1.0
# Longer than IDLE_SECONDS, for which worker threads wait in a blocking pop.
WORKER_SOCKET_TIMEOUT_SECONDS = 30.0


class WorkerProcess:
    """The threads and watchers of one worker process."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        # The process id alone is not enough: in a container it is 1 again after kill -9.
        self.name = f"{socket.gethostname()}-{os.getpid()}-{uuid.uuid4().hex[:6]}"
        self.runtime = Runtime(settings)
        self._pauses = Pauses(self.runtime.connection)
        self._stopping = threading.Event()
        self._problem: Failure | None = None
        connection = connect(
            settings.broker_url, socket_timeout_seconds=WORKER_SOCKET_TIMEOUT_SECONDS
        )
        self.threads = [
            WorkerThread(f"{self.name}-{queue}-{number}", self._maker(queue, connection))
            for queue, count in settings.threads_by_queue.items()
            for number in range(1, count + 1)
        ]

    def run(self) -> None:
        """Work until `stop` is called."""
        self._wait_for_broker()
        use_runtime(self.runtime)
        self._check_index()
        self._prepare_documents()
        watchers = [
            threading.Thread(target=self._repeat, args=(work, seconds), daemon=True, name=name)
            for name, work, seconds in (
                ("superseded", self._end_superseded, STOP_CHECK_SECONDS),
                ("heartbeat", self._heartbeat, HEARTBEAT_SECONDS),
                ("maintenance", self._maintenance().run_once, MAINTENANCE_SECONDS),
                ("feeding", Feeder(self.runtime.broker).run_once, FEEDING_SECONDS),
                ("question-sets", Finisher(self.runtime.broker).run_once, QUESTION_SETS_SECONDS),
                ("index-check", self._check_index, INDEX_CHECK_SECONDS),
                ("retention", self._retention().run_once, RETENTION_CHECK_SECONDS),
                ("webhooks", self._sender().run_once, WEBHOOK_CHECK_SECONDS),
                ("vectors", self._vectors().run_once, VECTORS_CHECK_SECONDS),
            )
        ]
        for thread in [*watchers, *self.threads]:
            thread.start()
        log.info("worker started", worker=self.name, threads=self.settings.worker_threads)
        self._turn(self.runtime.documents.queue_lost)
        sandbox.remove_left_folders()
        self._report_confinement()
        # Without a timeout, the main thread would not run its signal handlers.
        while not self._stopping.wait(timeout=1.0):
            pass
        self._shut_down()

    def _report_confinement(self) -> None:
        try:
            holds = sandbox.probe_confinement().described()
        except (AskqueueError, sandbox.BrokenOutputError, OSError, TimeoutError) as error:
            log.error("files cannot be read", worker=self.name, error=repr(error))
        else:
            log.info("files are read apart", worker=self.name, holds=holds)

    def stop(self, *_signal: object) -> None:
        """Begin to shut down. Also a signal handler."""
        self._stopping.set()

    def _shut_down(self) -> None:
        log.info("worker stopping", worker=self.name, running=self._running())
        for thread in self.threads:
            thread.stop()
        grace_ends = time.monotonic() + self.settings.shutdown_grace_seconds
        while not wait_until_idle(
            self.threads, min(HEARTBEAT_SECONDS, max(0.0, grace_ends - time.monotonic()))
        ):
            # The watchers have ended, so keep the running jobs alive here.
            self._turn(self._keep_alive)
            self._turn(self._end_superseded)
            if time.monotonic() >= grace_ends:
                self.runtime.cancellations.hand_back_all()
                wait_until_idle(self.threads, HAND_BACK_SECONDS)
                break
        joined_by = time.monotonic() + IDLE_SECONDS
        for thread in self.threads:
            thread.join(timeout=0 if thread.is_busy else max(0.0, joined_by - time.monotonic()))
        self._withdraw()
        log.info("worker stopped", worker=self.name, abandoned=self._running())

    def _wait_for_broker(self) -> None:
        while not self._stopping.is_set():
            try:
                self.runtime.connection.ping()
                return
            except (redis.exceptions.RedisError, OSError) as error:
                log.warning("waiting for Valkey", error=server_words(error))
                self._stopping.wait(BROKER_WAIT_SECONDS)

    def _prepare_documents(self) -> None:
        try:
            sync_target(self.runtime.register, self.runtime.index)
            if self.settings.index_samples:
                add_samples(self.runtime.documents, SAMPLES)
        except AskqueueError as error:
            self._problem = error.failure
            log.error("the index cannot be used", kind=error.kind, error=error.message)

    def _check_index(self) -> None:
        """Check whether Qdrant can be used, update the target collection, renew an old index."""
        runtime = self.runtime
        try:
            runtime.index.check()
            sync_target(runtime.register, runtime.index)
            renew_index(runtime.documents, runtime.register, runtime.index)
        except AskqueueError as error:
            self._problem = error.failure
        else:
            self._problem = None

    def _maintenance(self) -> Maintenance:
        return Maintenance(self.runtime.broker, self._report_lost)

    def _retention(self) -> Retention:
        return Retention(self.runtime.broker, self.runtime.documents)

    def _sender(self) -> Sender:
        return Sender(self.runtime.broker, self._stopping)

    def _vectors(self) -> BackgroundVectors:
        runtime = self.runtime
        progress = EmbeddingProgress(runtime.connection)
        return BackgroundVectors(
            runtime.register, progress, lambda: runtime.index, self._stopping.is_set
        )

    def _maker(self, queue: str, connection: redis.Redis) -> Callable[[str], ThreadWorker]:
        def make(name: str) -> ThreadWorker:
            return ThreadWorker(queue, name, connection, attempts, self._report, self._pauses)

        attempts = Attempts(self.runtime.broker)
        return make

    def _report(self, job: Job, outcome: Outcome) -> None:
        try:
            report_outcome(self.runtime, job, outcome)
        except AskqueueError as error:
            log.warning("outcome not shown", job_id=job.id, error=error.message)

    def _report_lost(self, lost: Lost) -> None:
        log.warning(
            "worker lost",
            job_id=lost.job.id,
            user=lost.user,
            attempt=lost.attempt,
            worker=lost.job.worker_name,
            runs_again=lost.outcome.retry_in_seconds is not None,
        )
        self._report(lost.job, lost.outcome)

    def _repeat(self, work: Callable[[], object], seconds: float) -> None:
        """Call `work` every so many seconds until shutdown, whatever it raises."""
        works = True
        while not self._stopping.is_set():
            works = self._turn(work, level=logging.WARNING if works else logging.DEBUG)
            self._stopping.wait(seconds)

    def _turn(self, work: Callable[[], object], level: int = logging.WARNING) -> bool:
        """Call `work` once; log an error and return False if it failed."""
        try:
            work()
        except (redis.exceptions.RedisError, OSError, AskqueueError) as error:
            # By `level`, an outage is logged once, not at each turn.
            watcher = threading.current_thread().name
            log.log(
                level, "watch failed", worker=self.name, watcher=watcher, error=server_words(error)
            )
        except Exception:  # whatever it was, without the watcher jobs would count as lost
            log.exception("watch failed", worker=self.name)
        else:
            return True
        return False

    def _end_superseded(self) -> None:
        """End the attempts whose job was stopped, deleted, or taken over by another worker."""
        executions: dict[str, str] = {}
        for thread in self.threads:
            executions |= thread.executions()
        for execution_id in executions.keys() - running(self.runtime.connection, executions):
            self.runtime.cancellations.supersede(execution_id)

    def _heartbeat(self) -> None:
        self._keep_alive()
        self._publish_report()

    def _keep_alive(self) -> None:
        with self.runtime.connection.pipeline(transaction=False) as pipeline:
            for thread in self.threads:
                thread.keep_alive(pipeline)
            pipeline.execute()

    def _running(self) -> int:
        return sum(thread.is_busy for thread in self.threads)

    def _publish_report(self) -> None:
        runtime, now = self.runtime, time.time()
        index = runtime.open_index
        unsupported = index.embeddings_unsupported if index is not None else None
        report = WorkerReport(
            name=self.name,
            seen_at=now,
            queues=tuple(self.settings.threads_by_queue),
            threads=len(self.threads),
            threads_by_queue=self.settings.threads_by_queue,
            running=self._running(),
            extractive=not self.settings.has_chat_model,
            chat_model=self.settings.chat_model if self.settings.has_chat_model else "",
            embedding_model=self.settings.embedding_model_name,
            notes=(unsupported.message,) if unsupported else (),
            problem=self._problem,
            knows_private=True,
            index_schema=SCHEMA,
        )
        with runtime.connection.pipeline() as pipeline:
            pipeline.set(
                worker_key(self.name), json.dumps(asdict(report)), ex=int(WORKER_ALIVE_SECONDS)
            )
            pipeline.zadd(WORKERS_KEY, {self.name: now})
            pipeline.zremrangebyscore(WORKERS_KEY, "-inf", now - 10 * WORKER_ALIVE_SECONDS)
            pipeline.execute()

    def _withdraw(self) -> None:
        try:
            with self.runtime.connection.pipeline() as pipeline:
                pipeline.delete(worker_key(self.name))
                pipeline.zrem(WORKERS_KEY, self.name)
                pipeline.execute()
        except (redis.exceptions.RedisError, OSError):
            log.info("Valkey is gone; the worker's report expires by itself")
        if self.runtime.open_index is not None:
            self.runtime.open_index.close()


def is_healthy(settings: Settings) -> bool:
    """Return whether a worker process of this host is alive, by its report in Valkey."""
    host = socket.gethostname()
    try:
        with broker_errors():
            reports = living_workers(connect(settings.broker_url))
        return any(report.name.startswith(f"{host}-") for report in reports)
    except AskqueueError:
        return False


def main(arguments: list[str]) -> int:
    """Run a worker process, or with `--healthcheck` return 0 if one is alive on this host."""
    settings = Settings()
    if "--healthcheck" in arguments:
        return 0 if is_healthy(settings) else 1
    configure_logging(settings)
    give_way(WORKER_NICENESS)
    process = WorkerProcess(settings)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, process.stop)
    process.run()
    # Threads that could not be stopped are blocked in foreign code: do not wait for them.
    sys.stdout.flush()
    os._exit(0)
