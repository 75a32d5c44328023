"""What one user may fill in Valkey: batches, questions, and nothing of everybody's reserve."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import redis

from jobs.batches import quota
from jobs.batches.client import BatchClient
from jobs.batches.feeder import Feeder
from jobs.batches.models import Lines
from jobs.documents.client import DocumentClient
from jobs.documents.file_store import FileStore
from jobs.documents.repository import DocumentRepository
from jobs.errors import (
    BatchesExceededError,
    BrokerNearlyFullError,
    QuestionsExceededError,
)
from jobs.models import Question
from jobs.questions.client import JobClient
from jobs.queue.broker import Broker
from jobs.queue.connection import connect
from jobs.queue.keys import batch_key, batch_sizes_key
from jobs.settings import Settings
from tests.integration.full_valkey import full_valkey
from tests.waiting import HANG_SECONDS

# Four bytes in a question, twelve in the JSON of its line.
WIDE = "\U0001f600"
LONG = 3900


@pytest.fixture
def batches(connection: redis.Redis, make_settings: Callable[..., Settings]) -> BatchClient:
    return BatchClient(Broker(connection, make_settings(user_batches_mb=1)))


def lines(name: int, rows: int = 1, text: str = "") -> Lines:
    questions = tuple(f"{name}.{row} {text}?" for row in range(rows))
    cells = tuple((question,) for question in questions)
    return Lines("b.csv", ("Question",), cells, 0, questions, tuple(range(rows)))


def used(connection: redis.Redis) -> int:
    return int(connection.info("memory")["used_memory"])


def test_batch_of_rows_of_the_greatest_length_is_refused_before_it_is_written(
    batches: BatchClient, connection: redis.Redis
) -> None:
    """Its bytes count as they are stored, and nothing of it is; others have their own room."""
    before = used(connection)
    with pytest.raises(BatchesExceededError, match=r"0\.0 MB of the 1 MB .* with 3\.\d MB"):
        batches.submit("eve", lines(0, 50, WIDE * LONG))
    assert used(connection) - before < 1_000_000
    assert batches.list_batches("eve") == []
    batches.submit("ann", lines(0, 50))


def test_batches_together_stay_within_the_bytes_of_one_user(
    batches: BatchClient, connection: redis.Redis
) -> None:
    """However many files it takes: what is refused frees up when one is gone, not sooner."""
    before, accepted = used(connection), []
    with pytest.raises(BatchesExceededError):
        accepted += [batches.submit("eve", lines(number, 5, WIDE * LONG)) for number in range(50)]
    accepted = batches.list_batches("eve")
    assert len(accepted) >= 2
    assert used(connection) - before < 1_500_000
    assert batches.submit("eve", lines(0, 5, WIDE * LONG)).id == accepted[-1].id
    for batch in accepted:
        batches.delete("eve", batch.id)
    with pytest.raises(BatchesExceededError):  # their bytes are still there
        batches.submit("eve", lines(99, 5, WIDE * LONG))
    feeder = Feeder(batches._broker)
    feeder.run_once()
    assert not connection.exists(batch_sizes_key("eve"))
    batches.submit("eve", lines(99, 5, WIDE * LONG))


def test_batches_at_once_do_not_pass_the_bound_together(batches: BatchClient) -> None:
    """Ten uploads in the same moment, of which two fit."""
    begun = threading.Barrier(10)

    def submit(number: int) -> bool:
        begun.wait(HANG_SECONDS)
        try:
            batches.submit("eve", lines(number, 5, WIDE * LONG))
        except BatchesExceededError:
            return False
        return True

    with ThreadPoolExecutor(10) as pool:
        assert 1 <= sum(pool.map(submit, range(10))) <= 3


def test_open_batches_are_bounded_and_resuming_does_not_pass_that(
    batches: BatchClient, connection: redis.Redis
) -> None:
    """A stranger's batch waits for a few turns of the feeder; stopped ones do not come back."""
    feeder, first = Feeder(batches._broker), []
    for number in range(quota.MAX_OPEN):
        first.append(batches.submit("eve", lines(number)))
    with pytest.raises(BatchesExceededError, match="under way, which is the most"):
        batches.submit("eve", lines(100))
    for batch in first:
        batches.pause("eve", batch.id)
    feeder.run_once()
    for number in range(200, 200 + quota.MAX_OPEN):
        batches.submit("eve", lines(number))
    for batch in first:
        with pytest.raises(BatchesExceededError):
            batches.resume("eve", batch.id)
        with pytest.raises(BatchesExceededError):
            batches.submit("eve", lines(0))
    batches.submit("ann", lines(0))


