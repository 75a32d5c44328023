"""Monte Carlo simulation of a queue: when its jobs will be done, from how long recent ones took.

Numbers only: nothing here reads Valkey or the clock. The queue is simulated `DRAWS` times at once,
as the columns of arrays: threads take jobs in order, and each job takes as long as some recent one
did (resampling). An estimate is the middle 80 % of the outcomes. Questions not asked yet and
workers about to die are not foreseen. All times are in seconds from now.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from jobs.models import Eta

Numbers = NDArray[np.float64]

LOW_QUANTILE, HIGH_QUANTILE = 0.1, 0.9
# With fewer recent durations there is no estimate.
MIN_DURATIONS = 5
DRAWS = 128
# Jobs beyond this many are not simulated: they follow at the pace of the second half.
MAX_STEPS = 256
# A duration weighs half as much as one that is this many jobs newer.
HALF_LIFE_JOBS = 50
# A job is overdue once it has run longer than this share of recent ones.
OVERDUE_SHARE = 0.97
# The ends of the distribution, as factors of the shortest and the longest duration.
SHORTEST_FACTOR, LONGEST_FACTOR = 0.8, 1.25
# The pace of a queue as a whole varies by at least this share of itself.
MIN_PACE_DEVIATION = 0.08
BLOCK_JOBS = 10
# A dead worker's job is taken up again after about as long, see `EXECUTION_TTL_SECONDS`.
LOST_WORKER_SECONDS = 12.0


@dataclass(frozen=True)
class Running:
    """An attempt that has run for `ran_seconds`; `alive` says that its worker still reports."""

    job_id: str
    ran_seconds: float
    alive: bool = True


@dataclass(frozen=True)
class Limit:
    """One user's jobs under a rate limit: those that hold a slot, and those that wait, in order."""

    holding: tuple[str, ...]
    waiting: tuple[str, ...]


@dataclass(frozen=True)
class Load:
    """What a queue has to do, who does it, and how long such jobs took.

    `recent` are the seconds of finished attempts, newest first. `threads` counts the live threads
    that serve the queue. `queued` are the ids of its jobs, the next one first. While the queue is
    `paused`, nothing new is taken from it. A job in `urgent` that waits for a slot goes to the
    front of the queue once it gets one.
    """

    recent: tuple[float, ...]
    threads: int
    running: tuple[Running, ...] = ()
    queued: tuple[str, ...] = ()
    limits: tuple[Limit, ...] = ()
    paused: bool = False
    urgent: frozenset[str] = frozenset()


class Durations:
    """The distribution of the durations of jobs, learned from recent ones (newest first).

    A weighted empirical distribution with linear interpolation between the values seen. Of n values
    seen, the next one exceeds the greatest with probability 1 / (n + 1), and falls short of the
    smallest with the same; the two tails share that mass.
    """

    def __init__(self, recent: Sequence[float]) -> None:
        values = np.maximum(np.asarray(recent, dtype=float), 1e-3)
        weights = _weights(len(values))
        order = np.argsort(values, kind="stable")
        values, weights = values[order], weights[order] / weights.sum()
        inside = len(values) / (len(values) + 1)
        shares = (np.cumsum(weights) - weights / 2) * inside + (1 - inside) / 2
        self._seconds: Numbers = np.concatenate(
            ([values[0] * SHORTEST_FACTOR], values, [values[-1] * LONGEST_FACTOR])
        )
        self._shares: Numbers = np.concatenate(([0.0], shares, [1.0]))

    def quantile(self, share: Numbers) -> Numbers:
        """The seconds that this share of jobs (0 to 1) does not exceed."""
        return np.interp(share, self._shares, self._seconds)

    def share_below(self, seconds: float) -> float:
        """The share of jobs that take less than this: the inverse of `quantile`."""
        return float(np.interp(seconds, self._seconds, self._shares))

    def remaining(self, ran_seconds: float, share: Numbers) -> Numbers:
        """The quantile of the seconds left to a job that has run for `ran_seconds`.

        It is conditioned on having run so long. A job that outran all others is taken to have an
        exponential rest with half its age as the mean: the longer it ran, the longer it may take.
        """
        below = self.share_below(ran_seconds)
        if below >= 1.0:
            return ran_seconds / 2 * -np.log1p(-np.minimum(share, 0.999))
        return np.maximum(0.0, self.quantile(below + share * (1 - below)) - ran_seconds)


def forecast(load: Load, seed: int = 0) -> dict[str, Eta]:
    """Estimate when each job of the queue will be done, by id.

    Jobs about which too little is known are left out. The same load and seed give the same result.
    It takes a few milliseconds, however long the queue is.
    """
    if len(load.recent) < MIN_DURATIONS:
        return {}
    durations = Durations(load.recent)
    alive = sorted((job for job in load.running if job.alive), key=lambda job: -job.ran_seconds)
    etas = {job.job_id: _running_eta(durations, job.ran_seconds) for job in alive}
    if load.threads > 0 and not load.paused:
        etas |= _Simulation(load, durations, alive, seed).etas()
    return etas


def pace_deviation(recent: Sequence[float]) -> float:
    """The standard deviation of the mean of the next jobs, as a share of the mean of recent ones.

    It has two parts: the standard error of the mean, with Kish's effective sample size for weighted
    values, (Σw)² / Σw²; and what slow and fast periods add, see `_between_blocks`.
    """
    values = np.asarray(recent, dtype=float)
    weights = _weights(len(values))
    effective_size = weights.sum() ** 2 / (weights**2).sum()
    squared_error = values.var(ddof=1) / effective_size / values.mean() ** 2
    return float(np.sqrt(squared_error + max(MIN_PACE_DEVIATION**2, _between_blocks(values))))


