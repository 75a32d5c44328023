"""API keys as callers of the API meet them: who they are, what they may, and how it is refused."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient

from jobs.access.api_keys import Scope
from jobs.settings import AuthMode, Settings
from tests.waiting import until
from ui.clients import Clients, build_clients

ALL = (Scope.ASK, Scope.READ, Scope.DOCUMENTS)
# By the beginning of the path, the scope for reading and the one for changing.
NEEDED = {
    "/operator/": (Scope.OPERATE, Scope.OPERATE),
    "/metrics": (Scope.OPERATE, Scope.OPERATE),
    "/documents": (Scope.DOCUMENTS, Scope.DOCUMENTS),
    "/webhooks": (Scope.ASK, Scope.ASK),
    "/": (Scope.READ, Scope.ASK),
}
ALSO_NEEDED = {"/jobs/{job_id}/sources/{number}/original": (Scope.DOCUMENTS,)}
# Any key will do: it says who it is of, and what there is to ask.
ANY_SCOPE = {"/me", "/v1/models"}
# They answer whoever asks, and say nothing of anybody.
FREE = {"/", "/health", "/ready"}


@pytest.fixture
def use_key(http: TestClient, clients: Clients) -> Callable[..., str]:
    """Give the caller a key of `ann` with these scopes; returns its secret."""

    def use(*scopes: Scope, user: str = "ann", **values: Any) -> str:
        _, secret = clients.keys.create(user, "a key", scopes, **values)
        http.headers["Authorization"] = f"Bearer {secret}"
        return secret

    return use


@pytest.fixture
def signed_in_only(
    http: TestClient,
    make_settings: Callable[..., Settings],
    use_clients: Callable[[Clients], None],
) -> Clients:
    """An installation where people sign in at a proxy, and ops is an operator."""
    settings = make_settings(
        auth_mode="proxy", trusted_proxies="192.0.2.7", operators="ops", dashboard_password="secret"
    )
    clients = build_clients(settings)
    use_clients(clients)
    assert settings.auth_mode is AuthMode.PROXY
    return clients


def kind_of(response: Any) -> str:
    error = response.json()["error"]
    return str(error.get("kind") or error.get("code"))


def test_key_asks_in_the_name_of_its_owner(
    http: TestClient, clients: Clients, use_key: Callable[..., str]
) -> None:
    """What a program asks stands in its owner's history, and in nobody else's."""
    use_key(*ALL)
    job_id = http.post("/chat", json={"query": "Why?"}).json()["job_id"]
    assert clients.jobs.get_job("ann", job_id).asked.text == "Why?"
    assert http.get(f"/job-status/{job_id}").status_code == 200
    use_key(*ALL, user="bob")
    assert http.get(f"/job-status/{job_id}").status_code == 404
    del http.headers["Authorization"]
    assert http.get(f"/job-status/{job_id}").status_code == 404


def operations(http: TestClient) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """The method, path and documentation of every endpoint."""
    for path, methods in http.get("/openapi.json").json()["paths"].items():
        for method, operation in methods.items():
            yield method.upper(), path, operation


def test_every_endpoint_needs_its_scope(
    http: TestClient, clients: Clients, use_key: Callable[..., str]
) -> None:
    """All other scopes together are refused with the name of the one that lacks."""
    asked = 0
    for method, path, _operation in [*operations(http)]:
        if path in FREE | ANY_SCOPE:
            continue
        reading, changing = next(NEEDED[begin] for begin in NEEDED if path.startswith(begin))
        needed = {reading if method == "GET" else changing, *ALSO_NEEDED.get(path, ())}
        filled = re.sub(r"{\w+}", "x", path)
        for lacking in needed:
            use_key(*(scope for scope in Scope if scope is not lacking))
            response = http.request(method, filled)
            assert (response.status_code, kind_of(response)) == (403, "missing_scope"), path
            assert lacking.value in response.json()["error"]["message"]
        use_key(*needed)
        assert kind_of_refusal(http.request(method, filled)) != "missing_scope", path
        for key in clients.keys.list_keys("ann"):
            clients.keys.revoke("ann", key.id)
        asked += 1
    assert asked > 30


def kind_of_refusal(response: Any) -> str:
    return "" if response.status_code < 400 else kind_of(response)


def test_wrong_revoked_and_expired_keys_are_refused_alike(
    http: TestClient, clients: Clients, use_key: Callable[..., str]
) -> None:
    """401 with a challenge, in the shape of every error; nothing tells them apart."""
    replies = []
    use_key(*ALL)
    clients.keys.revoke("ann", clients.keys.list_keys("ann")[0].id)
    replies.append(http.get("/jobs"))
    http.headers["Authorization"] = "Bearer askq_wrong"
    replies.append(http.get("/jobs"))
    use_key(*ALL, expires_at=time.time() + 1.0)
    until(lambda: http.get("/jobs").status_code != 200, "an end of the key")
    replies.append(http.get("/jobs"))
    for reply in replies:
        assert (reply.status_code, kind_of(reply)) == (401, "wrong_key")
        assert reply.headers["WWW-Authenticate"].startswith("Bearer ")
    assert len({reply.text for reply in replies}) == 1


def test_whoever_sends_no_key_of_ours_is_who_they_were(
    http: TestClient, use_key: Callable[..., str]
) -> None:
    """Clients of OpenAI always send something; where nobody signs in, it is taken for nothing."""
    use_key(*ALL)
    http.headers["Authorization"] = "Bearer none"
    job_id = http.post("/chat", json={"query": "Why?"}).json()["job_id"]
    del http.headers["Authorization"]
    assert http.get(f"/job-status/{job_id}").status_code == 200


def test_openai_protocol_refuses_in_its_own_shape(
    http: TestClient, use_key: Callable[..., str]
) -> None:
    """A wrong key, and one without the scope, are refused as OpenAI refuses."""
    body = {"model": "askqueue", "messages": [{"role": "user", "content": "Why?"}]}
    use_key(Scope.READ)
    assert http.get("/v1/models").status_code == 200
    refused = http.post("/v1/chat/completions", json=body)
    assert (refused.status_code, kind_of(refused)) == (403, "missing_scope")
    http.headers["Authorization"] = "Bearer askq_wrong"
    for refused in (
        http.get("/v1/models"),
        http.post("/v1/chat/completions", json=body),
    ):
        assert (refused.status_code, kind_of(refused)) == (401, "wrong_key")


def test_where_people_sign_in_programs_need_a_key(
    http: TestClient, signed_in_only: Clients
) -> None:
    """Without one, or with something else, nobody is asking; with one, its owner is."""
    refused = http.get("/jobs")
    assert (refused.status_code, kind_of(refused)) == (401, "not_signed_in")
    refused = http.get("/jobs", headers={"Authorization": "Bearer none"})
    assert (refused.status_code, kind_of(refused)) == (401, "wrong_key")
    _, secret = signed_in_only.keys.create("p-ann", "a key", [Scope.READ])
    accepted = http.get("/jobs", headers={"Authorization": f"Bearer {secret}"})
    assert accepted.status_code == 200


def test_key_operates_only_while_its_owner_is_an_operator(
    http: TestClient, signed_in_only: Clients
) -> None:
    """The scope alone opens nothing to those who are not, or are no longer, in OPERATORS."""
    for known_as, status in ((("ops", "p-ops"), 200), (("ann", "p-ann"), 403), ((), 403)):
        _, secret = signed_in_only.keys.create(
            known_as[-1] if known_as else "p-x", "a key", [Scope.OPERATE], known_as=known_as
        )
        bearer = {"Authorization": f"Bearer {secret}"}
        assert http.get("/me", headers=bearer).json()["is_operator"] is (status == 200)
        reply = http.post("/operator/queues/nothing/pause", headers=bearer)
        assert reply.status_code == (404 if status == 200 else 403), reply.text
        if status == 403:
            assert kind_of(reply) == "operators_only"


def test_documentation_says_what_every_endpoint_may_refuse(http: TestClient) -> None:
    """Each that takes a key names it, 401 and 403; none is left out by accident."""
    schema = http.get("/openapi.json").json()
    assert schema["components"]["securitySchemes"]["ApiKey"]["scheme"] == "bearer"
    for _method, path, operation in operations(http):
        takes_key = {"ApiKey": []} in operation.get("security", [])
        assert takes_key == (path not in FREE), path
        if takes_key:
            assert {"401", "403"} <= operation["responses"].keys(), path
