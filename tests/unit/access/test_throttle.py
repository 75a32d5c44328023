"""How often an address may do something, and whose address counts."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from jobs.access import throttle
from jobs.access.throttle import Allowance, Throttle, client_address
from jobs.settings import Settings


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_burst_refills_by_itself(clock: Clock) -> None:
    """After the burst, one is left each interval; being refused costs nothing, whoever waits."""
    counted = Throttle(Allowance(3, 5.0), Allowance(100, 1.0), clock)
    assert [counted.take("a") for _ in range(3)] == [0, 0, 0]
    assert [counted.take("a") for _ in range(50)] == [5.0] * 50
    assert counted.take("b") == 0
    clock.now += 5.0
    assert counted.take("a") == 0
    assert counted.take("a") == 5.0
    clock.now += 1000.0
    assert [counted.take("a") for _ in range(4)] == [0, 0, 0, 5.0]


def test_many_addresses_have_one_bound_together(clock: Clock) -> None:
    """Whoever has an address for each try is bound as well."""
    counted = Throttle(Allowance(3, 5.0), Allowance(100, 1.0), clock)
    assert sum(counted.take(str(number)) == 0 for number in range(1000)) == 100
    clock.now += 10.0
    assert sum(counted.take(str(number)) == 0 for number in range(1000)) == 10
    assert counted.take("known", alone=True) == 0


def test_what_is_given_back_was_not_counted(clock: Clock) -> None:
    """Neither of the address nor of all."""
    counted = Throttle(Allowance(1, 5.0), Allowance(2, 1.0), clock)
    for _ in range(50):
        assert counted.take("a") == 0
        counted.give_back("a")
    assert counted.take("a") == 0


def test_memory_is_bounded(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    """The address that was heard of longest ago is forgotten."""
    monkeypatch.setattr(throttle, "MOST_ADDRESSES", 10)
    counted = Throttle(Allowance(1, 5.0), Allowance(10_000, 1.0), clock)
    for number in range(1000):
        counted.take(str(number))
    assert len(counted._full_at) == 10
    assert counted.take("999") == 5.0


@pytest.mark.parametrize(
    ("peer", "forwarded_for", "client"),
    [
        ("203.0.113.7", [], "203.0.113.7"),
        # what a client says of itself does not count
        ("203.0.113.7", ["198.51.100.1"], "203.0.113.7"),
        ("10.0.0.2", ["198.51.100.1, 203.0.113.7"], "203.0.113.7"),
        ("10.0.0.2", ["198.51.100.1", "203.0.113.7, 10.0.0.3"], "203.0.113.7"),
        ("::ffff:10.0.0.2", ["::ffff:203.0.113.7"], "203.0.113.7"),
        ("10.0.0.2", [], "10.0.0.2"),
        ("10.0.0.2", ["10.0.0.3"], "10.0.0.3"),
        # a client of IPv6 has 2^64 addresses
        ("2001:db8:1:2:3:4:5:6", [], "2001:db8:1:2::/64"),
        ("2001:db8:1:2::7", [], "2001:db8:1:2::/64"),
        ("testclient", [], "testclient"),
        ("10.0.0.2", ["x" * 10_000], "x" * 64),
        ("", [], ""),
    ],
)
def test_address_that_counts(
    make_settings: Callable[..., Settings], peer: str, forwarded_for: list[str], client: str
) -> None:
    """It is that of the peer, or whom the proxies that are trusted speak for."""
    settings = make_settings(trusted_proxies="10.0.0.0/8")
    assert client_address(peer, forwarded_for, settings) == client
