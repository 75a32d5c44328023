"""How often a question was done within the range that was estimated for it.

    python -m benchmarks.eta [--pattern steady|burst|mixed|all] [--seed 1]

A real Valkey, worker processes and a stub model server, whose answers take a time that varies from
one to the next. Questions are asked in three patterns: steadily, below what the threads can do; 200
at once; and short and long answers mixed, while one of two workers is killed. While they wait and
run, the estimate of each is read again and again, and compared with its end. Every question counts
the same in "when asked"; "all along" counts each look.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import json
import os
import random
import shutil
import signal
import statistics
import subprocess
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from benchmarks.stack import DURABLE, Stack, local_stack, wait_for
from jobs.models import JobState, JobView, Question
from jobs.questions.client import JobClient
from jobs.questions.queue_simulation import MIN_DURATIONS
from tests.fakes import FakeModelServer
from ui.components.common.eta import steady

THREADS = 8
LOOK_SECONDS = 0.5
LONGEST_SECONDS = 240
TOKENS = 10
# Enough for the estimates to begin; the users of these ask nothing else.
WARM_UP = 8 * THREADS

# Seconds that an answer takes, of this many.
Draw = Callable[[random.Random], float]


@dataclass(frozen=True)
class Look:
    """What was estimated of a question at a moment (Unix time), and the ends that were shown."""

    at: float
    state: JobState
    low: float
    high: float
    shown: tuple[int, int]
    overdue: bool


@dataclass
class Watched:
    """A question with its looks, oldest first, and when it ended."""

    view: JobView
    looks: list[Look] = field(default_factory=list)
    ended_at: float = 0.0


class VaryingModel(FakeModelServer):
    """A stub model server whose answers take a random time each, most of it before the end."""

    def __init__(self, draw: Draw, seed: int) -> None:
        super().__init__()
        self.draw = draw
        self.tokens = TOKENS
        self._random = random.Random(seed)
        self._lock = threading.Lock()
        self._local = threading.local()

    @property
    def token_delay_seconds(self) -> float:
        """Of the answer that this thread gives: drawn anew for each."""
        left = getattr(self._local, "left", 0)
        if not left:
            with self._lock:
                self._local.delay = self.draw(self._random) / TOKENS
            left = TOKENS
        self._local.left = left - 1
        return float(self._local.delay)

    @token_delay_seconds.setter
    def token_delay_seconds(self, _value: float) -> None:
        """It has none of its own."""


def short(rng: random.Random) -> float:
    """About 1 s, as answers of one kind vary."""
    return min(10.0, rng.lognormvariate(0.0, 0.4))


def short_and_long(rng: random.Random) -> float:
    """Three of four about 0.6 s, one of four about 4 s."""
    return min(15.0, rng.lognormvariate(-0.5, 0.3) if rng.random() < 0.75 else short(rng) * 4)


class Watch:
    """Asks questions, and looks at the estimates of those that are not over, on a thread."""

    def __init__(self, client: JobClient) -> None:
        self._client = client
        self._open: dict[str, Watched] = {}
        self._all: list[Watched] = []
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def ask(self, user: str) -> JobView:
        """Submit, and look at once, as the page does."""
        watched = Watched(self._client.submit(user, Question("What is the hotel limit per night?")))
        self._look(watched, watched.view)
        with self._lock:
            self._open[watched.view.id] = watched
            self._all.append(watched)
        return watched.view

    @contextlib.contextmanager
    def looking(self) -> Iterator[None]:
        self._thread.start()
        try:
            yield
        finally:
            self._stop.set()
            self._thread.join()

    def wait(self) -> None:
        wait_for(lambda: not self._open, LONGEST_SECONDS, "the end of all questions")

    @property
    def finished(self) -> list[Watched]:
        return [each for each in self._all if each.ended_at]

    def _run(self) -> None:
        while not self._stop.wait(LOOK_SECONDS):
            with self._lock:
                waiting = list(self._open.values())
            for watched in waiting:
                view = self._client.get_job(watched.view.user, watched.view.id)
                if not view.state.is_over:
                    self._look(watched, view)
                    continue
                if view.state is JobState.FINISHED and view.ended_at is not None:
                    watched.ended_at = view.ended_at
                with self._lock:
                    del self._open[view.id]

    def _look(self, watched: Watched, view: JobView) -> None:
        eta = self._client.estimate(view)
        if eta is not None:
            before = watched.looks[-1].shown if watched.looks else None
            shown = steady(before, eta)
            now = time.time()
            watched.looks.append(Look(now, view.state, eta.low, eta.high, shown, eta.overdue))


def held(watched: Watched, look: Look) -> bool:
    return look.low <= watched.ended_at - look.at <= look.high


def shown_held(watched: Watched, look: Look) -> bool:
    return look.shown[0] <= watched.ended_at - look.at <= look.shown[1]


def report_of(questions: Sequence[Watched]) -> dict[str, object]:
    """Shares in percent, over the questions that finished."""
    first = [(each, each.looks[0]) for each in questions if each.looks]
    by_state: dict[str, list[bool]] = defaultdict(list)
    for each in questions:
        for look in each.looks:
            if not look.overdue:
                by_state[look.state.value].append(held(each, look))
    looks = [(each, look) for each in questions for look in each.looks if not look.overdue]
    misses = [each.ended_at - look.at for each, look in first if not held(each, look)]
    early = sum(each.ended_at - look.at < look.low for each, look in first)
    changes = [
        sum(one.shown != two.shown for one, two in itertools.pairwise(each.looks))
        for each in questions
    ]
    return {
        "finished": len(questions),
        "known when asked": len(first),
        "when asked: in the range": percent([held(*pair) for pair in first]),
        "when asked: done sooner, later": [early, len(misses) - early],
        "when asked: in the range as shown": percent([shown_held(*pair) for pair in first]),
        "all along: in the range": percent([held(*pair) for pair in looks]),
        "all along: in the range as shown": percent([shown_held(*pair) for pair in looks]),
        "by state": {name: percent(values) for name, values in by_state.items()},
        "looks, overdue": [len(looks), sum(x.overdue for each in questions for x in each.looks)],
        "changes of what is shown, median": statistics.median(changes) if changes else 0,
        "high / low when asked, median": round(
            statistics.median(look.high / max(0.1, look.low) for _, look in first), 1
        ),
        "seconds to the end when asked, median": round(
            statistics.median(each.ended_at - look.at for each, look in first), 1
        ),
    }


def percent(values: Sequence[bool]) -> float | None:
    return round(100 * statistics.mean(values), 1) if values else None


def warm_up(client: JobClient) -> None:
    """Finish some questions, so that there is something to learn from."""
    jobs = [client.submit(f"warm-{number}", Question("Why?")) for number in range(WARM_UP)]
    assert len(jobs) >= MIN_DURATIONS
    for job in jobs:
        client.wait(job.user, job.id, 60)


def ask_steadily(watch: Watch, seconds: float, a_second: float, rng: random.Random) -> None:
    """At random moments, of as many users as questions."""
    until, number = time.monotonic() + seconds, 0
    while time.monotonic() < until:
        time.sleep(rng.expovariate(a_second))
        number += 1
        watch.ask(f"user-{number}")


def run_steady(stack: Stack, watch: Watch, rng: random.Random) -> None:
    """60 % of what the threads can do."""
    with stack.worker(f"questions:{THREADS},indexing:1"):
        warm_up(stack.jobs())
        with watch.looking():
            ask_steadily(watch, 60, 0.6 * THREADS / 1.1, rng)
            watch.wait()


def run_burst(stack: Stack, watch: Watch, _rng: random.Random) -> None:
    """200 at once, of 20 users with 10 each, of which 8 are queued and 2 wait."""
    with stack.worker(f"questions:{THREADS},indexing:1"):
        warm_up(stack.jobs())
        with watch.looking():
            for number in range(200):
                watch.ask(f"user-{number % 20}")
            watch.wait()


def run_mixed(stack: Stack, watch: Watch, rng: random.Random) -> None:
    """Two workers at 80 % of what they can do; one is killed, and another starts 20 s later."""
    threads = f"questions:{THREADS // 2}"
    stack.index_samples()
    with worker_of_its_own(stack, threads, "first"), contextlib.ExitStack() as started:
        victim = started.enter_context(worker_of_its_own(stack, threads, "victim"))
        warm_up(stack.jobs())
        with watch.looking():
            ask_steadily(watch, 20, 0.8 * THREADS / 1.6, rng)
            os.killpg(victim.pid, signal.SIGKILL)
            ask_steadily(watch, 20, 0.8 * THREADS / 1.6, rng)
            started.enter_context(worker_of_its_own(stack, threads, "next"))
            ask_steadily(watch, 20, 0.8 * THREADS / 1.6, rng)
            watch.wait()


@contextlib.contextmanager
def worker_of_its_own(stack: Stack, threads: str, name: str) -> Iterator[subprocess.Popen[bytes]]:
    """A worker with a copy of the embedded index, which is of one process."""
    folder = stack.folder / name
    shutil.copytree(stack.folder / "index", folder / "index")
    before = len(stack.jobs().workers())
    with stack.worker(threads, DATA_DIR=str(folder), INDEX_SAMPLES="false") as process:
        wait_for(lambda: len(stack.jobs().workers()) > before, 60, "the report of a worker")
        yield process


PATTERNS: dict[str, tuple[Draw, Callable[[Stack, Watch, random.Random], None]]] = {
    "steady": (short, run_steady),
    "burst": (short, run_burst),
    "mixed": (short_and_long, run_mixed),
}


def run(name: str, seed: int) -> dict[str, object]:
    draw, play = PATTERNS[name]
    with (
        VaryingModel(draw, seed) as model,
        local_stack("eta", model.base_url, **DURABLE) as stack,
    ):
        watch = Watch(stack.jobs())
        play(stack, watch, random.Random(seed))
        return report_of(watch.finished)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pattern", choices=(*PATTERNS, "all"), default="all")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    for name in PATTERNS:
        if options.pattern in (name, "all"):
            print(json.dumps({name: run(name, options.seed)}, indent=2), flush=True)


if __name__ == "__main__":
    main()
