"""The page of question sets, over a real Valkey: who sees it, what it shows, what it changes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
import redis
from streamlit.testing.v1 import AppTest

from jobs.errors import BrokerUnavailableError
from jobs.models import WorkerReport
from jobs.question_sets.finisher import Finisher
from jobs.question_sets.models import (
    RUNS_USER,
    Expectation,
    Expected,
    QuestionSet,
    RunResult,
    SetQuestion,
    Verdict,
)
from jobs.question_sets.repository import QuestionSetRepository
from jobs.question_sets.results import ended
from jobs.queue.broker import Broker
from jobs.settings import Settings
from tests.pages.conftest import OpenPage, button_keys, use_clients, words
from ui.clients import Clients, build_clients

CITED = Verdict(Expectation.EVIDENCE, refused=False, found_at=2, cited=True, cited_first=True)
REFUSED = Verdict(Expectation.EVIDENCE, refused=True)
RIGHT = Verdict(Expectation.REFUSAL, refused=True)
QUESTIONS = [
    SetQuestion("a", "What is the *hotel* limit?", Expected(Expectation.EVIDENCE, "a.md", (4,))),
    SetQuestion("b", "Who painted the chapel?", Expected(Expectation.REFUSAL)),
]


class Sets:
    """Real clients, and runs that tests end as they like."""

    def __init__(self, clients: Clients, broker: Broker) -> None:
        self.clients = clients
        self.sets = clients.question_sets
        self._repository = QuestionSetRepository(broker.connection)
        self.finisher = Finisher(broker)

    def add(self) -> QuestionSet:
        return self.sets.add("ann", "Travel & money", QUESTIONS)

    def run(self, made: QuestionSet, *results: RunResult) -> str:
        """A run that ended with these results."""
        run = self.sets.start(made.id, "ann")
        assert self._repository.end_run(ended(run, results, run.started_at + 60), results)
        return run.id


@pytest.fixture
def sets(
    connection: redis.Redis, make_settings: Callable[..., Settings], monkeypatch: pytest.MonkeyPatch
) -> Sets:
    """An installation of one person, without a password."""
    clients = build_clients(make_settings())
    personal = replace(clients, settings=make_settings(redis_url=""))
    use_clients(personal, monkeypatch)
    return Sets(personal, Broker(connection, make_settings()))


@pytest.fixture
def open_set(sets: Sets, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch) -> OpenPage:
    """Open the page, with a set or without."""
    use_clients(sets.clients, monkeypatch)

    def open_(set_id: str = "") -> AppTest:
        app = open_page("question_sets")
        if set_id:
            app.button(key=f"set_open_{set_id}").click().run()
            assert not app.exception, app.exception
        return app

    return open_


def rows(app: AppTest, column: str) -> list[object]:
    return list(app.dataframe[0].value[column])


def test_without_a_set_the_page_says_what_sets_are_for(open_set: OpenPage) -> None:
    """Nothing is read again for as long as nothing runs."""
    app = open_set()
    assert "There is no question set yet. Upload questions whose answers you know" in words(app)
    assert app.session_state["refresh_seconds"] is None


def test_the_operators_password_comes_first(
    sets: Sets,
    open_page: OpenPage,
    make_settings: Callable[..., Settings],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Until then no set is shown, whatever the address says."""
    made = sets.add()
    locked = make_settings(dashboard_username="ops", dashboard_password="secret")
    use_clients(replace(sets.clients, settings=locked), monkeypatch)
    app = open_page()
    app.query_params["set"] = made.id
    app.switch_page("pages/question_sets.py").run()
    assert "This page is for operators." in words(app)
    assert "Travel" not in words(app)
    assert "set_back" not in button_keys(app)


