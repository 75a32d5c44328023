"""Webhooks with a real Valkey, a real receiver and, once, a real worker: told once it is over."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest
import redis
from rq.job import Job, JobStatus

from jobs.access.api_keys import ApiKeys, Scope
from jobs.errors import (
    AddressNotAllowedError,
    InvalidStateError,
    InvalidWebhookError,
    NotFoundError,
)
from jobs.models import Failure, JobState, Question
from jobs.questions.client import JobClient
from jobs.queue.broker import Broker
from jobs.queue.keys import OUTBOX_KEY, webhook_key
from jobs.queue.retry_policy import History, Outcome
from jobs.queue.transitions import change
from jobs.settings import BATCH_QUEUE, Settings
from jobs.webhooks import outbox
from jobs.webhooks import sender as sending
from jobs.webhooks.client import MAX_WAITING, MAX_WEBHOOKS, Event, Webhooks
from jobs.webhooks.delivery import Reply
from jobs.webhooks.outbox import LOGGED_DELIVERIES, announce
from jobs.webhooks.sender import Sender
from jobs.worker.attempts import Attempts
from tests.integration.processes import free_port
from tests.integration.stack import USER, stack_of
from tests.receiver import Receiver
from tests.waiting import HANG_SECONDS, until

Make = Callable[..., tuple[str, str]]


@pytest.fixture
def settings(make_settings: Callable[..., Settings]) -> Settings:
    return make_settings(webhook_allowed_hosts="127.0.0.1", public_url="https://ask.example.com")


@pytest.fixture
def webhooks(broker: Broker) -> Webhooks:
    return Webhooks(broker)


@pytest.fixture
def make(webhooks: Webhooks) -> Make:
    """Make a webhook of `USER`; returns its id and its secret."""

    def make_(url: str, *events: Event, user: str = USER, **values: bool) -> tuple[str, str]:
        webhook, secret = webhooks.create(user, url, events or tuple(Event), **values)
        return webhook.id, secret

    return make_


def send_all(broker: Broker, **values: object) -> None:
    """Have one process send all that is due, and wait for it."""
    sender = Sender(broker, **values)  # type: ignore[arg-type]
    sender.run_once()
    sender.close()


def told(receiver: Receiver) -> list[str]:
    """Which of the webhooks got a delivery, in order, by the end of their addresses."""
    return [got.path.rpartition("=")[2] for got in receiver.received]


def due_now(connection: redis.Redis, webhook_id: str) -> None:
    """Let the wait before the next attempt be over."""
    for delivery_id in connection.zrange(outbox.pending_key(webhook_id), 0, -1):
        connection.zadd(outbox.pending_key(webhook_id), {delivery_id: 0})
    connection.zadd(OUTBOX_KEY, {webhook_id: 0})


def test_webhook_is_told_by_a_real_worker(settings: Settings, connection: redis.Redis) -> None:
    """A worker answers, and its sender tells the webhook with the answer, signed."""
    with (
        Receiver() as receiver,
        stack_of(
            settings,
            connection,
            WEBHOOK_ALLOWED_HOSTS="127.0.0.1",
            PUBLIC_URL="https://ask.example.com",
        ) as stack,
    ):
        _, secret = Webhooks(stack.broker).create(
            USER, receiver.url, list(Event), include_answer=True
        )
        stack.start_worker()
        stack.add_document()
        job = stack.over(stack.ask().id)
        until(lambda: receiver.received, "delivery")
        got = receiver.received[0]
    assert job.state is JobState.FINISHED
    assert got.is_signed_with(secret)
    assert got.message["type"] == "job.finished"
    assert got.message["data"]["job_id"] == job.id
    assert got.message["data"]["links"]["page"] == f"https://ask.example.com/?job={job.id}"
    assert "EUR 160" in got.message["data"]["answer"]["text"]


@pytest.mark.parametrize("end", ["revoked", "expired"])
def test_nothing_is_sent_once_the_key_that_made_it_has_ended(
    client: JobClient,
    broker: Broker,
    webhooks: Webhooks,
    monkeypatch: pytest.MonkeyPatch,
    end: str,
) -> None:
    """Neither what waits already nor what comes later; a webhook of a person goes on."""
    keys, now = ApiKeys(broker.connection), time.time()
    key, _ = keys.create(USER, "program", [Scope.ASK, Scope.READ], expires_at=now + 3600)
    with Receiver() as receiver:
        webhooks.create(USER, f"{receiver.url}&to=mine", list(Event))
        webhooks.create(
            USER, f"{receiver.url}&to=theirs", list(Event), include_answer=True, key=key
        )
        client.stop(USER, client.submit(USER, Question("before?")).id)
        send_all(broker)
        assert sorted(told(receiver)) == ["mine", "theirs"]
        client.stop(USER, client.submit(USER, Question("waits?")).id)
        if end == "revoked":
            keys.revoke(USER, key.id)
        else:
            monkeypatch.setattr("time.time", lambda: now + 3601)
        client.stop(USER, client.submit(USER, Question("after?")).id)
        send_all(broker)
        send_all(broker)
        assert told(receiver)[2:] == ["mine", "mine"]
    mine, theirs = webhooks.list_webhooks(USER)
    assert (mine.disabled, "API key" in theirs.disabled) == ("", True)
    assert broker.connection.exists(outbox.pending_key(theirs.id)) == 0


def test_stopped_question_is_told_of_without_a_word_of_it(
    client: JobClient, broker: Broker, webhooks: Webhooks, make: Make
) -> None:
    """The webhook gets id and state; the log says when, how often, and with what status."""
    with Receiver() as receiver:
        webhook_id, _ = make(receiver.url)
        job = client.submit(USER, Question("A secret question?"))
        client.stop(USER, job.id)
        waiting = webhooks.deliveries(USER, webhook_id)
        send_all(broker)
        [got] = receiver.received
    assert [each.state for each in waiting] == ["waiting"]
    assert got.message["data"]["state"] == "stopped"
    assert b"secret" not in got.body
    [delivery] = webhooks.deliveries(USER, webhook_id)
    assert (delivery.state, delivery.attempts, delivery.status) == ("delivered", 1, 204)
    assert delivery.id == got.headers["webhook-id"]
    assert delivery.job_id == job.id
    assert broker.connection.zcard(OUTBOX_KEY) == 0


def test_delivery_is_part_of_the_change_that_ends_the_job(
    client: JobClient, broker: Broker, webhooks: Webhooks, make: Make
) -> None:
    """A change that is not made enters nothing; one that is made enters it before anybody sends."""
    webhook_id, _ = make("https://127.0.0.1/")
    job = broker.fetch(client.submit(USER, Question("Why?")).id)
    failure = Failure("no_quota", "No quota left.")

    def write(pipeline: redis.client.Pipeline) -> None:
        pipeline.hset(job.key, "status", JobStatus.FAILED.value)
        announce(pipeline, job, JobState.FAILED, failure)
        if is_cut_off:
            raise redis.exceptions.ConnectionError

    is_cut_off = True
    with pytest.raises(redis.exceptions.ConnectionError):
        change(broker.connection, job.id, lambda _pipeline, _standing: write)
    assert webhooks.deliveries(USER, webhook_id) == []
    is_cut_off = False
    assert change(broker.connection, job.id, lambda _pipeline, _standing: write)
    [delivery] = webhooks.deliveries(USER, webhook_id)  # the process may die here
    assert (delivery.type, delivery.failure) == ("job.failed", failure)
    assert outbox.claim(broker.connection, "another worker", time.time()) == webhook_id


@pytest.mark.parametrize(("retry_in_seconds", "told"), [(None, ["job.failed"]), (8.0, [])])
def test_failure_is_told_once_it_is_final(
    client: JobClient,
    broker: Broker,
    webhooks: Webhooks,
    make: Make,
    retry_in_seconds: float | None,
    told: list[str],
) -> None:
    """An attempt that failed and is made again is no end of a question."""
    webhook_id, _ = make("https://127.0.0.1/")
    job = broker.fetch(client.submit(USER, Question("Why?")).id)
    outcome = Outcome(Failure("no_quota", "No quota left."), History(), retry_in_seconds)
    with broker.connection.pipeline() as pipeline:
        Attempts(broker).outcome_writer(job, outcome, "")(pipeline)
        pipeline.execute()
    assert [each.type for each in webhooks.deliveries(USER, webhook_id)] == told


def test_webhook_is_told_what_it_asked_for_alone(
    client: JobClient, webhooks: Webhooks, make: Make
) -> None:
    """Other events, other users, and webhooks made later hear nothing."""
    finished, _ = make("https://127.0.0.1/", Event.FINISHED)
    others, _ = make("https://127.0.0.1/", user="bob")
    client.stop(USER, client.submit(USER, Question("Why?")).id)
    later, _ = make("https://127.0.0.1/")
    assert webhooks.deliveries(USER, finished) == webhooks.deliveries("bob", others) == []
    assert webhooks.deliveries(USER, later) == []


def test_receiver_that_was_down_gets_it_when_it_is_back(
    client: JobClient, broker: Broker, webhooks: Webhooks, make: Make
) -> None:
    """The first attempt fails and waits; the next arrives under the same id."""
    port = free_port()
    webhook_id, _ = make(f"http://127.0.0.1:{port}/")
    client.stop(USER, client.submit(USER, Question("Why?")).id)
    send_all(broker)
    [failed] = webhooks.deliveries(USER, webhook_id)
    assert (failed.state, failed.error) == ("waiting", "The receiver cannot be reached.")
    assert webhooks.get(USER, webhook_id).failing_since
    send_all(broker)
    assert webhooks.deliveries(USER, webhook_id)[0].attempts == 1  # it is not its time yet
    due_now(broker.connection, webhook_id)
    with Receiver(port=port) as receiver:
        send_all(broker)
        assert [each.headers["webhook-id"] for each in receiver.received] == [failed.id]
    [delivery] = webhooks.deliveries(USER, webhook_id)
    assert (delivery.state, delivery.attempts) == ("delivered", 2)
    assert webhooks.get(USER, webhook_id).failing_since is None


def test_worker_that_dies_while_sending_leaves_it_to_others(
    client: JobClient, broker: Broker, webhooks: Webhooks, make: Make
) -> None:
    """What a dead worker had claimed is sent by another when its lease is over."""
    with Receiver() as receiver:
        webhook_id, _ = make(receiver.url)
        client.stop(USER, client.submit(USER, Question("Why?")).id)
        assert outbox.claim(broker.connection, "dies", time.time()) == webhook_id
        send_all(broker)
        assert receiver.received == []
        lease = outbox.lease_key(webhook_id)
        assert 0 < broker.connection.ttl(lease) <= outbox.LEASE_SECONDS
        broker.connection.delete(lease)  # as it does by itself
        send_all(broker)
        assert len(receiver.received) == 1
    assert webhooks.deliveries(USER, webhook_id)[0].state == "delivered"


def test_two_senders_send_each_delivery_once(client: JobClient, broker: Broker, make: Make) -> None:
    """Two workers share the webhooks; one of them at a time sends for each."""
    # Each lasts long enough for a second request to meet the first.
    with Receiver(delay_seconds=0.02) as receiver:
        make(receiver.url)
        for number in range(6):
            client.stop(USER, client.submit(USER, Question(f"Why {number}?")).id)
        senders = [Sender(broker), Sender(broker)]

        def sent_by_both() -> bool:
            threads = [threading.Thread(target=sender.run_once) for sender in senders]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            return len(receiver.received) >= 6

        until(sent_by_both, "delivery")
        for sender in senders:
            sender.close()
    ids = [each.headers["webhook-id"] for each in receiver.received]
    assert len(ids) == len(set(ids)) == 6
    assert receiver.most_at_once == 1


def test_failing_receiver_holds_up_nobody_else(
    client: JobClient, broker: Broker, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While as many hang as there are threads less one, another's delivery arrives."""
    monkeypatch.setattr("jobs.webhooks.delivery.TIMEOUT_SECONDS", 2 * HANG_SECONDS)
    over = threading.Event()
    with (
        Receiver(answer=lambda _handler: bool(over.wait())) as hangs,
        Receiver() as works,
    ):
        for _ in range(sending.SENDERS - 1):
            make(hangs.url)
        make(works.url)
        client.stop(USER, client.submit(USER, Question("Why?")).id)
        sender = Sender(broker)
        sender.run_once()
        until(lambda: works.received, "delivery beside those that hang")
        over.set()
        sender.close()


