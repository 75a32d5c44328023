"""The outbox: which deliveries wait to be sent, to which webhooks, and when.

A delivery is entered in the very transaction that ends its question, so that a crash neither
loses one nor makes one up. `jobs.webhooks.sender` takes them out.
"""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass
from typing import cast

import redis
from redis.client import Pipeline
from rq.job import Job

from jobs.models import Failure, JobState
from jobs.queue.codec import decode, encode_fields
from jobs.queue.keys import OUTBOX_KEY, PREFIX, job_key, webhook_key
from jobs.settings import QUESTIONS_QUEUE

# How long a delivery is kept, sent or not. Attempts end within a day.
KEPT_SECONDS = 7 * 24 * 3600
# Of one webhook; what left the log is sent all the same.
LOGGED_DELIVERIES = 100
# So many of one webhook wait at most: what ends while its server is away for long is not told.
MAX_PENDING = 5000
# One worker at a time sends what a webhook has; a turn is shorter than its lease.
LEASE_SECONDS = 120
CLAIM_CANDIDATES = 200
TEST_TYPE = "webhook.test"

# Enter a delivery for each webhook that wants it. KEYS: record of the question, outbox. ARGV:
# prefix of keys, delivery id, type, now, seconds that it is kept, length of the log, one webhook's
# id or "" for all of the asker's, then the fields of the delivery.
ENTER = f"""
local most = {MAX_PENDING}
local prefix, id, kind, now, kept, logged, only = unpack(ARGV, 1, 7)
local webhooks = {{only}}
if only == '' then
    local user = redis.call('HGET', KEYS[1], 'user')
    if not user then return 0 end
    webhooks = redis.call('SMEMBERS', prefix .. 'user:' .. user .. ':webhooks')
end
local entered = 0
for _, webhook in ipairs(webhooks) do
    local key = prefix .. 'webhook:' .. webhook
    local events, disabled = unpack(redis.call('HMGET', key, 'events', 'disabled'))
    local wanted = events and not disabled
        and string.find(' ' .. events .. ' ', ' ' .. kind .. ' ', 1, true)
        and redis.call('ZCARD', key .. ':pending') < most
    if wanted or (events and only ~= '') then
        redis.call('HSET', key .. ':delivery:' .. id, unpack(ARGV, 8))
        redis.call('EXPIRE', key .. ':delivery:' .. id, kept)
        redis.call('ZADD', key .. ':log', now, id)
        redis.call('ZREMRANGEBYRANK', key .. ':log', 0, -1 - logged)
        redis.call('EXPIRE', key .. ':log', kept)
        redis.call('ZADD', key .. ':pending', now, id)
        redis.call('ZADD', KEYS[2], 'LT', now, webhook)
        entered = entered + 1
    end
end
return entered
"""

# Take the webhook that has been due longest and that no worker has. KEYS: outbox. ARGV: prefix of
# webhooks, now, token, lease in seconds, candidates.
CLAIM = """
for _, id in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', ARGV[2], 'LIMIT', 0, ARGV[5])) do
    if redis.call('SET', ARGV[1] .. id .. ':lease', ARGV[3], 'NX', 'EX', ARGV[4]) then
        return id
    end
end
return false
"""

# Give a webhook back, due again when the next of its deliveries is. KEYS: outbox, its lease, what
# it has pending. ARGV: id, token.
RELEASE = """
if redis.call('GET', KEYS[2]) ~= ARGV[2] then return 0 end
local first = redis.call('ZRANGE', KEYS[3], 0, 0, 'WITHSCORES')
if first[2] then
    redis.call('ZADD', KEYS[1], first[2], ARGV[1])
else
    redis.call('ZREM', KEYS[1], ARGV[1])
end
redis.call('DEL', KEYS[2])
return 1
"""


@dataclass(frozen=True)
class Delivery:
    """What a webhook was or is to be told of one event. Times are Unix times.

    `next_at` is when it is tried next; None if it arrived, or was given up. `status` is the HTTP
    status of the latest attempt, None if there was no reply, and `error` says why it failed.
    """

    id: str
    webhook_id: str
    type: str
    job_id: str
    created_at: float
    failure: Failure | None = None
    attempts: int = 0
    tried_at: float | None = None
    delivered_at: float | None = None
    status: int | None = None
    seconds: float = 0.0
    error: str = ""
    next_at: float | None = None

    @property
    def state(self) -> str:
        """`delivered`, `waiting`, or `failed` for good."""
        if self.delivered_at is not None:
            return "delivered"
        return "waiting" if self.next_at is not None else "failed"


def pending_key(webhook_id: str) -> str:
    """Sorted set: the deliveries to be sent, by the time of their next attempt."""
    return f"{webhook_key(webhook_id)}:pending"


def log_key(webhook_id: str) -> str:
    """Sorted set: the newest deliveries by the time of their event."""
    return f"{webhook_key(webhook_id)}:log"


def lease_key(webhook_id: str) -> str:
    """String with a TTL: the token of the worker that sends now."""
    return f"{webhook_key(webhook_id)}:lease"


def delivery_key(webhook_id: str, delivery_id: str) -> str:
    """Hash with a TTL: one delivery."""
    return f"{webhook_key(webhook_id)}:delivery:{delivery_id}"


