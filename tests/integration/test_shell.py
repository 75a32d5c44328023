"""`python -m jobs.cli documents`, run in this process, with a thread that plays the worker."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import redis

from jobs.cancellation import Cancellation
from jobs.cli.documents import main
from jobs.documents.client import DocumentClient
from jobs.documents.repository import DocumentRepository
from jobs.errors import AskqueueError
from jobs.models import DocumentStatus
from jobs.queue.broker import Broker
from jobs.queue.keys import WORKERS_KEY, worker_key
from jobs.search.indexer import mark_failed
from jobs.settings import INDEXING_QUEUE, Settings
from tests.integration.test_documents import STORAGE, TRAVEL, Desk
from tests.waiting import HANG_SECONDS

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def desk(broker: Broker, settings: Settings) -> Iterator[Desk]:
    made = Desk(broker, settings)
    yield made
    made.close()


@pytest.fixture
def shell(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """The command, on the Valkey and the folder of this test."""
    monkeypatch.setenv("REDIS_URL", settings.redis_url)
    monkeypatch.setenv("DATA_DIR", str(settings.data_dir))
    monkeypatch.setenv("DOCUMENT_STORE", "")
    return lambda *arguments: main([str(argument) for argument in arguments])


def report_worker(connection: redis.Redis, queues: tuple[str, ...] = (INDEXING_QUEUE,)) -> None:
    now = time.time()
    report = {"name": "w", "seen_at": now, "queues": queues, "knows_private": True}
    connection.set(worker_key("w"), json.dumps(report))
    connection.zadd(WORKERS_KEY, {"w": now})


@contextmanager
def worker(desk: Desk) -> Iterator[None]:
    """Index what is queued, until the block ends."""
    desk.use_model(None)
    ended = threading.Event()

    def work() -> None:
        while not ended.is_set():
            for document in desk.client.list_documents():
                if document.status is DocumentStatus.QUEUED:
                    try:
                        desk.indexer.index_document(document.id, Cancellation())
                    except AskqueueError as error:
                        mark_failed(document.id, error.failure, register=desk.register)
            ended.wait(0.05)

    thread = threading.Thread(target=work)
    report_worker(desk.broker.connection)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "papers"
    (made / "deep").mkdir(parents=True)
    (made / "travel.md").write_bytes(TRAVEL)
    (made / "deep" / "storage.MD").write_bytes(STORAGE)
    (made / "song.mp3").write_bytes(b"no document")
    return made


def test_folder_is_added_and_waited_for(
    desk: Desk, shell: Callable[..., int], folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What can be read in a folder and below it is indexed when the command ends."""
    with worker(desk):
        assert shell("add", folder) == 0
    assert {item.status for item in desk.client.list_documents()} == {DocumentStatus.INDEXED}
    assert {item.name for item in desk.client.list_documents()} == {"travel.md", "storage.MD"}
    output = capsys.readouterr()
    assert "2 indexed, 0 queued, 0 failed, 0 refused" in output.out
    assert "100%" in output.err


