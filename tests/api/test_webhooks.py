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


def test_webhooks_need_the_scope_ask(http: TestClient, clients: Clients) -> None:
    """A key that may read alone cannot have answers sent elsewhere."""
    for scopes, status in (({*Scope} - {Scope.ASK}, 403), ({Scope.ASK}, 201)):
        _, secret = clients.keys.create("ann", "a key", scopes)
        reply = http.post(
            "/webhooks", json={"url": URL}, headers={"Authorization": f"Bearer {secret}"}
        )
        assert reply.status_code == status