def announce(pipeline: Pipeline, job: Job, state: JobState, failure: Failure | None = None) -> None:
    """Enter a delivery for each webhook of the asker that wants to know, in this transaction.

    Rows of a batch are not announced one by one.
    """
    if job.origin == QUESTIONS_QUEUE:
        _enter(pipeline, f"job.{state.value}", job_id=job.id, failure=failure)


def enter_test(connection: redis.Redis, webhook_id: str) -> str:
    """Enter a delivery about no question; returns its id."""
    with connection.pipeline() as pipeline:
        delivery_id = _enter(pipeline, TEST_TYPE, webhook_id=webhook_id)
        pipeline.execute()
    return delivery_id


def claim(connection: redis.Redis, token: str, now: float) -> str | None:
    """Take a webhook that has something due, for the holder of this token; returns its id."""
    arguments = (webhook_key(""), now, token, LEASE_SECONDS, CLAIM_CANDIDATES)
    webhook_id = cast("bytes | None", connection.eval(CLAIM, 1, OUTBOX_KEY, *arguments))
    return webhook_id.decode() if webhook_id else None


def release(connection: redis.Redis, webhook_id: str, token: str) -> None:
    """Let others send for this webhook."""
    keys = (OUTBOX_KEY, lease_key(webhook_id), pending_key(webhook_id))
    connection.eval(RELEASE, len(keys), *keys, webhook_id, token)


def next_due(connection: redis.Redis, webhook_id: str, now: float) -> Delivery | None:
    """Return the delivery of this webhook that has been due longest, and drop expired ones."""
    while True:
        ids = cast(
            "list[bytes]",
            connection.zrangebyscore(pending_key(webhook_id), "-inf", now, start=0, num=1),
        )
        if not ids:
            return None
        found = read_deliveries(connection, webhook_id, [ids[0].decode()])
        if found:
            return found[0]
        connection.zrem(pending_key(webhook_id), ids[0])


def read_log(connection: redis.Redis, webhook_id: str) -> list[Delivery]:
    """Return the newest deliveries of a webhook, newest first; two round trips."""
    ids = cast("list[bytes]", connection.zrevrange(log_key(webhook_id), 0, -1))
    return read_deliveries(connection, webhook_id, [delivery_id.decode() for delivery_id in ids])


def read_deliveries(
    connection: redis.Redis, webhook_id: str, delivery_ids: list[str]
) -> list[Delivery]:
    """Return these deliveries, without those that are gone; one round trip."""
    with connection.pipeline(transaction=False) as pipeline:
        for delivery_id in delivery_ids:
            pipeline.hgetall(delivery_key(webhook_id, delivery_id))
            pipeline.zscore(pending_key(webhook_id), delivery_id)
        replies = pipeline.execute() if delivery_ids else []
    found = (
        decode(Delivery, fields, id=delivery_id, webhook_id=webhook_id, next_at=next_at)
        for delivery_id, fields, next_at in zip(
            delivery_ids, replies[::2], replies[1::2], strict=True
        )
    )
    return [delivery for delivery in found if delivery is not None]


def settle(pipeline: Pipeline, delivery: Delivery) -> None:
    """Store the outcome of the latest attempt, and when the next one is."""
    key = delivery_key(delivery.webhook_id, delivery.id)
    fields = encode_fields(
        Delivery,
        attempts=delivery.attempts,
        tried_at=delivery.tried_at,
        delivered_at=delivery.delivered_at,
        status=delivery.status,
        seconds=delivery.seconds,
        error=delivery.error,
    )
    pipeline.hset(key, mapping=fields)
    pipeline.expire(key, KEPT_SECONDS)
    if delivery.next_at is None:
        pipeline.zrem(pending_key(delivery.webhook_id), delivery.id)
    else:
        pipeline.zadd(pending_key(delivery.webhook_id), {delivery.id: delivery.next_at})
        pipeline.zadd(OUTBOX_KEY, {delivery.webhook_id: delivery.next_at}, lt=True)


def queue_again(pipeline: Pipeline, webhook_id: str, delivery_id: str, now: float) -> None:
    """Queue a delivery as if it had not been tried; receivers know it by its id."""
    untried = encode_fields(Delivery, attempts=0, delivered_at=None, status=None, error="")
    pipeline.hset(delivery_key(webhook_id, delivery_id), mapping=untried)
    pipeline.zadd(pending_key(webhook_id), {delivery_id: now})
    pipeline.zadd(OUTBOX_KEY, {webhook_id: now}, lt=True)


def drop_pending(pipeline: Pipeline, webhook_id: str) -> None:
    """Drop what waits to be sent; the log keeps it, as failed."""
    pipeline.delete(pending_key(webhook_id))
    pipeline.zrem(OUTBOX_KEY, webhook_id)


def _enter(
    pipeline: Pipeline,
    kind: str,
    *,
    job_id: str = "",
    webhook_id: str = "",
    failure: Failure | None = None,
) -> str:
    delivery_id, now = f"msg_{secrets.token_hex(12)}", time.time()
    fields = encode_fields(Delivery, type=kind, job_id=job_id, created_at=now)
    if failure is not None:
        fields |= encode_fields(Delivery, failure=failure)
        del fields["failure_command"]  # for operators, not for receivers
    parts = [part for pair in fields.items() for part in pair]
    bounds = (KEPT_SECONDS, LOGGED_DELIVERIES)
    arguments = (PREFIX, delivery_id, kind, now, *bounds, webhook_id, *parts)
    pipeline.eval(ENTER, 2, job_key(job_id), OUTBOX_KEY, *arguments)
    return delivery_id
