"""Earlier answers: a real Valkey, a real local Qdrant, and a worker on the test's thread."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial

import pytest
import redis

from jobs.answer_files import to_markdown
from jobs.batches.feeder import Feeder
from jobs.batches.spreadsheet import lines_of, pasted_sheet
from jobs.documents.fingerprints import Fingerprints
from jobs.documents.repository import DocumentRepository
from jobs.llm.reply import Chunk
from jobs.models import (
    Answer,
    Document,
    DocumentStatus,
    Feedback,
    JobState,
    Question,
    SupportLevel,
    TokenUse,
    Visibility,
)
from jobs.questions.answer_cache import may_serve
from jobs.questions.export import evaluation_lines
from jobs.queue.keys import cache_key, job_key
from jobs.settings import Settings
from tests.integration.inline_worker import InlineWorker, inline_worker
from ui.api.openai_models import ending_of
from ui.clients import Clients, build_clients

TRAVEL = b"The hotel limit is EUR 160 per night in every city."
PARKING = b"The limit of parking at a hotel is EUR 20 per night."
QUESTION = "What is the hotel limit per night?"
STEPS = 150


class Desk:
    """Users with documents and questions, and a worker that answers at once."""

    def __init__(self, clients: Clients, worker: InlineWorker) -> None:
        self.clients = clients
        self.worker = worker

    def add(self, user: str, data: bytes, *, private: bool = False) -> Document:
        visibility = Visibility.PRIVATE if private else Visibility.SHARED
        document, _ = self.clients.documents.add(user, f"{user}.txt", data, visibility)
        self.worker.work("indexing")
        return document

    def delete(self, document: Document) -> None:
        self.clients.documents.delete("op", document.id, is_operator=True)
        self.worker.work("indexing")

    def index_again(self, document: Document) -> None:
        self.clients.documents.index_again("op", document.id, is_operator=True)
        self.worker.work("indexing")

    def ask(
        self, user: str = "ann", question: str = QUESTION, **asked: object
    ) -> tuple[str, Answer]:
        """The id of a new question, and its answer."""
        job_id = self.clients.jobs.submit(user, Question(question, **asked)).id  # type: ignore[arg-type]
        self.worker.work("questions")
        answer = self.clients.jobs.get_answer(user, job_id)
        assert answer is not None, self.clients.jobs.get_job(user, job_id)
        return job_id, answer

    def is_hit(self, user: str = "ann", question: str = QUESTION, **asked: object) -> bool:
        return self.ask(user, question, **asked)[1].earlier_at is not None


@pytest.fixture
def settings(make_settings: Callable[..., Settings]) -> Settings:
    return make_settings(cache=True)


@pytest.fixture
def desk(
    connection: redis.Redis, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Desk]:
    with inline_worker(settings, monkeypatch) as worker:
        made = Desk(build_clients(settings), worker)
        made.add("ann", TRAVEL)
        yield made


def test_notes_on_a_document_stand_with_each_answer_that_cites_it(desk: Desk) -> None:
    """Also with an earlier answer that is given again; a document without notes says nothing."""
    assert desk.ask()[1].remarks == ()
    question = "What does parking at a hotel cost?"
    desk.add("bob", b"Note: Page 2 holds no text.\n" + PARKING)
    for _ in range(2):
        job_id, answer = desk.ask(question=question)
        assert answer.remarks == ("About “bob.txt”: Page 2 holds no text.",)
        assert answer.citations[0].section == "Travel"
    assert answer.earlier_at is not None
    job = desk.clients.jobs.get_job("ann", job_id)
    assert "Page 2 holds no text." in to_markdown(job, answer)


def test_same_question_is_answered_from_the_earlier_answer(desk: Desk) -> None:
    """In other case and spacing too, as a finished job that says when it was answered first."""
    before = time.time()
    first_id, first = desk.ask()
    job_id, again = desk.ask(question="  what is the HOTEL limit\n per night? ")
    assert (again.text, again.citations) == (first.text, first.citations)
    assert first.earlier_at is None
    assert again.earlier_at is not None
    assert before <= again.earlier_at <= time.time()
    assert (again.tokens, again.timings.generation) == (TokenUse(), 0.0)
    job = desk.clients.jobs.get_job("ann", job_id)
    assert (job.state, job.preview != "", job_id != first_id) == (JobState.FINISHED, True, True)
    assert desk.ask()[1].earlier_at == again.earlier_at  # of the first, not of the second


def test_earlier_answer_is_labelled_wherever_it_goes(desk: Desk) -> None:
    """In a file of one answer, in those of many, and in the text that OpenAI's clients get."""
    asked = [desk.ask() for _ in range(2)]
    jobs = desk.clients.jobs
    label = "From an earlier answer, of "
    sheets = [to_markdown(jobs.get_job("ann", job_id), answer) for job_id, answer in asked]
    assert [label in sheet for sheet in sheets] == [False, True]
    assert [label in ending_of(answer) for _, answer in asked] == [False, True]
    lines = evaluation_lines(jobs, "ann", [job_id for job_id, _ in asked])
    assert [bool(json.loads(line)["earlier_at"]) for line in lines] == [False, True]


