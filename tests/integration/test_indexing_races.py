"""Indexing while things change: crashes, deletions and changes of the model in the middle."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NoReturn

import pytest

from jobs.cancellation import Cancellation
from jobs.errors import (
    BrokerUnavailableError,
    EmbeddingsUnsupportedError,
    InvalidStateError,
    ModelUnavailableError,
    SupersededError,
)
from jobs.models import Document, DocumentStatus
from jobs.queue.broker import Broker
from jobs.search.index import KEYWORD_COLLECTION, PassageIndex, collection_of
from jobs.search.samples import add_samples
from jobs.search.target_collection import sync_target
from jobs.settings import INDEXING_QUEUE, Settings
from tests.fakes import FakeModelServer
from tests.integration.test_documents import STORAGE, TRAVEL, Desk, embedder

SMALL, LARGE = collection_of("small"), collection_of("large")


class When(Cancellation):
    """Does something once, when the running job asks whether to stop and a condition holds."""

    def __init__(self, condition: Callable[[], object], action: Callable[[], object]) -> None:
        super().__init__()
        self._condition = condition
        self._action: Callable[[], object] | None = action

    def check(self) -> None:
        if self._action is not None and self._condition():
            action, self._action = self._action, None
            action()
        super().check()


def at_once() -> bool:
    return True


@pytest.fixture
def desk(broker: Broker, settings: Settings) -> Iterator[Desk]:
    made = Desk(broker, settings)
    yield made
    made.close()


@pytest.fixture
def model() -> Iterator[FakeModelServer]:
    with FakeModelServer() as server:
        yield server


def jobs_of(desk: Desk) -> list[str]:
    return [str(job.func_name) for job in desk.broker.queues[INDEXING_QUEUE].get_jobs()]


def entry(desk: Desk, document_id: str) -> Document:
    return desk.client.get(document_id)


def held_by(desk: Desk, collection: str) -> list[Document]:
    return [item for item in desk.client.list_documents() if item.collection == collection]


def break_off_when_one_is_in(desk: Desk, collection: str) -> None:
    with pytest.raises(SupersededError):
        desk.indexer.reindex_documents(When(lambda: held_by(desk, collection), stop))
    assert len(held_by(desk, collection)) == 1


def stop() -> None:
    raise SupersededError


def test_upload_that_broke_off_is_repaired_by_uploading_again(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Registered but never queued: the same file again queues it."""

    def refuse(*_arguments: object, **_options: object) -> None:
        raise BrokerUnavailableError

    with monkeypatch.context() as patch:
        patch.setattr(desk.broker, "enqueue", refuse)
        with pytest.raises(BrokerUnavailableError):
            desk.client.add("ann", "travel.md", TRAVEL)
    assert jobs_of(desk) == []
    document, is_new = desk.client.add("ann", "travel.md", TRAVEL)
    assert (is_new, document.status) == (False, DocumentStatus.QUEUED)
    assert jobs_of(desk) == ["jobs.tasks.index_document"]


