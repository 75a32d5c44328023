"""Batches over HTTP."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable

import pytest
from fastapi.testclient import TestClient

from jobs.settings import Settings
from ui.clients import Clients

CSV = "Owner,Question\nAnn,What is the hotel limit?\nBob,Who approves a flight?\nEve,\n"
CSV_HEADERS = {"Content-Type": "text/csv; charset=utf-8"}


@pytest.fixture
def settings(make_settings: Callable[..., Settings]) -> Settings:
    return make_settings(batch_max_rows=3)


def test_list_of_questions_becomes_a_batch(http: TestClient) -> None:
    """Duplicates are asked once, and the same list again is the same batch."""
    body = {"questions": ["Why?", "How?", "why? "], "name": "Audit"}
    response = http.post("/batches", json=body)
    batch = response.json()
    assert (response.status_code, batch["name"], batch["state"]) == (202, "Audit", "running")
    assert (batch["lines"], batch["questions"], batch["over"]) == (3, 2, 0)
    assert batch["counts"] == {"pending": 2}
    assert http.post("/batches", json=body).json()["id"] == batch["id"]
    assert [each["id"] for each in http.get("/batches").json()["batches"]] == [batch["id"]]
    assert http.get(f"/batches/{batch['id']}").json() == batch


def test_csv_becomes_a_batch_and_its_answers_a_file(http: TestClient) -> None:
    """The guess of header and column is that of the page; both can be said."""
    batch = http.post("/batches", content=CSV, headers=CSV_HEADERS).json()
    assert (batch["questions"], batch["lines"]) == (2, 3)
    path = f"/batches/{batch['id']}"
    assert http.post(f"{path}/stop").json()["state"] == "stopped"
    results = http.get(f"{path}/results").json()
    assert results["header"] == ["Owner", "Question"]
    assert [line.get("state") for line in results["lines"]] == ["pending", "pending", None]
    file = http.get(f"{path}/results", params={"format": "csv"})
    assert file.headers["content-type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(file.content.decode("utf-8-sig"))))
    assert [row["State"] for row in rows] == ["pending", "pending", "no question"]
    owners = http.post(
        "/batches", content=CSV, headers=CSV_HEADERS, params={"column": "Owner", "name": "o.csv"}
    ).json()
    assert (owners["questions"], owners["name"]) == (3, "o.csv")


def test_batch_is_paused_resumed_retried_and_deleted(http: TestClient, clients: Clients) -> None:
    """What the page offers; another's batch is NotFoundError, and so is one that was deleted."""
    batch_id = http.post("/batches", json={"questions": ["Why?"]}).json()["id"]
    path = f"/batches/{batch_id}"
    assert http.post(f"{path}/pause").json()["state"] == "paused"
    assert http.post(f"{path}/resume").json()["state"] == "running"
    assert http.post(f"{path}/retry").json() == {"retried": 0}
    lines = clients.batches.list_batches("api")
    assert len(lines) == 1
    assert http.delete(path).status_code == 204
    for method, end in (("GET", ""), ("GET", "/results"), ("POST", "/stop"), ("DELETE", "")):
        response = http.request(method, path + end)
        assert (response.status_code, response.json()["error"]["kind"]) == (404, "not_found")


@pytest.mark.parametrize(
    ("content", "content_type", "status", "kind"),
    [
        ('{"questions": []}', "application/json", 422, "invalid_input"),
        ('{"questions": ["\\ud800"]}', "application/json", 422, "invalid_input"),
        ("nonsense", "application/json", 422, "invalid_input"),
        ('{"questions": [" "]}', "application/json", 422, "invalid_batch"),
        ('{"questions": ["a?", "b?", "c?", "d?"]}', "application/json", 422, "invalid_batch"),
        ("", "text/csv", 422, "invalid_batch"),
        ("a?\nb?", "application/xml", 415, "unsupported_media_type"),
        ("x" * (10 * 1024 * 1024 + 1), "text/csv", 413, "too_large"),
    ],
)
def test_batch_that_cannot_be_asked_is_refused(
    http: TestClient, content: str, content_type: str, status: int, kind: str
) -> None:
    """All of it, with a sentence that says why."""
    response = http.post(
        "/batches", content=iter([content.encode()]), headers={"Content-Type": content_type}
    )
    assert (response.status_code, response.json()["error"]["kind"]) == (status, kind)
    assert http.get("/batches").json() == {"batches": []}


def test_unknown_column_is_named_with_those_that_there_are(http: TestClient) -> None:
    """Who misspells a column learns the names."""
    response = http.post("/batches", content=CSV, headers=CSV_HEADERS, params={"column": "Frage"})
    assert "Owner, Question" in response.json()["error"]["message"]
