"""A stack for integration tests: worker processes over a test's Valkey, and clients to look at it.

Not a test itself. What a worker serves and whom it calls is in its environment.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import redis
from rq.job import Job
from rq.results import Result
from rq.serializers import JSONSerializer

from jobs.documents.client import DocumentClient
from jobs.documents.file_store import FileStore
from jobs.documents.repository import DocumentRepository
from jobs.models import DocumentStatus, JobView, Question
from jobs.questions.client import JobClient
from jobs.queue.broker import Broker
from jobs.queue.retry_policy import History
from jobs.settings import Settings
from tests.integration.processes import environment
from tests.preloaded import PreloadedProcess
from tests.waiting import HANG_SECONDS, until

USER = "ann"
TEXT = b"# Travel policy\n\nThe hotel limit is EUR 160 per night in every city.\n"
QUESTION = "What is the hotel limit per night?"


class Stack:
    """Worker processes over this test's Valkey and folder, and clients to look at them."""

    def __init__(self, settings: Settings, broker: Broker, env: dict[str, str]) -> None:
        self.broker = broker
        self.jobs = JobClient(broker)
        self.documents = DocumentClient(
            broker,
            FileStore(settings.document_store_url),
            DocumentRepository(broker.connection),
        )
        self.env = env
        self.log = settings.data_dir.with_name("worker.log")
        self._processes: list[PreloadedProcess] = []

    @property
    def worker(self) -> PreloadedProcess:
        """The worker process that was started last."""
        return self._processes[-1]

    def spawn_worker(self, log: Path | None = None, **values: str) -> PreloadedProcess:
        """Start a worker process that writes to `log`, or else to the stack's."""
        process = PreloadedProcess(["jobs.worker"], {**self.env, **values}, log or self.log)
        self._processes.append(process)
        return process

    def start_worker(self, log: Path | None = None, **values: str) -> PreloadedProcess:
        """Start a worker process and wait until it reports."""
        process = self.spawn_worker(log, **values)
        until(lambda: any(f"-{process.pid}-" in report.name for report in self.jobs.workers()))
        return process

    def add_document(self, name: str = "travel.md", data: bytes = TEXT) -> str:
        document, _ = self.documents.add(USER, name, data)
        until(lambda: self.documents.get(document.id).status is DocumentStatus.INDEXED)
        return document.id

    def ask(self, question: str = QUESTION) -> JobView:
        return self.jobs.submit(USER, Question(question))

    def view(self, job_id: str) -> JobView:
        return self.jobs.get_job(USER, job_id)

    def over(self, job_id: str) -> JobView:
        """Wait until the job is over, and return it."""
        view = self.jobs.wait(USER, job_id, HANG_SECONDS)
        assert view.state.is_over, view
        return view

    def history(self, job_id: str) -> History:
        """What the question's attempts have used up."""
        return History.from_dict(self.broker.fetch(job_id).meta.get("history", {}))

    def results(self, job_id: str) -> list[str]:
        """How each attempt ended that left a result of RQ: "SUCCESSFUL" or "FAILED"."""
        job = Job(job_id, connection=self.broker.connection, serializer=JSONSerializer)
        return [result.type.name for result in Result.all(job, serializer=JSONSerializer)]

    def stop_all(self) -> None:
        for process in self._processes:
            if process.poll() is None:
                process.kill()
            process.wait()


@contextmanager
def stack_of(settings: Settings, connection: redis.Redis, **values: str) -> Iterator[Stack]:
    """A stack without a worker yet; `values` are of its environment, such as `CHAT_MODEL`."""
    env = environment(
        redis_url=settings.redis_url,
        data_dir=settings.data_dir,
        index_samples="false",
        worker_threads="questions:8,indexing:1",
    )
    stack = Stack(settings, Broker(connection, settings), {**env, **values})
    try:
        yield stack
    finally:
        stack.stop_all()