def test_document_is_called_indexed_once_its_collection_answers(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever asks because the page says so finds the first document."""
    desk.use_model(None)
    document, _ = desk.client.add("ann", "travel.md", TRAVEL)
    register = desk.indexer.register
    activate, before = register.activate_first, []

    def watched(collection: str) -> str:
        before.append(entry(desk, document.id).status)
        return activate(collection)

    monkeypatch.setattr(register, "activate_first", watched)
    desk.indexer.index_document(document.id, Cancellation())
    assert before == [DocumentStatus.INDEXING]
    assert entry(desk, document.id).status is DocumentStatus.INDEXED


def test_deleted_document_is_not_read_to_its_end(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A long scan that nobody wants any more ends at once, and nothing of it stays."""
    desk.use_model(None)
    document, _ = desk.client.add("ann", "travel.md", TRAVEL)

    def read_for_ever(
        _path: Path, _name: str, _settings: Settings, check: Callable[[], None], *_: object
    ) -> NoReturn:
        desk.client.delete("ann", document.id)
        while True:
            check()

    monkeypatch.setattr("jobs.search.indexer.extract", read_for_ever)
    monkeypatch.setattr("jobs.search.indexer.DELETION_CHECK_SECONDS", 0.0)
    assert desk.indexer.index_document(document.id, Cancellation()) == {"passages": 0}


def test_document_on_its_way_is_not_queued_twice(desk: Desk) -> None:
    """Neither by another upload nor by indexing it again."""
    document, _ = desk.client.add("ann", "travel.md", TRAVEL)
    desk.client.add("ann", "travel.md", TRAVEL)
    with pytest.raises(InvalidStateError):
        desk.client.index_again("ann", document.id)
    assert len(jobs_of(desk)) == 1


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("C:\\Users\\ann\\a.md", "a.md"),
        ("folder/two\nlines\0.md", "two lines .md"),
        ("\udcff.md", "?.md"),
        ("x" * 300 + ".md", "x" * 197 + ".md"),
    ],
)
def test_any_name_is_shown_as_one_short_line(desk: Desk, name: str, shown: str) -> None:
    """Paths, control characters and broken letters of a name do no harm, and it is indexed."""
    desk.use_model(None)
    document = desk.add(name, TRAVEL)
    assert (document.name, document.status) == (shown, DocumentStatus.INDEXED)


def test_progress_is_shown_while_a_document_is_indexed(desk: Desk, model: FakeModelServer) -> None:
    """Stages and a growing share are in the register, so that a page can show them."""
    desk.use_model(embedder(model))
    document, _ = desk.client.add("ann", "long.txt", b"One sentence of many words. " * 4000)
    seen: list[tuple[str, float]] = []

    class Watches(Cancellation):
        def check(self) -> None:
            now = entry(desk, document.id)
            assert now.status in (DocumentStatus.QUEUED, DocumentStatus.INDEXING)
            seen.append((now.stage.split(" ")[0], now.progress))

    desk.indexer.index_document(document.id, Watches())
    stages = list(dict.fromkeys(stage for stage, _ in seen))
    assert stages[:2] == ["extracting", "embedding"]
    assert [share for _, share in seen] == sorted(share for _, share in seen)
    assert entry(desk, document.id).stage == ""


def test_stopped_indexing_leaves_no_passages(desk: Desk) -> None:
    """A stop during extraction ends the job."""
    index = desk.use_model(None)
    document, _ = desk.client.add("ann", "travel.md", TRAVEL)
    with pytest.raises(SupersededError):
        desk.indexer.index_document(document.id, When(at_once, stop))
    assert index.count(KEYWORD_COLLECTION) == 0


def test_document_added_again_after_its_deletion_keeps_its_passages(desk: Desk) -> None:
    """The job of the deletion may run after the new document is indexed."""
    index = desk.use_model(None)
    document = desk.add("travel.md", TRAVEL)
    desk.client.delete("ann", document.id)
    desk.add("travel.md", TRAVEL)
    desk.indexer.remove_passages(document.id)
    assert index.count(KEYWORD_COLLECTION, document.id) == 1


def test_passages_of_a_lost_deletion_go_with_the_next(desk: Desk) -> None:
    """A crash between entry and job leaves passages behind, but not for ever."""
    index = desk.use_model(None)
    lost = desk.add("travel.md", TRAVEL)
    other = desk.add("storage.md", STORAGE)
    desk.register.delete(lost.id)  # and no job
    desk.client.delete("ann", other.id)
    desk.indexer.remove_passages(other.id)
    assert index.count(KEYWORD_COLLECTION) == 0
    assert desk.register.deleted() == set()


