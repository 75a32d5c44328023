"""Sends what is in the outbox: at least once, with retries over hours, beside the questions.

Each webhook has its turn on one thread of one worker, so that a receiver that hangs holds up
nobody's deliveries but its own.
"""

from __future__ import annotations

import random
import secrets
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import redis
import structlog
from redis.client import Pipeline

from jobs.queue.broker import Broker
from jobs.queue.keys import webhook_key
from jobs.queue.results import read_answers
from jobs.queue.valkey_errors import server_words
from jobs.webhooks import outbox
from jobs.webhooks.client import (
    KEY_ENDED,
    Event,
    Webhook,
    has_key,
    note_health,
    read_secret,
    read_webhook,
)
from jobs.webhooks.delivery import Reply, body_of, post
from jobs.webhooks.outbox import TEST_TYPE, Delivery

log = structlog.get_logger(__name__)

SENDERS = 8
# A webhook with more to send has another turn, after the others.
TURN_SECONDS = 30.0
MAX_ATTEMPTS = 12
# Waits after the first, second … failure: 10 s, 30 s, 90 s … up to four hours, 19 hours in all,
# each with up to a fifth more at random, so that what failed together is not retried together.
FIRST_WAIT_SECONDS = 10.0
WAIT_FACTOR = 3.0
LONGEST_WAIT_SECONDS = 4 * 3600.0
JITTER = 0.2
# An address at which nothing arrived for so long is switched off.
DISABLE_AFTER_SECONDS = 3 * 24 * 3600.0
HOW_ON = "Send a test: if it arrives, this is on again."
FAILED_FOR_DAYS = f"Nothing arrived here for three days. {HOW_ON}"
GONE = f"The receiver said that this address is gone (410). {HOW_ON}"


def wait_before(
    attempt: int, asked_seconds: float = 0.0, random_fraction: Callable[[], float] = random.random
) -> float:
    """Seconds to wait after a failed attempt (from 1), or longer if the receiver asks for it."""
    wait = min(LONGEST_WAIT_SECONDS, FIRST_WAIT_SECONDS * WAIT_FACTOR ** (attempt - 1))
    wait = max(wait, min(asked_seconds, LONGEST_WAIT_SECONDS))
    return wait * (1 + JITTER * random_fraction())


def after(
    webhook: Webhook, delivery: Delivery, reply: Reply, now: float
) -> tuple[Webhook, Delivery]:
    """Return a webhook and its delivery as an attempt that ended `now` (Unix seconds) left them."""
    tried = replace(
        delivery,
        attempts=delivery.attempts + 1,
        tried_at=now,
        status=reply.status,
        seconds=reply.seconds,
        error=reply.error,
        next_at=None,
    )
    if not reply.error:
        return replace(webhook, failing_since=None, disabled=""), replace(tried, delivered_at=now)
    failing_since = webhook.failing_since or now
    disabled = webhook.disabled
    if reply.is_gone:
        disabled = GONE
    elif now - failing_since >= DISABLE_AFTER_SECONDS:
        disabled = FAILED_FOR_DAYS
    webhook = replace(webhook, failing_since=failing_since, disabled=disabled)
    if disabled or tried.type == TEST_TYPE or tried.attempts >= MAX_ATTEMPTS:
        return webhook, tried
    wait = wait_before(tried.attempts, reply.retry_after_seconds)
    return webhook, replace(tried, next_at=now + wait)


class Sender:
    """One process's share of the sending. Call `run_once` every second or so; thread-safe."""

    def __init__(
        self,
        broker: Broker,
        stopping: threading.Event | None = None,
        send: Callable[..., Reply] = post,
    ) -> None:
        self._connection = broker.connection
        self._settings = broker.settings
        self._stopping = stopping or threading.Event()
        self._send = send
        self._pool = ThreadPoolExecutor(SENDERS, thread_name_prefix="webhooks")
        self._free = threading.Semaphore(SENDERS)

    def run_once(self) -> int:
        """Begin a turn for each webhook that has something due, as far as there are threads.

        Returns how many; it does not wait for them. Raises what redis raises.
        """
        begun = 0
        while not self._stopping.is_set() and self._free.acquire(blocking=False):
            token = secrets.token_hex(8)
            try:
                webhook_id = outbox.claim(self._connection, token, time.time())
                if webhook_id is None:
                    self._free.release()
                    break
                self._pool.submit(self._turn, webhook_id, token)
            except BaseException:  # whatever it is, this thread takes no turn
                self._free.release()
                raise
            begun += 1
        return begun

    def close(self) -> None:
        """Wait until all turns are over."""
        self._pool.shutdown()

    def _turn(self, webhook_id: str, token: str) -> None:
        try:
            ends = time.monotonic() + TURN_SECONDS
            while time.monotonic() < ends and not self._stopping.is_set():
                if not self.send_next(webhook_id):
                    break
            outbox.release(self._connection, webhook_id, token)
        except (redis.exceptions.RedisError, OSError) as error:
            # The lease runs out, and what was not noted is sent again.
            log.warning("deliveries broken off", webhook=webhook_id, error=server_words(error))
        except Exception:  # a thread of the pool has nobody else who would say it
            log.exception("deliveries broken off", webhook=webhook_id)
        finally:
            self._free.release()

    def send_next(self, webhook_id: str) -> bool:
        """Send what has been due longest; False if nothing is due, or it failed.

        A receiver that just failed is given time. Raises what redis raises.
        """
        delivery = outbox.next_due(self._connection, webhook_id, time.time())
        webhook = read_webhook(self._connection, webhook_id)
        secret = read_secret(self._connection, webhook_id)
        if delivery is None or webhook is None or not secret:
            return False
        if not has_key(self._connection, webhook):
            self._end(webhook)
            return False
        answer = None
        if webhook.include_answer and delivery.type == Event.FINISHED:
            answer = read_answers(self._connection, [delivery.job_id])[0]
        body = body_of(delivery, self._settings.public_url, answer)
        reply = self._send(webhook.url, secret, delivery.id, body, self._settings)
        self._note(*after(webhook, delivery, reply, time.time()))
        return not reply.error

    def _end(self, webhook: Webhook) -> None:
        """Switch a webhook off whose API key has ended, and drop what waits, unless it is gone."""
        key = webhook_key(webhook.id)

        def write(pipeline: Pipeline) -> None:
            if not pipeline.exists(key):
                return
            pipeline.multi()
            note_health(pipeline, replace(webhook, disabled=KEY_ENDED))
            outbox.drop_pending(pipeline, webhook.id)

        self._connection.transaction(write, key)
        log.info("webhook ended with its API key", webhook=webhook.id, key=webhook.key_id)

    def _note(self, webhook: Webhook, delivery: Delivery) -> None:
        """Write both, unless the webhook was deleted meanwhile."""
        key, log_key = webhook_key(webhook.id), outbox.log_key(webhook.id)

        def write(pipeline: Pipeline) -> None:
            if not pipeline.exists(key):
                return
            is_logged = pipeline.zscore(log_key, delivery.id) is not None
            pipeline.multi()
            note_health(pipeline, webhook)
            outbox.settle(pipeline, delivery)
            if webhook.disabled:
                outbox.drop_pending(pipeline, webhook.id)
            if delivery.next_at is None and not is_logged:
                pipeline.delete(outbox.delivery_key(webhook.id, delivery.id))

        self._connection.transaction(write, key)
        if delivery.error:
            log.info(
                "webhook not delivered",
                webhook=webhook.id,
                delivery=delivery.id,
                attempt=delivery.attempts,
                status=delivery.status,
                disabled=bool(webhook.disabled),
            )
