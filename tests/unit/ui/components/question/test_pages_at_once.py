"""What many pages at once share: how often they refresh, and what is read once for all."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest

from jobs.models import IndexState, WorkerReport
from jobs.queue.pauses import Pause
from ui import clients as clients_module
from ui.clients import Clients, Conditions, build_clients
from ui.components.question.live_answer import COUNTED_SECONDS, Pace

REPORT = WorkerReport("one", seen_at=1.0, threads=4)
CONDITIONS = Conditions((REPORT,), IndexState(), {})


@dataclass
class Clock:
    now: float = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize(
    ("pages", "seconds", "around"),
    [
        (1, 0.5, 3.0),
        (30, 0.5, 3.0),
        (31, 1.0, 30.0),
        (240, 1.0, 30.0),
        (241, 2.0, 30.0),
        (999, 4.0, 30.0),
    ],
)
def test_the_more_pages_the_less_often_each_refreshes(
    pages: int, seconds: float, around: float
) -> None:
    """A few pages refresh twice a second, two hundred once, more even later."""
    pace = Pace(Clock())
    for number in range(pages):
        pace.note(f"job-{number}")
        pace.note(f"job-{number}")  # it is one page all the same
    assert (pace.seconds(), pace.around_seconds()) == (seconds, around)


def test_pages_that_no_longer_refresh_do_not_slow_others_down() -> None:
    """A page whose answer is there, or that was closed, counts for seconds only."""
    clock = Clock()
    pace = Pace(clock)
    for number in range(100):
        pace.note(f"job-{number}")
    clock.now += COUNTED_SECONDS + 0.1
    assert pace.seconds() == 0.5


@pytest.mark.parametrize(
    "other",
    [
        replace(CONDITIONS, workers=()),
        replace(CONDITIONS, workers=(replace(REPORT, notes=("A note.",)),)),
        replace(CONDITIONS, pauses={"questions": Pause("questions", "", 1.0)}),
    ],
)
def test_conditions_differ_in_what_a_page_says_of_them(other: Conditions) -> None:
    """A worker that is gone or says something new, and a pause, are worth drawing a page anew."""
    assert other.differ(CONDITIONS)


def test_conditions_do_not_differ_by_a_heartbeat() -> None:
    """A worker that was seen again, or runs another job, changes nothing on a page."""
    seen = replace(REPORT, seen_at=2.0, running=3)
    assert not replace(CONDITIONS, workers=(seen,)).differ(CONDITIONS)


def test_conditions_are_read_once_for_many_pages(
    monkeypatch: pytest.MonkeyPatch, clients: Clients
) -> None:
    """Pages that ask within a second share one reading; after that, it is read again."""
    reads: list[float] = []
    clock = Clock()
    monkeypatch.setattr(clients_module.time, "monotonic", clock)
    monkeypatch.setattr(clients.jobs, "workers", lambda: reads.append(clock.now) or [REPORT])
    monkeypatch.setattr(clients.documents, "index_state", IndexState)
    monkeypatch.setattr(clients.operations, "paused", dict)
    for _ in range(50):
        assert clients.conditions().workers == (REPORT,)
    clock.now += 1.0
    clients.conditions()
    assert reads == [100.0, 101.0]


@pytest.fixture
def clients(make_settings) -> Clients:  # type: ignore[no-untyped-def]
    """Clients that never connect."""
    return build_clients(make_settings())
