"""The operators' part of the HTTP API: who gets in, and what they can do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from fastapi.testclient import TestClient

from jobs.access.sign_in_brake import EACH, SignInBrake
from jobs.errors import AskqueueError, BadApiKeyError, NoQuotaError
from jobs.models import JobState, Question
from jobs.questions.client import JobClient
from jobs.queue.broker import Broker
from jobs.settings import Settings
from tests.api.app import SIGNER
from tests.integration.failing import fail_next
from ui.clients import Clients, build_clients

USER, PASSWORD = "ops", "pä:ss"
ENDPOINTS = [
    ("GET", "/operator/failed", None),
    ("POST", "/operator/failed/requeue", {"all": True}),
    ("POST", "/operator/failed/job/requeue", None),
]


@pytest.fixture
def operator(open_api: Callable[..., TestClient]) -> TestClient:
    """An operator, who gave user and password."""
    client = open_api(dashboard_username=USER, dashboard_password=PASSWORD)
    client.auth = (USER.encode(), PASSWORD.encode())
    return client


@pytest.fixture
def fail(client: JobClient, broker: Broker) -> Callable[[AskqueueError], str]:
    def fail_(error: AskqueueError) -> str:
        client.submit("ann", Question("Who earns the most?"))
        return fail_next(broker, error)

    return fail_


def assert_error(response: Any, status: int, kind: str) -> None:
    assert response.status_code == status
    assert response.json()["error"]["kind"] == kind
    assert response.json()["error"]["message"]


@pytest.mark.parametrize(("method", "path", "body"), ENDPOINTS)
def test_only_the_operators_password_opens_it(
    open_api: Callable[..., TestClient], method: str, path: str, body: object
) -> None:
    """No credentials, wrong ones, half of them or an unreadable header get a challenge."""
    http = open_api(dashboard_username=USER, dashboard_password=PASSWORD)
    wrong = [
        None,
        (USER, "wrong"),
        ("other", PASSWORD.encode()),
        (USER, ""),
        ("", ""),
    ]
    for auth in wrong:
        response = http.request(method, path, json=body, auth=auth)
        assert_error(response, 401, "wrong_credentials")
        assert response.headers["WWW-Authenticate"].startswith("Basic ")
    for header in ("Basic", "Basic !", "Basic /w==", "Basic b3Bz", "Bearer b3Bz"):
        response = http.request(method, path, json=body, headers={"Authorization": header})
        assert_error(response, 401, "wrong_credentials")


@pytest.mark.parametrize(("method", "path", "body"), ENDPOINTS)
def test_without_a_password_it_is_closed(
    open_api: Callable[..., TestClient], method: str, path: str, body: object
) -> None:
    """On a server, and on any address that others can reach, the reply says what to set."""
    installations: list[tuple[str, dict[str, str]]] = [
        ("ask.example", {}),
        ("127.0.0.1:8501", {"redis_url": "", "bind_address": "0.0.0.0"}),
        ("evil.example", {"redis_url": ""}),  # a name that somebody lets point at 127.0.0.1
    ]
    for host, values in installations:
        http = open_api(host, **values)
        response = http.request(method, path, json=body)
        assert_error(response, 403, "operators_closed")
        assert "DASHBOARD_PASSWORD" in response.json()["error"]["message"]


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Forwarded-For": "203.0.113.7"},
        {"X-Real-IP": "203.0.113.7"},
        {"Via": "1.1 proxy"},
        {"Forwarded": "for=203.0.113.7"},
        {"X-Forwarded-Proto": "https"},
    ],
)
@pytest.mark.parametrize(("method", "path", "body"), [*ENDPOINTS, ("GET", "/metrics", None)])
def test_personal_installation_is_closed_behind_a_proxy(
    open_api: Callable[..., TestClient],
    method: str,
    path: str,
    body: object,
    headers: dict[str, str],
) -> None:
    """Behind nginx as it is, everybody comes by the name 127.0.0.1: one header gives it away."""
    http = open_api("127.0.0.1:8501", redis_url="")
    assert_error(http.request(method, path, json=body, headers=headers), 403, "operators_closed")
    http.cookies.set(SIGNER.cookie_name, SIGNER.new_cookie())
    assert http.get("/me", headers=headers).json()["is_operator"] is False
    assert http.get("/me").json()["is_operator"] is True


def test_guesses_at_the_password_are_braked(
    operator: TestClient,
    clients: Clients,
    make_settings: Callable[..., Settings],
    use_clients: Callable[[Clients], None],
) -> None:
    """Of three hundred, a few are compared; the others are told when to try again."""
    settings = make_settings(dashboard_username=USER, dashboard_password=PASSWORD)
    brake = SignInBrake(lambda: 0.0)  # a clock that stands still
    use_clients(replace(clients, settings=settings, sign_ins=brake))
    replies = [operator.get("/metrics", auth=(USER, str(guess))) for guess in range(300)]
    assert [reply.status_code for reply in replies] == [401] * EACH.burst + [429] * (
        300 - EACH.burst
    )
    refused = replies[-1]
    assert_error(refused, 429, "too_many_sign_ins")
    assert 0 < int(refused.headers["Retry-After"]) <= EACH.seconds
    assert_error(operator.get("/metrics"), 429, "too_many_sign_ins")


def test_password_of_the_proxy_is_no_guess(open_api: Callable[..., TestClient]) -> None:
    """A proxy may sign people in by the same header; operators by name never wait for it."""
    http = open_api(
        auth_mode="proxy",
        trusted_proxies="127.0.0.1",
        operators="ann",
        dashboard_username=USER,
        dashboard_password=PASSWORD,
    )
    http._transport.client = ("127.0.0.1", 1)  # type: ignore[attr-defined]
    for _ in range(3 * EACH.burst):
        reply = http.get("/metrics", auth=("ann", "hers"), headers={"X-Forwarded-User": "ann"})
        assert reply.status_code == 200


def test_personal_installation_is_open(
    open_api: Callable[..., TestClient], fail: Callable[[AskqueueError], str]
) -> None:
    """With the embedded Valkey on 127.0.0.1 nobody needs a password."""
    http = open_api("127.0.0.1:8501", redis_url="")
    job_id = fail(BadApiKeyError())
    assert http.get("/operator/failed").json()["total"] == 1
    assert http.post(f"/operator/failed/{job_id}/requeue").json() == {"requeued": 1}


def test_failed_jobs_are_listed(operator: TestClient, fail: Callable[[AskqueueError], str]) -> None:
    """By kind and by page, with counts; without a word of what was asked, or by whom."""
    ids = [fail(error) for error in (BadApiKeyError(), NoQuotaError(), BadApiKeyError())]
    body = operator.get("/operator/failed", params={"kind": "bad_api_key", "limit": 1}).json()
    assert (body["total"], body["kinds"]) == (2, {"bad_api_key": 2, "no_quota": 1})
    [job] = body["jobs"]
    assert job["failed_at"].endswith("Z")
    del job["failed_at"]
    assert job == {
        "job_id": ids[2],
        "queue": "questions",
        "description": "Answer a question",
        "error": {"kind": "bad_api_key", "message": BadApiKeyError.message},
        "attempts": 1,
    }
    second = operator.get("/operator/failed", params={"offset": 1}).json()
    assert [job["job_id"] for job in second["jobs"]] == [ids[1], ids[0]]
    assert "earns" not in str(second)
    assert "ann" not in str(second)


def test_one_is_requeued_once(
    operator: TestClient, fail: Callable[[AskqueueError], str], client: JobClient
) -> None:
    """The second time it is a conflict; a job that does not exist is not found."""
    job_id = fail(BadApiKeyError())
    path = f"/operator/failed/{job_id}/requeue"
    assert operator.post(path).json() == {"requeued": 1}
    assert client.get_job("ann", job_id).state is JobState.QUEUED
    assert_error(operator.post(path), 409, "invalid_state")
    assert_error(operator.post("/operator/failed/nonsense/requeue"), 404, "not_found")


def test_a_kind_or_all_are_requeued(
    operator: TestClient, fail: Callable[[AskqueueError], str]
) -> None:
    """The reply says how many."""
    for error in (BadApiKeyError(), NoQuotaError(), BadApiKeyError()):
        fail(error)
    path = "/operator/failed/requeue"
    assert operator.post(path, json={"kind": "bad_api_key"}).json() == {"requeued": 2}
    assert operator.post(path, json={"kind": "bad_api_key"}).json() == {"requeued": 0}
    assert operator.post(path, json={"all": True}).json() == {"requeued": 1}


@pytest.mark.parametrize(
    "body", [None, {}, {"all": False}, {"kind": ""}, {"kind": "no_quota", "all": True}, []]
)
def test_requeue_must_say_which(
    operator: TestClient, fail: Callable[[AskqueueError], str], body: object
) -> None:
    """Nothing is requeued by a body that names neither a kind nor all, or both."""
    fail(NoQuotaError())
    assert_error(operator.post("/operator/failed/requeue", json=body), 422, "invalid_input")
    assert operator.get("/operator/failed").json()["total"] == 1


@pytest.mark.parametrize("params", [{"limit": 0}, {"limit": 501}, {"offset": -1}])
def test_page_out_of_range_is_422(operator: TestClient, params: dict[str, int]) -> None:
    """Nobody asks for more than a page."""
    assert_error(operator.get("/operator/failed", params=params), 422, "invalid_input")


@pytest.mark.parametrize(
    "headers", [{"Sec-Fetch-Site": "cross-site"}, {"Origin": "http://elsewhere.example"}]
)
def test_page_of_another_site_cannot_requeue(
    operator: TestClient, fail: Callable[[AskqueueError], str], headers: dict[str, str]
) -> None:
    """Not even in a browser that remembers the password."""
    job_id = fail(BadApiKeyError())
    for path, body in [("requeue", {"all": True}), (f"{job_id}/requeue", None)]:
        response = operator.post(f"/operator/failed/{path}", json=body, headers=headers)
        assert_error(response, 403, "cross_site")
    assert operator.get("/operator/failed").json()["total"] == 1


def test_valkey_away_is_503(
    operator: TestClient,
    make_settings: Callable[..., Settings],
    use_clients: Callable[[Clients], None],
) -> None:
    """As everywhere, with a hint when to come back."""
    settings = make_settings(
        redis_url="redis://127.0.0.1:1/0", dashboard_username=USER, dashboard_password=PASSWORD
    )
    use_clients(build_clients(settings))
    for method, path, body in ENDPOINTS:
        response = operator.request(method, path, json=body)
        assert_error(response, 503, "broker_unavailable")
        assert int(response.headers["Retry-After"]) > 0


def test_openapi_has_the_statuses_and_the_password(operator: TestClient) -> None:
    """Programs can read how to get in and what may go wrong."""
    schema = operator.get("/openapi.json").json()
    assert schema["components"]["securitySchemes"]["Operator"]["scheme"] == "basic"
    paths = schema["paths"]
    for method, path, _body in ENDPOINTS:
        operation = paths[path.replace("/job/", "/{job_id}/")][method.lower()]
        assert {"200", "401", "403", "503"} <= set(operation["responses"])
        assert operation["security"] == [{"Operator": []}, {"ApiKey": []}]
    one = paths["/operator/failed/{job_id}/requeue"]["post"]["responses"]
    assert {"404", "409"} <= set(one)
