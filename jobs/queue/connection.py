"""Connections to Valkey, and the translation of its errors."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import redis
from redis.backoff import ExponentialBackoff
from redis.retry import Retry as ConnectionRetry

from jobs.queue.valkey_errors import explain, forget_command


def connect(url: str, *, socket_timeout_seconds: float | None = 5.0) -> redis.Redis:
    """Return a client with its own pool, which connects on first use and survives server restarts.

    Never share the client of an RQ worker with other code: a worker changes its pool's timeout.
    """
    return redis.Redis.from_url(
        url,
        socket_timeout=socket_timeout_seconds,
        socket_connect_timeout=5.0,
        # No health checks: a server whose disk is full refuses their PING, though it can be read.
        # A command that finds its connection broken is sent again over a new one.
        health_check_interval=0,
        retry=ConnectionRetry(ExponentialBackoff(cap=0.5, base=0.05), retries=2),
    )


@contextmanager
def broker_errors() -> Iterator[None]:
    """Raise BrokerUnavailableError for what the client raises when Valkey is away or refuses."""
    try:
        yield
    except (redis.exceptions.RedisError, OSError) as error:
        forget_command(error)
        raise explain(error) from error
