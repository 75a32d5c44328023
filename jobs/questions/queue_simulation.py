"""When the questions of a queue are done, as ranges learned from recent ones. Pure: numbers only.

The queue is played forward many times at once, one column of numbers a time: threads take jobs in
order, and each job takes as long as some recent one did. The range is the middle 80 % of what came
out. It does not know who will ask next, nor that a worker will die.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from jobs.models import Eta

Numbers = NDArray[np.float64]

LOW, HIGH = 0.1, 0.9
# Of fewer recent durations, nothing is said.
FEWEST = 5
DRAWS = 128
# Later jobs follow at the pace of the second half of these.
MOST_STEPS = 256
# A duration counts half as much as one that is this many newer.
HALF_LIFE = 50
# One that has run longer than this share of recent ones takes longer than usual.
OVERDUE = 0.97
# How far the shortest and the longest may be surpassed.
SHORTER, LONGER = 0.8, 1.25
# The pace of a queue as a whole varies by at least this share of itself.
LEAST_DRIFT = 0.08
DRIFT_BLOCK = 10
# A dead worker's job is taken up again after about as long, see `EXECUTION_TTL_SECONDS`.
LOST_SECONDS = 12.0


@dataclass(frozen=True)
class Running:
    """An attempt that runs: for how many seconds, and whether its worker is known to live."""

    job_id: str
    ran: float
    alive: bool = True


@dataclass(frozen=True)
class Limit:
    """Of one user's questions: those that hold a slot, and those that wait for one, in order."""

    holding: tuple[str, ...]
    waiting: tuple[str, ...]


@dataclass(frozen=True)
class Load:
    """What a queue has to do, who does it, and how long such jobs took.

    `recent` are the seconds of finished attempts, the newest first; `threads` those that are alive
    and serve this queue; `queued` the ids of its jobs, the next one first. While it is `paused`,
    nothing new is taken from it. Of those that wait for a slot, the `urgent` ones go to the front
    of the queue once they have it.
    """

    recent: tuple[float, ...]
    threads: int
    running: tuple[Running, ...] = ()
    queued: tuple[str, ...] = ()
    limits: tuple[Limit, ...] = ()
    paused: bool = False
    urgent: frozenset[str] = frozenset()


class Durations:
    """How long jobs take, as a distribution: the recent ones, the newest counting most."""

    def __init__(self, recent: Sequence[float]) -> None:
        values = np.maximum(np.asarray(recent, dtype=float), 1e-3)
        weights = 0.5 ** (np.arange(len(values)) / HALF_LIFE)
        order = np.argsort(values, kind="stable")
        values, weights = values[order], weights[order] / weights.sum()
        # The next value is below the i-th of n with probability i / (n + 1): so much of it lies
        # outside of what was seen.
        inside = len(values) / (len(values) + 1)
        shares = (np.cumsum(weights) - weights / 2) * inside + (1 - inside) / 2
        self._seconds: Numbers = np.concatenate(
            ([values[0] * SHORTER], values, [values[-1] * LONGER])
        )
        self._shares: Numbers = np.concatenate(([0.0], shares, [1.0]))

    def at(self, share: Numbers) -> Numbers:
        """The duration that this share of jobs stays below."""
        return np.interp(share, self._shares, self._seconds)

    def share_below(self, seconds: float) -> float:
        return float(np.interp(seconds, self._seconds, self._shares))

    def left(self, ran: float, share: Numbers) -> Numbers:
        """The same of what is left of a job that has run for `ran` seconds."""
        below = self.share_below(ran)
        if below >= 1.0:  # longer than any: the longer it has run, the longer it may still take
            return ran / 2 * -np.log1p(-np.minimum(share, 0.999))
        return np.maximum(0.0, self.at(below + share * (1 - below)) - ran)


def forecast(load: Load, seed: int = 0) -> dict[str, Eta]:
    """When each job of the queue is done, by id; nothing of those about which too little is known.

    The same load and seed give the same. It takes a few ms, however long the queue is.
    """
    if len(load.recent) < FEWEST:
        return {}
    durations = Durations(load.recent)
    alive = sorted((each for each in load.running if each.alive), key=lambda each: -each.ran)
    etas = {each.job_id: _running_eta(durations, each.ran) for each in alive}
    if load.threads > 0 and not load.paused:
        etas |= _Play(load, durations, alive, seed).etas()
    return etas


def drift(recent: Sequence[float]) -> float:
    """How far the mean of the next jobs may be from that of the recent ones, as a share of it.

    For two reasons: of few durations the mean is not well known; and jobs that run at one time may
    be slower than at another, which is by how much the means of blocks vary more than by chance.
    """
    values = np.asarray(recent, dtype=float)
    weights = 0.5 ** (np.arange(len(values)) / HALF_LIFE)
    counted = weights.sum() ** 2 / (weights**2).sum()  # Kish's effective sample size
    unknown = values.var(ddof=1) / counted / values.mean() ** 2
    return float(np.sqrt(unknown + max(LEAST_DRIFT**2, _spells(values))))