@pytest.mark.parametrize(
    "asked",
    [
        {"user": "bob"},
        {"question": "What is the hotel limit?"},
        {"model": "other"},
        {"use_cache": False},
    ],
)
def test_another_user_question_or_model_gets_a_new_answer(
    desk: Desk, asked: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    """So does one who wants a new answer; and what they get serves them from then on."""
    offered = desk.clients.settings.model_copy(
        update={"openai_base_url": "http://127.0.0.1:9/v1", "chat_models": "other"}
    )
    monkeypatch.setattr(desk.clients.jobs._broker, "settings", offered)
    generators = {"": desk.worker.runtime.generator, "other": Named()}
    monkeypatch.setattr(desk.worker.runtime, "generator_of", generators.__getitem__)
    assert not desk.is_hit()
    assert not desk.is_hit(**asked)  # type: ignore[arg-type]
    assert desk.is_hit(**{**asked, "use_cache": True})  # type: ignore[arg-type]
    assert desk.is_hit()


class Named:
    """A generator of another model."""

    model, extractive = "other", False

    def stream(self, _question: str, _passages: object) -> Iterator[Chunk]:
        yield Chunk("It is EUR 160 [1].")


def test_answer_without_the_cache_takes_the_place_of_the_earlier_one(desk: Desk) -> None:
    """Who asks again after that gets the newer answer."""
    desk.ask()
    between = time.time()
    desk.ask(use_cache=False)
    earlier_at = desk.ask()[1].earlier_at
    assert earlier_at is not None
    assert earlier_at >= between


@pytest.mark.parametrize("change", ["add", "add private", "delete", "index again", "expire"])
def test_any_change_of_the_documents_ends_it(desk: Desk, change: str) -> None:
    """Also after the documents are what they were before, if one has come anew."""
    extra = desk.add("ann", PARKING)
    assert not desk.is_hit()
    assert desk.is_hit()
    match change:
        case "add":
            desk.add("bob", b"Parking is free.")
        case "add private":
            desk.add("ann", PARKING, private=True)
        case "delete":
            desk.delete(extra)
        case "index again":
            desk.index_again(extra)
        case "expire":
            desk.clients.documents.expire(time.time() + 1, 0)
            desk.worker.work("indexing")
            desk.add("ann", TRAVEL)
            desk.add("ann", PARKING)
    assert not desk.is_hit()
    assert desk.is_hit()


def test_documents_of_others_and_outside_the_scope_change_nothing(desk: Desk) -> None:
    """Bob's private document is not Ann's business, nor is any that she does not ask."""
    scope = desk.add("ann", PARKING)
    desk.ask()
    desk.ask(documents=[scope.id])
    desk.add("bob", b"The hotel limit of Bob is EUR 5.", private=True)
    assert desk.is_hit()
    desk.add("bob", b"The hotel limit of Bob is EUR 6.")
    assert not desk.is_hit()
    assert desk.is_hit(documents=[scope.id])
    desk.index_again(scope)
    assert not desk.is_hit(documents=[scope.id])


def test_nothing_is_served_or_kept_while_a_document_is_on_its_way(desk: Desk) -> None:
    """Neither before a new one is in the index, nor before a deleted one is out of it."""
    desk.ask()
    document, _ = desk.clients.documents.add("bob", "b.txt", PARKING)
    assert not desk.is_hit()
    assert not desk.is_hit()
    desk.worker.work("indexing")
    desk.clients.documents.delete("bob", document.id)
    assert not desk.is_hit()
    assert not desk.is_hit()
    desk.worker.work("indexing")
    assert desk.is_hit()  # the documents are what they were when it was first asked


def test_answer_made_during_a_change_is_not_kept(desk: Desk) -> None:
    """A document that came and went while the answer was written is in no later answer."""
    index, search = desk.worker.runtime.index, desk.worker.runtime.index.by_words

    def search_meanwhile(*arguments: object, **options: object) -> object:
        index.by_words = search  # type: ignore[method-assign] # once
        document = desk.add("bob", PARKING)
        found = search(*arguments, **options)  # type: ignore[arg-type]
        desk.delete(document)
        return found

    index.by_words = search_meanwhile  # type: ignore[method-assign,assignment] # for one question
    _, answer = desk.ask()
    assert {passage.document_name for passage in answer.passages} == {"ann.txt", "bob.txt"}
    assert not desk.is_hit()


def test_deleting_a_question_deletes_its_answer_for_later(desk: Desk) -> None:
    """At once, and also once nobody can undo it; undone, it serves again."""
    job_id, _ = desk.ask()
    desk.clients.jobs.delete("ann", job_id)
    newer, answer = desk.ask()
    assert answer.earlier_at is None
    desk.clients.jobs.delete("ann", newer)
    desk.clients.jobs.undo_deletion("ann", newer)
    assert desk.is_hit()


def test_answer_that_was_no_use_is_not_given_again(desk: Desk) -> None:
    """Whether it was said of the first or of what was given later from it; praise is no harm."""
    for number in range(2):
        jobs = [desk.ask()[0], desk.ask()[0]]
        assert desk.is_hit()
        desk.clients.jobs.give_feedback("ann", jobs[number], Feedback(useful=True))
        assert desk.is_hit()
        desk.clients.jobs.give_feedback("ann", jobs[number], Feedback(useful=False))
        assert not desk.is_hit()
        desk.delete(desk.add("ann", PARKING))
    job_id, _ = desk.ask(use_cache=False)
    desk.clients.jobs._connection.hset(job_key(job_id), "useful", 0)  # as older versions note it
    assert not desk.is_hit()


def test_rows_of_a_batch_take_part(desk: Desk, settings: Settings) -> None:
    """A batch is answered from the cache, and its answers serve later questions."""
    desk.ask()
    text = f"{QUESTION}\nWhat is the limit in every city?"
    lines = lines_of("a.csv", pasted_sheet(text), 0, header_row=None)
    batch = desk.clients.batches.submit("ann", lines)
    Feeder(desk.worker.runtime.broker).run_once()
    desk.worker.work("batch")
    rows = desk.clients.batches.rows("ann", batch.id).rows
    answers = [desk.clients.jobs.get_answer("ann", row.job_id) for row in rows]
    assert [answer is not None and answer.earlier_at is not None for answer in answers] == [
        True,
        False,
    ]
    assert desk.is_hit(question="What is the limit in every city?")


def test_cache_can_be_turned_off(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """With CACHE=off every question is answered anew, and nothing is kept."""
    off = desk.worker.runtime.settings.model_copy(update={"cache": False})
    monkeypatch.setattr(desk.worker.runtime, "settings", off)
    assert not desk.is_hit()
    assert not desk.is_hit()
    assert desk.clients.jobs._connection.keys(cache_key("*")) == []


def test_entries_leave_with_the_questions(desk: Desk, settings: Settings) -> None:
    """An entry names a question, and lives no longer than that may."""
    job_id, _ = desk.ask()
    desk.ask()
    connection = desk.clients.jobs._connection
    [key] = connection.keys(cache_key("*"))
    assert connection.get(key) == job_id.encode()
    assert 0 < connection.ttl(key) <= settings.retention_seconds


def test_only_whole_answers_with_citations_serve_again() -> None:
    """Neither unsupported ones, nor those that found nothing or come with a note."""
    good = Answer("It is [1].")
    assert may_serve(good)
    for support in (SupportLevel.UNSUPPORTED, SupportLevel.NOT_FOUND):
        assert not may_serve(replace(good, support=support))
    assert not may_serve(replace(good, notes=("It was cut off.",)))


def test_random_hits_cross_no_user_and_outlive_no_change(desk: Desk) -> None:
    """An answer that is given again was given to the same user, with the documents as they are.

    Which documents a user sees, and since which step each is as it is, is written down by hand.
    """
    dice = random.Random(7)
    users = ("ann", "bob", "eve")
    given: dict[object, set[float]] = {}
    documents: dict[str, Document] = {}
    since: dict[str, int] = {}
    hits = 0
    for step in range(STEPS):
        user = dice.choice(users)
        if dice.random() < 0.75:
            question = dice.choice([QUESTION, "What is the limit?", "What is EUR 160?"])
            job_id, answer = desk.ask(user, question, use_cache=dice.random() >= 0.1)
            own = {(name, at) for name, at in since.items() if documents[name].owner in ("", user)}
            state = (user, frozenset(own), question)
            if answer.earlier_at is not None:
                hits += 1
                assert answer.earlier_at in given.get(state, ()), (step, state)
            ended_at = desk.clients.jobs.get_job(user, job_id).ended_at
            given.setdefault(state, set()).add(ended_at or 0.0)
            continue
        number, private = dice.randrange(3), dice.random() < 0.5
        name = f"{user if private else ''}{number}"
        if name in documents:
            if dice.random() < 0.5:
                desk.delete(documents.pop(name))
                since.pop(name)
                continue
            desk.index_again(documents[name])
        else:
            data = f"The limit {number} is EUR 160 at night.".encode()
            documents[name] = desk.add(user, data, private=private)
        since[name] = step
    assert hits > STEPS / 10, hits


def test_fingerprint_takes_one_round_trip_until_something_changes(
    connection: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many documents there are, they are looked at once a version, and of each user."""
    register, fingerprints = DocumentRepository(connection), Fingerprints(connection)
    for number in range(100):
        register.add_if_new(Document(f"d{number}", "a.md", 1, added_at=1.0, added_by="ann"))
        register.update(f"d{number}", status=DocumentStatus.INDEXED, indexed_at=1.0)
    asked: list[object] = []
    pool = connection.connection_pool
    original = pool.get_connection

    def counting(*args: object, **options: object) -> object:
        asked.append(args)
        return original(*args, **options)

    def trips(user: str, chosen: list[str] | None = None) -> int:
        before = len(asked)
        seen.append(fingerprints.of(user, chosen or []))
        return len(asked) - before

    monkeypatch.setattr(pool, "get_connection", counting)
    seen: list[str] = []
    assert [trips("ann"), trips("ann"), trips("bob"), trips("bob")] == [2, 1, 2, 1]
    assert trips("ann", ["d1"]) == 1
    assert len(set(seen[:4])) == 1
    for change in (
        partial(register.update, "d7", indexed_at=2.0),
        partial(register.add_if_new, Document("new", "a.md", 1, added_at=1.0, added_by="ann")),
        partial(register.update, "new", status=DocumentStatus.FAILED, job_id="j"),
        partial(register.queue_again, "new", "j"),
        partial(register.update, "new", status=DocumentStatus.INDEXED, indexed_at=3.0),
        partial(register.delete, "new"),
        partial(register.forget_deleted, "new"),
        partial(register.expire, 2.0, 3.0),
    ):
        change()
        seen.append(fingerprints.of("ann"))
        assert seen[-1] == Fingerprints(connection).of("ann"), change
    assert len(set(seen)) >= 6
