"""The table in the page's address: reloads, links, back and forward, and nonsense."""

from __future__ import annotations

from datetime import date

import pytest
from streamlit.testing.v1 import AppTest

from jobs.models import JobState
from tests.pages.conftest import OpenPage, words
from tests.pages.fakes import BAD_KEY, FakeClients
from tests.pages.test_history import DAY, questions
from ui.state import address as address_state

NONSENSE = {
    "search": "",
    "state": "zebra",
    "asked": "never",
    "days": "2026-02-30..2026-03-01",
    "cites": "../../etc/passwd",
    "order": "1; DROP",
    "page": "-1",
}


def address(app: AppTest) -> dict[str, str]:
    """What the address says of the table; AppTest gives strings or lists."""
    values = {name: value for name, value in app.query_params.items() if name != "job"}
    return {name: value if isinstance(value, str) else value[-1] for name, value in values.items()}


def go_to(app: AppTest, **parameters: str) -> AppTest:
    """As a link, or a step back, does."""
    app.query_params.clear()
    for name, value in parameters.items():
        app.query_params[name] = value
    return app.run()


def put_some(clients: FakeClients) -> None:
    clients.jobs.put("Old, and bad", JobState.FAILED, failure=BAD_KEY, age_seconds=9 * DAY)
    clients.jobs.put("Bad", JobState.FAILED, failure=BAD_KEY)
    clients.jobs.put("Good", JobState.FINISHED)


def test_link_brings_the_table_back(clients: FakeClients, open_page: OpenPage) -> None:
    """Filters and order are in the address, and a new session shows the same by it."""
    put_some(clients)
    app = open_page()
    app.selectbox(key="job_filter").set_value("failed").run()
    app.selectbox(key="job_order").set_value("oldest").run()
    app.text_input(key="job_search").set_value("bad").run()
    assert questions(app) == ["Old, and bad", "Bad"]
    link = address(app)
    assert link == {"search": "bad", "state": "failed", "order": "oldest"}
    other = go_to(open_page(), **link)
    assert questions(other) == ["Old, and bad", "Bad"]
    assert other.text_input(key="job_search").value == "bad"
    other.button(key="clear_filters").click().run()
    assert address(other) == {"order": "oldest"}


def test_step_back_shows_what_was_before(clients: FakeClients, open_page: OpenPage) -> None:
    """Also if there was no filter at all before."""
    put_some(clients)
    app = open_page()
    app.selectbox(key="job_filter").set_value("failed").run()
    app.selectbox(key="job_filter").set_value("finished").run()
    go_to(app, state="failed")
    assert questions(app) == ["Bad", "Old, and bad"]
    go_to(app)
    assert len(questions(app)) == 3
    assert address(app) == {}


def test_days_are_in_the_address(clients: FakeClients, open_page: OpenPage) -> None:
    """From the first to the last day, both of which count."""
    put_some(clients)
    today = date.today()  # noqa: DTZ011 - as the page, whose browser has no time zone here
    app = go_to(open_page(), asked="custom", days=f"{today}..{today}")
    assert "Old, and bad" not in questions(app)
    assert address(app) == {"asked": "custom", "days": f"{today}..{today}"}


def test_table_is_as_it_was_left(clients: FakeClients, open_page: OpenPage) -> None:
    """On the way over another page, whose address says nothing of it, and to a question."""
    put_some(clients)
    job = clients.jobs.put("Worse", JobState.FAILED, failure=BAD_KEY)
    app = open_page()
    app.selectbox(key="job_filter").set_value("failed").run()
    app.switch_page("pages/documents.py").run()
    app.query_params.clear()
    app.switch_page("pages/ask.py").run()
    assert address(app) == {"state": "failed"}
    app.button(key=f"open_{job}").click().run()
    assert address(app) == {"state": "failed"}
    app.button(key="new_question").click().run()
    assert questions(app) == ["Worse", "Bad", "Old, and bad"]


@pytest.mark.parametrize("name", NONSENSE)
def test_nonsense_is_left_out(clients: FakeClients, open_page: OpenPage, name: str) -> None:
    """A value that makes no sense filters nothing; the others still count."""
    put_some(clients)
    app = go_to(open_page(), **{name: NONSENSE[name], "asked": "7 days"} | {name: NONSENSE[name]})
    assert not app.exception
    assert len(questions(app)) == (3 if name == "asked" else 2)
    assert name not in address(app)


def test_page_that_is_not_there_is_the_first(clients: FakeClients, open_page: OpenPage) -> None:
    """An old link may name a page that deletions have emptied."""
    put_some(clients)
    app = go_to(open_page(), page="999")
    assert len(questions(app)) == 3
    assert address(app) == {}


@pytest.mark.parametrize("text", ["2026-03-01..2026-02-01", "2999-01-01..2999-01-02", "..", "x"])
def test_days_that_cannot_be_are_left_out(text: str) -> None:
    """The wrong way round, in the future, or no days at all."""
    assert address_state.READERS["days"](text) is None


def test_both_searches_are_one(clients: FakeClients, open_page: OpenPage) -> None:
    """What is typed into the sidebar narrows the table, and the other way round."""
    put_some(clients)
    app = open_page()
    app.text_input(key="history_search").set_value("old").run()
    assert questions(app) == ["Old, and bad"]
    assert app.text_input(key="job_search").value == "old"
    app.text_input(key="job_search").set_value("good").run()
    assert app.text_input(key="history_search").value == "good"
    assert "Old" not in "".join(button.label for button in app.sidebar.button)
    app.text_input(key="history_search").set_value("").run()
    assert len(questions(app)) == 3
    assert "of 3" not in words(app)
