"""Connections to Valkey, and what its errors mean."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import redis
from redis.backoff import ExponentialBackoff
from redis.retry import Retry as ConnectionRetry

from jobs.queue.valkey_errors import explain, forget_command


def connect(url: str, *, socket_timeout_seconds: float | None = 5.0) -> redis.Redis:
    """A client with a pool of its own. It connects on first use and survives a server restart.

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
    """Translate what the client raises when Valkey is away or refuses."""
    try:
        yield
    except (redis.exceptions.RedisError, OSError) as error:
        forget_command(error)
        raise explain(error) from error
