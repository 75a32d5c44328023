"""Cooperative cancellation: a running job asks, at every chunk, whether it should end."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from jobs.errors import AskqueueError, HandedBack, JobStopped


class Cancellation:
    """Whether one running job should end early, and why. The first reason counts."""

    def __init__(self, on_check: Callable[[], None] | None = None) -> None:
        self._reason: type[AskqueueError] | None = None
        self._on_check = on_check

    def stop(self) -> None:
        """Its owner stopped the job."""
        self._reason = self._reason or JobStopped

    def hand_back(self) -> None:
        """The worker shuts down."""
        self._reason = self._reason or HandedBack

    def check(self) -> None:
        """Raise JobStopped or HandedBack if the job should end. Cheap: call it often."""
        if self._reason is not None:
            raise self._reason()
        if self._on_check is not None:
            self._on_check()


class Cancellations:
    """The cancellations of the jobs that run in this process. Thread-safe."""

    def __init__(self) -> None:
        self._running: dict[str, Cancellation] = {}
        self._lock = threading.Lock()

    @contextmanager
    def running(
        self, job_id: str, on_check: Callable[[], None] | None = None
    ) -> Iterator[Cancellation]:
        """The cancellation of a job, known here by its id while the block runs."""
        cancellation = Cancellation(on_check)
        with self._lock:
            self._running[job_id] = cancellation
        try:
            yield cancellation
        finally:
            with self._lock:
                if self._running.get(job_id) is cancellation:
                    del self._running[job_id]

    def job_ids(self) -> list[str]:
        with self._lock:
            return list(self._running)

    def stop(self, job_id: str) -> None:
        """Stop a job, if it runs here."""
        with self._lock:
            cancellation = self._running.get(job_id)
        if cancellation is not None:
            cancellation.stop()

    def hand_back_all(self) -> None:
        with self._lock:
            running = list(self._running.values())
        for cancellation in running:
            cancellation.hand_back()
