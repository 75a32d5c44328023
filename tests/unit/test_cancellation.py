"""Ending attempts early, also while they wait for code that blocks."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from jobs.cancellation import (
    Cancellation,
    Cancellations,
    call_cancellable,
    iterate_cancellable,
)
from jobs.errors import HandedBackError, SupersededError
from tests.waiting import HANG_SECONDS


def test_items_arrive_in_order_and_end() -> None:
    """More items than the buffer holds all come through."""
    assert list(iterate_cancellable(lambda: range(1000), Cancellation())) == list(range(1000))


def test_error_of_the_iterable_is_raised_where_it_is_read() -> None:
    """The consumer sees the producer's own exception, after its items."""

    def failing() -> Iterator[int]:
        yield 1
        raise ValueError("no more")

    items = iterate_cancellable(failing, Cancellation())
    assert next(items) == 1
    with pytest.raises(ValueError, match="no more"):
        next(items)


def test_stop_interrupts_a_call_that_blocks() -> None:
    """A silent server delays a stop by a moment at most."""
    release, cancellation = threading.Event(), Cancellation()
    threading.Timer(0.1, cancellation.supersede).start()
    with pytest.raises(SupersededError):
        call_cancellable(release.wait, cancellation)
    release.set()  # until now, it blocked


def test_abandoned_generator_is_closed() -> None:
    """A stream that nobody reads any more closes its request."""
    closed = threading.Event()

    def endless() -> Iterator[int]:
        try:
            while True:
                yield 1
        finally:
            closed.set()

    items = iterate_cancellable(endless, Cancellation())
    next(items)
    items.close()
    assert closed.wait(HANG_SECONDS)


def test_first_reason_to_end_counts() -> None:
    """A job that its owner stopped is stopped, even if the worker shuts down too."""
    cancellation = Cancellation()
    cancellation.supersede()
    cancellation.hand_back()
    with pytest.raises(SupersededError):
        cancellation.check()


def test_shutdown_reaches_every_running_job_and_none_that_ended() -> None:
    """Attempts are known while they run, and forgotten after."""
    cancellations = Cancellations()
    with cancellations.running("a") as first:
        with cancellations.running("b") as second:
            pass
        cancellations.hand_back_all()
        cancellations.supersede("b")  # not there any more: no error
        with pytest.raises(HandedBackError):
            first.check()
    second.check()  # ended before: not reached
