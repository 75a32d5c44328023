"""Guesses at the operators' password."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from jobs.access import sign_in_brake
from jobs.access.sign_in_brake import EACH, IN_ALL, SignInBrake
from jobs.errors import TooManySignInsError
from jobs.settings import Settings
from tests.unit.access.test_throttle import Clock

USER, PASSWORD = "ops", "pä:ss"


class Door:
    """A brake with a clock, and the password behind it."""

    def __init__(self, settings: Settings) -> None:
        self.clock = Clock()
        self._settings = settings
        self._brake = SignInBrake(self.clock)

    def try_(self, password: str, address: str = "203.0.113.7") -> bool | None:
        """Whether this is the password; None if it was not compared."""
        try:
            return self._brake.are_right(self._settings, address, USER, password)
        except TooManySignInsError:
            return None


@pytest.fixture
def door(make_settings: Callable[..., Settings]) -> Door:
    return Door(make_settings(dashboard_username=USER, dashboard_password=PASSWORD))


def test_hundreds_of_guesses_compare_a_few(door: Door) -> None:
    """Even at once, on many threads; and whether the password is right then makes no difference."""
    with ThreadPoolExecutor(16) as pool:
        replies = list(pool.map(lambda _: door.try_("wrong"), range(300)))
    assert replies.count(False) == EACH.burst
    assert replies.count(None) == 300 - EACH.burst
    assert door.try_(PASSWORD) is None


def test_operator_behind_the_same_address_waits_for_seconds(door: Door) -> None:
    """However long others guessed, and from another address not at all."""
    for _ in range(10_000):
        door.try_("wrong")
    assert door.try_(PASSWORD, "198.51.100.1")
    assert door.try_(PASSWORD) is None
    door.clock.now += EACH.seconds
    assert door.try_(PASSWORD)


def test_right_passwords_cost_nothing(door: Door) -> None:
    """A monitor that reads the metrics with the password is never asked to wait."""
    assert all(door.try_(PASSWORD) for _ in range(1000))


def test_guesses_from_many_addresses_are_bound_together(door: Door) -> None:
    """An operator whose address is known is let in meanwhile; anybody else after seconds."""
    assert door.try_(PASSWORD, "192.0.2.1")
    replies = [
        door.try_("wrong", f"198.51.{number // 250}.{number % 250}") for number in range(900)
    ]
    assert replies.count(False) == IN_ALL.burst
    assert door.try_(PASSWORD, "192.0.2.2") is None
    assert door.try_(PASSWORD, "192.0.2.1")
    door.clock.now += IN_ALL.seconds
    assert door.try_(PASSWORD, "192.0.2.2")


def test_known_address_may_not_guess_without_end(door: Door) -> None:
    """It has the bound of every address, so that a guess beside an operator is no better."""
    assert door.try_(PASSWORD)
    assert [door.try_("wrong") for _ in range(300)].count(False) == EACH.burst


def test_known_addresses_are_bounded(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first that was known is forgotten first."""
    monkeypatch.setattr(sign_in_brake, "MOST_KNOWN", 10)
    for number in range(100):
        door.try_(PASSWORD, str(number))
    assert len(door._brake._known) == 10
