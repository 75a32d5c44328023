"""The register of documents, on a real Valkey."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import pytest
import redis

from jobs.documents.ids import owner_digest
from jobs.documents.repository import DocumentRepository
from jobs.models import Document, DocumentStatus, Failure
from jobs.queue.keys import PREFIX


@pytest.fixture
def register(connection: redis.Redis) -> DocumentRepository:
    return DocumentRepository(connection)


def entry(document_id: str = "d1", added_at: float = 1.0, name: str = "a.md") -> Document:
    return Document(document_id, name, 10, added_at=added_at, added_by="ann")


def test_entry_comes_back_as_it_was_entered(register: DocumentRepository) -> None:
    """Every field survives, the failure among them."""
    failure = Failure("unreadable_document", "No text.", "command")
    document = Document(
        "d1", "Größe.pdf", 12, "application/pdf", DocumentStatus.FAILED, 3, 7, 1.5, "ann", "stage",
        0.25, "job", "collection", failure, 2.5,
    )  # fmt: skip
    assert register.add_if_new(document)
    assert register.get("d1") == document


def test_second_entry_of_the_same_content_changes_nothing(register: DocumentRepository) -> None:
    """Who comes first gives the name."""
    assert register.add_if_new(entry(name="first.md"))
    assert not register.add_if_new(entry(name="second.md"))
    assert [item.name for item in register.list_all()] == ["first.md"]


def test_list_is_newest_first_in_two_round_trips(
    register: DocumentRepository, connection: redis.Redis
) -> None:
    """However many documents there are, listing them asks twice."""
    for number in range(30):
        register.add_if_new(entry(f"d{number}", added_at=float(number)))
    asked: list[object] = []
    pool = connection.connection_pool
    original = pool.get_connection

    def counting(*args: object, **options: object) -> object:
        asked.append(args)
        return original(*args, **options)

    pool.get_connection = counting  # type: ignore[method-assign] # counts, and gives it back
    try:
        listed = register.list_all()
    finally:
        pool.get_connection = original  # type: ignore[method-assign] # as above
    assert [item.id for item in listed] == [f"d{number}" for number in reversed(range(30))]
    assert len(asked) == 2


def test_update_changes_fields_and_clears_the_failure(register: DocumentRepository) -> None:
    """`failure=None` means that there is none any more."""
    register.add_if_new(entry())
    register.update("d1", status=DocumentStatus.FAILED, failure=Failure("kind", "why"))
    assert register.update("d1", status=DocumentStatus.INDEXED, passages=4, failure=None)
    document = register.get("d1")
    assert document is not None
    assert (document.status, document.passages) == (DocumentStatus.INDEXED, 4)
    assert document.failure is None


def test_update_does_not_bring_a_deleted_document_back(register: DocumentRepository) -> None:
    """A worker that finishes late writes nothing."""
    register.add_if_new(entry())
    assert register.delete("d1")
    assert not register.update("d1", status=DocumentStatus.INDEXED)
    assert register.get("d1") is None
    assert register.list_all() == []


def test_deleted_document_is_remembered_until_its_passages_are_gone(
    register: DocumentRepository,
) -> None:
    """Adding it again, or removing its passages, ends that."""
    for document_id in ("d1", "d2"):
        register.add_if_new(entry(document_id))
        register.delete(document_id)
    assert register.deleted() == {"d1", "d2"}
    register.add_if_new(entry("d1"))
    register.forget_deleted("d2")
    assert register.deleted() == set()


def test_first_collection_answers_and_the_second_does_not(register: DocumentRepository) -> None:
    """Two documents indexed at once agree on one collection."""
    register.set_index(active="", target="b")
    assert register.activate_first("a") == "a"
    assert register.activate_first("b") == "a"
    assert register.index_state().active == "a"


def test_reindexing_is_needed_only_where_there_is_something_to_index(
    register: DocumentRepository,
) -> None:
    """A new model without documents asks for nothing."""
    register.set_index(active="old", target="new")
    assert not register.index_state().needs_reindex
    register.add_if_new(entry())
    assert register.index_state().needs_reindex


def test_samples_are_claimed_once_and_never_beside_other_documents(
    register: DocumentRepository,
) -> None:
    """Of several workers one adds them; where there are documents, none does."""
    register.add_if_new(entry())
    assert not register.claim_samples()
    register.delete("d1")
    assert register.claim_samples()
    assert not register.claim_samples()


def test_everything_is_kept_under_the_prefix(
    register: DocumentRepository, connection: redis.Redis
) -> None:
    """A Valkey that others use too can tell whose keys these are."""
    register.add_if_new(entry())
    register.set_index(active="a")
    register.add_if_new(entry("d2"))
    register.delete("d2")
    keys = connection.keys("*")
    assert keys
    assert all(key.startswith(PREFIX.encode()) for key in keys)


def test_find_reads_some_documents_in_one_round_trip(register: DocumentRepository) -> None:
    """Those that are there come back, in the order asked for; the others are left out."""
    for document_id in ("d1", "d2", "d3"):
        register.add_if_new(entry(document_id))
    register.update("d3", indexed_at=7.5)
    found = register.find(["d3", "gone", "d1"], "ann")
    assert [(item.id, item.indexed_at) for item in found] == [("d3", 7.5), ("d1", 0.0)]
    assert list(register.find([], "ann")) == []


def add_many(register: DocumentRepository, count: int, owner: str = "") -> None:
    for number in range(count):
        suffix = f"-{owner_digest(owner)}" if owner else ""
        id_ = hashlib.sha256(f"{owner}{number}".encode()).hexdigest()
        register.add_if_new(
            Document(
                id_ + suffix, f"{number}.md", 1, added_at=float(number), added_by="eve", owner=owner
            )
        )


def commands_of(connection: redis.Redis, call: Callable[[], object]) -> int:
    before = connection.info("stats")["total_commands_processed"]
    call()
    return int(connection.info("stats")["total_commands_processed"] - before)


def test_page_costs_no_more_whatever_others_own(
    register: DocumentRepository, connection: redis.Redis
) -> None:
    """3,000 documents of another user, shared or private, add no command to a stranger's list."""
    add_many(register, 60)
    before = commands_of(connection, lambda: register.page("ann", limit=50))
    add_many(register, 3000)
    add_many(register, 3000, "eve")
    page = register.page("ann", limit=50)
    assert page.total == 3000
    assert [item.name for item in page.documents] == [f"{n}.md" for n in range(2999, 2949, -1)]
    assert commands_of(connection, lambda: register.page("ann", limit=50)) == before
    assert commands_of(connection, lambda: register.newest("ann", 50)) <= before


def test_pages_have_each_document_once(register: DocumentRepository) -> None:
    """Shared and own ones are in one order; those of others are on no page."""
    add_many(register, 30)
    add_many(register, 30, "ann")
    add_many(register, 30, "eve")
    pages = [register.page("ann", offset, 7) for offset in range(0, 70, 7)]
    seen = [item for page in pages for item in page.documents]
    assert len({item.id for item in seen}) == len(seen) == 60
    assert {page.total for page in pages} == {60}
    assert [item.added_at for item in seen] == sorted((it.added_at for it in seen), reverse=True)
    assert {item.owner for item in seen} == {"", "ann"}


def test_shared_documents_do_not_hide_own_ones(register: DocumentRepository) -> None:
    """However many newer ones others share, a user's own are offered."""
    add_many(register, 5, "ann")
    add_many(register, 300)
    assert sum(item.owner == "ann" for item in register.newest("ann", 20)) == 5