def test_a_set_that_was_not_run_says_what_to_do(sets: Sets, open_set: OpenPage) -> None:
    """It says what is in it; the address leads to it again, and back."""
    made = sets.add()
    app = open_set(made.id)
    assert "Travel & money" in words(app)
    assert "2 questions: 1 with a place in the documents, 1 not in the documents" in words(app)
    assert "It was not run yet." in words(app)
    assert app.query_params["set"] in (made.id, [made.id])
    app.button(key="set_back").click().run()
    assert "set" not in app.query_params
    assert f"set_open_{made.id}" in button_keys(app)


def test_a_run_shows_how_far_it_is_until_it_is_over(sets: Sets, open_set: OpenPage) -> None:
    """Without a worker for batches it says so; it can be stopped, and then says what came of it."""
    made = sets.add()
    app = open_set(made.id)
    app.button(key="set_run").click().run()
    (run,) = sets.sets.list_runs(made.id)
    assert app.session_state["refresh_seconds"] == 1.5
    assert "No worker is running" in words(app)
    assert app.get("progress")[0].proto.text == "0 of 2 done"
    app.button(key=f"set_stop_{run.id}").click().run()
    assert sets.finisher.run_once() == 1
    app.run()
    assert "2 without an answer" in words(app)
    assert app.session_state["refresh_seconds"] is None
    assert not sets.clients.batches.list_batches(RUNS_USER)


