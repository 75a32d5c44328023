"""What earlier versions stored is read, and what is stored now they can read.

The hashes are literal, as version 0.1.0 wrote them: they must not follow a change of the code.
"""

from __future__ import annotations

import hashlib
import time
from typing import cast

import pytest
import redis

from jobs.access.api_keys import ApiKey, ApiKeys, Scope
from jobs.batches.client import BatchClient
from jobs.batches.models import Batch, BatchState, Lines, RowState
from jobs.documents.repository import DocumentRepository
from jobs.models import (
    Document,
    DocumentCard,
    DocumentStatus,
    Failure,
    Feedback,
    JobView,
    Question,
    Stage,
)
from jobs.questions.repository import JobRepository, read_job, to_view
from jobs.queue.broker import Broker
from jobs.queue.keys import api_key_key, api_keys_key, batch_key, job_key, webhook_key
from jobs.webhooks import outbox
from jobs.webhooks.client import Event, Webhook, Webhooks, note_health, read_webhook
from jobs.webhooks.outbox import Delivery

FAILURE = Failure("no_quota", "No quota left.", "Top up.")
FAILURE_HASH = {
    "failure_kind": "no_quota",
    "failure_message": "No quota left.",
    "failure_command": "Top up.",
}


def stored(connection: redis.Redis, key: str) -> dict[str, str]:
    fields = cast("dict[bytes, bytes]", connection.hgetall(key))
    return {name.decode(): value.decode() for name, value in fields.items()}


# Documents

DOCUMENT_HASH = {
    "name": "Größe.pdf",
    "size": "12",
    "media_type": "application/pdf",
    "status": "failed",
    "pages": "3",
    "passages": "7",
    "added_at": "1764460800.25",
    "added_by": "ann",
    "stage": "",
    "progress": "0.5",
    "job_id": "j1",
    "collection": "passages-bm25",
    "indexed_at": "0.0",
    "owner": "",
    **FAILURE_HASH,
}
# Fields that came later, and that earlier versions ignore.
LATER_FIELDS = {
    "notes": "[]",
    "came_with": "",
    "contents": "[]",
    "contents_notes": "[]",
    "nesting": "0",
    "to_embed": "0",
    **dict.fromkeys(("card_language", "card_opening", "card_names", "card_years"), ""),
}
DOCUMENT = Document(
    id="d1", name="Größe.pdf", size=12, media_type="application/pdf",
    status=DocumentStatus.FAILED, pages=3, passages=7, added_at=1764460800.25, added_by="ann",
    progress=0.5, job_id="j1", collection="passages-bm25", failure=FAILURE,
)  # fmt: skip


def test_document_of_an_earlier_version(connection: redis.Redis) -> None:
    """An entry is read; one from before documents had owners is shared, one without failure is."""
    connection.hset("askqueue:document:d1", mapping=dict(DOCUMENT_HASH))
    oldest = {"name": "a.md", "size": "1", "status": "indexed", "failure_kind": ""}
    connection.hset("askqueue:document:d2", mapping=dict(oldest))
    documents = DocumentRepository(connection)
    assert documents.get("d1") == DOCUMENT
    assert documents.get("d2") == Document("d2", "a.md", 1, status=DocumentStatus.INDEXED)


def test_document_is_stored_as_ever(connection: redis.Redis) -> None:
    """All fields of it, and "" for a failure that is no more."""
    documents = DocumentRepository(connection)
    documents.add_if_new(DOCUMENT)
    assert stored(connection, "askqueue:document:d1") == DOCUMENT_HASH | LATER_FIELDS
    documents.update("d1", status=DocumentStatus.INDEXED, pages=4, failure=None)
    changed = {"status": "indexed", "pages": "4", **dict.fromkeys(FAILURE_HASH, "")}
    assert stored(connection, "askqueue:document:d1") == DOCUMENT_HASH | LATER_FIELDS | changed


def test_the_card_of_a_document_is_stored_in_its_parts(connection: redis.Redis) -> None:
    """It comes back as it was."""
    documents = DocumentRepository(connection)
    documents.add_if_new(DOCUMENT)
    card = DocumentCard("de", "Vertrag über", "Müller & Söhne; Größe", "2024 2023")
    documents.update("d1", card=card)
    document = documents.get("d1")
    assert document is not None
    assert document.card == card


