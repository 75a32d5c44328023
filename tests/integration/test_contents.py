"""Files within files: each becomes a document of its own, once, for whoever added the container."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path

import pytest
import redis

from jobs.cancellation import Cancellation
from jobs.documents.client import DocumentClient
from jobs.documents.contents import add_contents
from jobs.errors import BrokerUnavailableError, SupersededError
from jobs.extraction.attachment_files import ExtractedFile
from jobs.extraction.attachment_limits import MAX_ATTACHMENTS
from jobs.extraction.chunking import Piece
from jobs.extraction.extract import Extracted, extract
from jobs.models import Document, DocumentStatus, JobState, Question, Visibility
from jobs.questions.client import JobClient
from jobs.queue.broker import Broker
from jobs.queue.connection import connect
from jobs.queue.rq_internals import RateLimitRegistry
from jobs.search import indexer
from jobs.search.index import KEYWORD_COLLECTION
from jobs.settings import INDEXING_QUEUE, QUESTIONS_QUEUE, Settings
from jobs.worker import answer_job
from jobs.worker.runtime import Runtime, use_runtime
from tests.integration.faulty_valkey import Crash, Fault, Kind, make_faulty
from tests.integration.inline_worker import InlineWorker
from tests.integration.stack import stack_of
from tests.integration.test_documents import Desk
from tests.integration.test_indexing_races import When
from tests.waiting import until

ESCROW = "The escrow agent releases the shares on 30 June 2027."
# More requests than unpacking takes; a run that never ends would otherwise never fail.
MOST_REQUESTS = 200
RENT = "The rent of the Ghent warehouse is EUR 18,400 a month."


def zip_of(files: Mapping[str, bytes | str]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


TWO = zip_of({"deal/escrow.txt": ESCROW, "deal/rent.md": RENT})


@pytest.fixture
def desk(broker: Broker, settings: Settings) -> Iterator[Desk]:
    made = Desk(broker, settings)
    made.use_model(None)
    yield made
    made.close()


def add(
    desk: Desk, name: str, data: bytes, user: str = "ann", sees: Visibility = Visibility.SHARED
) -> Document:
    """Add a file, and index it and all that comes of it."""
    document, _ = desk.client.add(user, name, data, sees)
    index_all(desk)
    return desk.client.get(document.id, user)


def index_all(desk: Desk) -> None:
    while waiting := [
        each for each in desk.client.list_all() if each.status is DocumentStatus.QUEUED
    ]:
        for each in waiting:
            desk.indexer.index_document(each.id, Cancellation())


def names(desk: Desk, user: str = "ann") -> set[str]:
    return {each.name for each in desk.client.list_documents(user)}


def test_files_of_an_archive_are_documents_of_their_own(desk: Desk) -> None:
    """Each is found by itself, says what it came with, and belongs to who added the archive."""
    archive = add(desk, "deal.zip", TWO)
    escrow, rent = desk.client.find(archive.contents, "ann")
    assert (escrow.name, rent.name) == ("escrow.txt", "rent.md")
    assert escrow.status is rent.status is DocumentStatus.INDEXED
    assert escrow.added_by == "ann"
    assert escrow.came_with == "deal.zip"
    assert "2 files in it are documents of their own." in archive.notes
    [found] = desk.indexer.index.search("when are the shares released", 1, KEYWORD_COLLECTION)
    assert found.document_id == escrow.id


def test_archive_is_found_by_the_names_of_its_files(desk: Desk) -> None:
    """The archive's own text is the list of what is in it."""
    archive = add(desk, "deal.zip", TWO)
    passages = desk.indexer.index.search("deal escrow.txt", 5, KEYWORD_COLLECTION, [archive.id])
    assert "deal/escrow.txt" in passages[0].text


