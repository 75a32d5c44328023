"""Cooperative cancellation: an attempt asks, at every chunk, whether it should end."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from jobs.errors import AskqueueError, HandedBackError, SupersededError


class Cancellation:
    """Whether one attempt should end early, and why. The first reason counts."""

    def __init__(self, on_check: Callable[[], None] | None = None) -> None:
        self._reason: type[AskqueueError] | None = None
        self._on_check = on_check

    def supersede(self) -> None:
        """The job goes on without this attempt, or not at all."""
        self._reason = self._reason or SupersededError

    def hand_back(self) -> None:
        """The worker shuts down."""
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
        """The cancellation of an attempt, known here by its id while the block runs."""
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
        with self._lock:
            running = list(self._running.values())
        for cancellation in running:
            cancellation.hand_back()
