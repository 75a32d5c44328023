"""A caller of the whole API over a real Valkey, as the user `api`."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from jobs.settings import Settings
from ui import (
    api,
    api_batches,
    api_caller,
    api_documents,
    api_guards,
    api_webhooks,
    identity,
)
from ui.clients import Clients, build_clients
from ui.identity import Signer


@pytest.fixture
def clients(connection: object, settings: Settings) -> Clients:
    """The clients of an empty installation."""
    return build_clients(settings)


@pytest.fixture
def everything(clients: Clients, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    """A caller without a cookie, of all endpoints."""
    signer = Signer("test")
    monkeypatch.setattr(identity, "get_signer", lambda: signer)
    api.app.dependency_overrides |= {
        api_caller.job_client: lambda: clients.jobs,
        api_guards.settings: lambda: clients.settings,
        api_documents.documents: lambda: clients.documents,
        api_batches.batches: lambda: clients.batches,
        api_webhooks.webhooks: lambda: clients.webhooks,
    }
    with TestClient(api.app, raise_server_exceptions=False) as caller:
        yield caller
    api.app.dependency_overrides.clear()
