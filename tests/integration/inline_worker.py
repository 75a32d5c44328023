"""A worker on the thread of the test: jobs run when the test says so, and are over when it goes on.

Text is taken from plain files without a child process, so that a test may have many documents.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from jobs.extraction.chunking import Piece
from jobs.extraction.extract import Extracted
from jobs.search import indexer
from jobs.search.target_collection import sync_target
from jobs.settings import BATCH_QUEUE, INDEXING_QUEUE, QUESTIONS_QUEUE, Settings
from jobs.worker.attempts import Attempts
from jobs.worker.runtime import Runtime, report_outcome, use_runtime
from jobs.worker.threads import IDLE_SECONDS, ThreadWorker

QUEUES = (INDEXING_QUEUE, QUESTIONS_QUEUE, BATCH_QUEUE)


class InlineWorker:
    """Serves all queues of one Valkey with an embedded Qdrant."""

    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime
        self._attempts = Attempts(runtime.broker)
        sync_target(runtime.register, runtime.index)

    def work(self, *queues: str) -> None:
        """Run all jobs that are queued, documents before questions; or those of some queues."""
        for name in queues or QUEUES:
            worker = ThreadWorker(
                name,
                f"inline-{name}",
                self.runtime.connection,
                self._attempts,
                lambda job, outcome: report_outcome(self.runtime, job, outcome),
            )
            while self.runtime.connection.llen(self.runtime.broker.queues[name].key):
                popped = worker.pop(IDLE_SECONDS)
                if popped is not None:
                    worker.execute_job(*popped)


@contextmanager
def inline_worker(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[InlineWorker]:
    runtime = Runtime(settings)
    monkeypatch.setattr(indexer, "extract", _extract)
    use_runtime(runtime)
    try:
        yield InlineWorker(runtime)
    finally:
        use_runtime(None)
        runtime.index.close()
        runtime.connection.close()


def _extract(path: Path, *_: object) -> Extracted:
    """Take a file for one passage; its lines that begin with "Note: " are notes on it."""
    lines = path.read_text().splitlines()
    notes = tuple(line.removeprefix("Note: ") for line in lines if line.startswith("Note: "))
    text = "\n".join(line for line in lines if not line.startswith("Note: "))
    return Extracted("text/plain", 0, (Piece(text, section="Travel"),), notes)
