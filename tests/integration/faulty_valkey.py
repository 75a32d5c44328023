"""Connections to a Valkey of which one request goes wrong: the nth, whatever it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from tests.waiting import HANG_SECONDS


class Crash(BaseException):
    """The process is gone: nothing catches this, and no later request gets out."""


class Kind(StrEnum):
    CRASH = "crash"  # before the request is sent, and for good
    REFUSED = "refused"  # the request is not sent; the next one is
    REPLY_LOST = "reply lost"  # the request is carried out, and nobody is told


@dataclass
class Fault:
    """What goes wrong with the nth request of all connections that share it; 0 for none."""

    kind: Kind
    at: int = 0
    count: int = 0
    # What Python clears away of a process that is gone must not raise again.
    is_cleared: bool = False

    @property
    def happened(self) -> bool:
        return 0 < self.at <= self.count

    def before(self) -> None:
        if self.is_cleared:
            raise redis.exceptions.ConnectionError("gone")
        self.count += 1
        if self.kind is Kind.CRASH and self.happened:
            raise Crash
        if self.kind is Kind.REFUSED and self.count == self.at:
            raise redis.exceptions.ConnectionError("refused, by the test")

    @property
    def loses_reply(self) -> bool:
        return self.kind is Kind.REPLY_LOST and self.count == self.at


class Meanwhile(Fault):
    """Nothing goes wrong with the nth request, but something else is done just before it."""

    def __init__(self, at: int, act: Callable[[], object]) -> None:
        super().__init__(Kind.REFUSED, at)
        self._act = act

    def before(self) -> None:
        self.count += 1
        if self.count == self.at:
            self._act()


class FaultyConnection(redis.Connection):
    def __init__(self, *, fault: Fault, **options: Any) -> None:
        self._fault = fault
        super().__init__(**options)

    def send_packed_command(self, command: Any, check_health: bool = True) -> None:
        try:
            self._fault.before()
        except BaseException:
            self.disconnect()
            raise
        loses_reply = self._fault.loses_reply  # connecting makes requests of its own
        super().send_packed_command(command, check_health)
        if loses_reply:
            assert self.can_read(timeout=HANG_SECONDS)
            self.disconnect()
            raise redis.exceptions.ConnectionError("reply lost, by the test")


def make_faulty(client: redis.Redis, fault: Fault) -> redis.Redis:
    """Let the requests of a client that has not connected yet meet this fault, from the next on."""
    pool = client.connection_pool
    pool.connection_class = FaultyConnection
    pool.connection_kwargs |= {"fault": fault}
    client.set_retry(Retry(NoBackoff(), 2))  # as often as the product's, without the waits
    at, fault.at = fault.at, 0
    client.ping()  # connecting takes requests too, which are of no interest
    fault.at, fault.count = at, 0
    return client