def test_contents_of_a_private_archive_are_private(desk: Desk) -> None:
    """The same archive, private and shared, makes as many documents; nobody sees the others'."""
    private = add(desk, "deal.zip", TWO, "ann", Visibility.PRIVATE)
    assert names(desk, "ben") == set()
    assert {each.owner for each in desk.client.find(private.contents, "ann")} == {"ann"}
    shared = add(desk, "deal.zip", TWO, "ben")
    assert not set(private.contents) & set(shared.contents)
    assert len(desk.client.list_documents("ann")) == 6
    assert len(desk.client.list_documents("ben")) == 3
    assert len(desk.register.with_contents([private.id, shared.id], "ben")) == 4


def test_same_content_is_one_document(desk: Desk) -> None:
    """Two archives with the same file share its document, and so do two copies in one."""
    add(desk, "deal.zip", TWO)
    again = add(desk, "other.zip", zip_of({"a/copy.txt": ESCROW, "b/copy.txt": ESCROW}))
    assert len(again.contents) == 1
    assert names(desk) == {"deal.zip", "escrow.txt", "rent.md", "other.zip"}


def test_attempt_that_broke_off_is_made_up_for(desk: Desk) -> None:
    """A worker that dies after the first file leaves no double and no gap when it runs again."""
    archive, _ = desk.client.add("ann", "deal.zip", TWO)
    with pytest.raises(SupersededError):
        desk.indexer.index_document(archive.id, when_there_are(desk, 2, stop))
    assert names(desk) == {"deal.zip", "escrow.txt"}
    index_all(desk)
    desk.indexer.index_document(archive.id, Cancellation())
    assert len(desk.client.get(archive.id, "ann").contents) == 2
    assert names(desk) == {"deal.zip", "escrow.txt", "rent.md"}
    index_all(desk)
    assert {each.status for each in desk.client.list_all()} == {DocumentStatus.INDEXED}


def test_archive_that_is_deleted_while_it_is_unpacked_adds_no_more(desk: Desk) -> None:
    """What was added before stays, as after any deletion of an archive."""
    archive, _ = desk.client.add("ann", "deal.zip", TWO)
    delete = when_there_are(desk, 2, lambda: desk.client.delete("ann", archive.id))
    desk.indexer.index_document(archive.id, delete)
    assert names(desk) == {"escrow.txt"}
    assert not desk.store.exists(archive.id, "deal.zip")


def test_deleting_an_archive_leaves_what_was_in_it(desk: Desk) -> None:
    """They are documents like any other by then."""
    archive = add(desk, "deal.zip", TWO)
    desk.client.delete("ann", archive.id)
    assert names(desk) == {"escrow.txt", "rent.md"}


def test_quota_holds_for_what_is_within(broker: Broker, settings: Settings) -> None:
    """Files without room are counted in a note, and added once there is room and it runs again."""
    desk = Desk(broker, settings.model_copy(update={"user_documents": 2}))
    desk.client = DocumentClient(
        Broker(broker.connection, desk.settings), desk.store, desk.register
    )
    desk.use_model(None)
    archive = add(desk, "deal.zip", TWO)
    assert names(desk) == {"deal.zip", "escrow.txt"}
    [note] = [each for each in archive.notes if "not added" in each]
    assert note.startswith("1 file in it was not added: your documents have no room")
    desk.client = DocumentClient(broker, desk.store, desk.register)
    desk.client.index_again("ann", archive.id)
    index_all(desk)
    assert names(desk) == {"deal.zip", "escrow.txt", "rent.md"}
    assert not any("not added" in each for each in desk.client.get(archive.id, "ann").notes)
    desk.close()


def test_nesting_ends(desk: Desk) -> None:
    """The third archive within archives is a document; what it holds is not, and it says so."""
    data = zip_of({"deepest.txt": ESCROW})
    for level in (4, 3, 2, 1):
        data = zip_of({f"level{level}.zip": data})
    add(desk, "level0.zip", data)
    assert names(desk) == {f"level{level}.zip" for level in range(4)}
    deepest = next(each for each in desk.client.list_all() if each.name == "level3.zip")
    assert any(note.startswith("1 file in it was not added: too many") for note in deepest.notes)


