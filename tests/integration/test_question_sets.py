"""Question sets over a real Valkey and Qdrant: kept, made from ratings, run and compared."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
import redis

from jobs.batches.client import BatchClient
from jobs.batches.feeder import Feeder
from jobs.batches.rows import job_id_of
from jobs.documents.client import DocumentClient
from jobs.errors import (
    InvalidQuestionSetError,
    InvalidStateError,
    ModelNotOfferedError,
    NotFoundError,
)
from jobs.models import Answer, Citation, Feedback, JobView, Question, SupportLevel, Visibility
from jobs.question_sets import client as client_module
from jobs.question_sets.client import QuestionSets
from jobs.question_sets.comparison import Change
from jobs.question_sets.finisher import Finisher
from jobs.question_sets.models import (
    RUNS_USER,
    Expectation,
    Expected,
    QuestionSet,
    Run,
    SetQuestion,
)
from jobs.questions.client import JobClient
from jobs.queue.broker import Broker
from jobs.settings import BATCH_QUEUE, INDEXING_QUEUE, Settings
from tests.integration.inline_worker import InlineWorker, inline_worker
from tests.integration.test_history import Desk

HOTEL = "The hotel limit is EUR 160 per night in every city."
CARS = "The mileage rate for private cars is EUR 0.23 per kilometre."
QUESTIONS = [
    SetQuestion("a", "What is the hotel limit?", Expected(Expectation.EVIDENCE, "travel.md")),
    SetQuestion("b", "What is the mileage rate?", Expected(Expectation.EVIDENCE, "cars.md")),
    SetQuestion("c", "Who painted the chapel?", Expected(Expectation.REFUSAL)),
    SetQuestion("d", "what is the hotel limit?", Expected(Expectation.EVIDENCE, "cars.md")),
]


@pytest.fixture
def sets(broker: Broker, client: JobClient) -> QuestionSets:
    return QuestionSets(broker, client, BatchClient(broker))


class Lab:
    """Question sets, documents, and a worker that works when it is told to."""

    def __init__(self, sets: QuestionSets, worker: InlineWorker) -> None:
        self.sets = sets
        self.documents: DocumentClient = worker.runtime.documents
        self.feeder = Feeder(worker.runtime.broker)
        self.finisher = Finisher(worker.runtime.broker)
        self._worker = worker

    def add(self, name: str, text: str, sees: Visibility = Visibility.SHARED) -> None:
        self.documents.add("ann", name, text.encode(), sees)
        self._worker.work(INDEXING_QUEUE)

    def run(self, made: QuestionSet) -> Run:
        run = self.sets.start(made.id, "ann")
        self.feeder.run_once()
        self._worker.work(BATCH_QUEUE)
        assert self.finisher.run_once() == 1
        self.feeder.run_once()  # removes the batch
        return self.sets.get_run(made.id, run.id)


@pytest.fixture
def lab(
    sets: QuestionSets, settings: Settings, monkeypatch: pytest.MonkeyPatch, client: JobClient
) -> Iterator[Lab]:
    with inline_worker(settings, monkeypatch) as worker:
        yield Lab(sets, worker)


def test_a_run_judges_every_answer(lab: Lab, connection: redis.Redis) -> None:
    """Evidence, refusals and lines that ask the same are told apart, and nothing else is left."""
    lab.add("travel.md", HOTEL)
    lab.add("cars.md", CARS)
    made = lab.sets.add("ann", " My\nset ", QUESTIONS)
    assert (made.name, made.questions, made.evidence, made.refusals) == ("My set", 4, 3, 1)
    run = lab.run(made)
    assert run.is_over
    assert (run.answered, run.failed, run.evidence, run.found, run.cited) == (4, 0, 3, 2, 2)
    assert (run.refused_wrongly, run.refusals, run.refused_rightly) == (0, 1, 1)
    first, _, third, _ = lab.sets.results(made.id, run.id)
    assert HOTEL.rstrip(".") in first.answer
    assert first.citations == ("[1] travel.md",)
    assert third.verdict is not None
    assert third.verdict.refused
    assert not connection.keys("askqueue:batch:*")
    lab.sets.delete(made.id)
    assert not connection.keys("askqueue:question-set*")


def test_two_runs_are_compared_question_by_question(lab: Lab) -> None:
    """What an added document makes possible is better, what it does not touch is the same."""
    lab.add("travel.md", HOTEL)
    made = lab.sets.add("ann", "set", QUESTIONS[:3])
    before = lab.run(made)
    lab.add("cars.md", CARS)
    after = lab.run(made)
    assert (before.cited, after.cited) == (1, 2)
    changes = [each.change for each in lab.sets.compare(made.id, before.id, after.id)]
    assert changes == [Change.SAME, Change.BETTER, Change.SAME]
    back = [each.change for each in lab.sets.compare(made.id, after.id, before.id)]
    assert back == [Change.SAME, Change.WORSE, Change.SAME]
    assert [run.id for run in lab.sets.list_runs(made.id)] == [after.id, before.id]


def test_a_run_asks_no_private_document(lab: Lab) -> None:
    """All operators see its answers, so what only one of them may see is not in them."""
    lab.add("cars.md", CARS, Visibility.PRIVATE)
    lab.add("travel.md", HOTEL)
    made = lab.sets.add("ann", "set", QUESTIONS[1:2])
    run = lab.run(made)
    (result,) = lab.sets.results(made.id, run.id)
    assert "0.23" not in result.answer
    assert (run.answered, run.cited) == (1, 0)


def test_a_run_asks_anew_and_with_its_model(
    connection: redis.Redis, make_settings: Callable[..., Settings]
) -> None:
    """No answer comes from an earlier one, and another model that is offered can be tried."""
    settings = make_settings(
        openai_api_key="key", chat_model="usual", chat_models="other", cache=True
    )
    broker = Broker(connection, settings)
    jobs = JobClient(broker)
    sets = QuestionSets(broker, jobs, BatchClient(broker))
    made = sets.add("ann", "set", QUESTIONS[:1])
    runs = [sets.start(made.id, "ann"), sets.start(made.id, "ann", model="other")]
    assert [run.model for run in runs] == ["usual", "other"]
    Feeder(broker).run_once()
    asked = [jobs.get_job(RUNS_USER, job_id_of(run.batch_id, 0)).asked for run in runs]
    assert [(each.model, each.use_cache) for each in asked] == [("", False), ("other", False)]
    assert sets.progress(runs[0], 1).over == 0
    with pytest.raises(ModelNotOfferedError):
        sets.start(made.id, "ann", model="unknown")


def test_a_run_that_is_stopped_ends_with_what_was_answered(lab: Lab) -> None:
    """The other questions have no answer, and what follows is not asked."""
    lab.add("travel.md", HOTEL)
    made = lab.sets.add("ann", "set", QUESTIONS)
    run = lab.sets.start(made.id, "ann")
    assert lab.finisher.run_once() == 0
    with pytest.raises(InvalidStateError, match="compared when it is over"):
        lab.sets.compare(made.id, run.id, run.id)
    lab.sets.stop(made.id, run.id)
    assert lab.finisher.run_once() == 1
    ended = lab.sets.get_run(made.id, run.id)
    assert (ended.answered, ended.failed) == (0, 4)
    assert "stopped" in lab.sets.results(made.id, run.id)[0].failure
    with pytest.raises(InvalidStateError, match="already over"):
        lab.sets.stop(made.id, run.id)


def test_a_run_whose_batch_expired_ends_without_answers(lab: Lab, connection: redis.Redis) -> None:
    """If no worker looked for longer than answers are kept, the run does not hang."""
    made = lab.sets.add("ann", "set", QUESTIONS)
    run = lab.sets.start(made.id, "ann")
    connection.delete(*connection.keys("askqueue:batch:*"))
    assert lab.finisher.run_once() == 1
    assert lab.sets.get_run(made.id, run.id).failed == 4


def test_deletion_of_a_running_set_stops_its_run(lab: Lab, connection: redis.Redis) -> None:
    """Nothing of it is asked any more, and nothing of it comes back."""
    made = lab.sets.add("ann", "set", QUESTIONS)
    lab.sets.start(made.id, "ann")
    lab.sets.delete(made.id)
    lab.feeder.run_once()
    assert lab.finisher.run_once() == 0
    assert not connection.keys("askqueue:question-set*")
    assert not connection.keys("askqueue:batch:*")
    with pytest.raises(NotFoundError):
        lab.sets.get(made.id)


def test_runs_and_sets_are_bounded(sets: QuestionSets, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is too much is refused with what to do; nothing of it is left."""
    monkeypatch.setattr(client_module, "MAX_SETS", 1)
    monkeypatch.setattr(client_module, "MAX_RUNS", 1)
    made = sets.add("ann", "set", QUESTIONS)
    with pytest.raises(InvalidStateError, match="1 question sets, which is the most"):
        sets.add("ann", "other", QUESTIONS)
    sets.start(made.id, "ann")
    with pytest.raises(InvalidStateError, match="1 runs, which is the most"):
        sets.start(made.id, "ann")
    sets.delete_run(made.id, sets.list_runs(made.id)[0].id)
    assert not sets.list_runs(made.id)
    with pytest.raises(NotFoundError):
        sets.get_run("another set", "no run")


