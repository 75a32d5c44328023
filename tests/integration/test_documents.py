"""Documents from upload to search: client, register, store, indexer and a real local Qdrant."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis

from jobs.cancellation import Cancellation
from jobs.documents.client import DocumentClient, display_name
from jobs.documents.file_store import FileStore
from jobs.documents.repository import DocumentRepository
from jobs.errors import DocumentStoreUnavailableError, InvalidUploadError, NotFoundError
from jobs.llm.embeddings import Embedder
from jobs.models import Document, DocumentStatus
from jobs.queue.broker import Broker
from jobs.search.index import KEYWORD_COLLECTION, PassageIndex, build_index, collection_of
from jobs.search.indexer import Indexer, mark_failed
from jobs.search.samples import add_samples
from jobs.search.target_collection import sync_target
from jobs.settings import Settings
from tests.fakes import FakeModelServer

TRAVEL = b"# Travel\n\nThe hotel limit is EUR 160 per night.\n"
STORAGE = b"# Storage\n\nThe Ghent warehouse holds 31,500 pallets of frozen goods.\n"


class Desk:
    """All sides of the documents of one test; the test plays the worker."""

    def __init__(self, broker: Broker, settings: Settings) -> None:
        self.settings = settings
        self.broker = broker
        self.register = DocumentRepository(broker.connection)
        self.store = FileStore(settings.document_store_url)
        self.client = DocumentClient(broker, self.store, self.register)
        self._index: PassageIndex | None = None

    def use_model(self, embedder: Embedder | None) -> PassageIndex:
        """Start over with another embedding model, like a worker after a change of settings."""
        self.close()
        self._index = build_index(self.settings, embedder)
        sync_target(self.register, self._index)
        return self._index

    @property
    def indexer(self) -> Indexer:
        assert self._index is not None
        return Indexer(self.register, self.client, self.store, self._index, self.settings)

    def share(self, other: Desk) -> None:
        """Use the index of another desk."""
        self._index = other._index

    def add(self, name: str, data: bytes) -> Document:
        document, _ = self.client.add("ann", name, data)
        self.indexer.index_document(document.id, Cancellation())
        return self.client.get(document.id)

    def found(self, question: str) -> list[str]:
        assert self._index is not None
        active = self.register.index_state().active
        return [item.document_name for item in self._index.search(question, 5, active)]

    def close(self) -> None:
        if self._index is not None:
            self._index.close()
            self._index = None


@pytest.fixture
def desk(broker: Broker, settings: Settings) -> Iterator[Desk]:
    made = Desk(broker, settings)
    yield made
    made.close()


@pytest.fixture
def model() -> Iterator[FakeModelServer]:
    with FakeModelServer() as server:
        yield server


def embedder(model: FakeModelServer, name: str = "small") -> Embedder:
    return Embedder(model.base_url, "key", name, 5)


def test_added_document_is_found_by_keywords_and_by_vectors(
    desk: Desk, model: FakeModelServer
) -> None:
    """With a model both halves search; the right document comes first."""
    index = desk.use_model(embedder(model))
    travel = desk.add("travel.md", TRAVEL)
    desk.add("storage.md", STORAGE)
    assert travel.status is DocumentStatus.INDEXED
    assert (travel.passages, travel.progress) == (1, 1.0)
    assert travel.collection == index.target_collection
    assert desk.found("What is the hotel limit?")[0] == "travel.md"
    assert desk.found("How many pallets does Ghent hold?")[0] == "storage.md"


def test_keyword_search_alone_ignores_stop_words(desk: Desk) -> None:
    """Without a model, the words of the question that matter find the passage, others nothing."""
    desk.use_model(None)
    desk.add("travel.md", TRAVEL)
    desk.add("storage.md", STORAGE)
    assert desk.register.index_state().active == KEYWORD_COLLECTION
    assert desk.found("What is the limit of the hotel?") == ["travel.md"]
    assert desk.found("Who is the xylophonist?") == []


def test_same_content_is_recognised_under_another_name(desk: Desk) -> None:
    """The second upload of the same bytes is no new document."""
    desk.use_model(None)
    desk.add("travel.md", TRAVEL)
    document, is_new = desk.client.add("bob", "copy.md", TRAVEL)
    assert (is_new, document.name, document.added_by) == (False, "travel.md", "ann")
    assert len(desk.client.list_documents()) == 1


def test_indexing_twice_doubles_nothing(desk: Desk) -> None:
    """Index again replaces the passages of the document."""
    index = desk.use_model(None)
    document = desk.add("travel.md", TRAVEL)
    desk.client.index_again("ann", document.id)
    desk.indexer.index_document(document.id, Cancellation())
    assert index.count(KEYWORD_COLLECTION) == 1


def test_deleted_document_is_gone_everywhere(desk: Desk) -> None:
    """Entry, file and passages leave; its id is not found."""
    index = desk.use_model(None)
    document = desk.add("travel.md", TRAVEL)
    desk.client.delete("ann", document.id)
    desk.indexer.remove_passages(document.id)
    assert desk.client.list_documents() == []
    assert index.count(KEYWORD_COLLECTION) == 0
    assert not desk.store.exists(document.id, "travel.md")
    with pytest.raises(NotFoundError):
        desk.client.get(document.id)


def test_document_deleted_while_it_is_indexed_stays_deleted(desk: Desk) -> None:
    """The end of indexing does not bring the entry back, nor leave passages."""
    index = desk.use_model(None)
    document, _ = desk.client.add("ann", "travel.md", TRAVEL)

    class DeletesAtTheEnd(Cancellation):
        checks = 0

        def check(self) -> None:
            self.checks += 1
            if self.checks == 1:
                desk.register.delete(document.id)

    desk.indexer.index_document(document.id, DeletesAtTheEnd())
    assert desk.client.list_documents() == []
    assert index.count(KEYWORD_COLLECTION) == 0


@pytest.mark.parametrize(("name", "data"), [("a.exe", b"x"), ("noextension", b"x"), ("a.pdf", b"")])
def test_useless_upload_is_refused_and_leaves_nothing(desk: Desk, name: str, data: bytes) -> None:
    """A kind that cannot be read and an empty file are refused with a sentence."""
    with pytest.raises(InvalidUploadError, match=name):
        desk.client.add("ann", name, data)
    assert desk.client.list_documents() == []


def test_name_cannot_be_made_to_look_like_another_type() -> None:
    """No control character, and none that turns the direction of writing, is in a shown name."""
    assert display_name("report\u202efdp.exe.txt") == "report fdp.exe.txt"
    assert display_name("a\nb\u2066c.pdf") == "a b c.pdf"


def test_upload_over_the_limit_is_refused(
    broker: Broker, make_settings: Callable[..., Settings]
) -> None:
    """The limit and the setting that raises it are named."""
    small = Broker(broker.connection, make_settings(max_upload_mb=1))
    desk = Desk(small, small.settings)
    with pytest.raises(InvalidUploadError, match="MAX_UPLOAD_MB"):
        desk.client.add("ann", "big.txt", b"x" * (2**20 + 1))


def test_failed_document_is_queued_again_when_it_is_added_again(desk: Desk) -> None:
    """Uploading the same file repairs what failed."""
    desk.use_model(None)
    document, _ = desk.client.add("ann", "travel.md", TRAVEL)
    mark_failed(document.id, DocumentStoreUnavailableError().failure, register=desk.register)
    again, is_new = desk.client.add("ann", "travel.md", TRAVEL)
    assert (is_new, again.status, again.failure) == (False, DocumentStatus.QUEUED, None)
    assert again.job_id != document.job_id


def test_change_of_model_keeps_the_old_index_answering_until_all_is_in_the_new(
    desk: Desk, model: FakeModelServer
) -> None:
    """Vectors of two models never mix; the switch happens once, at the end."""
    desk.use_model(embedder(model, "small"))
    desk.add("travel.md", TRAVEL)
    index = desk.use_model(embedder(model, "large"))
    state = desk.client.index_state()
    assert state.needs_reindex
    assert state.active == collection_of("small")
    assert desk.found("What is the hotel limit?") == ["travel.md"]

    late = desk.add("storage.md", STORAGE)  # added in between: found by its words
    assert late.collection == ""
    assert "storage.md" in desk.found("How many pallets does Ghent hold?")

    desk.client.index_all_again()
    desk.indexer.reindex_documents(Cancellation())
    state = desk.client.index_state()
    assert (state.needs_reindex, state.active) == (False, collection_of("large"))
    assert state.reindexed == 2
    assert index.count(collection_of("small")) == 0
    assert set(desk.found("hotel limit, pallets in Ghent")) == {"travel.md", "storage.md"}


def test_key_added_later_offers_to_index_again(desk: Desk, model: FakeModelServer) -> None:
    """Documents indexed for keywords alone are offered for vectors once there is a model."""
    desk.use_model(None)
    desk.add("travel.md", TRAVEL)
    desk.use_model(embedder(model))
    assert desk.client.index_state().needs_reindex
    desk.indexer.reindex_documents(Cancellation())
    assert desk.found("What is the hotel limit?") == ["travel.md"]
    assert not desk.client.index_state().needs_reindex


def test_server_without_embeddings_falls_back_to_keywords(
    desk: Desk, model: FakeModelServer
) -> None:
    """A chat server that answers 501 for embeddings costs the vectors, not the document."""
    model.embeddings_status = 501
    index = desk.use_model(embedder(model))
    document = desk.add("travel.md", TRAVEL)
    assert document.status is DocumentStatus.INDEXED
    assert index.embeddings_unsupported is not None
    assert desk.found("What is the hotel limit?") == ["travel.md"]


def test_samples_are_added_once_ever(desk: Desk, tmp_path: Path) -> None:
    """Who deletes the samples does not find them back after a restart."""
    desk.use_model(None)
    (tmp_path / "a.md").write_bytes(TRAVEL)
    (tmp_path / "questions.json").write_text("[]")
    add_samples(desk.client, tmp_path)
    assert [item.name for item in desk.client.list_documents()] == ["a.md"]
    desk.client.delete("ann", desk.client.list_documents()[0].id, is_operator=True)
    add_samples(desk.client, tmp_path)
    assert desk.client.list_documents() == []


def test_document_names_cannot_leave_the_store(tmp_path: Path) -> None:
    """A name with a path in it is a name."""
    store = FileStore(str(tmp_path / "store"))
    store.save("id", "../../etc/passwd.txt", b"x")
    assert store.read("id", "../../etc/passwd.txt") == b"x"
    assert [path.name for path in tmp_path.rglob("*.txt")] == ["passwd.txt"]
    assert (tmp_path / "store" / "id" / "passwd.txt").exists()


def test_store_works_on_any_file_system_of_fsspec(connection: redis.Redis) -> None:
    """Object stores are read through a temporary copy."""
    store = FileStore("memory://askqueue-test")
    store.save("id", "a.txt", b"content")
    with store.local_copy("id", "a.txt") as path:
        assert path.read_bytes() == b"content"
        assert path.name == "a.txt"
    store.delete("id")
    assert not store.exists("id", "a.txt")


def test_register_knows_when_a_document_was_indexed(desk: Desk) -> None:
    """Indexing again is seen by who has an answer from before; reading the entry is not."""
    desk.use_model(None)
    began = time.time()
    first = desk.add("travel.md", TRAVEL)
    assert began <= first.indexed_at <= time.time()
    desk.client.index_again("ann", first.id)
    [queued] = desk.client.find([first.id, "gone"])
    assert queued.indexed_at == first.indexed_at
    desk.indexer.index_document(first.id, Cancellation())
    [again] = desk.client.find([first.id])
    assert again.indexed_at > first.indexed_at
