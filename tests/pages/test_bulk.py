"""All questions that match: selected at once, and worked on piece by piece."""

from __future__ import annotations

import time

import pytest
from streamlit.testing.v1 import AppTest

from jobs.errors import BrokerUnavailableError
from jobs.models import JobState
from tests.pages.conftest import OpenPage, button_keys, words
from tests.pages.fakes import BAD_KEY, FakeClients
from tests.pages.test_history import select, told
from ui.components.common import bulk
from ui.state import history as history_state

# Nothing goes on by itself meanwhile.
PAUSE_SECONDS = 3600.0
ACTIONS = ("delete", "retry", "stop", "undo")


class Turns(list[tuple[str, str]]):
    """The calls of the jobs; one question has its turn at a time, which its call ends."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        super().__init__()
        self._monkeypatch = monkeypatch
        monkeypatch.setattr(bulk, "PIECE_SECONDS", 0.0)
        self._pause(PAUSE_SECONDS)

    def append(self, call: tuple[str, str]) -> None:
        super().append(call)
        if call[0] in ACTIONS:
            self._pause(PAUSE_SECONDS)

    def go_on(self, app: AppTest, count: int = 1) -> None:
        """Let so many questions have their turn."""
        for _ in range(count):
            self._pause(0.0)
            app.run()

    def _pause(self, seconds: float) -> None:
        self._monkeypatch.setattr(bulk, "PAUSE_SECONDS", seconds)


@pytest.fixture
def turns(clients: FakeClients, monkeypatch: pytest.MonkeyPatch) -> Turns:
    turns = Turns(monkeypatch)
    clients.jobs.calls = turns
    return turns


def progress(app: AppTest) -> str:
    bars = app.get("progress")
    return str(bars[0].proto.text) if bars else ""


def put_finished(clients: FakeClients, number: int) -> list[str]:
    """So many answered questions; the newest comes first."""
    return [clients.jobs.put(f"Good {each}", JobState.FINISHED) for each in range(number)][::-1]


def test_all_that_match_are_selected_on_all_pages(
    clients: FakeClients, open_page: OpenPage
) -> None:
    """Whatever comes later does not count, what is taken out does not; another filter forgets."""
    ids = put_finished(clients, 60)
    clients.jobs.put("Bad", JobState.FAILED, failure=BAD_KEY)
    app = open_page()
    app.text_input(key="job_search").set_value("good").run()
    select(app, ids[0])
    assert app.button(key="select_all").label == "Select all 60 that match"
    app.button(key="select_all").click().run()
    assert "60 selected" in words(app)
    assert "select_all" not in button_keys(app)
    clients.jobs.put("Good, and late", JobState.FINISHED)
    select(app, *ids[1:])
    app.session_state["job_table_page"] = 2
    app.run()
    assert "59 selected" in words(app)
    app.button(key="bulk_delete").click().run()
    assert clients.jobs.done("delete") == ids[1:]
    app.session_state["job_table_page"] = 1
    app.run()
    select(app, ids[0])
    app.button(key="select_all").click().run()
    app.selectbox(key="job_filter").set_value("finished").run()
    assert "selected" not in words(app)


def test_progress_is_shown_until_all_is_done(
    clients: FakeClients, open_page: OpenPage, turns: Turns
) -> None:
    """What changed since the selection is skipped and counted; the page is free meanwhile."""
    ids = put_finished(clients, 3)
    app = open_page()
    select(app, *ids)
    app.button(key="bulk_delete").click().run()
    assert progress(app) == "Deleting: 1 of 3"
    clients.jobs.change(ids[2], state=JobState.STARTED)
    app.button(key="new_question").click().run()
    turns.go_on(app, 2)
    assert not progress(app)
    assert told(app) == ["Deleted 2 of 3; 1 was not over yet and must be stopped first."]
    assert "Deleted 2 questions." in words(app)


def test_stop_here_leaves_the_rest(clients: FakeClients, open_page: OpenPage, turns: Turns) -> None:
    """Of a deletion and of its undo: what was not come to stays, and can be undone still."""
    ids = put_finished(clients, 4)
    app = open_page()
    select(app, *ids)
    app.button(key="bulk_delete").click().run()
    turns.go_on(app)
    app.button(key="stop_bulk").click().run()
    assert set(clients.jobs.jobs) == set(ids[2:])
    assert told(app) == ["Deleted 2 of 4; the other 2 are unchanged."]
    app.button(key="undo_deletion").click().run()
    app.button(key="stop_bulk").click().run()
    assert set(clients.jobs.jobs) == set(ids) - {ids[1]}
    app.button(key="undo_deletion").click().run()
    assert set(clients.jobs.jobs) == set(ids)


def test_actions_wait_for_each_other(
    clients: FakeClients, open_page: OpenPage, turns: Turns
) -> None:
    """What is begun while something else goes on comes after it."""
    bad = [clients.jobs.put(f"Bad {each}", JobState.FAILED, failure=BAD_KEY) for each in range(3)]
    good = clients.jobs.put("Good", JobState.FINISHED)
    app = open_page()
    select(app, *bad)
    app.button(key="bulk_retry").click().run()
    app.button(key=f"delete_{good}").click().run()
    turns.go_on(app, 4)
    assert not progress(app)
    calls = [name for name, _ in clients.jobs.calls if name in ("retry", "delete")]
    assert calls == ["retry"] * 3 + ["delete"]
    assert set(clients.jobs.jobs) == set(bad)


def test_deletion_of_many_can_be_undone_for_longer(
    clients: FakeClients, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There is time to notice that they were too many."""
    ids = put_finished(clients, history_state.MANY + 1)
    app = open_page()
    select(app, ids[0])
    app.button(key="select_all").click().run()
    app.button(key="bulk_delete").click().run()
    late = time.time() + history_state.UNDO_MANY_SECONDS - 2
    monkeypatch.setattr(history_state.time, "time", lambda: late)
    app.run()
    app.button(key="undo_deletion").click().run()
    assert len(clients.jobs.jobs) == len(ids)


def test_outage_leaves_the_rest_and_says_so(
    clients: FakeClients, open_page: OpenPage, turns: Turns
) -> None:
    """What was deleted until then can be brought back when Valkey is there again."""
    ids = put_finished(clients, 3)
    app = open_page()
    select(app, *ids)
    app.button(key="bulk_delete").click().run()
    clients.jobs.error = BrokerUnavailableError()
    turns.go_on(app)
    clients.jobs.error = None
    turns.go_on(app)
    assert not app.exception
    assert not progress(app)
    assert len(clients.jobs.jobs) == 2
    app.button(key="undo_deletion").click().run()
    assert len(clients.jobs.jobs) == 3
