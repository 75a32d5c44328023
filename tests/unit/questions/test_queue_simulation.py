"""The estimate of when a question is done: what it holds, and what it never does."""

from __future__ import annotations

import itertools
import math
import random
import statistics
import time
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.questions.queue_simulation import (
    LOST_WORKER_SECONDS,
    MAX_STEPS,
    MIN_DURATIONS,
    MIN_PACE_DEVIATION,
    Durations,
    Limit,
    Load,
    Running,
    forecast,
    pace_deviation,
)

seconds = st.floats(0.05, 300.0)
recents = st.lists(seconds, min_size=MIN_DURATIONS, max_size=60).map(tuple)
runnings = st.lists(seconds, max_size=6).map(
    lambda all_ran: tuple(Running(f"r{number}", ran) for number, ran in enumerate(all_ran))
)
loads = st.builds(
    lambda recent, threads, running, queued: Load(recent, threads, running, queue_of(queued)),
    recents,
    st.integers(1, 8),
    runnings,
    st.integers(0, 30),
)


def queue_of(count: int) -> tuple[str, ...]:
    return tuple(f"q{number}" for number in range(count))


def steady(seconds: float, count: int = 50) -> tuple[float, ...]:
    """Durations that differ by a few percent."""
    return tuple(seconds * (1 + 0.02 * (number % 5 - 2)) for number in range(count))


@given(loads)
@settings(max_examples=60, deadline=None)
def test_range_is_never_negative_nor_upside_down(load: Load) -> None:
    """Whatever the load, each job has a range of finite seconds from 0, low before high."""
    etas = forecast(load)
    assert set(etas) == {each.job_id for each in load.running} | set(load.queued)
    for eta in etas.values():
        assert 0 <= eta.low <= eta.high < math.inf


@given(loads)
@settings(max_examples=60, deadline=None)
def test_later_places_are_done_later(load: Load) -> None:
    """In the queue, neither end of the range ever comes before that of an earlier place."""
    etas = forecast(load)
    places = [etas[job_id] for job_id in load.queued]
    assert all(one.low <= next_.low + 1e-9 for one, next_ in itertools.pairwise(places))
    assert all(one.high <= next_.high + 1e-9 for one, next_ in itertools.pairwise(places))