def test_archive_with_its_own_name_in_it_is_two_documents(desk: Desk) -> None:
    """A name says nothing: the content is what counts."""
    archive = add(desk, "deal.zip", zip_of({"deal.zip": TWO}))
    assert archive.contents
    assert archive.id not in archive.contents


def test_names_of_files_are_only_labels(desk: Desk) -> None:
    """Paths, controls and marks of direction do nothing but leave a readable name."""
    data = zip_of({"../../etc/passwd.txt": ESCROW, "C:\\up\\..\\b\u202egpj.txt": RENT})
    add(desk, "tricks.zip", data)
    assert names(desk) == {"tricks.zip", "passwd.txt", "b gpj.txt"}


def test_file_that_is_not_what_its_name_says_is_named_in_a_note(desk: Desk) -> None:
    """The check of uploads holds for them as well, and one bad file costs no other."""
    archive = add(desk, "deal.zip", zip_of({"a.docx": "no Word at all", "b.txt": RENT}))
    assert names(desk) == {"deal.zip", "b.txt"}
    assert any("“a.docx” is named .docx, but holds a text" in note for note in archive.notes)


def test_kinds_that_are_not_read_are_counted_with_their_extensions(
    desk: Desk, tmp_path: Path
) -> None:
    """Also where the reader handed over everything, as that of PDFs does."""
    container = add(desk, "plan.txt", b"See the attachments.")
    (tmp_path / "1").write_text(RENT)
    files = [ExtractedFile(name, tmp_path / "1") for name in ("a.xcf", "b.XCF", "c", "../rent.txt")]
    added = add_contents(desk.client, container, files, lambda number: None)
    assert [*added.notes()] == [
        "1 file in it is a document of its own.",
        "3 files in it were not added: no kind that is read (.xcf, without an extension).",
    ]


def test_notes_on_contents_outlive_a_change_of_the_model(desk: Desk) -> None:
    """Indexing everything again reads the archive, not what is in it, and keeps both in mind."""
    archive = add(desk, "deal.zip", zip_of({"a.docx": "no Word at all", "b.txt": RENT}))
    desk.register.update(archive.id, collection="older")
    desk.indexer.reindex_documents(Cancellation())
    again = desk.client.get(archive.id, "ann")
    assert (again.notes, again.contents) == (archive.notes, archive.contents)


def test_adding_an_archive_again_renews_what_was_in_it(desk: Desk) -> None:
    """Retention counts from the last time that somebody added either of them."""
    archive = add(desk, "deal.zip", TWO)
    before = [each.added_at for each in desk.client.find(archive.contents, "ann")]
    desk.client.add("ann", "deal.zip", TWO)
    after = [each.added_at for each in desk.client.find(archive.contents, "ann")]
    assert all(new > old for old, new in zip(before, after, strict=True))


def test_thousands_of_files_are_taken_up_to_a_bound(desk: Desk, tmp_path: Path) -> None:
    """A note says how many files of an archive of 10,000 become documents."""
    path = tmp_path / "many.zip"
    path.write_bytes(zip_of({f"{number}.txt": f"file {number}" for number in range(10_000)}))
    extracted = extract(path, "many.zip", desk.settings, attachments_to=tmp_path)
    assert len(extracted.attachments) == MAX_ATTACHMENTS
    assert any(note.startswith("9,000 files are not read: beyond") for note in extracted.notes)


def when_there_are(desk: Desk, number: int, action: Callable[[], object]) -> Cancellation:
    return When(lambda: len(desk.client.list_all()) == number, action)


def stop() -> None:
    raise SupersededError


