"""The webhooks of users: addresses that are told when a question of theirs is over."""

from __future__ import annotations

import base64
import secrets
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, cast

import redis
from redis.client import Pipeline

from jobs.access.api_keys import ApiKey
from jobs.errors import InvalidStateError, InvalidWebhookError, NotFoundError
from jobs.queue.broker import Broker
from jobs.queue.codec import decode, encode, encode_fields
from jobs.queue.connection import broker_errors
from jobs.queue.keys import OUTBOX_KEY, api_keys_key, user_webhooks_key, webhook_key
from jobs.webhooks import outbox
from jobs.webhooks.delivery import SECRET_BYTES, SECRET_PREFIX
from jobs.webhooks.outbox import Delivery
from jobs.webhooks.ssrf_guard import Resolve, checked_addresses, lookup, parse_target

MAX_WEBHOOKS = 10  # of one user
# Tests and deliveries sent again are refused while so many wait.
MAX_WAITING = 100
KEY_ENDED = (
    "The API key that made this webhook was revoked or has expired, and the webhook ended with it. "
    "Remove it, and make it again if it is still wanted."
)
UNKNOWN = "There is no such webhook. It may have been deleted."


class Event(StrEnum):
    """What a webhook can be told, in the order in which people read it."""

    FINISHED = "job.finished"
    FAILED = "job.failed"
    STOPPED = "job.stopped"


@dataclass(frozen=True)
class Webhook:
    """A webhook without its secret. Times are Unix times.

    `failing_since` is the first failure after the last success, None if the last one succeeded.
    `disabled` says why nothing is sent any more; "" while it is. `key_id` is the API key that made
    it, and with which it ends, at the latest at `key_expires_at`; "" if a person made it.
    """

    id: str
    user: str
    url: str
    events: frozenset[Event]
    include_answer: bool
    created_at: float
    failing_since: float | None = None
    disabled: str = ""
    key_id: str = ""
    key_expires_at: float | None = None


