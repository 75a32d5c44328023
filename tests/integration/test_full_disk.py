"""A full disk under the uploads, or under the embedded index: one document fails, the rest stays.

No root is needed: a limit on the size of files makes the same writes fail.
"""

from __future__ import annotations

import resource
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis

from jobs.errors import DocumentStoreFullError, IndexDiskFullError
from jobs.models import DocumentStatus, JobState, Question
from jobs.queue.broker import Broker
from jobs.settings import Settings
from tests.integration.processes import ROOT, environment, module, running
from tests.waiting import HANG_SECONDS, until
from ui.clients import Clients, build_clients

USER = "ann"
SMALL = b"# Travel policy\n\nThe hotel limit is EUR 160 per night in every city.\n"
LARGE = b"\n\n".join(
    b"Rule %d of the parking policy: space %d belongs to car %d. " % (number, number, number) * 5
    for number in range(400)
)


def limit_files(process_id: int, size: int) -> None:
    resource.prlimit(process_id, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


def test_upload_to_a_full_disk_is_refused_and_leaves_nothing(
    settings: Settings, broker: Broker, tmp_path: Path
) -> None:
    """The sentence says what to do; there is no part of the file, no folder and no entry."""
    clients = build_clients(settings)
    kept, _ = clients.documents.add(USER, "travel.md", SMALL)
    path = tmp_path / "parking.md"
    path.write_bytes(LARGE)

    def add() -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            module("jobs.cli", "documents", "add", str(path)),
            cwd=ROOT,
            env=environment(redis_url=settings.redis_url, data_dir=settings.data_dir),
            capture_output=True,
            text=True,
            preexec_fn=lambda: resource.setrlimit(
                resource.RLIMIT_FSIZE, (len(LARGE) // 2, resource.RLIM_INFINITY)
            ),
        )

    refused = add()
    assert refused.returncode != 0
    assert DocumentStoreFullError.message in refused.stdout + refused.stderr
    assert "Traceback" not in refused.stderr
    assert [document.id for document in clients.documents.list_documents()] == [kept.id]
    stored = [item for item in (settings.data_dir / "documents").rglob("*") if item.is_file()]
    assert [item.parent.name for item in stored] == [kept.id]
    assert len(list((settings.data_dir / "documents").iterdir())) == 1


@pytest.fixture
def worker(
    connection: redis.Redis, settings: Settings, tmp_path: Path
) -> Iterator[subprocess.Popen[bytes]]:
    """A worker process that owns an embedded index."""
    env = environment(
        redis_url=settings.redis_url,
        data_dir=settings.data_dir,
        index_samples="false",
        worker_threads="questions:2,indexing:1",
    )
    # Its log goes nowhere: that too would be as full as the disk.
    with running(module("jobs.worker"), Path("/dev/null"), env) as process:
        yield process


def test_full_disk_under_the_index_fails_one_document_with_its_sentence(
    worker: subprocess.Popen[bytes], make_settings: Callable[..., Settings]
) -> None:
    """What is indexed still answers; when there is room, the failed one is indexed at a click."""
    clients = build_clients(make_settings())
    documents = clients.documents
    kept, _ = documents.add(USER, "travel.md", SMALL)
    until(lambda: documents.get(kept.id).status is DocumentStatus.INDEXED, "indexing")
    folder = make_settings().data_dir / "qdrant"
    size = max(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    limit_files(worker.pid, size)
    failed, _ = documents.add(USER, "parking.md", LARGE)
    until(lambda: documents.get(failed.id).failure is not None, "the failure")
    failure = documents.get(failed.id).failure
    assert failure == IndexDiskFullError().failure
    assert documents.get(kept.id).status is DocumentStatus.INDEXED
    assert "EUR 160" in answer(clients, "What is the hotel limit per night?")
    limit_files(worker.pid, resource.RLIM_INFINITY)
    documents.index_again(USER, failed.id)
    until(lambda: documents.get(failed.id).status is DocumentStatus.INDEXED, "indexing")
    assert "car 7" in answer(clients, "Which space of parking belongs to car 7?")
    assert worker.poll() is None


def answer(clients: Clients, question: str) -> str:
    job = clients.jobs.submit(USER, Question(question))
    assert clients.jobs.wait(USER, job.id, HANG_SECONDS).state is JobState.FINISHED
    found = clients.jobs.get_answer(USER, job.id)
    assert found is not None
    return found.text
