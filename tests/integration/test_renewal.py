"""An index of an earlier version answers until everything is indexed again, which begins itself."""

from __future__ import annotations

import gc
import json
import shutil
import time
from collections.abc import Iterator, Sequence

import pytest
from qdrant_client import QdrantClient, models

from jobs.cancellation import Cancellation
from jobs.documents.client import REINDEX_DOCUMENTS
from jobs.errors import IndexUnavailableError
from jobs.llm.embeddings import Embedder
from jobs.models import Document, DocumentStatus, Passage
from jobs.queue.broker import Broker
from jobs.queue.keys import RENEWAL_LOCK_KEY, WORKERS_KEY, worker_key
from jobs.search.engine import Entry
from jobs.search.index import PassageIndex
from jobs.search.points import DENSE, TEXT, passage_id, payload_of
from jobs.search.renewal import renew_index
from jobs.search.schema import KEYWORD_COLLECTION, SCHEMA, collection_of, is_outdated
from jobs.search.server_engine import ServerEngine
from jobs.search.text_engine import TextEngine
from jobs.settings import INDEXING_QUEUE, Settings
from tests.fakes import FakeModelServer
from tests.integration.test_documents import STORAGE, TRAVEL, Desk, embedder

FIRST = "passages-keywords"
QUESTION = "What is the hotel limit?"

pytestmark = pytest.mark.filterwarnings("ignore:Payload indexes have no effect")


@pytest.fixture
def desk(broker: Broker, settings: Settings) -> Iterator[Desk]:
    made = Desk(broker, settings)
    yield made
    made.close()


def store_as_before(
    client: QdrantClient,
    collection: str,
    passages: Sequence[Passage],
    vectors: Sequence[Sequence[float]] = (),
    owner: str = "",
) -> None:
    """Store passages as versions before the schema had a number did."""
    if not client.collection_exists(collection):
        dense = models.VectorParams(size=64, distance=models.Distance.COSINE)
        client.create_collection(collection, vectors_config={DENSE: dense} if vectors else {})
        parameters = models.TextIndexParams(type=models.TextIndexType.TEXT, scoring=True)
        client.create_payload_index(collection, TEXT, parameters)
    client.upsert(
        collection,
        [
            models.PointStruct(
                id=passage.id,
                vector={DENSE: list(vectors[number])} if vectors else {},
                payload=payload_of(Entry(passage, (), owner=owner)),
            )
            for number, passage in enumerate(passages)
        ],
    )


def passage_of(document: Document, text: str) -> Passage:
    return Passage(passage_id(document.id, 0), document.id, document.name, text)


def installed_before(
    desk: Desk, model: Embedder | None = None, collection: str = FIRST
) -> list[Document]:
    """Two documents in the index of an earlier version."""
    folder = desk.settings.data_dir / "qdrant"
    client = QdrantClient(path=str(folder))
    documents = []
    for name, data in (("travel.md", TRAVEL), ("storage.md", STORAGE)):
        document, _ = desk.client.add("ann", name, data)
        text = data.decode()
        vectors = model.embed([text]) if model else ()
        store_as_before(client, collection, [passage_of(document, text)], vectors)
        desk.register.update(document.id, status=DocumentStatus.INDEXED, collection=collection)
        documents.append(document)
    client.close()
    desk.register.set_index(active=collection, target=collection)
    for job in desk.broker.queues[INDEXING_QUEUE].get_jobs():
        job.delete()
    return documents


def renew(desk: Desk) -> list[str]:
    """Look for an old index, like a worker; returns what is queued."""
    renew_index(desk.client, desk.register, desk.indexer.index)
    return [str(job.func_name) for job in desk.broker.queues[INDEXING_QUEUE].get_jobs()]


