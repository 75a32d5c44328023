"""One chaos run: the load, the faults of the plan, the wait for recovery, the verdict."""

from __future__ import annotations

import heapq
import itertools
import signal
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import httpx

from jobs.errors import AskqueueError
from tests.chaos.cluster import SECRETS, STOP_SECONDS, Cluster
from tests.chaos.load import Load
from tests.chaos.model import EchoModel
from tests.chaos.observer import History, Observer
from tests.chaos.plan import Fault, Kind
from tests.chaos.verdict import Evidence, Report, Struck, judge

TURN_SECONDS = 0.05
# An attempt that was paused goes on writing for this long, even if its question is over by then.
SETTLE_SECONDS = 3.5
# After the last fault and the last question, everything must be over within this.
RECOVERY_SECONDS = 60.0
# What is not over by then never will be: the whole run is to stay within five minutes.
LIMIT_SECONDS = 260.0
END_SECONDS = 15.0
SIGNALS = {
    Kind.KILL: signal.SIGKILL,
    Kind.PAUSE: signal.SIGSTOP,
    Kind.DEPLOY: signal.SIGTERM,
}


def run(folder: Path, seed: int, questions: int, seconds: float, plan: Sequence[Fault]) -> Report:
    """Ask `questions` over `seconds` while `plan` strikes; data and logs are left in `folder`."""
    started = time.monotonic()
    model = EchoModel(seed)
    with model, Cluster(folder, model.base_url) as cluster:
        load = Load(cluster.url, seed, questions, seconds)
        observer = Observer(cluster, lambda: load.accepted)
        faults = Faults(cluster, plan)
        load.start()
        observer.start()
        _go_through(cluster, load, observer, faults, started + LIMIT_SECONDS)
        load.stop()
        observer.stop()
        histories = _read_the_end(cluster, observer)
        observer.close()
    return judge(
        Evidence(
            seed=seed,
            questions=questions,
            seconds=time.monotonic() - started,
            struck=faults.struck,
            histories=histories,
            calls=list(model.calls),
            logs=cluster.logs(),  # with what was said at the very end
            secrets=SECRETS,
            refusals=load.refusals,
            unconfirmed=observer.unconfirmed,
            unexpected=cluster.unexpected,
        )
    )


def _go_through(
    cluster: Cluster, load: Load, observer: Observer, faults: Faults, limit: float
) -> None:
    """Strike, and wait until all is over; at most `RECOVERY_SECONDS` after the last trouble."""
    quiet_since = time.monotonic()
    while time.monotonic() < limit:
        faults.do_what_is_due()
        cluster.revive()
        quiet_seconds = time.monotonic() - quiet_since
        if not (faults.all_done and load.is_done):
            quiet_since = time.monotonic()
        elif quiet_seconds > (SETTLE_SECONDS if observer.all_over else RECOVERY_SECONDS):
            return
        time.sleep(TURN_SECONDS)


def _read_the_end(cluster: Cluster, observer: Observer) -> list[History]:
    """The last reading; it may wait for what has just come back."""
    deadline = time.monotonic() + END_SECONDS
    while True:
        try:
            return observer.finish()
        except (AskqueueError, httpx.HTTPError):
            if time.monotonic() > deadline:
                raise
            cluster.revive()
            time.sleep(TURN_SECONDS)


class Faults:
    """Carries out a plan, from the moment it is made, on the thread that calls it."""

    def __init__(self, cluster: Cluster, plan: Sequence[Fault]) -> None:
        self.struck: list[Struck] = []
        self._cluster = cluster
        self._began = time.monotonic()
        self._order = itertools.count()
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        for fault in plan:
            self._at(self._began + fault.at, partial(self._strike, fault))

    @property
    def all_done(self) -> bool:
        return not self._due

    def do_what_is_due(self) -> None:
        while self._due and self._due[0][0] <= time.monotonic():
            heapq.heappop(self._due)[2]()

    def _at(self, moment: float, action: Callable[[], None]) -> None:
        heapq.heappush(self._due, (moment, next(self._order), action))

    def _strike(self, fault: Fault) -> None:
        began, now = time.time(), time.monotonic()
        self._cluster.send(fault.target, SIGNALS[fault.kind])
        self._at(now + fault.seconds, partial(self._mend, fault, began, now + STOP_SECONDS))

    def _mend(self, fault: Fault, began: float, kill_at: float) -> None:
        """Let a paused process go on, or start one that has ended."""
        if fault.kind is Kind.PAUSE:
            self._cluster.send(fault.target, signal.SIGCONT)
        elif self._cluster.is_running(fault.target):
            if time.monotonic() > kill_at:
                self._cluster.unexpected.append(f"{fault.target} did not end on {fault.kind}")
                self._cluster.send(fault.target, signal.SIGKILL)
            self._at(time.monotonic() + 0.1, partial(self._mend, fault, began, kill_at))
            return
        else:
            self._cluster.start(fault.target)
        self.struck.append(Struck(fault, began, time.time()))