def test_document_indexed_during_the_switch_is_not_lost(desk: Desk, model: FakeModelServer) -> None:
    """What goes into the old collection at the last moment is found in the new one."""
    desk.use_model(embedder(model, "small"))
    desk.add("travel.md", TRAVEL)
    index = desk.use_model(embedder(model, "large"))
    late, _ = desk.client.add("ann", "storage.md", STORAGE)
    # While the late one is extracted, everything is indexed again and the switch happens.
    switch = When(at_once, lambda: desk.indexer.reindex_documents(Cancellation()))
    desk.indexer.index_document(late.id, switch)
    assert desk.register.index_state().active == LARGE
    assert entry(desk, late.id).collection == LARGE
    assert index.count(LARGE) == 2
    assert "storage.md" in desk.found("How many pallets does Ghent hold?")


def test_broken_off_reindexing_goes_on_with_what_is_missing(
    desk: Desk, model: FakeModelServer
) -> None:
    """The second run embeds only the documents that the first one did not reach."""
    desk.use_model(embedder(model, "small"))
    for number in range(3):
        desk.add(f"{number}.md", TRAVEL + b"More words. " * number)
    desk.use_model(embedder(model, "large"))
    break_off_when_one_is_in(desk, LARGE)
    assert {item.status for item in desk.client.list_documents()} == {DocumentStatus.INDEXED}
    assert desk.register.index_state().active == SMALL
    assert len(desk.found("hotel limit")) == 3

    model.requests.clear()
    desk.indexer.reindex_documents(Cancellation())
    embedded = [text for request in model.requests for text in request["body"]["input"]]
    assert len([text for text in embedded if "hotel" in text]) == 2
    assert desk.register.index_state().active == LARGE
    assert len(desk.found("hotel limit")) == 3


def test_half_built_collection_of_an_earlier_change_brings_nothing_back(
    desk: Desk, model: FakeModelServer
) -> None:
    """A document deleted after the model was changed twice is not found after the third change."""
    desk.use_model(embedder(model, "small"))
    desk.add("travel.md", TRAVEL)
    desk.add("storage.md", STORAGE)
    desk.use_model(embedder(model, "large"))
    break_off_when_one_is_in(desk, LARGE)
    gone = held_by(desk, LARGE)[0]
    desk.use_model(embedder(model, "other"))
    desk.indexer.reindex_documents(Cancellation())
    desk.client.delete("ann", gone.id)
    desk.indexer.remove_passages(gone.id)
    index = desk.use_model(embedder(model, "large"))
    desk.indexer.reindex_documents(Cancellation())
    assert index.count(LARGE) == 1
    assert gone.name not in desk.found("hotel limit, pallets in Ghent")


def test_document_moved_by_a_broken_off_change_is_moved_again(
    desk: Desk, model: FakeModelServer
) -> None:
    """Half in one new model and half in another, all documents end up in the last."""
    desk.use_model(embedder(model, "small"))
    desk.add("travel.md", TRAVEL)
    desk.add("storage.md", STORAGE)
    desk.use_model(embedder(model, "large"))
    break_off_when_one_is_in(desk, LARGE)
    desk.add("newest.md", b"# News\n\nIt comes first when all are indexed again.")
    desk.use_model(embedder(model, "other"))
    break_off_when_one_is_in(desk, collection_of("other"))
    assert len(held_by(desk, LARGE)) == 1
    index = desk.use_model(embedder(model, "large"))
    desk.indexer.reindex_documents(Cancellation())
    assert index.count(LARGE) == len(held_by(desk, LARGE)) == 3


def test_document_whose_file_is_gone_does_not_stop_the_others(
    desk: Desk, model: FakeModelServer
) -> None:
    """It fails with a sentence; everything else moves to the new collection."""
    desk.use_model(None)
    lost = desk.add("travel.md", TRAVEL)
    kept = desk.add("storage.md", STORAGE)
    desk.store.delete(lost.id)
    desk.use_model(embedder(model))
    desk.indexer.reindex_documents(Cancellation())
    failure = entry(desk, lost.id).failure
    assert failure is not None
    assert "Upload it again" in failure.message
    assert entry(desk, kept.id).collection == SMALL
    state = desk.register.index_state()
    assert (state.active, state.needs_reindex, state.reindexed) == (SMALL, False, state.documents)