@pytest.mark.parametrize(
    ("question", "problem"),
    [
        (SetQuestion("a", "x" * 4001), "its text has 4,001 characters"),
        (SetQuestion("a", "b", Expected(words="x" * 1001)), "its words has 1,001"),
        (SetQuestion("a", "b", Expected(document="x" * 201)), "its document has 201"),
        (SetQuestion("a" * 101, "b"), "its id has 101"),
        (SetQuestion("a", "b", Expected(pages=tuple(range(101)))), "has 101 pages"),
    ],
)
def test_what_is_too_long_is_refused(
    sets: QuestionSets, question: SetQuestion, problem: str
) -> None:
    """The sentence says which question it is."""
    with pytest.raises(InvalidQuestionSetError, match=f"Question 2.*{problem}"):
        sets.add("ann", "set", [QUESTIONS[0], question])


def test_ratings_make_a_set(
    connection: redis.Redis, make_settings: Callable[..., Settings]
) -> None:
    """A useful answer says what to expect, another only what to ask; nobody else's is in it."""
    broker = Broker(connection, make_settings(user_concurrency=1000))
    jobs = JobClient(broker)
    desk = Desk(jobs, broker)
    sets = QuestionSets(broker, jobs, BatchClient(broker))
    with pytest.raises(InvalidQuestionSetError, match="rated no answers"):
        sets.add_rated("ann", "Rated")
    cited = Answer(
        "Yes [1] [2] [3].",
        (
            Citation(1, "d1", "a.pdf", "p1", "text", page=9),
            Citation(2, "d1", "a.pdf", "p2", "text", page=4),
            Citation(3, "d2", "b.pdf", "p3", "text", page=7),
        ),
        standalone="What does the lease say of pets?",
    )
    refusal = Answer("The documents don't say.", support=SupportLevel.NOT_FOUND)
    rate(desk, desk.answered("And of pets?", cited), useful=True)
    rate(desk, desk.answered("Who painted it?", refusal), useful=True)
    rate(desk, desk.answered("How much?", refusal), useful=True)
    rate(desk, desk.answered("How much?", refusal), useful=False)
    desk.answered("Not rated?", cited)
    other = jobs.submit("bob", Question("Bob's?")).id
    desk.answer(other, cited)
    jobs.give_feedback("bob", other, Feedback(True))
    made = sets.add_rated("ann", "Rated")
    assert [(each.text, each.expected) for each in sets.questions(made.id)] == [
        ("How much?", Expected()),
        ("Who painted it?", Expected(Expectation.REFUSAL)),
        ("What does the lease say of pets?", Expected(Expectation.EVIDENCE, "a.pdf", (4, 9))),
    ]


def rate(desk: Desk, job_id: str, *, useful: bool) -> JobView:
    return desk.client.give_feedback("ann", job_id, Feedback(useful))
