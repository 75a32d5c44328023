"""A worker process under hostile documents, and what they cost it: time, memory, answers."""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

import jobs.documents.client
from jobs.documents.client import DocumentClient
from jobs.documents.file_store import FileStore
from jobs.documents.repository import DocumentRepository
from jobs.extraction.extract import extract
from jobs.models import Document, DocumentStatus, Question
from jobs.questions.client import JobClient
from jobs.queue.broker import Broker
from jobs.queue.connection import connect
from jobs.settings import Settings
from tests.integration.processes import environment, module, running
from tests.waiting import HANG_SECONDS, until

GOOD = b"# Travel policy\n\nThe hotel limit is EUR 160 per night in every city.\n"
QUESTION = "What is the hotel limit per night?"
OVER = (DocumentStatus.INDEXED, DocumentStatus.FAILED)
SAMPLE_SECONDS = 0.01
# Between two questions, so that they are not the load that is measured.
PAUSE_SECONDS = 0.05


@dataclass(frozen=True)
class Cost:
    """What became of a document, and what that cost.

    `child_mb` is the peak of the process that read it, `worker_mb` what the worker gained
    meanwhile at its peak, `answer_seconds` the slowest of the questions asked all the while.
    """

    document: Document
    seconds: float
    child_mb: float
    worker_mb: float
    answers: int
    answer_seconds: float


class Lab:
    """A worker with one good document, whose question must be answered whatever comes next."""

    def __init__(self, settings: Settings, process: subprocess.Popen[bytes]) -> None:
        self.settings = settings
        self.worker = psutil.Process(process.pid)
        self.connection = connect(settings.redis_url)
        self.store = FileStore(settings.document_store_url)
        self.register = DocumentRepository(self.connection)
        broker = Broker(self.connection, settings)
        self.jobs = JobClient(broker)
        self.documents = DocumentClient(broker, self.store, self.register)

    def suffer(self, name: str, data: bytes) -> Cost:
        """Add a document and ask questions until it is indexed or failed."""
        with _Memory(self.worker) as memory:
            began = time.monotonic()
            document, _ = self.documents.add("eve", name, data)
            del data
            waits = [self.answer()]
            while (document := self.documents.get(document.id)).status not in OVER:
                assert time.monotonic() - began < HANG_SECONDS, f"{name} is {document.status}"
                waits.append(self.answer())
                time.sleep(PAUSE_SECONDS)
            took = time.monotonic() - began
        return Cost(document, took, memory.child_mb, memory.gain_mb, len(waits), max(waits))

    def answer(self) -> float:
        """Ask for what the good document says; returns the seconds until it was said."""
        began = time.monotonic()
        asked = self.jobs.submit("ann", Question(QUESTION))
        view = self.jobs.wait("ann", asked.id, HANG_SECONDS)
        answer = self.jobs.get_answer("ann", view.id)
        assert answer is not None, view
        assert "EUR 160" in answer.text, answer.text
        return time.monotonic() - began

    def text_of(self, document: Document) -> str:
        """The text of a stored document, read once more."""
        with self.store.local_copy(document.id, document.name) as path:
            extracted = extract(path, document.name, self.settings)
        return " ".join(passage.text for passage in extracted.passages)


@contextmanager
def lab(settings: Settings, log: Path) -> Iterator[Lab]:
    """A running worker with these settings, its queue empty, and the good document indexed.

    Files come to it unchecked: what it is sent is not for it to trust.
    """
    with closing(connect(settings.redis_url)) as connection:
        connection.flushall()
    names = (
        "redis_url",
        "data_dir",
        "index_samples",
        "extraction_timeout_seconds",
        "extraction_memory_mb",
    )
    values = {name: getattr(settings, name) for name in names}
    env = environment(**values, worker_threads="questions:2,indexing:1")
    with running(module("jobs.worker"), log, env) as process, pytest.MonkeyPatch.context() as patch:
        patch.setattr(jobs.documents.client, "check_upload", lambda _name, _data: None)
        made = Lab(settings, process)
        until(made.jobs.workers, "the start of the worker")
        good, _ = made.documents.add("ann", "travel.md", GOOD)
        until(lambda: made.documents.get(good.id).status in OVER, "indexing")
        made.answer()
        try:
            yield made
        finally:
            made.connection.close()


class _Memory:
    """Samples the memory of a process and of its children, on a thread."""

    def __init__(self, process: psutil.Process) -> None:
        self._process = process
        self._before = self._most = process.memory_info().rss
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)
        self._child = 0

    @property
    def child_mb(self) -> float:
        return self._child / 2**20

    @property
    def gain_mb(self) -> float:
        return (self._most - self._before) / 2**20

    def __enter__(self) -> _Memory:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._over.set()
        self._thread.join()

    def _sample(self) -> None:
        while not self._over.wait(SAMPLE_SECONDS):
            self._most = max(self._most, self._process.memory_info().rss)
            for pid in children_of(self._process.pid):
                with suppress(psutil.Error):
                    child = psutil.Process(pid)
                    # Until it has begun its own program, it is a copy of the worker.
                    if "jobs.extraction.read_text" in child.cmdline():
                        self._child = max(self._child, child.memory_info().rss)


def children_of(pid: int) -> set[int]:
    """The process ids of a process's children, from what the kernel keeps of each of its threads.

    psutil reads the state of all processes of the machine instead, at twenty times the cost.
    """
    children: set[int] = set()
    for thread in Path(f"/proc/{pid}/task").iterdir():
        with suppress(OSError):  # the thread is over
            children.update(map(int, (thread / "children").read_text().split()))
    return children
