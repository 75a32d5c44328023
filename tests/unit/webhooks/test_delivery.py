"""One delivery: what is sent, how it is signed, and what receivers can and cannot do to us."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler

import pytest

from jobs.models import Answer, Citation, Failure
from jobs.settings import Settings
from jobs.webhooks import delivery as delivery_module
from jobs.webhooks.client import Event, Webhook
from jobs.webhooks.delivery import Reply, body_of, post, sign
from jobs.webhooks.outbox import TEST_TYPE, Delivery
from jobs.webhooks.sender import DISABLE_AFTER_SECONDS, MAX_ATTEMPTS, after, wait_before
from tests.receiver import Receiver
from tests.waiting import HANG_SECONDS

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
DELIVERY = Delivery("msg_1", "w1", "job.finished", "j1", 1_770_000_000.0)
WEBHOOK = Webhook("w1", "ann", "https://example.com/", frozenset(Event), False, 0.0)
NOW = 1_770_000_100.0
FAILED = Reply(500, 0.1, "The receiver answered with status 500.")


@pytest.fixture
def allowing(make_settings: Callable[..., Settings]) -> Settings:
    return make_settings(webhook_allowed_hosts="127.0.0.1, hooks.internal")


def test_signature_is_that_of_the_specification() -> None:
    """The reference vector of Standard Webhooks' own libraries."""
    signature = sign(SECRET, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert signature == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_body_tells_what_ended_and_where_to_look() -> None:
    """Links are absolute, and only where it is known where people find this."""
    linked = json.loads(body_of(DELIVERY, "https://ask.example.com"))
    assert linked == {
        "type": "job.finished",
        "timestamp": "2026-02-02T02:40:00+00:00",
        "data": {
            "job_id": "j1",
            "state": "finished",
            "links": {
                "page": "https://ask.example.com/?job=j1",
                "result": "https://ask.example.com/api/result/j1",
            },
        },
    }
    assert "links" not in json.loads(body_of(DELIVERY, ""))["data"]


def test_body_has_failure_and_answer_where_there_is_one() -> None:
    """A failure has its kind and sentence; an answer its text and what it cites."""
    failed = Delivery("m", "w", "job.failed", "j", 0.0, Failure("no_quota", "No quota left."))
    error = json.loads(body_of(failed, ""))["data"]["error"]
    assert error == {"kind": "no_quota", "message": "No quota left."}
    answer = Answer("It is 160 [1].", (Citation(1, "d", "travel.md", "p", "…", page=2),))
    told = json.loads(body_of(DELIVERY, "", answer))["data"]["answer"]
    assert told["text"] == "It is 160 [1]."
    assert told["citations"] == [{"number": 1, "document": "travel.md", "page": 2}]


def test_waits_grow_to_hours_with_jitter() -> None:
    """Twelve attempts take most of a day, and a receiver that asks for more time gets it."""
    waits = [wait_before(attempt, random_fraction=lambda: 0.0) for attempt in range(1, 12)]
    assert waits == sorted(waits)
    assert waits[0] == 10
    assert waits[-1] == 4 * 3600
    assert 18 * 3600 < sum(waits) < 24 * 3600
    assert wait_before(1, random_fraction=lambda: 1.0) == 12
    assert wait_before(1, 600, random_fraction=lambda: 0.0) == 600
    assert wait_before(1, 1e9, random_fraction=lambda: 0.0) == 4 * 3600


def test_failure_is_retried_until_the_last_attempt() -> None:
    """The twelfth failure ends it; a test is tried once."""
    webhook, tried = after(WEBHOOK, DELIVERY, FAILED, NOW)
    assert (tried.attempts, tried.state, webhook.failing_since) == (1, "waiting", NOW)
    last = Delivery("m", "w", "job.failed", "j", 0.0, attempts=MAX_ATTEMPTS - 1)
    assert after(WEBHOOK, last, FAILED, NOW)[1].state == "failed"
    test = Delivery("m", "w", TEST_TYPE, "", 0.0)
    assert after(WEBHOOK, test, FAILED, NOW)[1].state == "failed"


def test_address_that_fails_for_days_is_switched_off_and_a_success_switches_on() -> None:
    """Three days without anything arriving, or a 410 at once; what arrives ends it."""
    failing, _ = after(WEBHOOK, DELIVERY, FAILED, NOW)
    assert not after(failing, DELIVERY, FAILED, NOW + DISABLE_AFTER_SECONDS - 1)[0].disabled
    off, given_up = after(failing, DELIVERY, FAILED, NOW + DISABLE_AFTER_SECONDS)
    assert "three days" in off.disabled
    assert given_up.state == "failed"
    assert "410" in after(WEBHOOK, DELIVERY, Reply(410, 0.1, "gone"), NOW)[0].disabled
    on, arrived = after(off, DELIVERY, Reply(204, 0.1), NOW)
    assert (on.disabled, on.failing_since, arrived.state) == ("", None, "delivered")


def test_request_is_signed_and_goes_where_the_name_was_found(allowing: Settings) -> None:
    """It connects to the address that was checked, and says the name in its Host header."""
    with Receiver() as receiver:
        url = f"http://hooks.internal:{receiver.port}/hook?a=b"
        reply = post(url, SECRET, "msg_1", b"{}", allowing, lambda _h, _p: ["127.0.0.1"])
        got = receiver.received[0]
    assert (reply.status, reply.error) == (204, "")
    assert got.path == "/hook?a=b"
    assert got.headers["host"] == f"hooks.internal:{receiver.port}"
    assert got.headers["webhook-id"] == "msg_1"
    assert abs(int(got.headers["webhook-timestamp"]) - time.time()) < 60
    assert got.is_signed_with(SECRET)


def test_name_that_leads_inside_by_now_is_not_connected_to(settings: Settings) -> None:
    """A name that was public when the webhook was made may be rebound: each delivery checks."""
    reply = post(
        "https://rebound.example", SECRET, "m", b"{}", settings, lambda _h, _p: ["10.0.0.1"]
    )
    assert reply.status is None
    assert "not on the public internet" in reply.error


@pytest.mark.parametrize(
    ("status", "headers", "said"),
    [
        (302, {"Location": "http://127.0.0.1:1/"}, "redirects"),
        (410, {}, "gone"),
        (500, {}, "status 500"),
        (404, {}, "status 404"),
    ],
)
def test_status_that_is_no_success_is_said(
    allowing: Settings, status: int, headers: dict[str, str], said: str
) -> None:
    """Each failure has a sentence; a redirect is not followed."""
    with Receiver(status, headers=headers) as receiver:
        reply = post(receiver.url, SECRET, "m", b"{}", allowing)
        assert len(receiver.received) == 1
    assert reply.status == status
    assert said in reply.error


def test_receiver_says_when_to_come_back(allowing: Settings) -> None:
    """`Retry-After` in seconds is passed on."""
    with Receiver(503, headers={"Retry-After": "120"}) as receiver:
        assert post(receiver.url, SECRET, "m", b"{}", allowing).retry_after_seconds == 120


def test_receiver_that_drips_is_cut_off(
    allowing: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The time is for the whole reply, not for each byte of it."""
    monkeypatch.setattr(delivery_module, "TIMEOUT_SECONDS", 0.3)
    over = threading.Event()

    def drip(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nX: ")
        for _ in range(20 * HANG_SECONDS):
            if over.wait(0.05):
                return
            try:
                handler.wfile.write(b"x")
            except OSError:
                return

    with Receiver(answer=drip) as receiver:
        reply = post(receiver.url, SECRET, "m", b"{}", allowing)
        over.set()
    assert "did not answer within" in reply.error


def test_endless_body_is_not_read(allowing: Settings) -> None:
    """The status is enough; a reply of any length costs nothing."""
    cut = threading.Event()

    def flood(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")
        try:
            while True:
                handler.wfile.write(b"x" * 65536)
        except OSError:
            cut.set()

    with Receiver(answer=flood) as receiver:
        assert post(receiver.url, SECRET, "m", b"{}", allowing).error == ""
        assert cut.wait(HANG_SECONDS)


@pytest.mark.parametrize("answer", [b"", b"SSH-2.0-OpenSSH_9.6\r\n", b"HTTP/1.1 abc\r\n\r\n"])
def test_what_is_no_http_is_said_to_be(allowing: Settings, answer: bytes) -> None:
    """A receiver that hangs up, or speaks something else, is a failure with a sentence."""
    with Receiver(answer=lambda handler: bool(handler.wfile.write(answer))) as receiver:
        reply = post(receiver.url, SECRET, "m", b"{}", allowing)
    assert "no HTTP" in reply.error


def test_closed_port_and_broken_tls_have_their_sentences(allowing: Settings) -> None:
    """Nobody there, and somebody who cannot speak TLS, are told apart."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
        reply = post(f"http://127.0.0.1:{port}/", SECRET, "m", b"{}", allowing)
    assert "cannot be reached" in reply.error
    with Receiver() as receiver:
        reply = post(receiver.url.replace("http:", "https:"), SECRET, "m", b"{}", allowing)
    assert "No secure connection" in reply.error