@given(recents, st.integers(1, 8), st.integers(1, 30))
@settings(max_examples=60, deadline=None)
def test_range_holds_the_plain_expectation(
    recent: tuple[float, ...], threads: int, queued: int
) -> None:
    """With a job for each round of threads, between the shortest and the longest of all rounds."""
    eta = forecast(Load(recent, threads, queued=queue_of(queued)))[f"q{queued - 1}"]
    rounds = -(-queued // threads)
    assert eta.low <= rounds * max(recent) * 1.25
    assert eta.high >= min(recent) * 0.8 * rounds * 0.8


@pytest.mark.parametrize(
    ("threads", "queued", "expected"), [(1, 1, 2.0), (1, 10, 20.0), (4, 8, 4.0), (16, 160, 20.0)]
)
def test_even_jobs_are_done_round_by_round(threads: int, queued: int, expected: float) -> None:
    """With durations of 2 s the range holds rounds times 2 s, and is narrow around it."""
    eta = forecast(Load(steady(2.0), threads, queued=queue_of(queued)))[f"q{queued - 1}"]
    assert eta.low <= expected <= eta.high
    assert eta.high - eta.low < 0.5 * expected + 0.5


@given(loads, st.integers(1, 8))
@settings(max_examples=40, deadline=None)
def test_more_threads_never_make_it_much_later(load: Load, more: int) -> None:
    """With twice the threads and more, the last of the queue is not done later."""
    if not load.queued or load.running:
        return
    few = forecast(load)[load.queued[-1]]
    many = forecast(Load(load.recent, load.threads * 2 + more, queued=load.queued))
    assert many[load.queued[-1]].high <= few.high * 1.3 + 1e-6


def test_too_little_is_not_known() -> None:
    """Before enough was finished there is no estimate; from then on there is one."""
    few = Load(steady(1.0, MIN_DURATIONS - 1), 2, (Running("r0", 0.1),), queue_of(3))
    enough = Load(steady(1.0, MIN_DURATIONS), 2, (Running("r0", 0.1),), queue_of(3))
    assert forecast(few) == {}
    assert set(forecast(enough)) == {"r0", "q0", "q1", "q2"}


def test_without_threads_only_what_runs_has_an_end() -> None:
    """Nobody serves the queue: what is queued has no estimate, what still runs has one."""
    etas = forecast(Load(steady(1.0), 0, (Running("r0", 0.1),), queue_of(3)))
    assert set(etas) == {"r0"}


def test_paused_queue_has_an_end_only_of_what_runs() -> None:
    """As nobody knows when it is resumed, nothing is said of what waits in it."""
    load = Load(steady(1.0), 2, (Running("r0", 0.1),), queue_of(3), paused=True)
    assert set(forecast(load)) == {"r0"}


def test_same_load_and_seed_give_the_same() -> None:
    """It is a function of the load and the seed; another seed gives other numbers."""
    load = Load(tuple(random.Random(3).uniform(1, 9) for _ in range(40)), 3, queued=queue_of(9))
    assert forecast(load) == forecast(load)
    assert forecast(load)["q8"] != forecast(load, seed=1)["q8"]


def test_what_runs_has_less_and_less_left() -> None:
    """The range of a running job falls as it runs, and stays above zero."""
    recent = tuple(float(number) for number in range(10, 60))
    lows, highs = [], []
    for ran in (0.0, 5.0, 9.0):
        eta = forecast(Load(recent, 1, (Running("r0", ran),)))["r0"]
        lows.append(eta.low)
        highs.append(eta.high)
    assert lows == sorted(lows, reverse=True)
    assert highs == sorted(highs, reverse=True)
    assert lows[-1] > 0


def test_one_that_runs_longer_than_all_is_overdue() -> None:
    """Longer than nearly all of late: it says so, and promises no earliest end."""
    on_time = forecast(Load(steady(2.0), 1, (Running("r0", 1.0),)))["r0"]
    late = forecast(Load(steady(2.0), 1, (Running("r0", 9.0),)))["r0"]
    assert not on_time.overdue
    assert late.overdue
    assert late.low == 0
    assert late.high > 0


def test_queue_waits_for_what_runs() -> None:
    """A thread that has just begun is free later than one that is nearly done."""
    begun, nearly = (
        forecast(Load(steady(10.0), 1, (Running("r0", ran),), queue_of(1)))["q0"]
        for ran in (0.0, 9.0)
    )
    assert begun.low > nearly.high


def test_waiting_question_follows_its_users_other_questions() -> None:
    """With one slot, the first that waits begins when the holder ends, the second after it."""
    load = Load(steady(4.0), 8, (Running("r0", 0.0),), (), (Limit(("r0",), ("w0", "w1")),))
    etas = forecast(load)
    assert etas["w0"].low <= 8.0 <= etas["w0"].high
    assert etas["w1"].low <= 12.0 <= etas["w1"].high


def test_waiting_questions_of_others_share_the_threads() -> None:
    """What another user has waiting comes in between, one for each that ends."""
    mine, theirs = Limit(("r0",), ("w0", "w1", "w2")), Limit(("r1",), ("x0", "x1", "x2"))
    running = (Running("r0", 0.0), Running("r1", 0.0))
    alone = forecast(Load(steady(4.0), 1, running[:1], (), (mine,)))["w2"]
    shared = forecast(Load(steady(4.0), 1, running, (), (mine, theirs)))["w2"]
    assert shared.low > alone.high


def test_question_of_a_dead_worker_begins_anew() -> None:
    """It waits until its worker is taken for dead, joins the queue, and takes its whole time."""
    eta = forecast(Load(steady(2.0), 1, (Running("r0", 5.0, alive=False),)))["r0"]
    assert eta.low <= LOST_WORKER_SECONDS + 2.0 <= eta.high
    assert not eta.overdue


def test_long_queue_goes_on_at_its_pace() -> None:
    """Beyond the places that are played, later ones follow in proportion, quickly computed."""
    load = Load(steady(1.0), 4, queued=queue_of(MAX_STEPS * 10))
    forecast(load)
    began = time.process_time()
    etas = forecast(load)
    assert time.process_time() - began < 2.0  # a few ms on a quiet machine
    for place in (MAX_STEPS * 5, MAX_STEPS * 10):
        eta = etas[load.queued[place - 1]]
        assert eta.low <= place / 4 <= eta.high


@pytest.mark.parametrize("spread", [0.3, 0.6, 1.0])
def test_eight_of_ten_end_in_the_range(spread: float) -> None:
    """Of jobs like the recent ones, about 80 % end within the range, alone and after others."""
    rng = random.Random(7)

    def sample(count: int) -> tuple[float, ...]:
        return tuple(rng.lognormvariate(1, spread) for _ in range(count))

    alone, behind = [], []
    for _ in range(250):
        etas = forecast(Load(sample(100), 4, queued=queue_of(12)))
        ends = played(sample(12), 4)
        alone.append(etas["q0"].low <= ends[0] <= etas["q0"].high)
        behind.append(etas["q11"].low <= ends[11] <= etas["q11"].high)
    assert 0.7 <= statistics.mean(alone) <= 0.92
    assert 0.7 <= statistics.mean(behind) <= 0.95


def played(durations: Sequence[float], threads: int) -> list[float]:
    """When each of these jobs ends, taken in order by this many threads."""
    free, ends = [0.0] * threads, []
    for each in durations:
        free.sort()
        free[0] += each
        ends.append(free[0])
    return ends


def test_newer_durations_count_more() -> None:
    """After the answers became slower, the estimate follows within a few dozen of them."""
    quick, slow = steady(1.0, 100), steady(5.0, 60)
    eta = forecast(Load((*slow, *quick), 1, queued=queue_of(1)))["q0"]
    assert eta.high > 4.5
    assert Durations((*slow, *quick)).share_below(3.0) < 0.45  # of 100 / 160


def test_pace_varies_as_much_as_blocks_differ_beyond_chance() -> None:
    """Shuffled durations vary little in pace; the same in slow and quick periods vary more."""
    rng = random.Random(5)
    mixed = [rng.choice((1.0, 3.0)) for _ in range(200)]
    assert pace_deviation(mixed) < 0.2
    assert pace_deviation(sorted(mixed)) > 0.3


def test_few_durations_make_a_wider_range() -> None:
    """How well their mean is known counts: with few of them, a long queue is less certain."""
    rng = random.Random(6)
    values = [rng.lognormvariate(0, 0.6) for _ in range(200)]
    assert pace_deviation(values[:8]) > 1.5 * pace_deviation(values)
    assert pace_deviation(steady(1.0)) == pytest.approx(MIN_PACE_DEVIATION, rel=0.01)
