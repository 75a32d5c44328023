"""The pages where people sign in: the way in, who sees what, and one session after another."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from starlette.requests import HTTPConnection

import ui.identity.people
from jobs.errors import UntrustedProxyError
from jobs.models import JobState
from jobs.settings import Settings
from tests.logins import login_cookies, use_login_secret
from tests.pages.conftest import OpenPage, button_keys, use_clients, words
from tests.pages.fakes import USER, FakeClients
from ui.identity.people import Person

MakeSettings = Callable[..., Settings]
Visit = Callable[[Person | Exception | None], None]


@pytest.fixture
def visit(monkeypatch: pytest.MonkeyPatch) -> Visit:
    """Say who comes next, or with what he is refused."""

    def visit_(person: Person | Exception | None) -> None:
        def current() -> Person | None:
            if isinstance(person, Exception):
                raise person
            return person

        monkeypatch.setattr(ui.identity.people, "current_person", current)

    return visit_


@pytest.fixture
def clients(make_settings: MakeSettings, monkeypatch: pytest.MonkeyPatch) -> FakeClients:
    """The clients of an installation where people sign in."""
    fake = FakeClients(make_settings(auth_mode="oidc", dashboard_password="p"))
    use_clients(fake, monkeypatch)
    use_login_secret(monkeypatch)
    with_cookies(monkeypatch, {})
    auth = {"client_id": "a", "redirect_uri": "b", "google": {"client_id": "c"}}
    monkeypatch.setattr("streamlit.auth_util.get_secrets_auth_section", lambda: auth)
    return fake


def with_cookies(monkeypatch: pytest.MonkeyPatch, cookies: dict[str, str]) -> None:
    cookie = "; ".join(f"{name}={value}" for name, value in cookies.items())
    scope = {"type": "websocket", "headers": [(b"cookie", cookie.encode())]}
    monkeypatch.setattr(ui.identity.people, "page_connection", lambda: HTTPConnection(scope))


def test_nobody_sees_the_way_in_alone(open_page: OpenPage, visit: Visit) -> None:
    """There is a button for each provider, and nothing else to click or to read."""
    visit(None)
    app = open_page()
    assert [title.value for title in app.title] == ["Sign in to Askqueue"]
    assert [button.label for button in app.button] == ["Sign in", "Sign in with Google"]
    assert "expired" not in words(app)
    assert not app.chat_input


def test_expired_login_is_told_so(
    open_page: OpenPage, visit: Visit, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who was signed in until now reads why that is over."""
    visit(None)
    with_cookies(monkeypatch, login_cookies(exp=1))
    assert "Your sign-in has expired." in words(open_page())


def test_refusal_is_a_sentence(open_page: OpenPage, visit: Visit) -> None:
    """A visitor whose name must not be believed reads what to do, and finds no way in."""
    visit(UntrustedProxyError())
    app = open_page()
    assert "TRUSTED_PROXIES" in words(app)
    assert not app.button
    assert not app.exception


def test_proxy_that_sends_no_name_is_for_the_operator(
    make_settings: MakeSettings, visit: Visit, monkeypatch: pytest.MonkeyPatch, open_page: OpenPage
) -> None:
    """The sentence names the header that is missing."""
    settings = make_settings(auth_mode="proxy", trusted_proxies="10.0.0.2")
    use_clients(FakeClients(settings), monkeypatch)
    visit(None)
    app = open_page()
    assert settings.proxy_user_header in words(app)
    assert not app.button


def test_person_sees_the_own_name_and_a_way_out(open_page: OpenPage, visit: Visit) -> None:
    """The sidebar says who is signed in, as it is written, and signs out."""
    visit(Person(USER, "ann_*x*@example.com"))
    app = open_page()
    assert [text.value for text in app.sidebar.text] == ["ann_*x*@example.com"]
    assert "account_out" in button_keys(app)


def test_nothing_is_left_of_who_was_here_before(
    clients: FakeClients, open_page: OpenPage, visit: Visit
) -> None:
    """Somebody else in the same session starts with an empty one, whatever was open in it."""
    job = clients.jobs.put("Secret of Ann", JobState.FINISHED)
    visit(Person(USER, "Ann"))
    app = open_page(job=job)
    app.text_input(key="history_search").set_value("Secret").run()
    app.session_state["operator"] = True
    app.session_state["notices"] = [("Secret of Ann", ":material/check:")]
    visit(Person("o-bob", "Bob"))
    app.run()
    assert "Secret" not in words(app)
    assert "Secret" not in str(app.session_state)
    assert not app.toast
    assert "operator" not in app.session_state
    assert job not in str(app.query_params)


def test_live_part_ends_with_the_login(
    open_page: OpenPage, visit: Visit, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What refreshes itself notices that nobody is signed in any more, and shows the way in."""

    def current_user() -> None:
        visit(None)

    visit(Person(USER, "Ann"))
    monkeypatch.setattr("ui.components.page.live_page.current_user", current_user)
    app = open_page()
    assert [title.value for title in app.title] == ["Sign in to Askqueue"]


@pytest.mark.parametrize("is_operator", [True, False])
def test_pages_for_operators_are_theirs_alone(
    open_page: OpenPage, visit: Visit, is_operator: bool
) -> None:
    """Operators have them without a second password; for others there are none."""
    visit(Person(USER, "Ann", is_operator))
    app = open_page()
    try:
        app.switch_page("pages/failed.py").run()
    except ValueError:
        assert not is_operator
        return
    assert [title.value for title in app.title] == (["Failed jobs"] if is_operator else [])
    assert not app.sidebar.get("form")
    assert ("Nothing has failed." in words(app)) is is_operator
