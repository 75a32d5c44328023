"""The page of operations: who sees it, what it shows, pausing; and the banner that people see."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

import pytest
from streamlit.testing.v1 import AppTest

import ui.identity.people
from jobs.errors import BrokerUnavailableError
from jobs.models import JobState, Stage, WorkerReport
from jobs.operations.client import RunningJob
from jobs.settings import Settings
from tests.pages.conftest import OpenPage, button_keys, words
from tests.pages.fakes import FakeClients

USER, PASSWORD = "ops", "pä:ss"
PAUSED = "An operator has paused questions."


@pytest.fixture
def choose(clients: FakeClients, make_settings: Callable[..., Settings]) -> Callable[..., None]:
    """Choose the settings of the installation."""

    def choose_(**values: object) -> None:
        clients.settings = make_settings(**values)

    return choose_


@pytest.fixture
def personal(choose: Callable[..., None]) -> None:
    """An installation of one person, without a password."""
    choose(redis_url="")


def metrics_of(app: AppTest) -> dict[str, str]:
    return {metric.label: metric.value for metric in app.metric}


def links_of(app: AppTest) -> list[str]:
    return [str(link.proto.url) for link in app.get("link_button")]


def test_nobody_sees_the_page_where_nobody_is_an_operator(
    choose: Callable[..., None], open_page: OpenPage
) -> None:
    """It is not in the navigation of a server without a password."""
    choose()
    with pytest.raises(ValueError, match="operations"):
        open_page().switch_page("pages/operations.py")


def test_page_asks_for_the_operators_password_first(
    clients: FakeClients, choose: Callable[..., None], open_page: OpenPage
) -> None:
    """Until then nothing of it is shown, nor where rq-dashboard is."""
    choose(dashboard_username=USER, dashboard_password=PASSWORD)
    app = open_page("operations")
    assert not app.metric
    assert not links_of(app)
    for label, value in (("User", USER), ("Password", PASSWORD)):
        next(field for field in app.text_input if field.label == label).set_value(value)
    next(button for button in app.button if button.label == "Sign in").click().run()
    assert metrics_of(app)["Workers"] == "1"
    app.button(key="pause_questions").click().run()
    assert clients.operations.pauses["questions"].by == USER
    assert "Paused by ops just now." in words(app)
    app.button(key="sign_out").click().run()
    assert not app.metric


@pytest.mark.usefixtures("personal")
def test_idle_installation_says_so(open_page: OpenPage) -> None:
    """Numbers are zero, and each part without content says what would be in it."""
    app = open_page("operations")
    assert metrics_of(app) == {
        "Workers": "1",
        "Threads busy": "0 of 22",
        "Waiting": "0",
        "Oldest waiting": "–",
        "Held back": "0",
        "Failed jobs": "0",
    }
    text = words(app)
    assert text.count("Nothing is waiting.") == 3
    assert "Nothing ran on this queue in this period." in text
    assert "Nothing failed in this period." in text
    assert "Nothing is running." in text
    assert not app.get("vega_lite_chart")
    assert app.session_state["refresh_seconds"] == 3.0


@pytest.mark.usefixtures("personal")
def test_busy_installation_is_shown(clients: FakeClients, open_page: OpenPage) -> None:
    """What waits, runs and failed, on which queue and since when."""
    clients.operations.change_queue(
        "questions", waiting=12, oldest_seconds=34.0, running=2, retrying=1, failed=3
    )
    report = WorkerReport("w1", time.time(), ("questions",), 22, 2, chat_model="stub")
    job = RunningJob("j1", "questions", "Answer a question", Stage.GENERATING, 2, 4.2, "w1-q-1")
    clients.operations.now = replace(
        clients.operations.now, workers=(report,), running=(job,), held_back=7
    )
    app = open_page("operations")
    assert metrics_of(app) == {
        "Workers": "1",
        "Threads busy": "2 of 22",
        "Waiting": "12",
        "Oldest waiting": "34 s",
        "Held back": "7",
        "Failed jobs": "3",
    }
    text = words(app)
    assert "**12** waiting · **2** running · **1** retrying · **3** failed" in text
    assert "The oldest has been waiting for 34 s." in text
    assert [link.proto.label for link in app.get("page_link")] == [
        "3 failed jobs to look at and queue again"
    ]
    running, workers = (frame.value.iloc[0].to_dict() for frame in app.dataframe[-2:])
    assert running == {
        "What": "Answer a question",
        "Queue": "questions",
        "Stage": "Writing the answer",
        "Attempt": 2,
        "Running for": "4 s",
        "Worker": "w1-q-1",
        "Job": "j1",
    }
    assert (workers["Worker"], workers["Busy"], workers["Model"]) == ("w1", "2 of 22", "stub")


@pytest.mark.usefixtures("personal")
def test_charts_are_of_the_chosen_queue(clients: FakeClients, open_page: OpenPage) -> None:
    """Four for questions with answers; none for a queue on which nothing ran."""
    clients.operations.counts = {
        "attempts|questions": 12,
        "finished|questions": 9,
        "failed|questions|bad_api_key": 2,
        "retried|questions|worker_lost": 1,
        "wait|questions|0": 12,
        "run|questions|6": 12,
        "first_token|questions|5": 9,
        "tokens_in|questions": 15_300,
        "tokens_out|questions": 810,
    }
    app = open_page("operations")
    text = words(app)
    assert "**Ended per minute** :gray[9 finished · 2 failed · 15.3k tokens in, 810 out]" in text
    assert "**Wait for a worker** :gray[p50 5 ms · p95 10 ms]" in text
    assert len(app.get("vega_lite_chart")) == 4
    kinds = app.dataframe[0].value
    assert kinds.to_dict("list") == {
        "Kind": ["Bad API key", "Worker lost"],
        "Failed": [2, 0],
        "Retried": [0, 1],
    }
    app.session_state["operations_queue"] = "batch"
    app.run()
    assert not app.get("vega_lite_chart")
    app.session_state["operations_queue"] = "questions"
    app.session_state["operations_period"] = "Last day"
    app.run()
    assert "**Ended per 10 minutes**" in words(app)


@pytest.mark.usefixtures("personal")
def test_queue_is_paused_and_resumed(clients: FakeClients, open_page: OpenPage) -> None:
    """One queue alone; where nobody has a name, the page names nobody."""
    app = open_page("operations")
    app.button(key="pause_indexing").click().run()
    assert set(clients.operations.pauses) == {"indexing"}
    assert "Paused just now." in words(app)
    assert {"pause_questions", "pause_batch", "resume_indexing"} <= button_keys(app)
    app.button(key="resume_indexing").click().run()
    assert not clients.operations.pauses
    assert "pause_indexing" in button_keys(app)


@pytest.mark.usefixtures("personal")
def test_trouble_is_told(clients: FakeClients, open_page: OpenPage) -> None:
    """No worker, RQ's own suspension, and an outage, which is looked at again."""
    clients.operations.now = replace(clients.operations.now, workers=(), suspended=True)
    app = open_page("operations")
    assert "No worker is running" in words(app)
    assert "RQ has suspended all queues." in words(app)
    clients.operations.error = BrokerUnavailableError()
    app.button(key="pause_questions").click().run()
    assert BrokerUnavailableError.message in words(app)
    assert app.session_state["refresh_seconds"] == 3.0


