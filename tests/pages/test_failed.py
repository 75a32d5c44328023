"""The page of failed jobs: who sees it, what it shows, and queueing jobs again."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from starlette.requests import HTTPConnection
from streamlit.testing.v1 import AppTest

import ui.identity.people
from jobs.access.sign_in_brake import EACH, SignInBrake
from jobs.errors import BrokerUnavailableError
from jobs.models import Failure
from jobs.settings import Settings
from tests.pages.conftest import OpenPage, button_keys, words
from tests.pages.fakes import BAD_KEY, FakeClients

LOST = Failure("worker_lost", "The worker died while running this, three times in a row.")
TOO_OLD = Failure("index_too_old", "The Qdrant server is too old.", "docker compose pull qdrant")
USER, PASSWORD = "ops", "pä:ss"

Choose = Callable[..., None]


@pytest.fixture
def choose(clients: FakeClients, make_settings: Callable[..., Settings]) -> Choose:
    """Choose the settings of the installation."""

    def choose_(**values: object) -> None:
        clients.settings = make_settings(**values)

    return choose_


@pytest.fixture
def personal(choose: Choose) -> None:
    """An installation of one person, without a password."""
    choose(redis_url="")


@pytest.fixture
def locked(choose: Choose) -> None:
    """One with a password."""
    choose(dashboard_username=USER, dashboard_password=PASSWORD)


def is_in_navigation(app: AppTest) -> bool:
    try:
        app.switch_page("pages/failed.py")
    except ValueError:  # AppTest's word for a page that the navigation does not have
        return False
    return True


def sign_in(app: AppTest, username: str, password: str) -> None:
    for label, value in (("User", username), ("Password", password)):
        next(field for field in app.text_input if field.label == label).set_value(value)
    next(button for button in app.button if button.label == "Sign in").click().run()


def rows(app: AppTest) -> list[str]:
    return list(app.dataframe[0].value["Kind"])


def select(app: AppTest, *job_ids: str) -> None:
    """What a click on the rows leaves behind; AppTest cannot click on tables."""
    app.session_state["failed_selected"] = frozenset(job_ids)
    app.run()


def test_nobody_sees_the_page_where_nobody_is_an_operator(
    choose: Choose, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is not in the navigation of a server without a password, nor behind a foreign name."""
    choose()
    assert not is_in_navigation(open_page())
    choose(redis_url="")
    assert is_in_navigation(open_page())
    monkeypatch.setattr(ui.identity.people, "page_host", lambda: "evil.example")
    assert not is_in_navigation(open_page())


@pytest.mark.usefixtures("personal")
def test_nothing_failed_is_good_news(open_page: OpenPage) -> None:
    """An empty list says what would be in it, and goes on looking."""
    app = open_page("failed")
    assert "Nothing has failed." in words(app)
    assert not app.dataframe
    assert app.session_state["refresh_seconds"] == 3.0
    assert "sign_out" not in button_keys(app)


@pytest.mark.usefixtures("locked")
def test_page_asks_for_the_operators_password_first(
    clients: FakeClients, open_page: OpenPage
) -> None:
    """Wrong ones are told so, not which of the two was wrong; until then no job is shown."""
    clients.dead_letters.put()
    app = open_page("failed")
    assert not app.dataframe
    for username, password in [("ops", "wrong"), ("other", PASSWORD)]:
        sign_in(app, username, password)
        assert [error.value for error in app.error] == ["Wrong user name or password."]
        assert not app.dataframe
    sign_in(app, USER, PASSWORD)
    assert rows(app) == ["Bad API key"]
    assert PASSWORD not in str(app.session_state)
    app.button(key="sign_out").click().run()
    assert not app.dataframe


@pytest.mark.usefixtures("locked")
def test_wrong_passwords_make_every_session_wait(clients: FakeClients, open_page: OpenPage) -> None:
    """After some mistakes, even the right password has to wait, in a new session as well."""
    clients.sign_ins = SignInBrake(lambda: 0.0)  # a clock that stands still
    app = open_page("failed")
    for _ in range(EACH.burst):
        sign_in(app, USER, "wrong")
        assert [error.value for error in app.error] == ["Wrong user name or password."]
    for other in (app, open_page("failed")):
        sign_in(other, USER, PASSWORD)
        assert "Too many wrong passwords came from your address. Try again in " in words(other)
        assert not other.dataframe


@pytest.mark.usefixtures("personal")
def test_nobody_sees_the_page_behind_a_proxy(
    monkeypatch: pytest.MonkeyPatch, open_page: OpenPage
) -> None:
    """It lets others in, though it comes by a name of this machine."""
    assert is_in_navigation(open_page())
    headers = [(b"x-forwarded-for", b"203.0.113.7")]
    forwarded = HTTPConnection({"type": "websocket", "headers": headers})
    monkeypatch.setattr(ui.identity.people, "page_connection", lambda: forwarded)
    assert not is_in_navigation(open_page())


@pytest.mark.usefixtures("personal")
def test_list_says_what_failed_and_why(clients: FakeClients, open_page: OpenPage) -> None:
    """A row for each job, the newest first, and counts by kind in words for people."""
    clients.dead_letters.put()
    clients.dead_letters.put()
    clients.dead_letters.put(LOST, attempts=3)
    app = open_page("failed")
    row = app.dataframe[0].value.iloc[0]
    assert (row["What"], row["Kind"], row["Why"], row["Attempts"], row["Queue"]) == (
        "Answer a question",
        "Worker lost",
        LOST.message,
        3,
        "questions",
    )
    assert app.get("button_group")[0].options == [
        "All :gray[3]",
        "Bad API key :gray[2]",
        "Worker lost :gray[1]",
    ]
    assert app.button(key="requeue_selected").disabled
    assert app.button(key="requeue_all").label == "Requeue all 3"


