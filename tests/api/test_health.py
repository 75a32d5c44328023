"""Whether the API lives, and what it stands on."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
import redis
from fastapi.testclient import TestClient

from jobs.errors import IndexUnavailableError
from jobs.models import Failure, WorkerReport
from jobs.questions.client import JobClient
from jobs.queue.broker import Broker
from jobs.queue.keys import WORKERS_KEY, worker_key
from jobs.settings import Settings
from tests.waiting import HANG_SECONDS
from ui.clients import Clients, build_clients

ALL = {"questions": 16, "batch": 4, "indexing": 2}


def report(
    connection: redis.Redis, threads: Mapping[str, int], problem: Failure | None = None
) -> None:
    """A worker that says this of itself."""
    worker = WorkerReport("w", time.time(), threads_by_queue=threads, problem=problem)
    connection.set(worker_key("w"), json.dumps(asdict(worker)), ex=30)
    connection.zadd(WORKERS_KEY, {"w": time.time()})


def test_whole_installation_is_ready(http: TestClient, connection: redis.Redis) -> None:
    """Each part is fine, with the queues that workers serve."""
    report(connection, ALL)
    response = http.get("/ready")
    body = response.json()
    assert (response.status_code, body["status"]) == (200, "ready")
    assert body["workers"] == {"ok": True, "alive": 1, "queues": ALL}
    assert all(body[part] == {"ok": True} for part in ("valkey", "index", "documents"))


def part_of(http: TestClient, name: str) -> dict[str, Any]:
    response = http.get("/ready")
    body: dict[str, Any] = response.json()
    assert (response.status_code, body["status"]) == (200, "degraded")
    assert body[name]["ok"] is False
    return dict(body[name])


def test_queue_without_a_worker_degrades(http: TestClient, connection: redis.Redis) -> None:
    """Questions are accepted all the same, so it serves; the queue is named."""
    assert "questions, batch, indexing" in part_of(http, "workers")["error"]["message"]
    report(connection, {"questions": 1, "indexing": 1})
    assert "No worker serves: batch." in part_of(http, "workers")["error"]["message"]


def test_problem_of_the_index_is_told_as_the_worker_reports_it(
    http: TestClient, connection: redis.Redis
) -> None:
    """The web process does not ask Qdrant itself."""
    report(connection, ALL, IndexUnavailableError().failure)
    assert part_of(http, "index")["error"]["kind"] == "index_unavailable"


def test_document_store_that_is_no_folder_degrades(
    http: TestClient, connection: redis.Redis, settings: Settings
) -> None:
    """A file where the folder should be: nothing can be kept there."""
    report(connection, ALL)
    store = Path(settings.document_store_url)
    store.parent.mkdir(parents=True, exist_ok=True)
    store.write_text("in the way")
    assert part_of(http, "documents")["error"]["kind"] == "document_store_unavailable"


def test_without_valkey_it_lives_and_cannot_serve(
    http: TestClient,
    make_settings: Callable[..., Settings],
    use_clients: Callable[[Clients], None],
) -> None:
    """Health asks nobody; ready is 503, says why, and when to ask again."""
    use_clients(build_clients(make_settings(redis_url="redis://127.0.0.1:1/0")))
    assert http.get("/health").json() == {"status": "alive"}
    response = http.get("/ready")
    assert (response.status_code, response.json()["status"]) == (503, "unavailable")
    assert response.json()["error"]["kind"] == "broker_unavailable"
    assert int(response.headers["Retry-After"]) > 0


def test_dependency_that_never_answers_is_given_up(
    http: TestClient,
    broker: Broker,
    clients: Clients,
    use_clients: Callable[[Clients], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A probe has its reply before it gives up itself."""
    over, replied = threading.Event(), threading.Event()

    class Silent(JobClient):
        def workers(self) -> list[WorkerReport]:
            over.wait(HANG_SECONDS)
            replied.set()
            return []

    monkeypatch.setattr("ui.api.health.PATIENCE_SECONDS", 0.1)
    use_clients(replace(clients, jobs=Silent(broker)))
    assert http.get("/ready").status_code == 503
    assert not replied.is_set()
    over.set()