def test_first_document_on_a_server_without_embeddings_decides_for_keywords(
    desk: Desk, model: FakeModelServer
) -> None:
    """No collection for vectors comes into being, and nobody is asked to index again."""
    model.embeddings_status = 501
    index = desk.use_model(embedder(model))
    document = desk.add("travel.md", TRAVEL)
    sync_target(desk.register, index)
    state = desk.register.index_state()
    assert (state.active, state.target) == (KEYWORD_COLLECTION, KEYWORD_COLLECTION)
    assert document.collection == KEYWORD_COLLECTION
    assert index.count(SMALL) == 0


def test_model_without_embeddings_is_not_offered(desk: Desk, model: FakeModelServer) -> None:
    """The server is asked before the page says that everything should be indexed again."""
    desk.use_model(None)
    desk.add("travel.md", TRAVEL)
    model.embeddings_status = 501
    desk.use_model(embedder(model))
    assert not desk.client.index_state().needs_reindex


def test_embeddings_that_end_in_the_middle_keep_the_old_index(
    desk: Desk, model: FakeModelServer
) -> None:
    """Reindexing for vectors fails as a whole rather than let a hollow collection answer."""
    desk.use_model(None)
    desk.add("travel.md", TRAVEL)
    index = desk.use_model(embedder(model))

    def end() -> None:
        model.embeddings_status = 501

    with pytest.raises(EmbeddingsUnsupportedError):
        desk.indexer.reindex_documents(When(at_once, end))
    assert desk.register.index_state().active == KEYWORD_COLLECTION
    assert index.count(SMALL) == 0
    assert desk.found("hotel limit") == ["travel.md"]


def test_model_server_that_is_down_fails_the_job_and_not_the_document_register(
    desk: Desk, model: FakeModelServer
) -> None:
    """A connection error is for a retry; afterwards the same job succeeds."""
    desk.use_model(embedder(model))
    document, _ = desk.client.add("ann", "travel.md", TRAVEL)
    model.stop()
    with pytest.raises(ModelUnavailableError):
        desk.indexer.index_document(document.id, Cancellation())
    with FakeModelServer() as back:
        desk.use_model(embedder(back))
        desk.indexer.index_document(document.id, Cancellation())
    assert entry(desk, document.id).status is DocumentStatus.INDEXED


def test_indexing_everything_again_is_queued_once(desk: Desk) -> None:
    """A second click says that it is under way."""
    desk.use_model(None)
    desk.add("travel.md", TRAVEL)
    desk.client.index_all_again()
    assert desk.client.is_reindexing()
    with pytest.raises(InvalidStateError):
        desk.client.index_all_again()


def test_samples_beside_other_documents_are_not_added(desk: Desk, tmp_path: Path) -> None:
    """Whoever began with documents of their own does not want the samples."""
    desk.use_model(None)
    desk.add("travel.md", TRAVEL)
    (tmp_path / "sample.md").write_bytes(STORAGE)
    add_samples(desk.client, tmp_path)
    assert [item.name for item in desk.client.list_documents()] == ["travel.md"]


def test_passages_carry_what_a_citation_shows(desk: Desk) -> None:
    """Document, name, page and position come back from a search."""
    index: PassageIndex = desk.use_model(None)
    data = (Path(__file__).resolve().parents[2] / "samples/annual-report-2025.pdf").read_bytes()
    document = desk.add("report.pdf", data)
    best = index.search("Which dividend does the board propose?", 1, KEYWORD_COLLECTION)[0]
    assert (best.document_id, best.document_name) == (document.id, "report.pdf")
    assert best.page == best.last_page == 9
    assert document.pages == 9
