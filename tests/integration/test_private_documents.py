"""Private documents, from upload to search, over a real Valkey and a real local Qdrant."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager

import pytest
import qdrant_edge as edge

from jobs.cancellation import Cancellation
from jobs.errors import (
    InvalidUploadError,
    NotFoundError,
    OthersDocumentError,
    PrivateUnsafeError,
    UnknownDocumentsError,
)
from jobs.models import Document, DocumentStatus, Passage, Question, Visibility
from jobs.questions.client import JobClient
from jobs.queue.broker import Broker
from jobs.queue.keys import DOCUMENTS_KEY, PREFIX, WORKERS_KEY, worker_key
from jobs.search.edge_engine import EdgeEngine, of_document
from jobs.search.index import KEYWORD_COLLECTION, PassageIndex
from jobs.search.points import OWNER, passage_id
from jobs.settings import Settings
from tests.fakes import FakeModelServer
from tests.integration.test_documents import STORAGE, TRAVEL, Desk, embedder

PRIVATE = Visibility.PRIVATE
QUESTION = "What is the hotel limit?"


@pytest.fixture
def desk(broker: Broker, settings: Settings) -> Iterator[Desk]:
    made = Desk(broker, settings)
    made.use_model(None)
    yield made
    made.close()


def add(
    desk: Desk, user: str, data: bytes = TRAVEL, visibility: Visibility = PRIVATE, name: str = ""
) -> Document:
    document, _ = desk.client.add(user, name or f"{user}.md", data, visibility)
    desk.indexer.index_document(document.id, Cancellation())
    return desk.client.get(document.id, user)


def found(desk: Desk, user: str, documents: tuple[str, ...] = ()) -> set[str]:
    active = desk.register.index_state().active
    index = desk.indexer.index
    passages = index.search(QUESTION, 5, active, documents, user)
    return {passage.document_name for passage in passages}


def test_private_document_is_there_for_its_owner_alone(desk: Desk) -> None:
    """Others neither list it, nor read it, nor find its passages, even if they know its id."""
    mine = add(desk, "ann")
    assert mine.status is DocumentStatus.INDEXED
    assert mine.visibility is PRIVATE
    assert [item.id for item in desk.client.list_documents("ann")] == [mine.id]
    assert found(desk, "ann") == found(desk, "ann", (mine.id,)) == {"ann.md"}
    for other in ("bob", ""):
        assert desk.client.list_documents(other) == []
        assert list(desk.client.find([mine.id], other)) == []
        assert found(desk, other) == found(desk, other, (mine.id,)) == set()
        with pytest.raises(NotFoundError):
            desk.client.get(mine.id, other)
        with pytest.raises(NotFoundError):
            desk.client.delete(other, mine.id)
        with pytest.raises(NotFoundError):
            desk.client.index_again(other, mine.id)


def test_both_halves_of_a_hybrid_search_are_filtered(desk: Desk, broker: Broker) -> None:
    """Neither vectors nor keywords bring up another's passage."""
    with FakeModelServer() as model:
        desk.use_model(embedder(model))
        add(desk, "ann")
        add(desk, "bob", STORAGE, Visibility.SHARED)
        assert found(desk, "ann") == {"ann.md", "bob.md"}
        assert found(desk, "bob") == found(desk, "") == {"bob.md"}


def test_same_file_is_a_document_for_each_who_adds_it(desk: Desk) -> None:
    """Private to two and shared: each is found by whom it is for, and goes without the others."""
    ann, bob = add(desk, "ann"), add(desk, "bob")
    shared = add(desk, "ann", visibility=Visibility.SHARED, name="all.md")
    assert found(desk, "ann") == {"ann.md", "all.md"}
    again, is_new = desk.client.add("ann", "copy.md", TRAVEL, PRIVATE)
    assert (again.id, again.name, is_new) == (ann.id, "ann.md", False)
    desk.client.delete("ann", ann.id)
    desk.indexer.remove_passages(ann.id)
    assert found(desk, "ann") == {"all.md"}
    assert found(desk, "bob") == {"bob.md", "all.md"}
    desk.client.delete("ann", shared.id)
    desk.indexer.remove_passages(shared.id)
    assert (found(desk, "bob"), found(desk, "ann")) == ({"bob.md"}, set())
    assert desk.store.read(bob.id, "bob.md") == TRAVEL
    assert not desk.store.exists(ann.id, "ann.md")


def test_shared_document_is_managed_by_who_added_it_and_by_operators(desk: Desk) -> None:
    """Others see it, and are told that it is not theirs to delete or to index again."""
    document = add(desk, "ann", visibility=Visibility.SHARED)
    for user in ("bob", ""):
        with pytest.raises(OthersDocumentError, match="Somebody else added"):
            desk.client.delete(user, document.id)
        with pytest.raises(OthersDocumentError):
            desk.client.index_again(user, document.id)
    desk.client.index_again("op", document.id, is_operator=True)
    desk.client.delete("op", document.id, is_operator=True)
    assert desk.client.list_documents("ann") == []


