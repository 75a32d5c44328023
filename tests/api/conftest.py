"""A caller of the whole API over a real Valkey, as the user `api`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from functools import partial

import pytest
import redis
from fastapi.testclient import TestClient

from jobs.queue.broker import Broker
from jobs.settings import Settings
from jobs.webhooks.client import Webhooks
from tests.api.app import API, SECRET
from ui.clients import Clients, build_clients


@pytest.fixture
def make_settings(make_settings: Callable[..., Settings]) -> Callable[..., Settings]:
    """Settings of this test, where `SIGNER` signs the cookies."""
    return partial(make_settings, secret_key=SECRET)


@pytest.fixture
def clients(
    connection: redis.Redis, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> Clients:
    """The clients of an empty installation, for which every host is found."""
    with monkeypatch.context() as patch:
        # The connection of the test, which is closed when it ends.
        patch.setattr("ui.clients.connect", lambda _url: connection)
        made = build_clients(settings)
    return replace(made, webhooks=Webhooks(Broker(connection, settings), found))


def found(host: str, _port: int) -> list[str]:
    """The addresses of a host, without asking anybody."""
    return [host if host[0].isdigit() else "8.8.8.8"]


@pytest.fixture
def use_clients() -> Iterator[Callable[[Clients], None]]:
    """Let the API have these clients until the test ends.

    They are no override of a dependency: with one, FastAPI inspects all of them in each request.
    """
    nobodys = API.state.clients

    def use(clients: Clients) -> None:
        API.state.clients = clients

    yield use
    API.state.clients = nobodys
    API.dependency_overrides.clear()


@pytest.fixture
def caller_at() -> Iterator[Callable[[str], TestClient]]:
    """Call the API by a host name, without a cookie."""
    with ExitStack() as callers:
        yield lambda host: callers.enter_context(
            TestClient(API, base_url=f"http://{host}", raise_server_exceptions=False)
        )


@pytest.fixture
def http(
    clients: Clients,
    use_clients: Callable[[Clients], None],
    caller_at: Callable[[str], TestClient],
) -> TestClient:
    """A caller without a cookie, of all endpoints."""
    use_clients(clients)
    return caller_at("testserver")


@pytest.fixture
def open_api(
    clients: Clients,
    make_settings: Callable[..., Settings],
    use_clients: Callable[[Clients], None],
    caller_at: Callable[[str], TestClient],
) -> Callable[..., TestClient]:
    """A caller of an API with these settings, without credentials."""

    def open_(host: str = "testserver", **values: object) -> TestClient:
        use_clients(replace(clients, settings=make_settings(**values)))
        return caller_at(host)

    return open_