@pytest.mark.usefixtures("personal")
def test_kind_narrows_the_list_until_none_is_left(
    clients: FakeClients, open_page: OpenPage
) -> None:
    """When the last of the kind is gone, all are shown again."""
    clients.dead_letters.put()
    lost = clients.dead_letters.put(LOST)
    app = open_page("failed")
    app.pills(key="failed_kind").set_value("worker_lost").run()
    assert rows(app) == ["Worker lost"]
    assert app.button(key="requeue_all").label == "Requeue all 1 of this kind"
    clients.dead_letters.requeue(lost)
    app.run()
    assert rows(app) == ["Bad API key"]
    assert app.button(key="requeue_all").label == "Requeue all 1"


@pytest.mark.usefixtures("personal")
def test_selection_stays_with_its_jobs(clients: FakeClients, open_page: OpenPage) -> None:
    """New failures shift the rows; those that were requeued meanwhile are selected no more."""
    first, second = clients.dead_letters.put(), clients.dead_letters.put()
    app = open_page("failed")
    select(app, first, second)
    clients.dead_letters.put(LOST)
    app.run()
    assert app.session_state["failed_table"]["selection"]["rows"] == [1, 2]
    clients.dead_letters.requeue(second)
    app.run()
    assert app.session_state["failed_table"]["selection"]["rows"] == [1]
    assert app.button(key="requeue_selected").label == "Requeue selected (1)"


@pytest.mark.usefixtures("personal")
def test_selected_jobs_are_requeued(clients: FakeClients, open_page: OpenPage) -> None:
    """Those that still are failed; a passing notice says how many that were."""
    first, second, third = (clients.dead_letters.put() for _ in range(3))
    app = open_page("failed")
    select(app, first, second)
    del clients.dead_letters.entries[second]  # by another operator, a moment ago
    app.button(key="requeue_selected").click().run()
    assert clients.dead_letters.requeued == [first]
    assert [toast.value for toast in app.toast] == ["1 job is queued again."]
    assert list(clients.dead_letters.entries) == [third]
    app.run()
    assert not app.toast


@pytest.mark.usefixtures("personal")
@pytest.mark.parametrize(
    ("kind", "told", "left"),
    [
        ("all", "**4 jobs** go back to the queue", []),
        ("bad_api_key", "**3 jobs** that failed with “Bad API key” go back", ["Worker lost"]),
    ],
)
def test_requeueing_all_asks_first(
    clients: FakeClients, open_page: OpenPage, kind: str, told: str, left: list[str]
) -> None:
    """The dialog says how many; "Cancel" changes nothing, the other button queues them."""
    for failure in (LOST, BAD_KEY, BAD_KEY, BAD_KEY):
        clients.dead_letters.put(failure)
    app = open_page("failed")
    app.pills(key="failed_kind").set_value(kind).run()
    app.button(key="requeue_all").click().run()
    assert told in words(app)
    app.button(key="requeue_cancelled").click().run()
    assert "requeue_confirmed" not in button_keys(app)
    assert clients.dead_letters.requeued == []
    app.button(key="requeue_all").click().run()
    app.button(key="requeue_confirmed").click().run()
    assert "requeue_confirmed" not in button_keys(app)
    assert len(clients.dead_letters.requeued) == 4 - len(left)
    assert [toast.value for toast in app.toast] == [f"{4 - len(left)} jobs are queued again."]
    assert (rows(app) if app.dataframe else []) == left


@pytest.mark.usefixtures("personal")
def test_one_selected_job_is_shown_in_full(clients: FakeClients, open_page: OpenPage) -> None:
    """Its id, for the logs, the whole sentence, and the command that helps."""
    job_id = clients.dead_letters.put(TOO_OLD, description="Index a document", queue="indexing")
    app = open_page("failed")
    assert job_id not in words(app)
    select(app, job_id)
    text = words(app)
    assert f"**Index a document** · job `{job_id}`" in text
    assert TOO_OLD.message in text
    assert TOO_OLD.command in text


@pytest.mark.usefixtures("personal")
def test_many_are_shown_by_the_page(clients: FakeClients, open_page: OpenPage) -> None:
    """Fifty at a time; when the last page empties, the first is shown."""
    ids = [clients.dead_letters.put() for _ in range(51)]
    app = open_page("failed")
    assert len(rows(app)) == 50
    app.session_state["failed_page"] = 2
    app.run()
    assert len(rows(app)) == 1
    clients.dead_letters.requeue(ids[0])
    app.run()
    assert len(rows(app)) == 50


@pytest.mark.usefixtures("personal")
def test_outage_is_told_without_a_trace(clients: FakeClients, open_page: OpenPage) -> None:
    """Without Valkey the page says so and looks again; what was asked of it is told as well."""
    clients.dead_letters.put()
    app = open_page("failed")
    app.button(key="requeue_all").click().run()
    clients.dead_letters.error = BrokerUnavailableError()
    app.button(key="requeue_confirmed").click().run()
    assert BrokerUnavailableError.message in words(app)
    clients.dead_letters.error = None
    app.run()
    assert clients.dead_letters.requeued == []
    clients.dead_letters.error = BrokerUnavailableError()
    app.run()
    assert BrokerUnavailableError.message in words(app)
    assert app.session_state["refresh_seconds"] == 3.0
