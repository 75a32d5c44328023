"""A real browser on the real processes; only the model server is a stub, over real HTTP."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.stack import Stack
from tests.conftest import WAIT_MILLISECONDS
from tests.fakes import FakeModelServer

OpenBrowser = Callable[[], Page]


@pytest.fixture(scope="session")
def model_server() -> Iterator[FakeModelServer]:
    with FakeModelServer() as server:
        yield server


@pytest.fixture
def model(model_server: FakeModelServer) -> FakeModelServer:
    """The model server, as it is when no test has told it otherwise."""
    model_server.behave("normal")
    model_server.answer = ""
    model_server.tokens = 0
    model_server.token_delay_seconds = 0.0
    model_server.first_token_delay_seconds = 0.0
    return model_server


@pytest.fixture(scope="session")
def stack(
    tmp_path_factory: pytest.TempPathFactory, model_server: FakeModelServer
) -> Iterator[Stack]:
    with Stack(tmp_path_factory.mktemp("stack"), model_server.base_url) as running:
        yield running


@pytest.fixture
def open_browser(browser: Browser, stack: Stack) -> Iterator[OpenBrowser]:
    """Open Askqueue in a browser that was never there, with cookies of its own."""
    contexts = []

    def open_() -> Page:
        context = browser.new_context(
            base_url=stack.url, viewport={"width": 1400, "height": 900}, color_scheme="light"
        )
        context.set_default_timeout(WAIT_MILLISECONDS)
        contexts.append(context)
        page = context.new_page()
        page.goto("/")
        expect(page.get_by_placeholder("Ask your documents…")).to_be_visible()
        return page

    yield open_
    for context in contexts:
        context.close()


@pytest.fixture
def page(open_browser: OpenBrowser, model: FakeModelServer) -> Page:
    """The Ask page in a new browser, with the sample documents indexed."""
    page = open_browser()
    expect(page.get_by_role("button", name="What is the hotel limit per night?")).to_be_visible()
    return page
