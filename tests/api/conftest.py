"""A caller of the whole API over a real Valkey, as the user `api`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
import redis
from fastapi.testclient import TestClient

from jobs.broker import Broker
from jobs.settings import Settings
from jobs.webhooks import Webhooks
from ui import (
    api,
    api_batches,
    api_caller,
    api_documents,
    api_guards,
    api_key,
    api_operations,
    api_operators,
    api_webhooks,
    identity,
)
from ui.clients import Clients, build_clients
from ui.identity import Signer

WITH_CLIENTS = (
    *(api, api_batches, api_caller, api_documents, api_guards, api_key, api_operations),
    *(api_operators, api_webhooks),
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
    monkeypatch.setattr(identity, "get_signer", lambda: signer)
    for module in WITH_CLIENTS:
        monkeypatch.setattr(module, "get_clients", lambda: clients)
    with TestClient(api.app, raise_server_exceptions=False) as caller:
        yield caller
    api.app.dependency_overrides.clear()