def _spells(values: Numbers) -> float:
    """The variance of the means of blocks beyond chance, as a share of the squared mean."""
    count = len(values) // DRIFT_BLOCK
    if count < 4:
        return 0.0
    blocks = values[: count * DRIFT_BLOCK].reshape(count, DRIFT_BLOCK)
    by_chance = blocks.var(axis=1, ddof=1).mean() / DRIFT_BLOCK
    return float((blocks.mean(axis=1).var(ddof=1) - by_chance) / blocks.mean() ** 2)


def _running_eta(durations: Durations, ran: float) -> Eta:
    low, high = durations.left(ran, np.array([LOW, HIGH]))
    if durations.share_below(ran) >= OVERDUE:
        return Eta(0.0, float(high), overdue=True)
    return Eta(float(low), float(high))


class _Play:
    """One queue played forward, `DRAWS` times at once."""

    def __init__(
        self, load: Load, durations: Durations, alive: Sequence[Running], seed: int
    ) -> None:
        random = np.random.default_rng(seed)
        self._durations = durations
        self._services: Numbers = durations.at(random.random((MOST_STEPS, DRAWS)))
        even = (np.arange(DRAWS) + 0.5) / DRAWS
        # One and the same for each place, so that a later place is never done earlier.
        self._own: Numbers = durations.at(random.permutation(even))
        self._drift: Numbers = np.exp(drift(load.recent) * random.standard_normal(DRAWS))
        self._left: dict[str, Numbers] = {
            each.job_id: durations.left(each.ran, random.permutation(even)) for each in alive
        }
        self._free: Numbers = np.zeros((DRAWS, load.threads))
        # Should more run than there are threads, the oldest are of a worker that is gone.
        for thread, each in enumerate(list(reversed(alive))[: load.threads]):
            self._free[:, thread] = self._left[each.job_id]
        self._load = load

    def etas(self) -> dict[str, Eta]:
        """Of the queued and the waiting; the lost ones begin anew."""
        rows = np.arange(DRAWS)
        ids: list[str] = []
        starts: list[Numbers] = []
        ends = dict(self._left)
        for job_id, after, wait in self._order():
            ids.append(job_id)
            if len(starts) == MOST_STEPS:
                continue  # the rest is extrapolated; only their order counts
            release = ends[after] if after else wait
            thread = self._free.argmin(axis=1)
            if after and job_id in self._load.urgent:  # it takes over from the one before it
                thread = np.abs(self._free - ends[after][:, None]).argmin(axis=1)
            start = np.maximum(self._free[rows, thread], release)
            ends[job_id] = self._free[rows, thread] = start + self._services[len(starts)]
            starts.append(start)
        return dict(zip(ids, self._ranges(starts, len(ids)), strict=True)) if ids else {}

    def _order(self) -> Iterator[tuple[str, str, float]]:
        """Each job in turn, the one whose end lets it join the queue, and how long it waits."""
        waiting: dict[str, deque[str]] = {}
        for limit in self._load.limits:
            line = deque(limit.waiting)
            waiting |= dict.fromkeys(limit.holding, line)
        turns = deque((job_id, "", 0.0) for job_id in self._load.queued)
        for job_id in self._left:  # those that have run longest end first
            self._join(turns, _next_in_line(waiting, job_id))
        turns += ((each.job_id, "", LOST_SECONDS) for each in self._load.running if not each.alive)
        while turns:
            turn = turns.popleft()
            yield turn
            self._join(turns, _next_in_line(waiting, turn[0]))

    def _join(
        self, turns: deque[tuple[str, str, float]], released: Iterator[tuple[str, str, float]]
    ) -> None:
        for turn in released:
            if turn[0] in self._load.urgent:
                turns.appendleft(turn)
            else:
                turns.append(turn)

    def _ranges(self, starts: list[Numbers], count: int) -> Iterator[Eta]:
        known = np.array(starts)
        if count > len(starts):
            half = len(starts) // 2
            pace = np.maximum(0.0, known[-1] - known[half]) / (len(starts) - 1 - half)
            known = np.vstack((known, known[-1] + pace * (count - len(starts))))
        done = known * self._drift + self._own
        low, high = np.quantile(done, (LOW, HIGH), axis=1)
        places = np.append(np.arange(len(starts)), count - 1)[: len(known)]
        lows = np.interp(np.arange(count), places, low)
        highs = np.interp(np.arange(count), places, high)
        for early, late in zip(lows, highs, strict=True):
            yield Eta(float(early), float(late))


def _next_in_line(waiting: dict[str, deque[str]], holder: str) -> Iterator[tuple[str, str, float]]:
    """The one that gets the slot of this holder when it ends, if any waits for one."""
    line = waiting.get(holder)
    if line:
        job_id = line.popleft()
        waiting[job_id] = line
        yield job_id, holder, 0.0
