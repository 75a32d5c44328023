"""The rows of a batch in Valkey: which wait to be asked, and how all of them are read at once.

A row is a question like any other once it is on the queue. Until then, and again when it is given
back, it stands in its batch's set of pending rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import redis
from redis.client import Pipeline
from rq.job import Job

from jobs.batches.models import BatchState, RowState
from jobs.queue.keys import batch_key

# Of a batch's id, so many characters begin the ids of its jobs; the row's number ends them. So
# RQ, which goes by the id among questions of one second, asks the rows in their order.
JOB_PREFIX_CHARS = 24


def job_id_of(batch_id: str, row: int) -> str:
    """The id of the job that asks a row (from 0): always the same, so that it is asked once."""
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
    """All keys of a batch, apart from those of its jobs."""
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


# One letter for each row, in one reply: thousands of hashes are read where they are.
# KEYS: pending rows. ARGV: number of rows, beginning of the keys of their jobs' hashes.
STATES = """
local letters = {
    created = 'q', queued = 'q', deferred = 'q', ready_to_enqueue = 'q', rate_limited = 'w',
    scheduled = 'r', started = 's', finished = 'f', failed = 'x', stopped = 'c', canceled = 'c',
}
local pending = {}
for _, row in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do pending[tonumber(row)] = true end
local states = {}
for row = 0, tonumber(ARGV[1]) - 1 do
    local job = redis.call('HMGET', ARGV[2] .. string.format('%08x', row), 'status', 'deleted_at')
    local letter = job[1] and not job[2] and (letters[job[1]] or 'q') or '-'
    if pending[row] and (letter == '-' or letter == 'x' or letter == 'c') then letter = 'p' end
    states[row + 1] = letter
end
return table.concat(states)
"""
LETTERS = {
    "p": RowState.PENDING,
    "q": RowState.QUEUED,
    "w": RowState.QUEUED,
    "r": RowState.RETRYING,
    "s": RowState.STARTED,
    "f": RowState.FINISHED,
    "x": RowState.FAILED,
    "c": RowState.STOPPED,
    "-": RowState.GONE,
}
WAITING_LETTER = "w"  # for the user's other rows: not on the queue itself


def read_states(client: redis.Redis | Pipeline, batch_id: str, rows: int) -> object:
    """Queue, or do, the read of all rows' states; `letters_of` takes the reply."""
    prefix = Job.key_for(batch_id[:JOB_PREFIX_CHARS])
    return client.eval(STATES, 1, pending_key(batch_id), rows, prefix)


def letters_of(reply: object) -> str:
    """The states of the rows in order, a letter of `LETTERS` each."""
    return cast("bytes", reply).decode()


def states_of(reply: object) -> list[RowState]:
    """The states of the rows, in order."""
    return [LETTERS[letter] for letter in letters_of(reply)]