def test_failed_and_refused_files_are_named_and_cost_the_exit_code(
    desk: Desk, shell: Callable[..., int], folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The rest is indexed all the same."""
    (folder / "broken.pdf").write_bytes(b"%PDF-1.7 " + bytes(range(256)))
    (folder / "letter.docx").write_bytes(b"Just a text.")
    with worker(desk):
        assert shell("add", folder, folder / "song.mp3", folder / "missing.md") == 1
    output = capsys.readouterr().out
    assert "2 indexed, 0 queued, 1 failed, 3 refused" in output
    assert f"{folder / 'broken.pdf'}: No text could be read" in output
    assert "“letter.docx” is named .docx, but holds a text" in output
    assert "“song.mp3” is of no kind that can be read" in output
    assert "missing.md" in output


def test_without_a_worker_files_are_queued_and_it_says_so(
    desk: Desk, shell: Callable[..., int], folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The command does not wait for ever for a worker that is not there."""
    report_worker(desk.broker.connection, queues=("questions",))
    assert shell("add", folder) == 1
    output = capsys.readouterr().out
    assert "No worker is indexing" in output
    assert "0 indexed, 2 queued" in output
    assert len(desk.client.list_documents()) == 2


def test_without_waiting_it_ends_at_once(
    desk: Desk, shell: Callable[..., int], folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`--no-wait` leaves the rest to the worker."""
    report_worker(desk.broker.connection)
    assert shell("add", "--no-wait", folder) == 0
    output = capsys.readouterr().out
    assert "0 indexed, 2 queued" in output
    assert "No worker" not in output


def test_same_file_again_is_recognised(
    desk: Desk, shell: Callable[..., int], folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is called by the name under which it is known."""
    with worker(desk):
        shell("add", folder / "travel.md")
        (folder / "copy.md").write_bytes(TRAVEL)
        assert shell("add", folder / "copy.md") == 0
    assert "already there as “travel.md”" in capsys.readouterr().out
    assert len(desk.client.list_documents()) == 1


def test_documents_are_listed_and_removed(
    desk: Desk, shell: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    """The beginning of an id, as listed, is enough to remove a document."""
    document, _ = desk.client.add("ann", "travel.md", TRAVEL)
    assert shell("list") == 0
    line = capsys.readouterr().out
    assert "travel.md" in line
    assert shell("remove", line.split()[0]) == 0
    assert desk.client.list_documents() == []
    assert shell("remove", document.id) == 1
    assert "no such document" in capsys.readouterr().out


def test_empty_folder_is_an_error(
    desk: Desk, shell: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing to add is not a success."""
    assert shell("add", tmp_path) == 1
    assert "no document that can be read" in capsys.readouterr().out


def test_valkey_that_is_away_is_one_sentence(
    shell: Callable[..., int],
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Said once, not once a file."""
    monkeypatch.setenv("REDIS_URL", "redis://127.0.0.1:1/0")
    assert shell("add", folder) == 1
    assert capsys.readouterr().out.count("cannot be reached") == 1


def test_all_documents_are_indexed_again(
    desk: Desk, shell: Callable[..., int], folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each that is not under way already is queued, or those that are named."""
    with worker(desk):
        assert shell("add", folder) == 0
    ids = [document.id for document in desk.client.list_all()]
    capsys.readouterr()
    assert shell("index-again", ids[0][:12]) == 0
    assert capsys.readouterr().out == "1 queued\n"
    assert shell("index-again") == 0
    said = capsys.readouterr().out
    assert said.count("being indexed already") == 1
    assert f"{len(ids) - 1} queued" in said
    assert desk.client.get(ids[-1]).status is DocumentStatus.QUEUED
    assert shell("index-again", "zz") == 1
    assert "zz: no such document" in capsys.readouterr().out


def test_module_runs_as_a_program(broker: Broker, settings: Settings) -> None:
    """`python -m jobs.cli documents list` prints what is there."""
    client = DocumentClient(
        broker, Desk(broker, settings).store, DocumentRepository(broker.connection)
    )
    client.add("ann", "travel.md", TRAVEL)
    done = subprocess.run(
        [sys.executable, "-m", "jobs.cli", "documents", "list"],
        cwd=ROOT,
        env={"REDIS_URL": settings.redis_url, "DATA_DIR": str(settings.data_dir)},
        capture_output=True,
        text=True,
        timeout=HANG_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "travel.md" in done.stdout


def test_private_documents_are_added_for_their_owner(
    desk: Desk, shell: Callable[..., int], folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The shell does it for somebody, and says of them no more than whose they are."""
    assert shell("add", folder, "--private") == 1
    assert "--owner USER" in capsys.readouterr().out
    with worker(desk):
        assert shell("add", folder / "travel.md", "--private", "--owner", "ann", "--no-wait") == 0
    assert desk.client.list_documents() == []
    [document] = desk.client.list_documents("ann")
    assert (document.name, document.owner) == ("travel.md", "ann")
    capsys.readouterr()
    assert shell("list") == 0
    listed = capsys.readouterr().out
    assert "(private to ann)" in listed
    assert "travel.md" not in listed
    assert shell("remove", document.id[:12]) == 0
    assert "travel.md" not in capsys.readouterr().out
    assert desk.client.list_documents("ann") == []
