"""How the rows of batches get onto the queue: a few at a time, by the workers.

A batch is accepted as a whole, and no process that dies half way can lose a row of it: what is
not on the queue yet is pending, and some worker goes on with it. That few rows wait on the queue
is also what makes pausing and stopping quick.
"""

from __future__ import annotations

from dataclasses import replace
from typing import cast

import redis
import structlog
from redis.client import Pipeline
from redis.lock import Lock
from rq.job import JobStatus

from jobs.batches.models import BatchState
from jobs.batches.rows import (
    ASKED,
    RowPlace,
    RowStatus,
    job_id_of,
    keys_of,
    pending_key,
    questions_key,
    read_statuses,
)
from jobs.models import Question
from jobs.questions.lifecycle import Lifecycle
from jobs.queue.broker import Broker
from jobs.queue.keys import (
    FEEDING_LOCK_KEY,
    OPEN_BATCHES_KEY,
    answer_key,
    batch_key,
    batch_sizes_key,
    events_key,
    job_key,
)
from jobs.queue.transitions import CAN_REQUEUE

log = structlog.get_logger(__name__)

# So many rows of a batch are on the queue, or wait for it, at once: more than the workers finish
# between two turns.
FEED_AHEAD = 40
# Whoever dies with the lock delays the others by this much.
LOCK_SECONDS = 10
# A batch that is deleted goes in portions, so that the others have their turn.
REMOVED_PER_TURN = 200
ON_QUEUE = (JobStatus.QUEUED, JobStatus.RATE_LIMITED, JobStatus.SCHEDULED)

# Forget a batch that needs no more turns, unless its state was changed meanwhile.
# KEYS: open batches, batch, pending rows. ARGV: batch id, the state that was seen.
CLOSE = """
local state = redis.call('HGET', KEYS[2], 'state')
if state and state ~= ARGV[2] then return 0 end
if state == 'running' and redis.call('ZCARD', KEYS[3]) > 0 then return 0 end
return redis.call('ZREM', KEYS[1], ARGV[1])
"""