def test_operator_deletes_a_private_document_by_its_id(desk: Desk) -> None:
    """An operator needs to see none of it for that."""
    document = add(desk, "ann")
    assert desk.client.list_documents("op") == []
    desk.client.delete("op", document.id, is_operator=True)
    assert desk.client.list_documents("ann") == []


def test_question_cannot_be_asked_of_another_s_private_document(desk: Desk) -> None:
    """It is not there, in the same words as for a document that never was."""
    document, jobs = add(desk, "ann"), JobClient(desk.broker)
    assert jobs.submit("ann", Question(QUESTION, documents=(document.id,))).asked.documents
    with pytest.raises(UnknownDocumentsError) as refused:
        jobs.submit("bob", Question(QUESTION, documents=(document.id,)))
    with pytest.raises(UnknownDocumentsError) as unknown:
        jobs.submit("bob", Question(QUESTION, documents=("e" * 64,)))
    assert str(refused.value) == str(unknown.value)


def test_private_document_needs_an_owner(desk: Desk) -> None:
    """Nobody in particular cannot have one."""
    with pytest.raises(InvalidUploadError, match="needs an owner"):
        desk.client.add("", "a.md", TRAVEL, PRIVATE)


def test_passages_of_before_there_were_owners_are_shared(desk: Desk) -> None:
    """A collection of the old form is searched as it is, and takes private passages beside."""
    index = desk.indexer.index
    old = Passage(passage_id("old", 0), "old", "old.md", "The hotel limit was EUR 140.")
    index.ensure_collection(KEYWORD_COLLECTION)
    index.upsert(KEYWORD_COLLECTION, [old], None)
    with shard_of(index) as shard:
        [point], _ = shard.scroll(edge.ScrollRequest(limit=2, with_payload=True))
    assert OWNER not in (point.payload or {})
    desk.register.activate_first(KEYWORD_COLLECTION)
    assert found(desk, "bob") == found(desk, "") == {"old.md"}
    add(desk, "ann")
    assert found(desk, "ann") == {"old.md", "ann.md"}
    assert found(desk, "bob") == found(desk, "") == {"old.md"}


def test_passage_with_an_empty_owner_is_for_nobody(desk: Desk) -> None:
    """Should one ever be stored like that, it is lost rather than shown to all."""
    document = add(desk, "ann")
    with shard_of(desk.indexer.index) as shard:
        nobody = edge.UpdateOperation.set_payload_by_filter(of_document(document.id), {OWNER: ""})
        shard.update(nobody)
    assert found(desk, "ann") == found(desk, "bob") == found(desk, "") == set()


def test_everything_is_indexed_again_with_its_owner(desk: Desk) -> None:
    """A new embedding model makes no private document shared."""
    add(desk, "ann")
    with FakeModelServer() as model:
        desk.use_model(embedder(model))
        assert desk.client.index_state().needs_reindex
        desk.indexer.reindex_documents(Cancellation())
        assert not desk.client.index_state().needs_reindex
        assert found(desk, "ann") == {"ann.md"}
        assert found(desk, "bob") == found(desk, "") == set()


def test_private_document_leaves_with_its_time(desk: Desk) -> None:
    """Retention takes it like a shared one, with its file; nothing in Valkey names it then."""
    document = add(desk, "ann")
    assert desk.client.expire(added_before=time.time() + 1, loose_before=0) == 1
    desk.indexer.remove_passages("")
    assert desk.client.list_documents("ann") == []
    assert not desk.store.exists(document.id, document.name)
    named = [key for key in desk.broker.connection.keys(f"{PREFIX}*") if b"document" in key]
    assert named == [] or document.id.encode() not in b" ".join(named)


def test_older_version_finds_no_entry_of_a_private_document(desk: Desk) -> None:
    """Pages and workers of before know the shared list and its entries, and nothing else."""
    document = add(desk, "ann")
    connection = desk.broker.connection
    assert connection.zrange(DOCUMENTS_KEY, 0, -1) == []
    assert not connection.exists(f"{PREFIX}document:{document.id}")


def test_private_document_is_refused_beside_a_worker_that_would_show_it(desk: Desk) -> None:
    """An older worker answers everybody from everything: until it is gone, none is taken."""
    connection, now = desk.broker.connection, time.time()
    reports = {"new": {"knows_private": True}, "old": {}}
    for name, report in reports.items():
        connection.set(worker_key(name), json.dumps({"name": name, "seen_at": now, **report}))
        connection.zadd(WORKERS_KEY, {name: now})
    with pytest.raises(PrivateUnsafeError, match="update all workers"):
        desk.client.add("ann", "a.md", TRAVEL, PRIVATE)
    desk.client.add("ann", "a.md", TRAVEL)
    assert [item.owner for item in desk.client.list_documents("ann")] == [""]
    connection.zrem(WORKERS_KEY, "old")
    _, is_new = desk.client.add("ann", "a.md", TRAVEL, PRIVATE)
    assert is_new


def shard_of(index: PassageIndex) -> AbstractContextManager[edge.EdgeShard]:
    """What stands behind the embedded index."""
    assert isinstance(index._engine, EdgeEngine)
    return index._engine._shard(KEYWORD_COLLECTION).use()
