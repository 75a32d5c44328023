"""Vectors of a local model come in the background: what is found meanwhile, and what goes wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import pytest
import redis

from jobs.cancellation import Cancellation
from jobs.documents.embedding_progress import EmbeddingProgress
from jobs.documents.fingerprints import Fingerprints
from jobs.llm.embeddings import build_embedder
from jobs.models import Document, DocumentStatus
from jobs.queue.broker import Broker
from jobs.search import background_vectors
from jobs.search.background_vectors import BackgroundVectors
from jobs.search.index import build_index
from jobs.settings import Settings
from tests.integration.stack import stack_of
from tests.integration.test_documents import STORAGE, TRAVEL, Desk
from tests.waiting import until

LONG = "".join(f"## Clause {n}\n\n{'The supplier delivers on time. ' * 25}\n\n" for n in range(9))


class FakeLocal:
    """A local model: a vector tells hotels from the rest. Counts what it was given."""

    is_local = True

    def __init__(self, name: str = "local/fake") -> None:
        self.model = name
        self.texts: list[str] = []
        self.before: Callable[[], object] = lambda: None

    def embed(
        self, texts: Sequence[str], on_batch: object = None, on_shortened: object = None
    ) -> list[Sequence[float]]:
        self.before()
        self.texts += texts
        return [self.embed_question(text) for text in texts]

    def embed_question(self, question: str) -> Sequence[float]:
        return [1.0, 0.0] if "otel" in question or "lodging" in question else [0.0, 1.0]


@pytest.fixture
def desk(broker: Broker, settings: Settings) -> Iterator[Desk]:
    made = Desk(broker, settings)
    yield made
    made.close()


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(background_vectors, "BATCH", 2)
    # Of the test run's own thread, and for good.
    monkeypatch.setattr(background_vectors, "thread_gives_way", lambda: None)


def background(desk: Desk, is_stopping: Callable[[], bool] = lambda: False) -> BackgroundVectors:
    return BackgroundVectors(desk.register, progress(desk), lambda: desk.indexer.index, is_stopping)


def progress(desk: Desk) -> EmbeddingProgress:
    return EmbeddingProgress(desk.broker.connection)


def entry(desk: Desk, document: Document) -> Document:
    return desk.client.get(document.id)


def test_document_is_found_by_words_before_it_has_vectors(desk: Desk) -> None:
    """It counts as indexed at once; then its vectors come, and other words find it."""
    model = FakeLocal()
    index = desk.use_model(model)
    travel, storage = desk.add("travel.md", TRAVEL), desk.add("storage.md", STORAGE)
    assert (travel.status, travel.to_embed, travel.embedded) == (DocumentStatus.INDEXED, 1, 0.0)
    assert travel.collection == index.target_collection
    assert "The hotel limit is EUR 160 per night." not in "".join(model.texts)
    assert desk.found("What is the hotel limit?") == ["travel.md"]
    assert desk.found("lodging") == []

    background(desk).run_once()
    assert entry(desk, travel).to_embed == entry(desk, storage).to_embed == 0
    assert entry(desk, travel).embedded == 1.0
    assert desk.found("lodging")[0] == "travel.md"
    assert progress(desk).waiting() == []


def test_it_goes_on_where_it_was(desk: Desk) -> None:
    """After a stop between two batches nothing is computed again, and the file is not read."""
    model = FakeLocal()
    desk.use_model(model)
    document = desk.add("contract.md", LONG.encode())
    model.texts.clear()
    assert document.passages > 4
    background(desk, lambda: bool(model.texts)).run_once()
    assert entry(desk, document).to_embed == document.passages - 2

    desk.store.delete(document.id)
    after = FakeLocal()
    desk.use_model(after)
    after.texts.clear()
    background(desk).run_once()
    assert entry(desk, document).to_embed == 0
    assert len(after.texts) == document.passages - 2


def test_crash_in_a_batch_costs_that_batch(desk: Desk) -> None:
    """What was written before an error stays; the next turn ends the work."""
    model = FakeLocal()
    desk.use_model(model)
    document = desk.add("contract.md", LONG.encode())

    def fail_at_second() -> None:
        if entry(desk, document).to_embed < document.passages:
            raise OSError("killed")

    model.before = fail_at_second
    with pytest.raises(OSError, match="killed"):
        background(desk).run_once()
    assert entry(desk, document).to_embed == document.passages - 2
    model.before = lambda: None
    background(desk).run_once()
    assert entry(desk, document).to_embed == 0


def test_document_indexed_again_meanwhile_begins_anew(desk: Desk) -> None:
    """Progress with old passages does not count for the new ones, which all get vectors."""
    model = FakeLocal()
    desk.use_model(model)
    document = desk.add("contract.md", LONG.encode())
    model.texts.clear()

    def index_again() -> None:
        model.before = lambda: None
        desk.indexer.index_document(document.id, Cancellation())

    model.before = index_again
    background(desk).run_once()
    assert entry(desk, document).to_embed == document.passages
    model.texts.clear()
    background(desk).run_once()
    assert (entry(desk, document).to_embed, len(model.texts)) == (0, document.passages)


def test_document_deleted_meanwhile_stays_deleted(desk: Desk) -> None:
    """Neither its entry nor its passages come back, and it waits no longer."""
    model = FakeLocal()
    index = desk.use_model(model)
    document = desk.add("contract.md", LONG.encode())

    def delete() -> None:
        model.before = lambda: None
        desk.client.delete("ann", document.id)
        desk.indexer.remove_passages(document.id)

    model.before = delete
    background(desk).run_once()
    background(desk).run_once()
    assert desk.client.list_documents() == []
    assert index.count(index.target_collection) == 0
    assert progress(desk).waiting() == []


def test_document_that_is_indexed_again_waits(desk: Desk) -> None:
    """While its passages may change, none of them gets a vector."""
    model = FakeLocal()
    desk.use_model(model)
    document = desk.add("travel.md", TRAVEL)
    model.texts.clear()
    desk.register.update(document.id, status=DocumentStatus.INDEXING)
    background(desk).run_once()
    assert (model.texts, progress(desk).waiting()) == ([], [document.id])


def test_document_of_another_model_is_left_to_its_reindexing(desk: Desk) -> None:
    """After a change of the model nothing is added to the old collection; the new one gets all."""
    desk.use_model(FakeLocal("local/old"))
    document = desk.add("travel.md", TRAVEL)
    model = FakeLocal("local/new")
    desk.use_model(model)
    model.texts.clear()
    background(desk).run_once()
    assert (model.texts, progress(desk).waiting()) == ([], [])

    desk.indexer.reindex_documents(Cancellation())
    background(desk).run_once()
    assert entry(desk, document).to_embed == 0
    assert desk.found("lodging") == ["travel.md"]


def test_two_workers_share_the_documents(desk: Desk, broker: Broker, settings: Settings) -> None:
    """What one has taken, the other leaves alone."""
    model = FakeLocal()
    desk.use_model(model)
    first, second = desk.add("travel.md", TRAVEL), desk.add("storage.md", STORAGE)
    model.texts.clear()
    assert EmbeddingProgress(broker.connection).claim(first.id)
    background(desk).run_once()
    assert (entry(desk, first).to_embed, entry(desk, second).to_embed) == (1, 0)
    progress(desk).end(first.id)
    background(desk).run_once()
    assert entry(desk, first).to_embed == 0


def test_model_of_a_server_gives_vectors_at_once(desk: Desk) -> None:
    """Without a local model, there is nothing to do in the background."""
    desk.use_model(None)
    document = desk.add("travel.md", TRAVEL)
    assert (document.to_embed, progress(desk).waiting()) == (0, [])
    background(desk).run_once()


def test_earlier_answer_does_not_outlive_the_coming_of_vectors(desk: Desk, broker: Broker) -> None:
    """With them other passages may be found: of the document alone, and among all."""
    desk.use_model(FakeLocal())
    document = desk.add("travel.md", TRAVEL)
    of = Fingerprints(broker.connection).of
    before = of("ann"), of("ann", [document.id])
    background(desk).run_once()
    after = of("ann"), of("ann", [document.id])
    assert before[0] != after[0]
    assert before[1] != after[1]


def test_worker_embeds_with_the_carried_model(
    settings: Settings, make_settings: Callable[..., Settings], connection: redis.Redis
) -> None:
    """A real worker without any setting of models: its own model finds what words do not.

    Another worker goes on where a killed one was.
    """
    with stack_of(settings, connection, LOCAL_EMBEDDING_MODEL="") as stack:
        worker = stack.start_worker()
        document_id = stack.add_document("travel.md", TRAVEL)
        stack.add_document("storage.md", STORAGE)
        stack.add_document("contract.md", (LONG * 20).encode())
        worker.kill()
        worker.wait()
        stack.start_worker()
        until(lambda: not stack.documents.get(document_id).to_embed, "vectors")
        stack.stop_all()
    index = build_index(settings, build_embedder(make_settings(local_embedding_model="")))
    try:
        found = index.search("How much is accommodation?", 3, index.target_collection)
        assert found[0].document_name == "travel.md", found
    finally:
        index.close()