def _weights(count: int) -> Numbers:
    """Weights of durations, newest first."""
    weights: Numbers = 0.5 ** (np.arange(count) / HALF_LIFE_JOBS)
    return weights


def _between_blocks(values: Numbers) -> float:
    """The variance between blocks of consecutive jobs, as a share of the squared mean.

    One-way analysis of variance: the variance of the blocks' means, less what the variance within
    blocks explains. It may be negative.
    """
    count = len(values) // BLOCK_JOBS
    if count < 4:
        return 0.0
    blocks = values[: count * BLOCK_JOBS].reshape(count, BLOCK_JOBS)
    by_chance = blocks.var(axis=1, ddof=1).mean() / BLOCK_JOBS
    return float((blocks.mean(axis=1).var(ddof=1) - by_chance) / blocks.mean() ** 2)


def _running_eta(durations: Durations, ran_seconds: float) -> Eta:
    low, high = durations.remaining(ran_seconds, np.array([LOW_QUANTILE, HIGH_QUANTILE]))
    if durations.share_below(ran_seconds) >= OVERDUE_SHARE:
        return Eta(0.0, float(high), overdue=True)
    return Eta(float(low), float(high))


class _Turn(NamedTuple):
    """A job's turn on the queue.

    It joins when the job `after` ends, "" for none, or after `wait_seconds`.
    """

    job_id: str
    after: str = ""
    wait_seconds: float = 0.0


class _Simulation:
    """One queue, simulated `DRAWS` times at once: arrays have one column, or row, for each draw."""

    def __init__(
        self, load: Load, durations: Durations, alive: Sequence[Running], seed: int
    ) -> None:
        random = np.random.default_rng(seed)
        self._service_seconds: Numbers = durations.quantile(random.random((MAX_STEPS, DRAWS)))
        even = (np.arange(DRAWS) + 0.5) / DRAWS
        # A job's own duration is the same draw for all, so that no job ends before one ahead of it.
        self._own_seconds: Numbers = durations.quantile(random.permutation(even))
        self._pace: Numbers = np.exp(pace_deviation(load.recent) * random.standard_normal(DRAWS))
        self._ends: dict[str, Numbers] = {
            job.job_id: durations.remaining(job.ran_seconds, random.permutation(even))
            for job in alive
        }
        self._free_at: Numbers = np.zeros((DRAWS, load.threads))
        # If more jobs run than there are threads, the oldest belong to a worker that is gone.
        for thread, job in enumerate(list(reversed(alive))[: load.threads]):
            self._free_at[:, thread] = self._ends[job.job_id]
        self._load = load

    def etas(self) -> dict[str, Eta]:
        """Estimates for queued and waiting jobs, and for those of lost workers, which start anew.

        Jobs beyond `MAX_STEPS` are extrapolated: only their order counts.
        """
        rows = np.arange(DRAWS)
        ids: list[str] = []
        starts: list[Numbers] = []
        ends = dict(self._ends)
        for job_id, after, wait_seconds in self._turns():
            ids.append(job_id)
            if len(starts) == MAX_STEPS:
                continue
            joins_at = ends[after] if after else wait_seconds
            thread = self._free_at.argmin(axis=1)
            if after and job_id in self._load.urgent:  # it takes the thread of the one before it
                thread = np.abs(self._free_at - ends[after][:, None]).argmin(axis=1)
            start = np.maximum(self._free_at[rows, thread], joins_at)
            end = start + self._service_seconds[len(starts)]
            ends[job_id] = self._free_at[rows, thread] = end
            starts.append(start)
        return dict(zip(ids, self._ranges(starts, len(ids)), strict=True)) if ids else {}

    def _turns(self) -> Iterator[_Turn]:
        """Yield the jobs in the order in which threads take them."""
        waiting: dict[str, deque[str]] = {}
        for limit in self._load.limits:
            line = deque(limit.waiting)
            waiting |= dict.fromkeys(limit.holding, line)
        turns = deque(_Turn(job_id) for job_id in self._load.queued)
        for job_id in self._ends:  # those that have run longest end first
            self._release(turns, waiting, job_id)
        turns += (
            _Turn(job.job_id, wait_seconds=LOST_WORKER_SECONDS)
            for job in self._load.running
            if not job.alive
        )
        while turns:
            turn = turns.popleft()
            yield turn
            self._release(turns, waiting, turn.job_id)

    def _release(self, turns: deque[_Turn], waiting: dict[str, deque[str]], ended_id: str) -> None:
        """Let the job that gets the slot of one that ended join the queue, if any waits for it."""
        line = waiting.get(ended_id)
        if not line:
            return
        job_id = line.popleft()
        waiting[job_id] = line
        turn = _Turn(job_id, after=ended_id)
        if job_id in self._load.urgent:
            turns.appendleft(turn)
        else:
            turns.append(turn)

    def _ranges(self, starts: list[Numbers], count: int) -> Iterator[Eta]:
        """Yield the estimates of `count` jobs, of which the first ones have these starts."""
        known = np.array(starts)
        if count > len(starts):
            half = len(starts) // 2
            seconds_per_job = np.maximum(0.0, known[-1] - known[half]) / (len(starts) - 1 - half)
            known = np.vstack((known, known[-1] + seconds_per_job * (count - len(starts))))
        done = known * self._pace + self._own_seconds
        low, high = np.quantile(done, (LOW_QUANTILE, HIGH_QUANTILE), axis=1)
        places = np.append(np.arange(len(starts)), count - 1)[: len(known)]
        lows = np.interp(np.arange(count), places, low)
        highs = np.interp(np.arange(count), places, high)
        for low_seconds, high_seconds in zip(lows, highs, strict=True):
            yield Eta(float(low_seconds), float(high_seconds))