def test_webhook_that_is_gone_is_switched_off_and_on_by_a_test(
    client: JobClient, broker: Broker, webhooks: Webhooks, make: Make
) -> None:
    """After a 410 nothing is entered any more; a test that arrives ends that."""
    with Receiver(410) as receiver:
        webhook_id, _ = make(receiver.url)
        for _ in range(2):
            client.stop(USER, client.submit(USER, Question("Why?")).id)
        send_all(broker)
        assert "410" in webhooks.get(USER, webhook_id).disabled
        assert {each.state for each in webhooks.deliveries(USER, webhook_id)} == {"failed"}
        client.stop(USER, client.submit(USER, Question("Why?")).id)
        assert len(webhooks.deliveries(USER, webhook_id)) == 2
        receiver.status = 204
        webhooks.test(USER, webhook_id)
        send_all(broker)
        assert receiver.received[-1].message == {
            "type": "webhook.test",
            "timestamp": receiver.received[-1].message["timestamp"],
            "data": {},
        }
    assert webhooks.get(USER, webhook_id).disabled == ""


def test_delivery_is_sent_again_by_its_owner_alone(
    client: JobClient, broker: Broker, webhooks: Webhooks, make: Make
) -> None:
    """It has the same id, so that a receiver can tell; to others there is no such webhook."""
    with Receiver() as receiver:
        webhook_id, _ = make(receiver.url)
        client.stop(USER, client.submit(USER, Question("Why?")).id)
        send_all(broker)
        [delivery] = webhooks.deliveries(USER, webhook_id)
        for call in (
            lambda: webhooks.resend("bob", webhook_id, delivery.id),
            lambda: webhooks.deliveries("bob", webhook_id),
            lambda: webhooks.test("bob", webhook_id),
            lambda: webhooks.delete("bob", webhook_id),
            lambda: webhooks.resend(USER, webhook_id, "msg_none"),
        ):
            with pytest.raises(NotFoundError):
                call()
        assert webhooks.resend(USER, webhook_id, delivery.id).state == "waiting"
        send_all(broker)
        assert [each.headers["webhook-id"] for each in receiver.received] == [delivery.id] * 2
    [again] = webhooks.deliveries(USER, webhook_id)
    assert (again.state, again.attempts) == ("delivered", 1)