def test_index_state_of_an_earlier_version(connection: redis.Redis) -> None:
    """What is not there yet is empty."""
    connection.hset("askqueue:index", mapping={"active": "a", "reindexed": "2", "samples": "1"})
    state = DocumentRepository(connection).index_state()
    assert (state.active, state.target, state.reindexed, state.documents) == ("a", "", 2, 0)


# API keys

SECRET = "askq_secret"
KEY_HASH = {
    "id": "k1",
    "user": "ann",
    "name": "nightly report",
    "scopes": "ask read",
    "created_at": "1764460800.5",
    "expires_at": "",
    "known_as": '["ann@example.com", "group"]',
}
KEY = ApiKey(
    id="k1", user="ann", name="nightly report", scopes=frozenset({Scope.READ, Scope.ASK}),
    created_at=1764460800.5, known_as=("ann@example.com", "group"),
)  # fmt: skip


@pytest.mark.parametrize("used_at", [None, 1764460900.0])
def test_api_key_of_an_earlier_version(connection: redis.Redis, used_at: float | None) -> None:
    """A key that was made before the upgrade opens the API after it."""
    digest = hashlib.sha256(SECRET.encode()).hexdigest()
    used = {} if used_at is None else {"used_at": str(used_at)}
    connection.hset(api_key_key(digest), mapping={**KEY_HASH, **used})
    connection.hset(api_keys_key("ann"), "k1", digest)
    keys = ApiKeys(connection)
    [listed] = keys.list_keys("ann")
    assert (vars(listed), keys.recognise(SECRET).id) == (vars(KEY) | {"used_at": used_at}, "k1")


def test_api_key_is_stored_as_ever(connection: redis.Redis) -> None:
    """With no time of use until there is one, and "" for no end."""
    key, secret = ApiKeys(connection).create(
        "ann", "nightly report", KEY.scopes, known_as=KEY.known_as
    )
    name = api_key_key(hashlib.sha256(secret.encode()).hexdigest())
    own = {"id": key.id, "created_at": repr(key.created_at)}
    assert stored(connection, name) == KEY_HASH | own


# Webhooks and their deliveries

WEBHOOK_HASH = {
    "id": "w1",
    "user": "ann",
    "url": "https://93.184.216.34/hook",
    "events": "job.failed job.finished",
    "include_answer": "0",
    "created_at": "1764460800.5",
    "secret": "whsec_x",
}
WEBHOOK = Webhook(
    id="w1", user="ann", url="https://93.184.216.34/hook",
    events=frozenset({Event.FINISHED, Event.FAILED}), include_answer=False,
    created_at=1764460800.5,
)  # fmt: skip


def test_webhook_of_an_earlier_version(connection: redis.Redis) -> None:
    """One that is well, and one that was switched off."""
    failing = {"include_answer": "1", "failing_since": "1764460801.0", "disabled": "It is gone."}
    connection.hset(webhook_key("w1"), mapping=dict(WEBHOOK_HASH))
    connection.hset(webhook_key("w2"), mapping={**WEBHOOK_HASH, **failing})
    assert read_webhook(connection, "w1") == WEBHOOK
    switched_off = read_webhook(connection, "w2")
    assert switched_off is not None
    assert (switched_off.include_answer, switched_off.failing_since, switched_off.disabled) == (
        True,
        1764460801.0,
        "It is gone.",
    )


def test_webhook_is_stored_as_ever(connection: redis.Redis, broker: Broker) -> None:
    """Without a field for its health while it is well: that there is one switches it off."""
    webhook, secret = Webhooks(broker).create("ann", WEBHOOK.url, WEBHOOK.events)
    own = {"id": webhook.id, "created_at": repr(webhook.created_at), "secret": secret}
    key = webhook_key(webhook.id)
    assert stored(connection, key) == WEBHOOK_HASH | own
    for failing_since, disabled, health in (
        (5.0, "", {"failing_since": "5.0"}),
        (5.0, "Gone.", {"failing_since": "5.0", "disabled": "Gone."}),
        (None, "", {}),
    ):
        values = vars(webhook) | {"failing_since": failing_since, "disabled": disabled}
        with connection.pipeline() as pipeline:
            note_health(pipeline, Webhook(**values))
            pipeline.execute()
        assert stored(connection, key) == WEBHOOK_HASH | own | health


