"""DeadLetters: the failed jobs of all queues, for operators to see and to queue again.

No entry contains text of a question or says who asked it. Methods raise BrokerUnavailableError if
Valkey cannot be reached.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any, TypeAlias, cast

from rq.exceptions import DeserializationError, NoSuchJobError
from rq.job import Job, JobStatus

from jobs.documents.client import INDEX_DOCUMENT
from jobs.documents.repository import DocumentRepository
from jobs.errors import AskqueueError
from jobs.models import DeadLetter, DeadLetterPage, Failure
from jobs.questions.lifecycle import Lifecycle
from jobs.queue.broker import DESCRIPTIONS, Broker
from jobs.queue.connection import broker_errors
from jobs.queue.failure_texts import without_quote
from jobs.queue.retry_policy import History
from jobs.queue.rq_internals import unix_time
from jobs.queue.transitions import DELETED_FIELD

# Jobs read in one round trip: enough that their number hardly matters, in a few hundred kB.
CHUNK = 1000
# What is read of each job in a registry: its id, and fields of its hash.
DOES = "description"
GET = (
    "#",
    *(
        f"{Job.key_for('*')}->{field}"
        for field in ("status", DOES, "ended_at", "meta", DELETED_FIELD)
    ),
)
_Value: TypeAlias = "bytes | None"
_Reply: TypeAlias = "tuple[bytes, _Value, _Value, _Value, _Value, _Value]"


class DeadLetters:
    """Jobs that failed for good. Jobs that were stopped are not among them."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self._connection = broker.connection
        self._lifecycle = Lifecycle(broker)
        self._register = DocumentRepository(broker.connection)

    def list_failed(self, kind: str = "", offset: int = 0, limit: int = 50) -> DeadLetterPage:
        """Return a page of the failed jobs, newest first, of one kind of error or of all ("").

        Reads a few fields of every failed job, in one round trip for each `CHUNK` of them.
        """
        rows = self._rows()
        found = [row for row in rows if kind in ("", row.failure.kind)]
        page = found[offset : offset + limit]
        return DeadLetterPage(tuple(_entry(row) for row in page), len(found), _counts(rows))

    def kinds(self) -> Mapping[str, int]:
        """Return how many jobs failed with each kind of error, the commonest first."""
        return _counts(self._rows())

    def is_known(self, job_id: str) -> bool:
        """Return whether there is such a job, in any state."""
        with broker_errors():
            return bool(self._connection.exists(Job.key_for(job_id)))

    def requeue(self, job_id: str) -> bool:
        """Queue a failed job again, with all its attempts; False if it is no longer failed.

        It is queued once, however many ask for it at the same time.
        """
        with broker_errors():
            description = cast("bytes | None", self._connection.hget(Job.key_for(job_id), DOES))
            return self._requeue(job_id, (description or b"").decode(errors="replace"))

    def requeue_all(self, kind: str = "") -> int:
        """Requeue all failed jobs, of one kind or of all, oldest first; returns how many.

        Takes about 1 ms for each. If interrupted, each job is either failed or queued.
        """
        rows = [row for row in self._rows() if kind in ("", row.failure.kind)]
        with broker_errors():
            return sum(self._requeue(row.job_id, row.description) for row in reversed(rows))

    def _requeue(self, job_id: str, description: str) -> bool:
        try:
            if description == DESCRIPTIONS[INDEX_DOCUMENT]:
                # First, so that it cannot overwrite what a worker writes of the new attempt. If
                # this process dies in between, the job is still failed and can be queued again.
                self._register.queue_again(self._broker.fetch(job_id).args[0], job_id)
            # A question that was stopped in the meantime stays stopped.
            return self._lifecycle.queue_again(job_id, from_states=(JobStatus.FAILED,))
        except (NoSuchJobError, DeserializationError, ValueError):
            return False  # gone, or written by another program

    def _rows(self) -> Sequence[_Row]:
        """Return every failed job, newest first."""
        with broker_errors():
            rows = [row for name in self._broker.queues for row in self._rows_of(name)]
        return sorted(rows, key=lambda row: row.ended_at, reverse=True)

    def _rows_of(self, queue_name: str) -> Iterator[_Row]:
        queue = self._broker.queues[queue_name]
        # Not through the registry's own methods, which clean up as they read.
        key = queue.failed_job_registry.key
        for start in count(0, CHUNK):
            # SORT with BY nosort reads fields of many hashes in one command, five times as fast as
            # a pipeline of HMGETs.
            replies = cast(
                "list[_Reply]",
                self._connection.sort(
                    key, start=start, num=CHUNK, by="nosort", get=list(GET), groups=True
                ),
            )
            for job_id, status, description, ended_at, meta, deleted_at in replies:
                if status == JobStatus.FAILED.value.encode() and not deleted_at:
                    yield _row(job_id, queue_name, description, ended_at, meta)
            if len(replies) < CHUNK:
                return


@dataclass(frozen=True, slots=True)
class _Row:
    """A failed job as it was read. `ended_at` is RQ's text, which sorts like the time."""

    job_id: str
    queue: str
    description: str
    ended_at: str
    failure: Failure
    history: Mapping[str, Any]


def _row(
    job_id: bytes,
    queue: str,
    description: bytes | None,
    ended_at: bytes | None,
    meta: bytes | None,
) -> _Row:
    about = _object(meta or b"")
    return _Row(
        job_id.decode(),
        queue,
        (description or b"").decode(errors="replace"),
        (ended_at or b"").decode(),
        _failure(about.get("failure")),
        about.get("history") or {},
    )


def _entry(row: _Row) -> DeadLetter:
    return DeadLetter(
        job_id=row.job_id,
        queue=row.queue,
        description=row.description,
        failure=row.failure,
        attempts=History.from_dict(row.history).attempts,
        failed_at=unix_time(row.ended_at) if row.ended_at else 0.0,
    )


def _failure(data: Mapping[str, str] | None) -> Failure:
    if not data:
        return AskqueueError().failure
    return without_quote(Failure(data["kind"], data["message"], data.get("command", "")))


def _object(text: bytes) -> dict[str, Any]:
    """Parse a JSON object; an empty one for anything else, such as what other programs write."""
    try:
        value = json.loads(text)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _counts(rows: Sequence[_Row]) -> Mapping[str, int]:
    return dict(Counter(row.failure.kind for row in rows).most_common())
