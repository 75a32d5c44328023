"""Worker processes: their threads, their start and their end."""

from __future__ import annotations

from functools import cached_property

from pydantic import BaseModel, Field, field_validator

from jobs.settings.queues import parse_threads


class WorkerSettings(BaseModel):
    """Settings of a worker process."""

    worker_threads: str = Field(
        "questions:16,batch:4,indexing:2", description="Threads that serve each queue."
    )
    shutdown_grace_seconds: float = Field(
        25.0, ge=0, description="Seconds that running jobs get to finish when a worker stops."
    )
    index_samples: bool = Field(
        True, description="Index the documents in samples/ when there are none."
    )

    @field_validator("worker_threads")
    @classmethod
    def _threads_are_readable(cls, value: str) -> str:
        parse_threads(value)
        return value

    @cached_property
    def threads_by_queue(self) -> dict[str, int]:
        """Threads for each queue, as in `WORKER_THREADS`; a queue that is not named has none."""
        return parse_threads(self.worker_threads)