class BatchRows:
    """What is done to the rows of one batch. Raises what redis raises.

    Each row changes in one transition, and each call can be made again where it broke off.
    """

    def __init__(
        self, broker: Broker, batch_id: str, user: str, rows: int, asked: Question | None = None
    ) -> None:
        """Of `asked`, all but the text holds for the questions of the rows that are fed."""
        self._connection: redis.Redis = broker.connection
        self._retention_seconds = broker.settings.retention_seconds
        self._ahead = max(FEED_AHEAD, 2 * broker.settings.batch_concurrency)
        self._lifecycle = Lifecycle(broker)
        self._batch_id = batch_id
        self._user = user
        self._rows = rows
        self._asked = asked or Question("")

    def feed(self) -> int:
        """Put pending rows on the queue, as far as there is room; returns how many."""
        room = self._ahead - len(self._rows_in(*ASKED))
        if room <= 0:
            return 0
        pending = self._connection.zrange(pending_key(self._batch_id), 0, room - 1)
        rows = [int(row) for row in cast("list[bytes]", pending)]
        if not rows:
            return 0
        questions = cast(
            "list[bytes | None]",
            self._connection.hmget(questions_key(self._batch_id), [str(row) for row in rows]),
        )
        return sum(
            self._ask(row, question.decode())
            for row, question in zip(rows, questions, strict=True)
            if question is not None
        )

    def take_back(self) -> int:
        """Take off the queue what does not run yet; returns how many rows."""
        # Those that wait for a slot first: one that is freed would go to them.
        rows = [
            *self._rows_in(RowStatus.RATE_LIMITED),
            *self._rows_in(RowStatus.QUEUED, RowStatus.SCHEDULED),
        ]
        return sum(self._give_back(row, ON_QUEUE) for row in rows)

    def stop(self) -> int:
        """Stop what runs, and take back what does not; returns how many were stopped."""
        self.take_back()
        return sum(self._lifecycle.stop(self._id(row)) for row in self._rows_in(*ASKED))

    def remove(self) -> bool:
        """Remove some of the rows with their answers; True once nothing of the batch is left."""
        self.stop()
        there = self._rows_in(*set(RowStatus) - {RowStatus.GONE, RowStatus.PENDING})
        pending = self._rows_in(RowStatus.PENDING)
        for row in there[:REMOVED_PER_TURN]:
            self._lifecycle.delete(self._id(row), self._user)
        for row in pending:  # with a job from before, if they were to be asked again
            self._lifecycle.delete(self._id(row), self._user)
        if len(there) > REMOVED_PER_TURN:
            return False

        def forget(pipeline: Pipeline) -> None:
            # The same file may have been submitted anew since another process did this.
            state = cast("bytes | None", pipeline.hget(batch_key(self._batch_id), "state"))
            pipeline.multi()
            if state is not None and state.decode() == BatchState.DELETED:
                for row in range(self._rows):
                    job_id = self._id(row)
                    pipeline.delete(job_key(job_id), answer_key(job_id), events_key(job_id))
                pipeline.delete(*keys_of(self._batch_id))
                pipeline.zrem(batch_sizes_key(self._user), self._batch_id)

        self._connection.transaction(forget, batch_key(self._batch_id))
        return True

    def _ask(self, row: int, question: str) -> bool:
        place = self._place(row)
        # One that failed or was stopped leaves its outcome first; lost here, it is pending still.
        self._lifecycle.give_back(self._id(row), place, CAN_REQUEUE)
        asked = replace(self._asked, text=question)
        return self._lifecycle.submit(self._id(row), self._user, asked, place=place)

    def _give_back(self, row: int, from_states: tuple[JobStatus, ...]) -> bool:
        return self._lifecycle.give_back(self._id(row), self._place(row), from_states)

    def _rows_in(self, *statuses: RowStatus) -> list[int]:
        """Return the rows that have one of these statuses now."""
        [found] = read_statuses(self._connection, [(self._batch_id, self._rows)])
        return [row for row, status in enumerate(found) if status in statuses]

    def _place(self, row: int) -> RowPlace:
        return RowPlace(self._batch_id, row, self._retention_seconds)

    def _id(self, row: int) -> str:
        return job_id_of(self._batch_id, row)


class Feeder:
    """One worker process's share of the feeding. Call `run_once` every half second or so."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self._connection: redis.Redis = broker.connection
        self._close = broker.connection.register_script(CLOSE)

    def run_once(self) -> bool:
        """Give each open batch a turn; False if another process is at it, or there is none.

        Raises what redis raises.
        """
        batch_ids = cast("list[bytes]", self._connection.zrange(OPEN_BATCHES_KEY, 0, -1))
        if not batch_ids:
            return False
        lock = self._connection.lock(FEEDING_LOCK_KEY, timeout=LOCK_SECONDS, blocking=False)
        if not lock.acquire():
            return False
        try:
            for batch_id in batch_ids:
                self._turn(batch_id.decode())
        finally:
            self._release(lock)
        return True

    def _turn(self, batch_id: str) -> None:
        fields = ("state", "user", "rows", "model", "use_cache")
        state, user, count, model, use_cache = cast(
            "list[bytes | None]", self._connection.hmget(batch_key(batch_id), *fields)
        )
        if state is None or user is None or count is None:  # its time was over
            self._connection.zrem(OPEN_BATCHES_KEY, batch_id)
            return
        asked = Question("", model=(model or b"").decode(), use_cache=use_cache != b"0")
        rows = BatchRows(self._broker, batch_id, user.decode(), int(count), asked)
        match BatchState(state.decode()):
            case BatchState.RUNNING:
                rows.feed()
            case BatchState.PAUSED:
                rows.take_back()
            case BatchState.STOPPED:
                rows.stop()
            case BatchState.DELETED:
                if not rows.remove():
                    return
        keys = [OPEN_BATCHES_KEY, batch_key(batch_id), pending_key(batch_id)]
        self._close(keys=keys, args=[batch_id, state])

    def _release(self, lock: Lock) -> None:
        try:
            lock.release()
        except redis.exceptions.LockError:
            log.warning("feeding took longer than its lock", seconds=LOCK_SECONDS)
