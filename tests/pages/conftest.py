"""The pages over in-memory clients, run by Streamlit's AppTest."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

import ui.clients
import ui.identity
from jobs.settings import Settings
from tests.pages.fakes import USER, FakeClients

HOME = Path(__file__).resolve().parents[2] / "ui" / "home.py"
# The first run imports pandas and pyarrow.
RUN_SECONDS = 30

OpenPage = Callable[..., AppTest]


@pytest.fixture
def clients(
    make_settings: Callable[..., Settings], monkeypatch: pytest.MonkeyPatch
) -> FakeClients:
    """The clients that the pages get; whoever asks is `USER`."""
    fake = FakeClients(make_settings())
    monkeypatch.setattr(ui.clients, "get_clients", lambda: fake)
    monkeypatch.setattr(ui.identity, "current_user", lambda: USER)
    return fake


@pytest.fixture
def open_page(clients: FakeClients) -> OpenPage:
    """Open the app, on the Ask page or on Documents, perhaps with `?job=`."""

    def open_(page: str = "ask", job: str = "") -> AppTest:
        app = AppTest.from_file(HOME, default_timeout=RUN_SECONDS)
        if job:
            app.query_params["job"] = job
        app.run()
        if page != "ask":
            app.switch_page(f"pages/{page}.py").run()
        assert not app.exception, app.exception
        return app

    return open_