def test_index_of_before_answers_until_all_is_indexed_again(desk: Desk) -> None:
    """It takes and forgets documents meanwhile; nothing of it is left at the end."""
    folder = desk.settings.data_dir / "qdrant"
    travel, storage = installed_before(desk)
    index = desk.use_model(None)
    state = desk.client.index_state()
    assert (state.active, state.target, state.is_renewed) == (FIRST, KEYWORD_COLLECTION, True)
    assert desk.found(QUESTION) == ["travel.md"]
    assert index.texts([passage_id(travel.id, 0)], FIRST) == {
        passage_id(travel.id, 0): TRAVEL.decode()
    }
    assert renew(desk) == [REINDEX_DOCUMENTS]
    desk.add("late.md", b"# Parking\n\nA parking space costs EUR 40.\n")
    assert desk.found("What does parking cost?") == ["late.md"]
    desk.client.delete("ann", storage.id)
    desk.indexer.remove_passages(storage.id)
    assert desk.found("How many pallets does Ghent hold?") == []

    desk.indexer.reindex_documents(Cancellation())
    state = desk.client.index_state()
    assert (state.active, state.needs_reindex) == (KEYWORD_COLLECTION, False)
    assert desk.found(QUESTION) == ["travel.md"]
    assert desk.found("What does parking cost?") == ["late.md"]
    assert index.count(KEYWORD_COLLECTION) == 2
    assert index.collections() == {KEYWORD_COLLECTION}
    assert not folder.exists()
    assert {each.collection for each in desk.client.list_documents()} == {KEYWORD_COLLECTION}
    index = desk.use_model(None)
    assert desk.found(QUESTION) == ["travel.md"]


def test_vectors_of_before_are_used_while_the_model_is_the_same(
    desk: Desk, model: FakeModelServer
) -> None:
    """What the words of the question do not find, its meaning does."""
    small = embedder(model)
    collection = f"passages-{collection_of('small').partition('-')[2]}"
    installed_before(desk, small, collection)
    desk.use_model(small)
    assert set(desk.found(QUESTION)) == {"travel.md", "storage.md"}
    desk.use_model(embedder(model, "another"))
    assert desk.found(QUESTION) == ["travel.md"]


@pytest.fixture
def model() -> Iterator[FakeModelServer]:
    with FakeModelServer() as server:
        yield server


def test_renewal_begins_once(desk: Desk) -> None:
    """However many workers look, and again ten minutes after it failed."""
    installed_before(desk)
    desk.use_model(None)
    assert renew(desk) == renew(desk) == [REINDEX_DOCUMENTS]
    desk.broker.queues[INDEXING_QUEUE].get_jobs()[0].delete()  # as if it had failed
    assert renew(desk) == []
    assert 0 < desk.broker.connection.ttl(RENEWAL_LOCK_KEY) <= 600
    desk.broker.connection.delete(RENEWAL_LOCK_KEY)
    assert renew(desk) == [REINDEX_DOCUMENTS]


def test_renewal_waits_for_workers_of_an_earlier_version(desk: Desk) -> None:
    """They would look for words in a collection that has none for them."""
    installed_before(desk)
    desk.use_model(None)
    connection, now = desk.broker.connection, time.time()
    for name, report in (("old", {}), ("new", {"index_schema": SCHEMA})):
        connection.set(worker_key(name), json.dumps({"name": name, "seen_at": now, **report}))
        connection.zadd(WORKERS_KEY, {name: now})
    assert renew(desk) == []
    connection.zrem(WORKERS_KEY, "old")
    assert renew(desk) == [REINDEX_DOCUMENTS]


def test_index_of_today_is_left_alone(desk: Desk) -> None:
    """Nor is an installation without documents renewed."""
    desk.use_model(None)
    assert renew(desk) == []
    desk.add("travel.md", TRAVEL)
    assert REINDEX_DOCUMENTS not in renew(desk)


