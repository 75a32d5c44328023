"""What worker processes report of themselves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from jobs.models.failures import Failure
from jobs.models.json_types import from_json


@dataclass(frozen=True)
class WorkerReport:
    """What a living worker process says of itself with every heartbeat.

    `problem` is set when its Qdrant cannot be used; `notes` are sentences for a quiet banner.
    `knows_private` says that it answers from nobody else's private documents, as older ones would.
    `index_schema` is that of the collections which it makes and searches, see `jobs.search.schema`.
    """

    name: str
    seen_at: float
    queues: tuple[str, ...] = ()
    threads: int = 0
    running: int = 0
    extractive: bool = False
    chat_model: str = ""
    embedding_model: str = ""
    collection: str = ""
    notes: tuple[str, ...] = ()
    problem: Failure | None = None
    threads_by_queue: Mapping[str, int] = field(default_factory=dict)
    knows_private: bool = False
    index_schema: int = 1

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> WorkerReport:
        """Return the report that these JSON types stand for, see `from_json`."""
        return from_json(cls, data)