class Webhooks:
    """Makes, lists and deletes webhooks, and shows deliveries. Raises BrokerUnavailableError."""

    def __init__(self, broker: Broker, resolve: Resolve = lookup) -> None:
        self._connection = broker.connection
        self._allowed_hosts = broker.settings.webhook_hosts
        self._resolve = resolve

    def create(
        self,
        user: str,
        url: str,
        events: Collection[Event],
        *,
        include_answer: bool = False,
        key: ApiKey | None = None,
    ) -> tuple[Webhook, str]:
        """Make a webhook of this user; return it with its secret, which is not shown again.

        One that is made with an API key ends with it.

        Raises InvalidWebhookError for an address that cannot be used, no event, or too many
        webhooks.
        """
        url = url.strip()
        target = parse_target(url, self._allowed_hosts)
        if not events:
            raise InvalidWebhookError("Choose at least one event to be told of.")
        checked_addresses(target, self._resolve)
        webhook = Webhook(
            id=secrets.token_hex(8),
            user=user,
            url=url,
            events=frozenset(events),
            include_answer=include_answer,
            created_at=time.time(),
            key_id=key.id if key else "",
            key_expires_at=key.expires_at if key else None,
        )
        secret = SECRET_PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()

        def store(pipeline: Pipeline) -> None:
            # Watched, so that two at once cannot pass the bound together.
            if pipeline.scard(user_webhooks_key(user)) >= MAX_WEBHOOKS:
                raise InvalidWebhookError(
                    f"You have {MAX_WEBHOOKS} webhooks. Delete one that is no longer used."
                )
            pipeline.multi()
            fields = encode(webhook, sparse=True) | {"secret": secret}
            pipeline.hset(webhook_key(webhook.id), mapping=fields)
            pipeline.sadd(user_webhooks_key(user), webhook.id)

        with broker_errors():
            self._connection.transaction(store, user_webhooks_key(user))
        return webhook, secret

    def list_webhooks(self, user: str) -> list[Webhook]:
        """Return the user's webhooks, the oldest first."""
        with broker_errors():
            ids = cast("set[bytes]", self._connection.smembers(user_webhooks_key(user)))
            with self._connection.pipeline(transaction=False) as pipeline:
                for webhook_id in ids:
                    pipeline.hgetall(webhook_key(webhook_id.decode()))
                found = [decode(Webhook, fields) for fields in pipeline.execute()] if ids else []
            mine = [self._as_it_is(webhook) for webhook in found if webhook is not None]
        return sorted(mine, key=lambda webhook: webhook.created_at)

    def get(self, user: str, webhook_id: str) -> Webhook:
        """Return one webhook; raises NotFoundError if there is no such webhook of this user."""
        with broker_errors():
            webhook = read_webhook(self._connection, webhook_id)
            if webhook is None or webhook.user != user:
                raise NotFoundError(UNKNOWN)
            return self._as_it_is(webhook)

    def delete(self, user: str, webhook_id: str) -> None:
        """Remove a webhook with its log and all that waits to be sent; raises NotFoundError."""
        self.get(user, webhook_id)
        log, pending = outbox.log_key(webhook_id), outbox.pending_key(webhook_id)

        def remove(pipeline: Pipeline) -> None:
            ids = {*pipeline.zrange(log, 0, -1), *pipeline.zrange(pending, 0, -1)}
            pipeline.multi()
            pipeline.srem(user_webhooks_key(user), webhook_id)
            deliveries = [
                outbox.delivery_key(webhook_id, delivery_id.decode()) for delivery_id in ids
            ]
            lease = outbox.lease_key(webhook_id)
            pipeline.delete(webhook_key(webhook_id), log, pending, lease, *deliveries)
            pipeline.zrem(OUTBOX_KEY, webhook_id)

        with broker_errors():
            self._connection.transaction(remove, log, pending)

    def deliveries(self, user: str, webhook_id: str) -> Sequence[Delivery]:
        """Return the newest 100 deliveries of seven days, newest first; raises NotFoundError."""
        self.get(user, webhook_id)
        with broker_errors():
            return outbox.read_log(self._connection, webhook_id)

    def test(self, user: str, webhook_id: str) -> str:
        """Send a delivery with no content, once; returns its id.

        If it arrives, a webhook that was switched off is on again. Raises NotFoundError, and
        InvalidStateError if too much waits already, or its API key has ended.
        """
        self._refuse_ended(self.get(user, webhook_id))
        with broker_errors():
            self._refuse_too_many(webhook_id)
            return outbox.enter_test(self._connection, webhook_id)

    def resend(self, user: str, webhook_id: str, delivery_id: str) -> Delivery:
        """Send a delivery again now, under the same id, with all its attempts.

        Raises NotFoundError, and InvalidStateError if too much waits already, or its API key has
        ended.
        """
        self._refuse_ended(self.get(user, webhook_id))
        delivery, now = outbox.delivery_key(webhook_id, delivery_id), time.time()
        watched = (webhook_key(webhook_id), delivery)

        def write(pipeline: Pipeline) -> Any:
            if pipeline.exists(*watched) != len(watched):
                return False
            pipeline.multi()
            outbox.queue_again(pipeline, webhook_id, delivery_id, now)
            return True

        with broker_errors():
            self._refuse_too_many(webhook_id)
            done = self._connection.transaction(write, *watched, value_from_callable=True)
            found = outbox.read_deliveries(self._connection, webhook_id, [delivery_id])
        if not done or not found:
            raise NotFoundError("There is no such delivery. They are kept for seven days.")
        return found[0]

    def _as_it_is(self, webhook: Webhook) -> Webhook:
        """Return a webhook whose key ended as switched off, before a worker notices."""
        if has_key(self._connection, webhook):
            return webhook
        return replace(webhook, disabled=KEY_ENDED)

    def _refuse_ended(self, webhook: Webhook) -> None:
        if webhook.disabled == KEY_ENDED:
            raise InvalidStateError(KEY_ENDED)

    def _refuse_too_many(self, webhook_id: str) -> None:
        if self._connection.zcard(outbox.pending_key(webhook_id)) >= MAX_WAITING:
            raise InvalidStateError(
                "Too many deliveries wait already. Try again when they are sent."
            )


def read_webhook(connection: redis.Redis, webhook_id: str) -> Webhook | None:
    """Return the webhook of any user, None if it is gone; raises what redis raises."""
    fields = cast("dict[bytes, bytes]", connection.hgetall(webhook_key(webhook_id)))
    return decode(Webhook, fields)


def has_key(connection: redis.Redis, webhook: Webhook) -> bool:
    """Return whether the API key that made a webhook still counts; True if a person made it.

    One round trip for one that a key made. Raises what redis raises.
    """
    if not webhook.key_id:
        return True
    if webhook.key_expires_at is not None and webhook.key_expires_at <= time.time():
        return False
    return bool(connection.hexists(api_keys_key(webhook.user), webhook.key_id))


def read_secret(connection: redis.Redis, webhook_id: str) -> str:
    """Return the secret that signs a webhook's deliveries; "" if it is gone."""
    secret = cast("bytes | None", connection.hget(webhook_key(webhook_id), "secret"))
    return secret.decode() if secret else ""


def note_health(pipeline: Pipeline, webhook: Webhook) -> None:
    """Store since when a webhook fails, and why it is switched off, if it is."""
    stored = encode_fields(Webhook, failing_since=webhook.failing_since, disabled=webhook.disabled)
    # A webhook that has the field `disabled` at all gets no deliveries, see `outbox.ENTER`.
    health = {name: value for name, value in stored.items() if value != ""}
    pipeline.hdel(webhook_key(webhook.id), "failing_since", "disabled")
    if health:
        pipeline.hset(webhook_key(webhook.id), mapping=health)