@pytest.mark.parametrize(
    ("host", "url", "expected"),
    [
        ("127.0.0.1:8501", "", ["http://127.0.0.1:9181"]),
        ("localhost:8501", "", ["http://localhost:9181"]),
        ("ask.example", "", []),
        ("ask.example", "https://rq.example/", ["https://rq.example/"]),
    ],
)
def test_link_to_the_dashboard(
    choose: Callable[..., None],
    open_page: OpenPage,
    monkeypatch: pytest.MonkeyPatch,
    host: str,
    url: str,
    expected: list[str],
) -> None:
    """On this machine by its port, elsewhere where DASHBOARD_URL says, or else none."""
    choose(dashboard_username=USER, dashboard_password=PASSWORD, dashboard_url=url)
    monkeypatch.setattr(ui.identity.people, "page_host", lambda: host)
    app = open_page("operations")
    app.session_state["operator"] = True
    app.run()
    assert links_of(app) == expected


def test_people_see_that_questions_are_paused(clients: FakeClients, open_page: OpenPage) -> None:
    """A quiet banner says that questions wait; the page looks until that is over."""
    clients.jobs.put("Who signs?", JobState.FINISHED)
    assert PAUSED not in words(open_page())
    clients.operations.pause("questions", "ops")
    app = open_page()
    assert PAUSED in words(app)
    assert app.session_state["refresh_seconds"] == 3.0
    clients.operations.resume("questions", "ops")
    app.run()
    assert PAUSED not in words(app)
    assert app.session_state["refresh_seconds"] is None


def test_people_see_that_indexing_is_paused(clients: FakeClients, open_page: OpenPage) -> None:
    """On the page of documents; a pause of questions is none of its business."""
    clients.operations.pause("questions", "ops")
    assert "paused" not in words(open_page("documents"))
    clients.operations.pause("indexing", "ops")
    assert "An operator has paused indexing." in words(open_page("documents"))