@pytest.mark.parametrize("kind", [*Kind])
def test_all_of_an_archive_arrives_whichever_request_of_the_worker_goes_wrong(
    broker: Broker, settings: Settings, monkeypatch: pytest.MonkeyPatch, kind: Kind
) -> None:
    """The next attempt leaves each file once, with a job that indexes it."""
    monkeypatch.setattr(indexer, "extract", _extract)
    for at in range(1, MOST_REQUESTS):
        broker.connection.flushall()
        desk = Desk(broker, settings)
        desk.use_model(None)
        archive, _ = desk.client.add("ann", "deal.zip", TWO)
        fault = Fault(kind, at)
        with connect(settings.redis_url) as connection:
            broken = Desk(Broker(make_faulty(connection, fault), settings), settings)
            broken.share(desk)
            with suppress(Crash, BrokerUnavailableError):
                broken.indexer.index_document(archive.id, Cancellation())
            fault.is_cleared = True
        desk.indexer.index_document(archive.id, Cancellation())
        assert names(desk) == {"deal.zip", "escrow.txt", "rent.md"}, at
        for limit in RateLimitRegistry.all(broker.connection):
            limit.cleanup()  # what maintenance does
        queued = {job.args[0] for job in broker.queues[INDEXING_QUEUE].get_jobs()}
        assert queued >= set(desk.client.get(archive.id, "ann").contents), at
        desk.close()
        if not fault.happened:
            break
    assert not fault.happened
    assert at > 20


def _extract(path: Path, name: str, *_: object) -> Extracted:
    """Read an archive without a child process."""
    folder = _[-1]
    if not isinstance(folder, Path):
        return Extracted("text/plain", 0, (Piece(path.read_text()),))
    files = []
    with zipfile.ZipFile(path) as archive:
        for number, member in enumerate(archive.namelist()):
            (folder / str(number)).write_bytes(archive.read(member))
            files.append(ExtractedFile(member, folder / str(number)))
    return Extracted("application/zip", 0, (Piece(name),), (), tuple(files))


def test_killed_worker_s_archive_is_unpacked_by_the_next(
    connection: redis.Redis, settings: Settings
) -> None:
    """All files of it are there in the end, each once."""
    files = {f"{number}.txt": f"Berth {number} is free." for number in range(12)}
    with stack_of(settings, connection) as stack:
        stack.start_worker()
        stack.documents.add("ann", "berths.zip", zip_of(files))
        until(lambda: len(stack.documents.list_documents("ann")) > 3)
        stack.worker.kill()
        stack.start_worker()
        until(
            lambda: (
                {each.status for each in stack.documents.list_documents("ann")}
                == {DocumentStatus.INDEXED}
            )
        )
        assert {each.name for each in stack.documents.list_documents("ann")} == {
            "berths.zip",
            *files,
        }


@pytest.fixture
def worker(settings: Settings) -> Iterator[InlineWorker]:
    runtime = Runtime(settings)
    use_runtime(runtime)
    yield InlineWorker(runtime)
    use_runtime(None)
    runtime.index.close()
    runtime.connection.close()


def test_question_about_an_archive_is_asked_of_what_is_in_it(
    worker: InlineWorker, client: JobClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It waits until that is indexed, for a while, and is answered from it."""
    runtime = worker.runtime
    archive, _ = runtime.documents.add("ann", "deal.zip", zip_of({"deal.zip": TWO}))
    runtime.indexer.index_document(archive.id, Cancellation())

    def ask() -> str:
        question = Question("When are the shares released?", documents=(archive.id,))
        job = client.submit("ann", question)
        worker.work(QUESTIONS_QUEUE)
        return job.id

    assert client.get_job("ann", ask()).state is JobState.RETRYING
    with monkeypatch.context() as patch:
        patch.setattr(answer_job, "CONTENTS_PATIENCE_SECONDS", 0)
        answer = client.get_answer("ann", ask())
        assert answer is not None
        assert any("still being indexed" in note for note in answer.notes)
    worker.work(INDEXING_QUEUE)
    answer = client.get_answer("ann", ask())
    assert answer is not None
    assert "30 June 2027" in answer.text
