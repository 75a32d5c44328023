"""Cooperative cancellation: an attempt checks, between its steps, whether it should end."""

from __future__ import annotations

import contextvars
import queue
import threading
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Protocol, TypeVar

from jobs.errors import AskqueueError, HandedBackError, SupersededError

T = TypeVar("T")

# How late a cancellation may be noticed while nothing arrives.
POLL_SECONDS = 0.2
# Items read ahead; with as many unread, the producer waits.
BUFFERED_ITEMS = 256


class Cancelled(Protocol):
    """What may end a wait early; usually a `Cancellation`."""

    def check(self) -> None:
        """Raise if the work should end now."""


class Cancellation:
    """Whether one attempt should end early, and why. The first reason counts."""

    def __init__(self, on_check: Callable[[], None] | None = None) -> None:
        self._reason: type[AskqueueError] | None = None
        self._on_check = on_check

    def supersede(self) -> None:
        """End the attempt because its job goes on without it, or not at all."""
        self._reason = self._reason or SupersededError

    def hand_back(self) -> None:
        """End the attempt because the worker shuts down."""
        self._reason = self._reason or HandedBackError

    def check(self) -> None:
        """Raise SupersededError or HandedBackError if the attempt should end. Cheap."""
        if self._reason is not None:
            raise self._reason()
        if self._on_check is not None:
            self._on_check()


class Cancellations:
    """The cancellations of the attempts that run in this process. Thread-safe."""

    def __init__(self) -> None:
        self._running: dict[str, Cancellation] = {}
        self._lock = threading.Lock()

    @contextmanager
    def running(
        self, execution_id: str, on_check: Callable[[], None] | None = None
    ) -> Iterator[Cancellation]:
        """Yield the cancellation of an attempt, which can be ended by its id meanwhile."""
        cancellation = Cancellation(on_check)
        with self._lock:
            self._running[execution_id] = cancellation
        try:
            yield cancellation
        finally:
            with self._lock:
                del self._running[execution_id]

    def supersede(self, execution_id: str) -> None:
        """End an attempt, if it runs here."""
        with self._lock:
            cancellation = self._running.get(execution_id)
        if cancellation is not None:
            cancellation.supersede()

    def hand_back_all(self) -> None:
        """End every attempt that runs here."""
        with self._lock:
            running = list(self._running.values())
        for cancellation in running:
            cancellation.hand_back()


@dataclass(frozen=True)
class _End:
    """The last entry of the buffer: the iterable ended, or raised `error`."""

    error: BaseException | None = None


def iterate_cancellable(
    make_items: Callable[[], Iterable[T]], cancelled: Cancelled
) -> Generator[T, None, None]:
    """Yield from an iterable that may block, checking for cancellation at least every 0.2 s.

    The iterable is made and read on a thread of its own, so that a silent server cannot delay a
    stop. If the caller stops reading, that thread ends with its next item and closes a generator.
    """
    items: queue.Queue[T | _End] = queue.Queue(BUFFERED_ITEMS)
    abandoned = threading.Event()
    # A copy of the context, so that lines logged by the thread name the job.
    context = contextvars.copy_context()
    threading.Thread(
        target=context.run,
        args=(_produce, make_items, items, abandoned),
        daemon=True,
        name="cancellable",
    ).start()
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


def call_cancellable(function: Callable[[], T], cancelled: Cancelled) -> T:
    """Call a function that may block, checking for cancellation at least every 0.2 s."""
    return next(iterate_cancellable(lambda: [function()], cancelled))


def _produce(
    make_items: Callable[[], Iterable[T]],
    items: queue.Queue[T | _End],
    abandoned: threading.Event,
) -> None:
    """Put the items into the queue, and then an `_End`."""
    try:
        iterable = make_items()
        try:
            for item in iterable:
                if not _put(item, items, abandoned):
                    return
        finally:
            if isinstance(iterable, Generator):
                iterable.close()
    except BaseException as error:  # whatever it is, the reader raises it
        _put(_End(error), items, abandoned)
    else:
        _put(_End(), items, abandoned)


def _put(item: T | _End, items: queue.Queue[T | _End], abandoned: threading.Event) -> bool:
    """Put an item as soon as there is room; return False if nobody reads any more."""
    while not abandoned.is_set():
        with suppress(queue.Full):
            items.put(item, timeout=POLL_SECONDS)
            return True
    return False