def test_a_run_of_a_busy_installation_says_nothing_of_workers(
    sets: Sets, open_set: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a worker for batches there is nothing to say."""
    made = sets.add()
    sets.sets.start(made.id, "ann")
    worker = WorkerReport("worker-1", 0.0, queues=("batch",))
    monkeypatch.setattr(sets.clients.jobs, "workers", lambda: [worker])
    assert "No worker is running" not in words(open_set(made.id))


def test_two_runs_stand_side_by_side(sets: Sets, open_set: OpenPage) -> None:
    """The newest two at first; what got worse or better comes first, and can be shown alone."""
    made = sets.add()
    sets.run(made, RunResult("a", REFUSED, "No."), RunResult("b", RIGHT, "No."))
    sets.run(
        made,
        RunResult("a", CITED, "It is **160** [1].", ("[1] a.md, page 4",), seconds=2.0),
        RunResult("b", RIGHT, "No."),
    )
    app = open_set(made.id)
    text = words(app)
    assert "cites the right place in **1 of 1** · was given it in 1 · refused wrongly 0" in text
    assert "cites the right place in **0 of 1**" in text
    assert rows(app, "Question") == ["What is the *hotel* limit?", "Who painted the chapel?"]
    assert rows(app, "Change") == [["Better"], ["Same"]]
    assert rows(app, "Before") == ["lacks it, refuses", "not in the documents"]
    assert rows(app, "After") == ["cites it (passage 2)", "not in the documents"]
    app.pills(key="set_change").set_value("same").run()
    assert rows(app, "Question") == ["Who painted the chapel?"]
    before, after = (app.selectbox(key=f"set_{side}") for side in ("before", "after"))
    assert before.options == ["Nothing", "Run 2, without a model", "Run 1, without a model"]
    after.set_value(before.value).run()
    assert rows(app, "Change") == [["Same"], ["Same"]]


def test_a_selected_question_shows_both_answers(sets: Sets, open_set: OpenPage) -> None:
    """With what was expected, what is cited, and why there is none; words stay words."""
    made = sets.add()
    sets.run(made, RunResult("a", failure="Set a valid *key*."), RunResult("b", RIGHT, "No."))
    sets.run(
        made,
        RunResult("a", CITED, "It is **160** [1].", ("[1] a.md, page 4",)),
        RunResult("b", RIGHT, "No."),
    )
    app = open_set(made.id)
    app.session_state["set_question"] = "a"  # AppTest cannot click on tables
    app.run()
    text = words(app)
    for said in (
        "**What is the *hotel* limit?**",
        "Expected: a.md, page 4",
        "**Before** · no answer",
        "Set a valid *key*.",
        "**After** · cites it (passage 2)",
        "[1] a.md, page 4",
    ):
        assert said in text
    assert app.session_state["set_table"]["selection"]["rows"] == [0]


def test_one_run_is_shown_alone(sets: Sets, open_set: OpenPage) -> None:
    """There is nothing to compare it with, and no change."""
    made = sets.add()
    sets.run(made, RunResult("a", CITED, "160"), RunResult("b", RIGHT, "No."))
    app = open_set(made.id)
    assert list(app.dataframe[0].value.columns) == ["Question", "Expected", "Answer"]
    assert rows(app, "Answer") == ["cites it (passage 2)", "not in the documents"]


def test_a_run_that_has_just_ended_is_compared_with_the_one_before(
    sets: Sets, open_set: OpenPage
) -> None:
    """What a person chose until then is of the past; what they choose from then on stays."""
    made = sets.add()
    results = (RunResult("a", CITED, "160"), RunResult("b", RIGHT, "No."))
    first = sets.run(made, *results)
    app = open_set(made.id)
    second = sets.run(made, *results)
    app.run()
    before, after = (app.selectbox(key=f"set_{side}") for side in ("before", "after"))
    assert (before.value, after.value) == (first, second)
    before.set_value("").run()
    app.run()
    assert app.selectbox(key="set_before").value == ""


def test_deletion_asks_first(sets: Sets, open_set: OpenPage) -> None:
    """Of a run, and of the set with what is left."""
    made = sets.add()
    run_id = sets.run(made, RunResult("a", CITED), RunResult("b", RIGHT))
    app = open_set(made.id)
    app.button(key=f"delete_run_{run_id}").click().run()
    assert "**Run 1, without a model** is deleted with its answers." in words(app)
    app.button(key="deletion_cancelled").click().run()
    assert sets.sets.list_runs(made.id)
    app.button(key=f"delete_run_{run_id}").click().run()
    app.button(key="deletion_confirmed").click().run()
    assert not sets.sets.list_runs(made.id)
    app.button(key="set_delete").click().run()
    assert "is deleted with its 2 questions and 0 runs. This cannot be undone." in words(app)
    app.button(key="deletion_confirmed").click().run()
    assert not sets.sets.list_sets()
    assert "There is no question set yet." in words(app)


def test_a_set_that_is_gone_is_said_to_be(sets: Sets, open_set: OpenPage) -> None:
    """Another operator may have deleted it a moment ago."""
    made = sets.add()
    app = open_set(made.id)
    sets.sets.delete(made.id)
    app.run()
    assert "There is no such question set." in words(app)


def test_without_ratings_no_set_is_made(sets: Sets, open_set: OpenPage) -> None:
    """The page says what to do first."""
    app = open_set()
    app.button(key="set_rated").click().run()
    assert "You have rated no answers yet." in words(app)
    assert not sets.sets.list_sets()


def test_a_file_becomes_a_set(sets: Sets, open_set: OpenPage) -> None:
    """It is opened at once; what cannot be read is refused, and the uploader is empty again."""
    app = open_set()
    app.file_uploader[0].upload("bad.jsonl", b"{", "application/json").run()
    assert "Line 1 is no valid JSON." in words(app)
    app.file_uploader[0].upload("rules.csv", b"Question,Document\nHotel?,a.md\n", "text/csv").run()
    (made,) = sets.sets.list_sets()
    assert (made.name, made.evidence) == ("rules", 1)
    assert "It was not run yet." in words(app)


def test_an_outage_is_said_and_passes(
    sets: Sets, open_set: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page looks again by itself."""
    app = open_set()

    def fail() -> list[QuestionSet]:
        raise BrokerUnavailableError()

    with monkeypatch.context() as patch:
        patch.setattr(sets.sets, "list_sets", fail)
        app.run()
        assert BrokerUnavailableError().message in words(app)
        assert app.session_state["refresh_seconds"] == 3.0
    app.run()
    assert "There is no question set yet." in words(app)