def test_nothing_is_left_of_a_deleted_webhook(
    client: JobClient, broker: Broker, webhooks: Webhooks, make: Make
) -> None:
    """Not even by an attempt that was under way."""
    webhook_id, _ = make("http://127.0.0.1:9/")
    client.stop(USER, client.submit(USER, Question("Why?")).id)

    def delete_meanwhile(*_arguments: object) -> Reply:
        webhooks.delete(USER, webhook_id)
        return Reply(500, 0.1, "The receiver answered with status 500.")

    send_all(broker, send=delete_meanwhile)
    assert list(broker.connection.scan_iter(f"{webhook_key(webhook_id)}*")) == []
    assert broker.connection.zcard(OUTBOX_KEY) == 0
    assert webhooks.list_webhooks(USER) == []


def test_log_is_bounded_and_what_left_it_is_sent(
    client: JobClient, broker: Broker, webhooks: Webhooks, make: Make
) -> None:
    """The newest hundred are shown; each that was entered arrives; all of it expires."""
    connection, sent = broker.connection, []
    webhook_id, _ = make("https://127.0.0.1/")
    job = broker.fetch(client.submit(USER, Question("Why?")).id)
    with connection.pipeline() as pipeline:
        for _ in range(LOGGED_DELIVERIES + 5):
            announce(pipeline, job, JobState.STOPPED)
        pipeline.execute()
    assert len(webhooks.deliveries(USER, webhook_id)) == LOGGED_DELIVERIES
    with pytest.raises(InvalidStateError):
        webhooks.test(USER, webhook_id)

    def send(_url: str, _secret: str, delivery_id: str, *_rest: object) -> Reply:
        sent.append(delivery_id)
        return Reply(204, 0.0)

    send_all(broker, send=send)
    assert len(set(sent)) == LOGGED_DELIVERIES + 5 > MAX_WAITING
    keys = list(connection.scan_iter(f"{webhook_key(webhook_id)}:*"))
    assert len(keys) == LOGGED_DELIVERIES + 1
    assert all(0 < connection.ttl(key) <= outbox.KEPT_SECONDS for key in keys)


