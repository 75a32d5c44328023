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
from jobs.documents.quota import COUNTED_SECONDS, HELD_SECONDS, Storage
from jobs.documents.repository import DELETION_SECONDS, DocumentRepository
from jobs.errors import DocumentStoreUnavailableError, StorageExceededError
from jobs.models import SAMPLES_USER, SHELL_USER, DocumentStatus, Visibility
from jobs.queue.broker import Broker
from jobs.queue.keys import (
    DELETED_DOCUMENTS_KEY,
    DOCUMENTS_KEY,
    deletions_key,
    storage_key,
    uploads_key,
)
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
    assert documents.storage("ann") == Storage(2 * FILE_BYTES, 1_000_000, 2, 5000)


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
    assert documents.storage("ann") == Storage(2 * FILE_BYTES, 1_000_000, 2, 5000)


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


KINDS = (Visibility.SHARED, Visibility.PRIVATE)


@pytest.mark.parametrize("first", KINDS)
@pytest.mark.parametrize("second", KINDS)
def test_private_and_shared_documents_count_alike(
    documents: DocumentClient, first: Visibility, second: Visibility
) -> None:
    """Whoever adds some of one kind has no more room for the other, nor for the same file anew."""
    documents.add("ann", *file(1), first)
    documents.add("ann", *file(2), first)
    for number in (1, 3) if first is not second else (3,):
        with pytest.raises(StorageExceededError, match=r"take up 0\.8 MB"):
            documents.add("ann", *file(number), second)
    documents.add("bob", *file(3), second)


def test_failed_documents_count_and_a_file_of_another_does_not(
    documents: DocumentClient, broker: Broker
) -> None:
    """What cannot be read takes up its room all the same; who adds it anew does not own it."""
    register = DocumentRepository(broker.connection)
    for number in (1, 2):
        document, _ = documents.add("ann", *file(number))
        register.update(document.id, status=DocumentStatus.FAILED)
    with pytest.raises(StorageExceededError):
        documents.add("ann", *file(3))
    documents.add("ann", *file(2))
    documents.add("bob", *file(1))
    assert documents.storage("ann").used == 2 * FILE_BYTES
    assert documents.storage("bob").used == 0


def test_number_of_documents_is_bounded_for_each_user(
    connection: redis.Redis, make_settings: Callable[..., Settings]
) -> None:
    """Ten small uploads at once, at the edge of USER_DOCUMENTS, of both kinds: one gets in."""
    settings = make_settings(user_documents=3, user_storage_mb=0)
    store = FileStore(settings.document_store_url)
    documents = DocumentClient(Broker(connection, settings), store, DocumentRepository(connection))
    documents.add("ann", "a.md", b"# a")
    documents.add("ann", "b.md", b"# b", Visibility.PRIVATE)
    begun = threading.Barrier(10)

    def add(number: int) -> str:
        begun.wait(HANG_SECONDS)
        try:
            documents.add("ann", f"{number}.md", f"# {number}".encode(), KINDS[number % 2])
        except StorageExceededError as error:
            return error.message
        return ""

    with ThreadPoolExecutor(10) as pool:
        told = [*pool.map(add, range(10))]
    assert told.count("") == 1
    assert all("You have 3 documents, which is the most" in each for each in told if each)
    assert documents.page("ann").total == 3
    documents.add("bob", "c.md", b"# c")


@pytest.mark.parametrize("visibility", KINDS)
def test_count_is_that_of_the_register_whatever_happens(
    documents: DocumentClient, connection: redis.Redis, visibility: Visibility
) -> None:
    """Of documents from before there was a count, added, expired and deleted, deleted twice."""
    one, _ = documents.add("ann", *file(1), visibility)
    connection.delete(storage_key("ann"))  # as if an older version had added it
    assert documents.storage("ann") == Storage(FILE_BYTES, 1_000_000, 1, 5000)
    assert 0 < connection.ttl(storage_key("ann")) <= COUNTED_SECONDS
    two, _ = documents.add("ann", *file(2), visibility)
    assert documents.storage("ann").documents == 2
    documents.delete("ann", one.id)
    DocumentRepository(connection).delete(one.id)
    assert documents.storage("ann").used == FILE_BYTES
    documents.expire(added_before=two.added_at + 1, loose_before=0)
    assert documents.storage("ann") == Storage(0, 1_000_000, 0, 5000)


def test_samples_and_the_shell_have_no_limit(documents: DocumentClient) -> None:
    """There is nobody who could delete some of theirs."""
    for number in range(3):
        documents.add(SAMPLES_USER, *file(number))
    for number in range(3, 6):
        documents.add(SHELL_USER, *file(number))


def test_no_limit_holds_nothing(
    connection: redis.Redis, make_settings: Callable[..., Settings]
) -> None:
    """USER_STORAGE_MB=0 and USER_DOCUMENTS=0 are off."""
    settings = make_settings(user_storage_mb=0, user_documents=0)
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


def test_documents_that_come_and_go_leave_nothing_on_the_queue(
    documents: DocumentClient, broker: Broker, connection: redis.Redis
) -> None:
    """No worker runs: their jobs leave with them, and one removal is for all of them."""
    for number in range(20):
        document, _ = documents.add("eve", f"{number}.txt", f"{number} is a number.".encode())
        documents.delete("eve", document.id)
    assert broker.queues[INDEXING_QUEUE].count == 1
    assert len(connection.keys("rq:job:*")) == 1
    assert connection.scard(DELETED_DOCUMENTS_KEY) == 20


def test_job_of_a_deleted_document_makes_room_for_the_next(
    documents: DocumentClient, broker: Broker
) -> None:
    """Also one that waited for its user's others: those that stay are queued."""
    added = [documents.add("eve", f"{n}.txt", f"number {n}".encode())[0] for n in range(4)]
    for document in added[:3]:
        documents.delete("eve", document.id)
    left = documents.get(added[3].id, "eve")
    assert left.job_id in broker.queues[INDEXING_QUEUE].job_ids


def test_removal_is_queued_again_for_what_is_deleted_while_one_runs(
    documents: DocumentClient, broker: Broker
) -> None:
    """What a removal did not see when it began is for the next one."""
    register = DocumentRepository(broker.connection)
    first, second = (documents.add("eve", f"{n}.txt", f"number {n}".encode())[0] for n in range(2))
    documents.delete("eve", first.id)
    assert register.begin_removal() == {first.id}
    documents.delete("eve", second.id)
    removals = [
        job_id
        for job_id in broker.queues[INDEXING_QUEUE].job_ids
        if broker.fetch(job_id).args[0] in (first.id, second.id)
    ]
    assert len(removals) == 2


def test_deletions_are_bounded_for_one_user(
    broker: Broker, make_settings: Callable[..., Settings], connection: redis.Redis
) -> None:
    """As many as there may be documents, until a while has passed; others go on."""
    settings = make_settings(user_documents=3)
    store = FileStore(settings.document_store_url)
    client = DocumentClient(
        Broker(connection, settings), store, DocumentRepository(broker.connection)
    )

    def come_and_go(user: str, number: int) -> None:
        document, _ = client.add(user, f"{number}.txt", f"{user} {number}".encode())
        client.delete(user, document.id)

    for number in range(3):
        come_and_go("eve", number)
    with pytest.raises(StorageExceededError, match="deleted 3 documents within 15 minutes"):
        come_and_go("eve", 3)
    come_and_go("ann", 0)
    for member in connection.zrange(deletions_key("eve"), 0, -1):
        connection.zincrby(deletions_key("eve"), -DELETION_SECONDS - 1, member)
    come_and_go("eve", 4)
