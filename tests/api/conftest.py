"""A caller of the whole API over a real Valkey, as the user `api`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
import redis
from fastapi.testclient import TestClient

from jobs.queue.broker import Broker
from jobs.settings import Settings
from jobs.webhooks.client import Webhooks
from ui.api import (
    application,
    batches,
    dependencies,
    documents,
    guards,
    key,
    operations,
    operators,
    webhooks,
)
from ui.clients import Clients, build_clients
from ui.identity import people
from ui.identity.people import Signer

WITH_CLIENTS = (
    *(application, batches, dependencies, documents, guards, key, operations),
    *(operators, webhooks),
)


@pytest.fixture
def clients(connection: redis.Redis, settings: Settings) -> Clients:
    """The clients of an empty installation, for which every host is found."""
    return replace(build_clients(settings), webhooks=Webhooks(Broker(connection, settings), found))


def found(host: str, _port: int) -> list[str]:
    """The addresses of a host, without asking anybody."""
    return [host if host[0].isdigit() else "8.8.8.8"]


@pytest.fixture
def everything(clients: Clients, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    """A caller without a cookie, of all endpoints."""
    signer = Signer("test")
    monkeypatch.setattr(people, "get_signer", lambda: signer)
    for module in WITH_CLIENTS:
        monkeypatch.setattr(module, "get_clients", lambda: clients)
    with TestClient(application.app, raise_server_exceptions=False) as caller:
        yield caller
    application.app.dependency_overrides.clear()