def test_rest_of_an_index_of_before_goes(desk: Desk, settings: Settings) -> None:
    """The worker was killed between the switch and the removal, or others were left in it."""
    desk.use_model(None)
    desk.add("travel.md", TRAVEL)
    folder = settings.data_dir / "qdrant"
    client = QdrantClient(path=str(folder))
    for name in (FIRST, "passages-older"):
        store_as_before(client, name, [Passage("a" * 32, "old", "old.md", "Old.")])
    client.close()
    desk.use_model(None)
    assert folder.exists()
    renew(desk)
    assert not folder.exists()
    assert desk.found(QUESTION) == ["travel.md"]


def test_index_that_is_gone_is_made_again(desk: Desk, settings: Settings) -> None:
    """Its folder was deleted, damaged or not: questions wait, and the documents are read again."""
    desk.use_model(None)
    desk.add("travel.md", TRAVEL)
    desk.close()
    shutil.rmtree(settings.data_dir / "index")
    desk.use_model(None)
    assert renew(desk)[-1:] == [REINDEX_DOCUMENTS]
    assert desk.client.index_state().active == ""
    desk.broker.connection.delete(RENEWAL_LOCK_KEY)
    desk.broker.queues[INDEXING_QUEUE].get_jobs()[-1].delete()
    assert renew(desk)[-1:] == [REINDEX_DOCUMENTS]  # until it is done
    desk.indexer.reindex_documents(Cancellation())
    assert desk.found(QUESTION) == ["travel.md"]
    desk.broker.connection.delete(RENEWAL_LOCK_KEY)
    state = desk.client.index_state()
    assert (state.active, state.building) == (KEYWORD_COLLECTION, "")


def test_collection_of_before_on_a_server_answers_beside_one_of_today() -> None:
    """Each is searched as it was made, by words and with the filter of readers."""
    client = QdrantClient(":memory:")
    index = PassageIndex(ServerEngine(client), None, TextEngine(client))
    shared = Passage("a" * 32, "shared", "shared.md", "The hotel limit is EUR 160.")
    private = Passage("b" * 32, "ann's", "private.md", "The hotel limit was EUR 140.")
    store_as_before(client, FIRST, [shared])
    store_as_before(client, FIRST, [private], owner="ann")
    index.ensure_collection(KEYWORD_COLLECTION)
    index.upsert(KEYWORD_COLLECTION, [shared], None)
    index.upsert(KEYWORD_COLLECTION, [private], None, "ann")
    for collection in (FIRST, KEYWORD_COLLECTION):
        for user, expected in (("ann", {"shared", "ann's"}), ("bob", {"shared"})):
            found = index.search(QUESTION, 5, collection, user=user)
            assert {each.document_id for each in found} == expected
        assert index.count(collection, "shared") == 1
    index.delete_document("shared", FIRST)
    index.upsert(FIRST, [shared], None)
    assert index.search(QUESTION, 5, FIRST) != []
    index.drop(FIRST)
    assert index.search(QUESTION, 5, FIRST) == []
    assert index.search(QUESTION, 5, KEYWORD_COLLECTION) != []
    index.close()


def test_names_tell_the_schema() -> None:
    """That of before had no number; a model named like a schema changes nothing."""
    assert is_outdated(FIRST)
    assert is_outdated("passages-2-abc")
    assert not is_outdated(collection_of("2-abc"))
    assert not is_outdated("")


# qdrant-client leaves the lock file that it could not lock to the garbage collector.
@pytest.mark.filterwarnings("ignore:.*unclosed file:ResourceWarning")
@pytest.mark.filterwarnings("ignore:.*lock:pytest.PytestUnraisableExceptionWarning")
def test_folder_of_before_is_of_one_process(desk: Desk, settings: Settings) -> None:
    """A worker of before that still runs holds it; the new one frees what it took."""
    installed_before(desk)
    holder = QdrantClient(path=str(settings.data_dir / "qdrant"))
    with pytest.raises(IndexUnavailableError, match="another worker process"):
        desk.use_model(None)
    holder.close()
    gc.collect()
    desk.use_model(None)
    assert desk.found(QUESTION) == ["travel.md"]
