"""How much room a user's documents take up, over a real Valkey and a folder."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import redis

from jobs.documents.client import DocumentClient
from jobs.documents.file_store import FileStore
from jobs.documents.quota import HELD_SECONDS, storage_of
from jobs.documents.repository import DocumentRepository
from jobs.errors import DocumentStoreUnavailableError, StorageExceededError
from jobs.models import SAMPLES_USER, SHELL_USER
from jobs.queue.broker import Broker
from jobs.queue.keys import DOCUMENTS_KEY, uploads_key
from jobs.settings import INDEXING_QUEUE, Settings
from tests.waiting import HANG_SECONDS

FILE_BYTES = 400_000


@pytest.fixture
def settings(make_settings: Callable[..., Settings]) -> Settings:
    return make_settings(user_storage_mb=1, indexing_concurrency=2)


@pytest.fixture
def documents(broker: Broker, settings: Settings) -> DocumentClient:
    store = FileStore(settings.document_store_url)
    return DocumentClient(broker, store, DocumentRepository(broker.connection))


def file(number: int) -> tuple[str, bytes]:
    return f"file-{number}.md", (f"# {number}\n" * FILE_BYTES).encode()[:FILE_BYTES]


def test_upload_that_would_pass_the_limit_is_refused_before_it_is_stored(
    documents: DocumentClient, settings: Settings, connection: redis.Redis
) -> None:
    """The sentence says how much is used; deleting makes room, and others have their own."""
    first, _ = documents.add("ann", *file(1))
    documents.add("ann", *file(2))
    with pytest.raises(StorageExceededError, match=r"take up 0\.8 MB of the 1 MB .* with 0\.4 MB"):
        documents.add("ann", *file(3))
    assert len(list(Path(settings.document_store_url).iterdir())) == 2
    assert connection.zcard(DOCUMENTS_KEY) == 2
    documents.add("bob", *file(4))
    documents.delete("ann", first.id)
    documents.add("ann", *file(3))
    assert (
        storage_of("ann", documents.list_documents(), settings.user_storage_bytes).used
        == 2 * FILE_BYTES
    )


def test_same_file_again_takes_no_more_room(documents: DocumentClient) -> None:
    """What is there already is not refused for lack of room."""
    documents.add("ann", *file(1))
    documents.add("ann", *file(2))
    _, is_new = documents.add("ann", *file(2))
    assert not is_new


def test_uploads_at_once_do_not_pass_the_limit_together(
    documents: DocumentClient, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While some are stored, the room that they will take is held."""
    begun = threading.Barrier(5)
    save = FileStore.save

    def slow_save(*args: object) -> None:
        refused.wait(HANG_SECONDS)
        save(*args)  # type: ignore[arg-type]

    refused = threading.Event()
    monkeypatch.setattr(FileStore, "save", slow_save)

    def add(number: int) -> bool:
        begun.wait(HANG_SECONDS)
        try:
            documents.add("ann", *file(number))
        except StorageExceededError:
            refused.set()
            return False
        return True

    with ThreadPoolExecutor(5) as pool:
        assert sum(pool.map(add, range(5))) == 2
    assert (
        storage_of("ann", documents.list_documents(), settings.user_storage_bytes).used
        == 2 * FILE_BYTES
    )


def test_upload_that_broke_off_gives_its_room_back(
    documents: DocumentClient, connection: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At once if it failed; and of a process that died, after a while."""
    with monkeypatch.context() as full:

        def fail(*_args: object) -> None:
            raise DocumentStoreUnavailableError()

        full.setattr(FileStore, "save", fail)
        for number in range(3):
            with pytest.raises(DocumentStoreUnavailableError):
                documents.add("ann", *file(number))
    assert not connection.exists(uploads_key("ann"))
    connection.zadd(uploads_key("ann"), {f"dead:{2 * FILE_BYTES}": 1, f"one:{FILE_BYTES}": 2**40})
    documents.add("ann", *file(1))
    with pytest.raises(StorageExceededError, match=r"take up 0\.8 MB"):
        documents.add("ann", *file(2))
    assert 0 < connection.ttl(uploads_key("ann")) <= HELD_SECONDS


def test_samples_and_the_shell_have_no_limit(documents: DocumentClient) -> None:
    """There is nobody who could delete some of theirs."""
    for number in range(3):
        documents.add(SAMPLES_USER, *file(number))
    for number in range(3, 6):
        documents.add(SHELL_USER, *file(number))


def test_no_limit_holds_nothing(
    connection: redis.Redis, make_settings: Callable[..., Settings]
) -> None:
    """USER_STORAGE_MB=0 is off."""
    settings = make_settings(user_storage_mb=0)
    broker = Broker(connection, settings)
    store = FileStore(settings.document_store_url)
    documents = DocumentClient(broker, store, DocumentRepository(connection))
    for number in range(3):
        documents.add("ann", *file(number))
    assert not connection.exists(uploads_key("ann"))


def test_many_documents_of_one_user_do_not_hold_up_anothers(
    documents: DocumentClient, broker: Broker, connection: redis.Redis
) -> None:
    """Of one user's, a few are on the queue of indexing; the next user's comes after those."""
    for number in range(6):
        documents.add("ann", f"{number}.md", f"# {number}".encode())
    other, _ = documents.add("bob", "mine.md", b"# Mine")
    queue = broker.queues[INDEXING_QUEUE]
    assert queue.get_job_ids()[2] == other.job_id
    assert len(queue.get_job_ids()) == 3
    assert connection.zcard(f"rq:rl:{INDEXING_QUEUE}:ann:rate_limited") == 4
