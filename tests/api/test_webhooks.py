"""Webhooks over HTTP: made, shown without their secret, tested, and nobody else's business."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from fastapi.testclient import TestClient

from jobs.access.api_keys import Scope
from jobs.settings import Settings
from jobs.webhooks.client import Event
from ui.clients import Clients

URL = "https://127.0.0.1/hook"


@pytest.fixture
def settings(make_settings: Callable[..., Settings]) -> Settings:
    return make_settings(webhook_allowed_hosts="127.0.0.1")


def test_webhook_is_made_tested_and_deleted(http: TestClient) -> None:
    """The secret comes once; a test waits in the log; afterwards there is none."""
    made = http.post("/webhooks", json={"url": URL, "events": ["job.failed"]})
    assert made.status_code == 201
    webhook = made.json()
    assert webhook.pop("secret").startswith("whsec_")
    assert webhook["events"] == ["job.failed"]
    path = f"/webhooks/{webhook['id']}"
    assert http.get("/webhooks").json() == {"webhooks": [webhook]}
    assert http.get(path).json() == webhook
    sent = http.post(f"{path}/test")
    assert sent.status_code == 202
    [delivery] = http.get(f"{path}/deliveries").json()["deliveries"]
    assert delivery["id"] == sent.json()["delivery_id"]
    assert (delivery["type"], delivery["state"]) == ("webhook.test", "waiting")
    again = http.post(f"{path}/deliveries/{delivery['id']}/resend")
    assert (again.status_code, again.json()["state"]) == (202, "waiting")
    assert http.delete(path).status_code == 204
    assert http.get(path).status_code == 404


def test_webhook_of_another_is_not_found(http: TestClient, clients: Clients) -> None:
    """Each endpoint says the same of what is not there and of what is not yours."""
    webhook, _ = clients.webhooks.create("bob", URL, [Event.FAILED])
    path = f"/webhooks/{webhook.id}"
    replies = [
        http.get(path),
        http.delete(path),
        http.get(f"{path}/deliveries"),
        http.post(f"{path}/deliveries/msg_1/resend"),
        http.post(f"{path}/test"),
    ]
    assert [reply.status_code for reply in replies] == [404] * 5
    assert http.get("/webhooks").json() == {"webhooks": []}


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ({"url": "http://169.254.169.254/latest/"}, "address_not_allowed"),
        ({"url": "https://169.254.169.254/latest/"}, "address_not_allowed"),
        ({"url": "no address"}, "invalid_webhook"),
        ({"url": URL, "events": []}, "invalid_webhook"),
        ({"url": URL, "events": ["job.started"]}, "invalid_input"),
        ({}, "invalid_input"),
    ],
)
def test_bad_webhook_is_refused(http: TestClient, body: object, kind: str) -> None:
    """A sentence says what to do; nothing is made."""
    reply = http.post("/webhooks", json=body)
    assert (reply.status_code, reply.json()["error"]["kind"]) == (422, kind)
    assert http.get("/webhooks").json() == {"webhooks": []}


def test_answers_by_webhook_need_the_scope_read(http: TestClient, clients: Clients) -> None:
    """A key that may only ask cannot have answers sent to itself; one that may read can."""
    body = {"url": URL, "events": ["job.finished"], "include_answer": True}
    _, secret = clients.keys.create("ann", "asks", [Scope.ASK, Scope.DOCUMENTS])
    refused = http.post("/webhooks", json=body, headers={"Authorization": f"Bearer {secret}"})
    assert (refused.status_code, refused.json()["error"]["kind"]) == (403, "missing_scope")
    assert "read" in refused.json()["error"]["message"]
    assert clients.webhooks.list_webhooks("ann") == []
    _, secret = clients.keys.create("ann", "reads", [Scope.ASK, Scope.READ])
    made = http.post("/webhooks", json=body, headers={"Authorization": f"Bearer {secret}"})
    assert (made.status_code, made.json()["include_answer"]) == (201, True)


def test_key_that_may_only_ask_has_its_own_webhooks_alone(
    http: TestClient, clients: Clients
) -> None:
    """It neither learns the other addresses of its owner, which may be secrets, nor uses them."""
    theirs, _ = clients.webhooks.create("ann", URL, list(Event), include_answer=True)
    _, secret = clients.keys.create("ann", "asks", [Scope.ASK])
    headers = {"Authorization": f"Bearer {secret}"}
    made = http.post("/webhooks", json={"url": URL}, headers=headers).json()
    [listed] = http.get("/webhooks", headers=headers).json()["webhooks"]
    assert listed["id"] == made["id"]
    path = f"/webhooks/{theirs.id}"
    for method, address in (
        ("GET", path),
        ("GET", f"{path}/deliveries"),
        ("POST", f"{path}/test"),
        ("POST", f"{path}/deliveries/msg_1/resend"),
        ("DELETE", path),
    ):
        reply = http.request(method, address, headers=headers)
        assert (reply.status_code, reply.json()["error"]["kind"]) == (404, "not_found"), address
    assert len(clients.webhooks.list_webhooks("ann")) == 2
    assert http.post(f"/webhooks/{made['id']}/test", headers=headers).status_code == 202


def test_webhook_ends_with_the_key_that_made_it(http: TestClient, clients: Clients) -> None:
    """It is switched off at once, says why, and no test brings it back."""
    key, secret = clients.keys.create("ann", "program", [Scope.ASK])
    headers = {"Authorization": f"Bearer {secret}"}
    made = http.post("/webhooks", json={"url": URL}, headers=headers).json()
    assert made["key_id"] == key.id
    clients.keys.revoke("ann", key.id)
    _, secret = clients.keys.create("ann", "another", [Scope.ASK, Scope.READ])
    headers = {"Authorization": f"Bearer {secret}"}
    path = f"/webhooks/{made['id']}"
    [listed] = http.get("/webhooks", headers=headers).json()["webhooks"]
    assert "API key" in listed["disabled"]
    assert http.get(path, headers=headers).json() == listed
    refused = http.post(f"{path}/test", headers=headers)
    assert (refused.status_code, refused.json()["error"]["kind"]) == (409, "invalid_state")
    again = http.post(f"{path}/deliveries/msg_1/resend", headers=headers)
    assert again.status_code == 409


def test_webhooks_need_the_scope_ask(http: TestClient, clients: Clients) -> None:
    """A key that may read alone cannot have answers sent elsewhere."""
    for scopes, status in (({*Scope} - {Scope.ASK}, 403), ({Scope.ASK}, 201)):
        _, secret = clients.keys.create("ann", "a key", scopes)
        reply = http.post(
            "/webhooks", json={"url": URL}, headers={"Authorization": f"Bearer {secret}"}
        )
        assert reply.status_code == status
