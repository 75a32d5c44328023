"""The pages over in-memory clients, run by Streamlit's AppTest."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest
from streamlit.components.v2 import manifest_scanner
from streamlit.runtime.pages_manager import PagesManager
from streamlit.testing.v1 import AppTest, app_test

import ui.clients
import ui.identity.people
from jobs.settings import Settings
from tests.pages.fakes import USER, FakeClients
from tests.waiting import HANG_SECONDS
from ui.identity.people import Person

HOME = Path(__file__).resolve().parents[2] / "ui" / "home.py"
HOST = "127.0.0.1:8501"

OpenPage = Callable[..., AppTest]


class _PagesManager(PagesManager):
    """Takes AppTest's reset of `uses_pages_directory`, which ui/server.py sets for good."""


@pytest.fixture(scope="session", autouse=True)
def scan_once() -> Iterator[None]:
    """Let Streamlit look for components in all packages once, not for each AppTest."""
    with pytest.MonkeyPatch.context() as patch:
        scan = cache(manifest_scanner.scan_component_manifests)
        patch.setattr(manifest_scanner, "scan_component_manifests", scan)
        yield


@pytest.fixture
def clients(make_settings: Callable[..., Settings], monkeypatch: pytest.MonkeyPatch) -> FakeClients:
    """The clients that the pages get; whoever asks is `USER`."""
    fake = FakeClients(make_settings())
    use_clients(fake, monkeypatch)
    return fake


def use_clients(clients: object, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the pages of this test get these clients, real or fake; whoever asks is `USER`."""
    monkeypatch.setattr(PagesManager, "uses_pages_directory", False)
    monkeypatch.setattr(app_test, "PagesManager", _PagesManager)
    monkeypatch.setattr(ui.clients, "get_clients", lambda: clients)
    monkeypatch.setattr(ui.identity.people, "current_person", lambda: Person(USER))
    monkeypatch.setattr(ui.identity.people, "page_host", lambda: HOST)


@pytest.fixture
def open_page(clients: FakeClients) -> OpenPage:
    """Open the app, on the Ask page or on another, perhaps with `?job=`."""

    def open_(page: str = "ask", job: str = "") -> AppTest:
        app = AppTest.from_file(HOME, default_timeout=HANG_SECONDS)
        if job:
            app.query_params["job"] = job
        app.run()
        if page != "ask":
            app.switch_page(f"pages/{page}.py").run()
        assert not app.exception, app.exception
        return app

    return open_


def words(app: AppTest) -> str:
    """Everything that the page says, outside buttons and tables."""
    kinds = ("title", "header", "markdown", "caption", "info", "warning", "error", "code")
    lines = [str(element.value) for kind in kinds for element in app.get(kind)]
    # Escapes and invisible characters are for the browser.
    return "\n".join(lines).replace("\\", "").replace("\u2060", "")


def button_keys(app: AppTest) -> set[str]:
    return {str(button.key) for button in app.button}


def shown_job(app: AppTest) -> str:
    """The id in the address, which AppTest gives as a string or as a list."""
    value = app.query_params["job"]
    return value if isinstance(value, str) else value[-1]