DELIVERY_HASH = {"type": "job.failed", "job_id": "j1", "created_at": "1764460800.5"}
TRIED_HASH = {
    "attempts": "1",
    "tried_at": "1764460801.0",
    "delivered_at": "",
    "status": "500",
    "seconds": "0.25",
    "error": "The receiver answered with status 500.",
}
FAILED_HASH = {"failure_kind": "no_quota", "failure_message": "No quota left."}


def test_delivery_of_an_earlier_version(connection: redis.Redis) -> None:
    """One that was entered before the upgrade is sent after it, and one that was tried goes on."""
    connection.hset(outbox.delivery_key("w1", "m1"), mapping=dict(DELIVERY_HASH))
    tried = {**DELIVERY_HASH, **FAILED_HASH, **TRIED_HASH}
    connection.hset(outbox.delivery_key("w1", "m2"), mapping=dict(tried))
    connection.zadd(outbox.pending_key("w1"), {"m1": 7.0})
    first, second = outbox.read_deliveries(connection, "w1", ["m1", "m2", "gone"])
    assert first == Delivery("m1", "w1", "job.failed", "j1", 1764460800.5, next_at=7.0)
    assert second == Delivery(
        "m2", "w1", "job.failed", "j1", 1764460800.5, Failure("no_quota", "No quota left."),
        attempts=1, tried_at=1764460801.0, status=500, seconds=0.25, error=TRIED_HASH["error"],
    )  # fmt: skip


def test_delivery_is_stored_as_ever(connection: redis.Redis, broker: Broker) -> None:
    """What is told, and once it was tried, what came of that; sent again, it starts anew."""
    webhook, _secret = Webhooks(broker).create("ann", WEBHOOK.url, list(Event))
    delivery_id = outbox.enter_test(connection, webhook.id)
    key = outbox.delivery_key(webhook.id, delivery_id)
    [delivery] = outbox.read_deliveries(connection, webhook.id, [delivery_id])
    entered = {"type": "webhook.test", "job_id": "", "created_at": repr(delivery.created_at)}
    assert stored(connection, key) == entered
    tried = {"attempts": 1, "tried_at": 1764460801.0, "status": 500, "seconds": 0.25}
    values = vars(delivery) | tried | {"error": TRIED_HASH["error"]}
    with connection.pipeline() as pipeline:
        outbox.settle(pipeline, Delivery(**values))
        pipeline.execute()
    assert stored(connection, key) == entered | TRIED_HASH
    with connection.pipeline() as pipeline:
        outbox.queue_again(pipeline, webhook.id, delivery_id, time.time())
        pipeline.execute()
    again = {"attempts": "0", "delivered_at": "", "status": "", "error": ""}
    assert stored(connection, key) == entered | TRIED_HASH | again


# Batches

BATCH_HASH = {
    "user": "ann",
    "name": "questions.csv",
    "column": "Question",
    "header": '["Id", "Question"]',
    "state": "running",
    "submitted_at": "1764460800.5",
    "lines": "3",
    "rows": "1",
    "empty": "1",
    "duplicates": "1",
}
LINES = Lines(
    "questions.csv",
    ("Id", "Question"),
    (("1", "Why?"), ("2", ""), ("3", "why?")),
    1,
    ("Why?",),
    (0, None, 0),
)


def test_batch_of_an_earlier_version(connection: redis.Redis, broker: Broker) -> None:
    """Its rows are counted where they are; one that is being deleted is not seen."""
    connection.hset(batch_key("b1"), mapping=dict(BATCH_HASH))
    connection.hset(batch_key("b2"), mapping={**BATCH_HASH, "state": "deleted"})
    batches = BatchClient(broker)
    assert batches.get("ann", "b1") == Batch(
        "b1", "ann", "questions.csv", "Question", BatchState.RUNNING, 1764460800.5, 3, 1, 1, 1,
        counts={RowState.GONE: 1},
    )  # fmt: skip
    assert batches.header("ann", "b1") == ("Id", "Question")
    assert batches._reader.batches(["b2", "gone"]) == []


def test_batch_is_stored_as_ever(connection: redis.Redis, broker: Broker) -> None:
    """With the header of the file, which is not part of what is listed."""
    batch = BatchClient(broker).submit("ann", LINES)
    own = {"submitted_at": repr(batch.submitted_at)}
    later = {"model": "", "use_cache": "1"}
    assert stored(connection, batch_key(batch.id)) == BATCH_HASH | own | later