def test_what_waits_for_a_receiver_that_is_away_is_bounded(
    client: JobClient, broker: Broker, make: Make
) -> None:
    """Whoever asks on and on adds nothing to a full outbox, and the question ends all the same."""
    webhook_id, _ = make("https://127.0.0.1:9/hook")
    pending = outbox.pending_key(webhook_id)
    waiting = {f"msg_{number}": 2.0**40 for number in range(outbox.MAX_PENDING - 1)}
    broker.connection.zadd(pending, waiting)
    for number in range(3):
        job = client.stop(USER, client.submit(USER, Question(f"{number}?")).id)
        assert job.state is JobState.STOPPED
    assert broker.connection.zcard(pending) == outbox.MAX_PENDING
    assert broker.connection.zcard(outbox.log_key(webhook_id)) == 1


def test_rows_of_a_batch_are_not_announced(broker: Broker, webhooks: Webhooks, make: Make) -> None:
    """A batch of thousands is not thousands of requests to somebody."""
    webhook_id, _ = make("https://127.0.0.1/")
    row = Job("row", connection=broker.connection)
    row.origin = BATCH_QUEUE
    broker.connection.hset("askqueue:job:row", "user", USER)
    with broker.connection.pipeline() as pipeline:
        announce(pipeline, row, JobState.FINISHED)
        pipeline.execute()
    assert webhooks.deliveries(USER, webhook_id) == []


def test_webhooks_are_bounded_and_bad_ones_refused(webhooks: Webhooks, make: Make) -> None:
    """Ten a user; no address inside; at least one event."""
    with pytest.raises(AddressNotAllowedError):
        make("https://localhost/")
    with pytest.raises(InvalidWebhookError, match="event"):
        webhooks.create(USER, "https://127.0.0.1/", [])
    for _ in range(MAX_WEBHOOKS):
        make("https://127.0.0.1/")
    with pytest.raises(InvalidWebhookError, match="10 webhooks"):
        make("https://127.0.0.1/")
    make("https://127.0.0.1/", user="bob")
