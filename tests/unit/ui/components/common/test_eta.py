"""How an estimate is said: in round steps that do not flicker."""

from __future__ import annotations

import pytest

from jobs.models import Eta
from ui.components.common.eta import STEPS, eta_words, steady


@pytest.mark.parametrize(
    ("eta", "words"),
    [
        (Eta(22.0, 58.0), "about 20 s to 1 min"),
        (Eta(22.0, 40.0), "about 20 to 45 s"),
        (Eta(70.0, 170.0), "about 1 to 3 min"),
        (Eta(0.4, 1.9), "any moment"),
        (Eta(0.0, 0.0), "any moment"),
        (Eta(1.0, 8.0), "within 10 s"),
        (Eta(0.0, 30.0, overdue=True), "longer than usual"),
        (Eta(0.0, 1.0, overdue=True), "longer than usual"),
        (Eta(3000.0, 7000.0), "about 45 min to 2 h"),
        (Eta(7300.0, 10_000.0), "about 2 to 3 h"),
        (Eta(10_000.0, 100_000.0), "more than a day"),
        (Eta(200_000.0, 300_000.0), "more than a day"),
        (Eta(20.0, 20.0), "about 20 to 30 s"),
    ],
)
def test_estimate_is_said_in_round_steps(eta: Eta, words: str) -> None:
    """The ends are rounded away from each other; a sum of seconds is never negative or exact."""
    assert eta_words(eta, steady(None, eta)) == words


def test_range_in_steps_holds_the_estimate() -> None:
    """Whatever the estimate, it lies between the steps, and they differ."""
    for low in range(0, 4000, 37):
        for width in (0, 1, 30, 900):
            shown = steady(None, Eta(low, low + width))
            assert shown[0] <= low <= low + width <= shown[1]
            assert shown[0] < shown[1]
            assert set(shown) <= set(STEPS)


def test_small_changes_are_not_shown() -> None:
    """About a step the words stay as they were; well beyond it they change."""
    shown = steady(None, Eta(20.5, 44.0))
    assert shown == (20, 45)
    assert steady(shown, Eta(19.0, 46.0)) == shown
    assert steady(shown, Eta(12.0, 44.0)) == (10, 45)
    assert steady(shown, Eta(20.5, 58.0)) == (20, 60)


def test_count_down_changes_each_end_only_downwards() -> None:
    """As an estimate runs down second by second, with some noise, no end ever goes up."""
    shown, seen = None, []
    for second in range(50):
        wobble = 0.4 * (second % 3)
        shown = steady(shown, Eta(max(0.0, 40 - second) + wobble, 70.0 - second + wobble))
        seen.append(shown)
    assert [low for low, _ in seen] == sorted((low for low, _ in seen), reverse=True)
    assert [high for _, high in seen] == sorted((high for _, high in seen), reverse=True)