def test_number_of_batches_is_bounded(
    batches: BatchClient, monkeypatch: pytest.MonkeyPatch, connection: redis.Redis
) -> None:
    """Those of older versions count too; one whose time was over does not."""
    monkeypatch.setattr(quota, "MAX_BATCHES", 3)
    kept = [batches.submit("eve", lines(number)) for number in range(3)]
    connection.zrem(batch_sizes_key("eve"), kept[0].id)  # as if an older version had added it
    with pytest.raises(BatchesExceededError, match="You have 3 batches"):
        batches.submit("eve", lines(3))
    connection.delete(batch_key(kept[1].id))
    batches.submit("eve", lines(3))
    assert connection.zscore(batch_sizes_key("eve"), kept[1].id) is None


def test_names_of_a_batch_are_short_and_its_header_counts(
    batches: BatchClient, connection: redis.Redis
) -> None:
    """A list of batches reads no megabytes, and a header that holds them is refused like rows."""
    wide = Lines(WIDE * 9000, (WIDE * 9000,), (("Why?",),), 0, ("Why?",), (0,))
    batch = batches.submit("eve", wide)
    assert (batch.name, batch.column) == (WIDE * 200, WIDE * 200)
    huge = Lines("b.csv", ("Question", WIDE * 100_000), (("Why?", ""),), 0, ("Why?",), (0,))
    with pytest.raises(BatchesExceededError):
        batches.submit("eve", huge)


def test_questions_that_one_user_keeps_are_bounded(
    connection: redis.Redis, make_settings: Callable[..., Settings]
) -> None:
    """Whatever the rate; deleting makes room, the same question again is not refused."""
    settings = make_settings(user_questions=3, questions_per_minute=0)
    client = JobClient(Broker(connection, settings))
    asked = [client.submit("eve", Question(f"{number}?")) for number in range(3)]
    with pytest.raises(QuestionsExceededError, match="You keep 3 questions"):
        client.submit("eve", Question("Four?"))
    assert client.submit("eve", Question("2?"), job_id=asked[2].id).id == asked[2].id
    client.submit("ann", Question("Mine?"))
    client.stop("eve", asked[0].id)
    client.delete("eve", asked[0].id)
    client.submit("eve", Question("Four?"))


def test_large_things_are_refused_before_small_questions_are(
    tmp_path: Path, make_settings: Callable[..., Settings]
) -> None:
    """In a Valkey that is four fifths full: no batch, long text or upload, but short questions."""
    with full_valkey(tmp_path) as server:
        settings = make_settings(redis_url=server.url)
        server.client.setrange("filling", 20_000_000, "x")
        server.client.config_set("maxmemory", int(used(server.client) / 0.85))
        broker = Broker(connect(server.url), settings)
        store = FileStore(settings.document_store_url)
        documents = DocumentClient(broker, store, DocumentRepository(broker.connection))
        client, batches = JobClient(broker), BatchClient(broker)
        attacks: list[Callable[[], object]] = [
            lambda: batches.submit("eve", lines(0)),
            lambda: client.submit("eve", Question("x" * 4000)),
            lambda: documents.add("eve", "a.md", b"# a"),
        ]
        for attack in attacks:
            with pytest.raises(BrokerNearlyFullError, match="nearly full"):
                attack()
        question = client.submit("ann", Question("Short?"))
        client.stop("ann", question.id)
        assert client.delete("ann", question.id)  # which can still be undone
        server.free_memory()


def test_batch_is_refused_that_would_take_the_reserve(
    tmp_path: Path, make_settings: Callable[..., Settings]
) -> None:
    """Its own size counts, and that of those which were accepted in the same second."""
    with full_valkey(tmp_path) as server:
        room = 4_000_000
        server.client.config_set("maxmemory", int((used(server.client) + room) / 0.8))
        batches = BatchClient(Broker(connect(server.url), make_settings(redis_url=server.url)))

        def fill() -> None:
            for number in range(10):
                batches.submit("eve", lines(number, 300))

        with pytest.raises(BrokerNearlyFullError):
            fill()
        assert used(server.client) < server.client.info("memory")["maxmemory"] * 0.8
        server.free_memory()
