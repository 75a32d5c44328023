"""The part of the HTTP API for operating the queues: metrics, queue states, pausing."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from fastapi.testclient import TestClient
from prometheus_client.parser import text_string_to_metric_families

from jobs.errors import BadApiKeyError
from jobs.models import Question
from jobs.operations.metrics import BOUNDS
from jobs.questions.client import JobClient
from jobs.queue.broker import Broker
from jobs.settings import Settings
from tests.integration.failing import fail_next
from ui.clients import Clients, build_clients

USER, PASSWORD = "ops", "pä:ss"
ENDPOINTS = [
    ("GET", "/metrics"),
    ("GET", "/operator/queues"),
    ("POST", "/operator/queues/questions/pause"),
    ("POST", "/operator/queues/questions/resume"),
]


@pytest.fixture
def operator(open_api: Callable[..., TestClient]) -> TestClient:
    """An operator, who gave user and password."""
    client = open_api(dashboard_username=USER, dashboard_password=PASSWORD)
    client.auth = (USER.encode(), PASSWORD.encode())
    return client


def scrape(operator: TestClient) -> dict[tuple[str, ...], float]:
    """The samples: name, then the values of the labels in the order of their names."""
    response = operator.get("/metrics")
    assert response.status_code == 200
    assert response.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    return {
        (sample.name, *(sample.labels[name] for name in sorted(sample.labels))): sample.value
        for family in text_string_to_metric_families(response.text)
        for sample in family.samples
    }


@pytest.mark.parametrize(("method", "path"), ENDPOINTS)
def test_operators_alone_get_in(
    open_api: Callable[..., TestClient], method: str, path: str
) -> None:
    """By password where there is one; without, from this machine to a personal installation."""
    locked = open_api(dashboard_username=USER, dashboard_password=PASSWORD)
    for auth in (None, (USER, "wrong")):
        response = locked.request(method, path, auth=auth)
        assert response.status_code == 401
        assert response.json()["error"]["kind"] == "wrong_credentials"
    assert locked.request(method, path, auth=(USER.encode(), PASSWORD.encode())).is_success
    assert open_api("ask.example").request(method, path).status_code == 403
    assert open_api("evil.example", redis_url="").request(method, path).status_code == 403
    assert open_api("127.0.0.1:8501", redis_url="").request(method, path).is_success


def test_metrics_of_an_installation_that_did_nothing(operator: TestClient) -> None:
    """Each queue is there with zeros, so that a rate has where to begin."""
    read = scrape(operator)
    assert read["askqueue_workers",] == 0
    for queue in ("questions", "batch", "indexing"):
        assert read["askqueue_queue_jobs", queue] == 0
        assert read["askqueue_queue_oldest_seconds", queue] == 0
        assert read["askqueue_jobs_finished_total", queue] == 0
        assert read["askqueue_wait_seconds_count", queue] == 0


def test_metrics_count_what_waits_and_failed(
    operator: TestClient, client: JobClient, broker: Broker
) -> None:
    """Gauges of now, counters by kind, and histograms whose buckets add up."""
    for number in range(3):
        client.submit("ann", Question(f"Who earns the most, {number}?"))
    fail_next(broker, BadApiKeyError())
    operator.post("/operator/queues/batch/pause")
    read = scrape(operator)
    assert read["askqueue_queue_jobs", "questions"] == 2
    assert read["askqueue_queue_oldest_seconds", "questions"] > 0
    assert read["askqueue_queue_failed", "questions"] == 1
    assert read["askqueue_jobs_failed_total", "bad_api_key", "questions"] == 1
    assert read["askqueue_attempts_total", "questions"] == 1
    assert (read["askqueue_queue_paused", "batch"], read["askqueue_queue_paused", "questions"]) == (
        1,
        0,
    )
    buckets = [
        value
        for (name, *labels), value in read.items()
        if name == "askqueue_run_seconds_bucket" and "questions" in labels
    ]
    assert len(buckets) == len(BOUNDS) + 1
    assert buckets == sorted(buckets)
    assert buckets[-1] == read["askqueue_run_seconds_count", "questions"] == 1
    assert 0 < read["askqueue_run_seconds_sum", "questions"] < 10
    text = operator.get("/metrics").text
    assert "earns" not in text
    assert "ann" not in text.replace("cannot", "")


def test_queue_is_paused_and_resumed(operator: TestClient) -> None:
    """The reply says whether that changed anything, the list who did it and when."""
    path = "/operator/queues/questions"
    assert operator.post(f"{path}/pause").json() == {"paused": True, "changed": True}
    assert operator.post(f"{path}/pause").json() == {"paused": True, "changed": False}
    [info] = [
        queue
        for queue in operator.get("/operator/queues").json()["queues"]
        if queue["name"] == "questions"
    ]
    assert (info["paused"], info["paused_by"]) == (True, USER)
    assert info["paused_at"].endswith("Z")
    assert operator.post(f"{path}/resume").json() == {"paused": False, "changed": True}
    assert operator.post(f"{path}/resume").json() == {"paused": False, "changed": False}
    assert not any(queue["paused"] for queue in operator.get("/operator/queues").json()["queues"])


def test_unknown_queue_is_404(operator: TestClient) -> None:
    """The message names those that there are."""
    for action in ("pause", "resume"):
        response = operator.post(f"/operator/queues/nonsense/{action}")
        assert response.status_code == 404
        assert "questions, batch, indexing" in response.json()["error"]["message"]


@pytest.mark.parametrize("action", ["pause", "resume"])
def test_page_of_another_site_cannot_pause(operator: TestClient, action: str) -> None:
    """Not even in a browser that remembers the password."""
    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "http://elsewhere.example"}):
        response = operator.post(f"/operator/queues/questions/{action}", headers=headers)
        assert response.status_code == 403
        assert response.json()["error"]["kind"] == "cross_site"


def test_valkey_away_is_503(
    operator: TestClient,
    make_settings: Callable[..., Settings],
    use_clients: Callable[[Clients], None],
) -> None:
    """So that a scrape fails, and Prometheus knows that nothing is known."""
    settings = make_settings(
        redis_url="redis://127.0.0.1:1/0", dashboard_username=USER, dashboard_password=PASSWORD
    )
    use_clients(build_clients(settings))
    for method, path in ENDPOINTS:
        response = operator.request(method, path)
        assert response.status_code == 503
        assert int(response.headers["Retry-After"]) > 0
