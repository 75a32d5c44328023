"""The plan of a chaos run."""

from __future__ import annotations

from itertools import combinations

import pytest

from tests.chaos.plan import (
    APART_SECONDS,
    VALKEY,
    WEB,
    WORKERS,
    Fault,
    Kind,
    make_plan,
    make_short_plan,
)

SEEDS = range(50)
LOAD_SECONDS = 150.0


def kinds_of(plan: list[Fault]) -> set[tuple[Kind, str]]:
    """Kinds and targets, without a difference between the workers."""
    return {(fault.kind, "worker" if fault.target in WORKERS else fault.target) for fault in plan}


ALL_KINDS = {
    (Kind.KILL, "worker"),
    (Kind.KILL, WEB),
    (Kind.KILL, VALKEY),
    (Kind.PAUSE, "worker"),
    (Kind.DEPLOY, "worker"),
}


def test_seed_alone_decides_the_plan() -> None:
    """The same seed gives the same faults, another seed others."""
    assert make_plan(7, LOAD_SECONDS) == make_plan(7, LOAD_SECONDS)
    assert make_plan(7, LOAD_SECONDS) != make_plan(8, LOAD_SECONDS)
    assert make_short_plan(7) == make_short_plan(7)


@pytest.mark.parametrize("seed", SEEDS)
def test_plan_has_every_kind_of_fault(seed: int) -> None:
    """Eight to twelve faults, in order, within the load, of every kind."""
    plan = make_plan(seed, LOAD_SECONDS)
    assert 8 <= len(plan) <= 12
    assert kinds_of(plan) == kinds_of(make_short_plan(seed)) == ALL_KINDS
    assert [fault.at for fault in plan] == sorted(fault.at for fault in plan)
    assert all(0 < fault.at < fault.over_at < LOAD_SECONDS for fault in plan)


@pytest.mark.parametrize("seed", SEEDS)
def test_process_is_back_before_it_is_hit_again(seed: int) -> None:
    """Two faults of one process are apart, so that each hits something."""
    for one, next_ in combinations(make_plan(seed, LOAD_SECONDS), 2):
        assert one.target != next_.target or next_.at >= one.over_at + APART_SECONDS


def test_load_that_is_too_short_is_refused() -> None:
    """Faults that do not fit raise, rather than be left out."""
    with pytest.raises(ValueError, match="too short"):
        make_plan(1, 20.0)
