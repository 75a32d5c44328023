"""The rows of a batch in Valkey: which wait to be asked, and how all of them are read at once.

A row is a question like any other once it is on the queue. Until then, and again when it is given
back, it stands in its batch's set of pending rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import cast

import redis
from redis.client import Pipeline
from rq.job import Job, JobStatus

from jobs.batches.models import BatchState, RowState
from jobs.queue.keys import batch_key

# Of a batch's id, so many characters begin the ids of its jobs; the row's number ends them. So
# RQ, which goes by the id among questions of one second, asks the rows in their order.
JOB_PREFIX_CHARS = 24


def job_id_of(batch_id: str, row: int) -> str:
    """Return the id of the job that asks a row (from 0), always the same: it is asked once."""
    return f"{batch_id[:JOB_PREFIX_CHARS]}{row:08x}"


def pending_key(batch_id: str) -> str:
    """Sorted set: the numbers of the rows that are not asked yet."""
    return f"{batch_key(batch_id)}:pending"


def questions_key(batch_id: str) -> str:
    """Hash: row number to question."""
    return f"{batch_key(batch_id)}:questions"


def lines_key(batch_id: str) -> str:
    """List: the lines of the file as JSON: the row that answers it, or null, and its cells."""
    return f"{batch_key(batch_id)}:lines"


def keys_of(batch_id: str) -> list[str]:
    """Return all keys of a batch, apart from those of its jobs."""
    return [
        batch_key(batch_id),
        pending_key(batch_id),
        questions_key(batch_id),
        lines_key(batch_id),
    ]


@dataclass(frozen=True)
class RowPlace:
    """A row's place in its batch, for changes of the row's job to change with it."""

    batch_id: str
    row: int
    retention_seconds: int

    def may_be_asked(self, pipeline: Pipeline) -> bool:
        """True if the batch runs; a change of that meanwhile undoes the transaction."""
        key = batch_key(self.batch_id)
        pipeline.watch(key)
        state = cast("bytes | None", pipeline.hget(key, "state"))
        return state is not None and state.decode() == BatchState.RUNNING

    def take(self, pipeline: Pipeline) -> None:
        """Say that it is asked now; the batch is kept as long as a question asked now."""
        pipeline.zrem(pending_key(self.batch_id), self.row)
        for key in keys_of(self.batch_id):
            pipeline.expire(key, self.retention_seconds)

    def give_back(self, pipeline: Pipeline) -> None:
        """Say that it is to be asked (again)."""
        key = pending_key(self.batch_id)
        pipeline.zadd(key, {str(self.row): self.row})
        pipeline.expire(key, self.retention_seconds)


class RowStatus(StrEnum):
    """Where a row is. The values are the letters by which `STATES` names them."""

    PENDING = "p"
    QUEUED = "q"
    RATE_LIMITED = "w"  # waits for the user's other rows: not on the queue itself
    SCHEDULED = "r"
    STARTED = "s"
    FINISHED = "f"
    FAILED = "x"
    STOPPED = "c"
    GONE = "-"

    @property
    def state(self) -> RowState:
        """The state as people see it."""
        return _STATES[self]


# Those of rows that were asked and are not over.
ASKED = (RowStatus.QUEUED, RowStatus.RATE_LIMITED, RowStatus.SCHEDULED, RowStatus.STARTED)

_STATUSES = {
    JobStatus.CREATED: RowStatus.QUEUED,
    JobStatus.QUEUED: RowStatus.QUEUED,
    JobStatus.DEFERRED: RowStatus.QUEUED,
    JobStatus.READY_TO_ENQUEUE: RowStatus.QUEUED,
    JobStatus.RATE_LIMITED: RowStatus.RATE_LIMITED,
    JobStatus.SCHEDULED: RowStatus.SCHEDULED,
    JobStatus.STARTED: RowStatus.STARTED,
    JobStatus.FINISHED: RowStatus.FINISHED,
    JobStatus.FAILED: RowStatus.FAILED,
    JobStatus.STOPPED: RowStatus.STOPPED,
    JobStatus.CANCELED: RowStatus.STOPPED,
}
_STATES = {
    RowStatus.PENDING: RowState.PENDING,
    RowStatus.QUEUED: RowState.QUEUED,
    RowStatus.RATE_LIMITED: RowState.QUEUED,
    RowStatus.SCHEDULED: RowState.RETRYING,
    RowStatus.STARTED: RowState.STARTED,
    RowStatus.FINISHED: RowState.FINISHED,
    RowStatus.FAILED: RowState.FAILED,
    RowStatus.STOPPED: RowState.STOPPED,
    RowStatus.GONE: RowState.GONE,
}
# Valkey reads hashes where they are, and replies with one letter for each row.
# KEYS: pending rows. ARGV: first and last row, beginning of the keys of their jobs' hashes.
STATES = f"""
local letters = {{{", ".join(f"{job.value} = '{row}'" for job, row in _STATUSES.items())}}}
local pending = {{}}
for _, row in ipairs(redis.call('ZRANGE', KEYS[1], ARGV[1], ARGV[2], 'BYSCORE')) do
    pending[tonumber(row)] = true
end
local states = {{}}
for row = tonumber(ARGV[1]), tonumber(ARGV[2]) do
    local job = redis.call('HMGET', ARGV[3] .. string.format('%08x', row), 'status', 'deleted_at')
    local letter = '{RowStatus.GONE}'
    if job[1] and not job[2] then letter = letters[job[1]] or '{RowStatus.QUEUED}' end
    local is_idle = letter == '{RowStatus.GONE}' or letter == '{RowStatus.FAILED}'
        or letter == '{RowStatus.STOPPED}'
    if pending[row] and is_idle then letter = '{RowStatus.PENDING}' end
    table.insert(states, letter)
end
return table.concat(states)
"""
# Valkey does nothing else meanwhile.
ROWS_AT_ONCE = 1000
_BY_LETTER = {status.value: status for status in RowStatus}


def read_statuses(
    connection: redis.Redis, batches: Sequence[tuple[str, int]]
) -> list[list[RowStatus]]:
    """Return where the rows of each batch are, in order; of a batch, its id and number of rows.

    A round trip reads `ROWS_AT_ONCE`. So a row that changes meanwhile is read before or after it.
    """
    found: list[list[RowStatus]] = [[] for _ in batches]
    pipeline = connection.pipeline(transaction=False)
    read: list[int] = []  # the batches of this round trip, by their place

    def execute() -> None:
        for place, letters in zip(read, pipeline.execute(), strict=True):
            found[place] += [_BY_LETTER[letter] for letter in letters.decode()]
        read.clear()

    room = ROWS_AT_ONCE
    for place, (batch_id, rows) in enumerate(batches):
        prefix = Job.key_for(batch_id[:JOB_PREFIX_CHARS])
        first = 0
        while first < rows:
            count = min(room, rows - first)
            last = first + count - 1
            pipeline.eval(STATES, 1, pending_key(batch_id), first, last, prefix)
            read.append(place)
            first, room = last + 1, room - count
            if not room:
                execute()
                room = ROWS_AT_ONCE
    if read:
        execute()
    return found
