"""Which process is hit, how and when: drawn from a seed alone, so that a run can be repeated."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

VALKEY = "valkey"
WEB = "web"
WORKERS = ("worker-1", "worker-2")

# Before and after a fault nothing else hits the same process: it needs to start, and to be at
# work again, or the fault would hit nothing.
APART_SECONDS = 6.0
DOWN_SECONDS = (0.5, 3.0)
# Longer than a worker's silence may last: its jobs run elsewhere when it goes on.
PAUSE_SECONDS = (15.0, 20.0)
QUIET_SECONDS = 5.0  # at the beginning and the end of the load
TRIES = 2000


class Kind(StrEnum):
    KILL = "SIGKILL"
    PAUSE = "SIGSTOP"
    DEPLOY = "SIGTERM"


@dataclass(frozen=True)
class Fault:
    """One blow. `at` is in seconds since the load began; `seconds` is how long it lasts.

    A killed or ended process is started again after that time, a paused one goes on.
    """

    at: float
    kind: Kind
    target: str
    seconds: float

    @property
    def over_at(self) -> float:
        return self.at + self.seconds

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def make_plan(seed: int, seconds: float) -> list[Fault]:
    """Eight to twelve faults over a load of `seconds`, each kind at least once, in order of time.

    Raises ValueError if they do not fit.
    """
    chance = random.Random(seed)
    wanted = [
        *((Kind.KILL, target) for target in (*WORKERS, WEB, VALKEY)),
        (Kind.PAUSE, chance.choice(WORKERS)),
        (Kind.DEPLOY, chance.choice(WORKERS)),
    ]
    for _ in range(chance.randint(2, 6)):
        kind = chance.choices(list(Kind), weights=[6, 1, 2])[0]
        targets = (*WORKERS, WEB, VALKEY) if kind is Kind.KILL else WORKERS
        wanted.append((kind, chance.choice(targets)))
    window = (QUIET_SECONDS, seconds - QUIET_SECONDS)
    plan: list[Fault] = []
    for kind, target in wanted:
        plan.append(_place(chance, kind, target, window, plan))
    return sorted(plan, key=lambda fault: fault.at)


def make_short_plan(seed: int) -> list[Fault]:
    """One of each within ten seconds: a pause, a deploy, and kills of a worker, web and Valkey."""
    chance = random.Random(seed)
    paused, other = chance.sample(WORKERS, 2)
    faults = [
        Fault(_round(chance.uniform(1.0, 1.5)), Kind.PAUSE, paused, PAUSE_SECONDS[0]),
        Fault(_round(chance.uniform(2.0, 3.5)), Kind.KILL, other, DOWN_SECONDS[0]),
        Fault(_round(chance.uniform(2.0, 6.0)), Kind.KILL, WEB, DOWN_SECONDS[0]),
        Fault(_round(chance.uniform(2.0, 6.0)), Kind.KILL, VALKEY, DOWN_SECONDS[0]),
        Fault(_round(chance.uniform(9.5, 10.5)), Kind.DEPLOY, other, DOWN_SECONDS[0]),
    ]
    return sorted(faults, key=lambda fault: fault.at)


def _place(
    chance: random.Random,
    kind: Kind,
    target: str,
    window: tuple[float, float],
    taken: Sequence[Fault],
) -> Fault:
    """A fault at a random moment at which its target is neither down nor just back."""
    lasts = _round(chance.uniform(*(PAUSE_SECONDS if kind is Kind.PAUSE else DOWN_SECONDS)))
    for _ in range(TRIES):
        fault = Fault(_round(chance.uniform(*window)), kind, target, lasts)
        if fault.over_at <= window[1] and not any(_too_near(fault, other) for other in taken):
            return fault
    raise ValueError(f"a load of {window[1] - window[0]:.0f} s is too short for these faults")


def _too_near(one: Fault, other: Fault) -> bool:
    if one.target != other.target:
        return False
    return one.at < other.over_at + APART_SECONDS and other.at < one.over_at + APART_SECONDS


def _round(seconds: float) -> float:
    return round(seconds, 2)