# Questions

QUESTION_HASH = {
    "user": "ann",
    "question": "Größe?",
    "asked_at": "1764460800.5",
    "queued_at": "1764460801.5",
}
ASKED_HASH = {
    "documents": '["d1", "d2"]',
    "model": "small",
    "follows": "j0",
    "version_of": "j2",
    "thread": "j3",
    "afresh": "1",
    "everywhere": "1",
}
QUESTION = Question("Größe?", ("d1", "d2"), "small", "j0", "j2", False, True)
LATER_HASH = {
    **FAILURE_HASH,
    "urgent": "1",
    "attempt": "2",
    "stage": "embedding",  # no longer one
    "retry_at": "1764460900.5",
    "earlier": "1.5",
    "retry_waits": "2",
    "preview": "It is",
    "useful": "0",
    "reason": "Too short.",
    "a_newer_field": "x",
}


def seen(connection: redis.Redis, job_id: str, status: str) -> JobView | None:
    connection.hset(f"rq:job:{job_id}", mapping={"status": status, "origin": "questions"})
    with connection.pipeline(transaction=False) as pipeline:
        read_job(pipeline, job_id)
        return to_view(job_id, *pipeline.execute())


def test_question_of_an_earlier_version(connection: redis.Redis) -> None:
    """One with nothing but its text, and one that has been through everything."""
    connection.hset(job_key("j1"), mapping=dict(QUESTION_HASH))
    connection.hset(job_key("j4"), mapping={**QUESTION_HASH, **ASKED_HASH, **LATER_HASH})
    first, last = seen(connection, "j1", "queued"), seen(connection, "j4", "scheduled")
    assert first is not None
    assert (first.user, first.asked, first.thread) == ("ann", Question("Größe?"), "j1")
    assert (first.asked_at, first.queued_at) == (1764460800.5, 1764460801.5)
    assert (first.failure, first.feedback, first.urgent, first.attempt) == (None, None, False, 0)
    assert last is not None
    assert (last.asked, last.thread) == (QUESTION, "j3")
    assert (last.failure, last.feedback) == (FAILURE, Feedback(False, "Too short."))
    assert (last.urgent, last.attempt, last.retry_at) == (True, 2, 1764460900.5)
    assert (last.stage, last.preview) == (Stage.WAITING, "It is")
    record = JobRepository(connection, 60).read("j4")
    assert record is not None
    assert (record.user, record.asked, record.thread) == ("ann", QUESTION, "j3")
    assert (record.queued_at, record.earlier, record.retry_waits) == (1764460801.5, 1.5, 2.0)


def test_record_without_its_question_is_none(connection: redis.Redis) -> None:
    """Such as what a late write leaves of one that was deleted."""
    connection.hset(job_key("j1"), mapping=dict(LATER_HASH))
    assert seen(connection, "j1", "queued") is None
    assert JobRepository(connection, 60).read("j1") is None


@pytest.mark.parametrize(
    ("question", "thread", "urgent", "said"),
    [
        (Question("Größe?"), "", False, {}),
        (QUESTION, "j3", True, {**ASKED_HASH, "urgent": "1"}),
    ],
)
def test_question_is_stored_as_ever(
    connection: redis.Redis, question: Question, thread: str, urgent: bool, said: dict[str, str]
) -> None:
    """A field that says nothing is not stored: to older versions, `afresh` is that it is there."""
    records = JobRepository(connection, 60)
    with connection.pipeline() as pipeline:
        records.create(pipeline, "j1", "ann", question, thread=thread, urgent=urgent)
        pipeline.execute()
    record = stored(connection, job_key("j1"))
    times = {name: record[name] for name in ("asked_at", "queued_at")}
    assert record == {**QUESTION_HASH, **times, "folded": "grösse?", **said}
    with connection.pipeline() as pipeline:
        records.wait(pipeline, "j1", FAILURE, 5.0, 1.5)
        records.note_feedback(pipeline, "j1", Feedback(False, "Too short."))
        pipeline.execute()
    added = {"useful": "0", "reason": "Too short.", "retry_at": "5.0", "stage": "waiting"}
    sums = {"earlier": "1.5", "retry_waits": "0"}
    assert stored(connection, job_key("j1")) == {**record, **FAILURE_HASH, **added, **sums}
