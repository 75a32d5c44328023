"""Question sets over HTTP: kept in three formats, run, compared, downloaded, deleted."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient

from jobs.batches.feeder import Feeder
from jobs.question_sets.finisher import Finisher
from jobs.question_sets.models import RUNS_USER
from jobs.queue.broker import Broker
from ui.clients import Clients

SETS = "/operator/question-sets"
QUESTIONS = [
    {"id": "a", "question": "What is the hotel limit?", "document": "travel.pdf", "pages": [4, 5]},
    {"id": "b", "question": "Who painted the chapel?", "none": True},
]
TABLE = 'Question,Document,Pages,None,Id\nWhat is the hotel limit?,travel.pdf,"4, 5",,a\n'
USER, PASSWORD = "ops", "pä:ss"


@pytest.fixture
def operator(open_api: Callable[..., TestClient]) -> TestClient:
    """An operator, who gave user and password."""
    client = open_api(dashboard_username=USER, dashboard_password=PASSWORD)
    client.auth = (USER.encode(), PASSWORD.encode())
    return client


def add(operator: TestClient) -> dict[str, Any]:
    response = operator.post(SETS, params={"name": "Travel"}, json=QUESTIONS)
    assert response.status_code == 201, response.text
    return dict(response.json())


def ended_run(operator: TestClient, broker: Broker, set_id: str) -> str:
    """A run that was stopped at once."""
    response = operator.post(f"{SETS}/{set_id}/runs", json={})
    assert response.status_code == 202, response.text
    run_id = str(response.json()["id"])
    assert operator.post(f"{SETS}/{set_id}/runs/{run_id}/stop").status_code == 202
    assert Finisher(broker).run_once() == 1
    return run_id


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/json", json.dumps(QUESTIONS)),
        ("application/x-ndjson", "\n".join(map(json.dumps, QUESTIONS))),
        ("text/csv", TABLE + "Who painted the chapel?,,,yes,b\n"),
    ],
)
def test_a_set_comes_in_three_formats(operator: TestClient, kind: str, body: str) -> None:
    """They are the same set; as CSV, it comes back as it was sent."""
    response = operator.post(SETS, content=body.encode(), headers={"Content-Type": kind})
    assert response.status_code == 201, response.text
    made = response.json()
    assert (made["questions"], made["evidence"], made["refusals"]) == (2, 1, 1)
    assert operator.get(SETS).json()["question_sets"] == [made]
    questions = operator.get(f"{SETS}/{made['id']}/questions")
    assert questions.json()["questions"] == [
        {
            "id": "a",
            "question": "What is the hotel limit?",
            "expected": "evidence",
            "document": "travel.pdf",
            "pages": [4, 5],
            "words": "",
        },
        {
            "id": "b",
            "question": "Who painted the chapel?",
            "expected": "refusal",
            "document": "",
            "pages": [],
            "words": "",
        },
    ]
    table = operator.get(f"{SETS}/{made['id']}/questions", params={"format": "csv"})
    assert table.headers["Content-Disposition"].startswith("attachment")
    again = operator.post(SETS, content=table.content, headers={"Content-Type": "text/csv"})
    assert operator.get(f"{SETS}/{again.json()['id']}/questions").json() == questions.json()


@pytest.mark.parametrize(
    ("kind", "body", "status", "error"),
    [
        ("text/plain", b"Who?", 415, "unsupported_media_type"),
        ("application/json", b"{", 422, "invalid_question_set"),
        ("application/json", b"[]", 422, "invalid_question_set"),
        ("text/csv", b"", 422, "invalid_batch"),
    ],
)
def test_what_is_no_set_is_refused(
    operator: TestClient, kind: str, body: bytes, status: int, error: str
) -> None:
    """With the status and the sentence of every refusal."""
    response = operator.post(SETS, content=body, headers={"Content-Type": kind})
    assert response.status_code == status
    assert response.json()["error"]["kind"] == error
    assert operator.get(SETS).json() == {"question_sets": []}


def test_runs_are_compared_and_downloaded(operator: TestClient, broker: Broker) -> None:
    """Neither was answered, so all is the same; a run is counted when it is over."""
    made = add(operator)
    before, after = (ended_run(operator, broker, made["id"]) for _ in range(2))
    runs = operator.get(f"{SETS}/{made['id']}").json()["runs"]
    assert [run["id"] for run in runs] == [after, before]
    assert (runs[0]["failed"], runs[0]["over"], runs[0]["started_by"]) == (2, 2, "api")
    chosen = {"before": before, "after": after}
    comparison = operator.get(f"{SETS}/{made['id']}/comparison", params=chosen).json()
    assert comparison["counts"] == {"same": 2}
    assert comparison["questions"][0]["question"]["id"] == "a"
    assert comparison["questions"][0]["after"]["outcome"] == "no answer"
    table = operator.get(f"{SETS}/{made['id']}/comparison", params={**chosen, "format": "csv"})
    rows = list(csv.DictReader(io.StringIO(table.content.decode("utf-8-sig"))))
    assert [row["Change"] for row in rows] == ["same", "same"]
    assert "Travel-comparison.csv" in table.headers["Content-Disposition"]


def test_a_run_that_is_not_over_is_not_compared(operator: TestClient, broker: Broker) -> None:
    """It can be stopped once, and says how far it is."""
    made = add(operator)
    run = operator.post(f"{SETS}/{made['id']}/runs", json={}).json()
    assert (run["ended_at"], run["over"], run["questions"]) == (None, 0, 2)
    chosen = {"before": run["id"], "after": run["id"]}
    response = operator.get(f"{SETS}/{made['id']}/comparison", params=chosen)
    assert (response.status_code, response.json()["error"]["kind"]) == (409, "invalid_state")
    unknown = operator.post(f"{SETS}/{made['id']}/runs", json={"model": "unknown"})
    assert (unknown.status_code, unknown.json()["error"]["kind"]) == (422, "model_not_offered")


def test_what_is_deleted_is_not_found(
    operator: TestClient, clients: Clients, broker: Broker
) -> None:
    """A run goes with its batch, a set with its runs."""
    made = add(operator)
    run = operator.post(f"{SETS}/{made['id']}/runs", json={}).json()
    operator.post(f"{SETS}/{made['id']}/runs", json={})
    assert len(clients.batches.list_batches(RUNS_USER)) == 2
    assert operator.delete(f"{SETS}/{made['id']}/runs/{run['id']}").status_code == 204
    assert len(clients.batches.list_batches(RUNS_USER)) == 1
    assert operator.delete(f"{SETS}/{made['id']}").status_code == 204
    assert not clients.batches.list_batches(RUNS_USER)
    Feeder(broker).run_once()
    for path in ("", "/questions", "/comparison?before=a&after=b"):
        response = operator.get(f"{SETS}/{made['id']}{path}")
        assert (response.status_code, response.json()["error"]["kind"]) == (404, "not_found")


def test_ratings_of_the_caller_make_a_set(operator: TestClient) -> None:
    """Without any, the refusal says what to do."""
    response = operator.post(f"{SETS}/rated")
    assert response.status_code == 422
    assert "rated no answers" in response.json()["error"]["message"]


def test_who_gave_the_password_needs_no_other_name(open_api: Callable[..., TestClient]) -> None:
    """Where people sign in, the password opens question sets to a program."""
    http = open_api(
        auth_mode="proxy",
        trusted_proxies="192.0.2.7",
        operators="ann",
        dashboard_username=USER,
        dashboard_password=PASSWORD,
    )
    assert http.post(SETS, json=QUESTIONS).status_code == 401
    http.auth = (USER.encode(), PASSWORD.encode())
    assert http.post(SETS, json=QUESTIONS).json()["made_by"] == "operator"
