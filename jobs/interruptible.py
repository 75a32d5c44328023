"""Waiting for foreign code that blocks, without becoming deaf to stop and shutdown."""

from __future__ import annotations

import contextvars
import queue
import threading
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import suppress
from typing import Protocol, TypeVar

T = TypeVar("T")

# How late a stop may be noticed while nothing arrives.
POLL_SECONDS = 0.2
# Items on their way from the foreign thread; a slow consumer then slows the producer.
BUFFERED_ITEMS = 256


class Cancelled(Protocol):
    """What may end a wait early; see `jobs.cancellation.Cancellation`."""

    def check(self) -> None:
        """Raise if the job should end now."""


class _End:
    """The last thing in the queue: the iterator ended, or raised `error`."""

    def __init__(self, error: BaseException | None = None) -> None:
        self.error = error


def each(make_items: Callable[[], Iterable[T]], cancelled: Cancelled) -> Iterator[T]:
    """Yield from an iterable that may block, checking for cancellation at least every 0.2 s.

    The iterable is made and read on a thread of its own, so that a silent server cannot hold up
    a stop. Abandoned, that thread ends with its next item, and closes a generator.
    """
    items: queue.Queue[T | _End] = queue.Queue(BUFFERED_ITEMS)
    abandoned = threading.Event()

    def put(item: T | _End) -> bool:
        while not abandoned.is_set():
            with suppress(queue.Full):
                items.put(item, timeout=POLL_SECONDS)
                return True
        return False

    def pump() -> None:
        try:
            iterable = make_items()
            try:
                for item in iterable:
                    if not put(item):
                        return
            finally:
                if isinstance(iterable, Generator):
                    iterable.close()
        except BaseException as error:  # whatever it is, it belongs to the waiting thread
            put(_End(error))
        else:
            put(_End())

    # In a copy of this context: what the thread logs says for which job.
    context = contextvars.copy_context()
    threading.Thread(target=context.run, args=(pump,), daemon=True, name="interruptible").start()
    try:
        while True:
            cancelled.check()
            try:
                item = items.get(timeout=POLL_SECONDS)
            except queue.Empty:
                continue
            if isinstance(item, _End):
                if item.error is not None:
                    raise item.error
                return
            yield item
    finally:
        abandoned.set()


def call(function: Callable[[], T], cancelled: Cancelled) -> T:
    """Call a function that may block, checking for cancellation at least every 0.2 s."""
    return next(iter(each(lambda: [function()], cancelled)))
