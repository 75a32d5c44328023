"""BatchClient: what pages and programs may do with batches. It enforces ownership.

It talks to Valkey alone, and puts no row on the queue itself: workers do, see
`jobs.batches.feeder`. Each method raises BrokerUnavailableError when Valkey is away.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterator, Sequence
from typing import Any, cast

import structlog
from redis.client import Pipeline

from jobs.batches.feeder import BatchRows
from jobs.batches.models import (
    Batch,
    BatchPage,
    BatchState,
    LineResult,
    Lines,
    RowState,
)
from jobs.batches.quota import BatchQuota, size_of
from jobs.batches.reader import RESULTS_CHUNK, BatchReader
from jobs.batches.rows import (
    lines_key,
    pending_key,
    questions_key,
)
from jobs.errors import InvalidBatchError, InvalidStateError, NotFoundError
from jobs.questions.rate_limit import RateLimiter
from jobs.questions.validation import check_model
from jobs.queue.broker import Broker
from jobs.queue.codec import encode
from jobs.queue.connection import broker_errors
from jobs.queue.keys import OPEN_BATCHES_KEY, batch_key, batch_sizes_key, user_batches_key
from jobs.queue.memory import MemoryReserve

log = structlog.get_logger(__name__)

CHUNK = 500
# Every list of batches reads the names of the file and of its column.
NAME_CHARS = 200
NO_BATCH = "There is no such batch. It may have been deleted, or be another user's."


class BatchClient:
    """The batches of all users; every call names the user who makes it.

    A batch of another user is NotFoundError, like one that does not exist.
    """

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self._connection = broker.connection
        self._settings = broker.settings
        self._reader = BatchReader(broker.connection)
        self._quota = BatchQuota(broker.connection, broker.settings)
        self._memory = MemoryReserve(broker.connection)
        self._rates = RateLimiter(broker.connection, broker.settings)

    def batch_id(self, user: str, lines: Lines, model: str = "") -> str:
        """Return the id of the batch that asks these lines: the same file has the same id.

        Under another chat model the same questions are another batch.
        """
        usual = self._settings.chat_model if self._settings.has_chat_model else ""
        content = [user, model or usual, lines.header, lines.column, lines.cells]
        return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:32]

    def find(self, user: str, lines: Lines) -> Batch | None:
        """Return the batch that was submitted with these lines before, if it still exists."""
        try:
            return self.get(user, self.batch_id(user, lines))
        except NotFoundError:
            return None

    def check(self, lines: Lines) -> None:
        """Raise InvalidBatchError, with a sentence that says why, for what cannot be submitted."""
        most, longest = self._settings.batch_max_rows, self._settings.max_question_chars
        if not lines.questions:
            raise InvalidBatchError("This column has no questions. Choose another column.")
        if len(lines.cells) > most:
            raise InvalidBatchError(
                f"This file has {len(lines.cells):,} rows; the most is {most:,}. Split it."
            )
        for number, position in enumerate(lines.asks, start=1):
            if position is not None and len(question := lines.questions[position]) > longest:
                raise InvalidBatchError(
                    f"The question in row {number:,} has {len(question):,} characters; the most "
                    f"is {longest:,}. Shorten it, or choose another column."
                )

    def submit(self, user: str, lines: Lines, *, model: str = "", use_cache: bool = True) -> Batch:
        """Accept a batch, all of it or nothing; if it was submitted before, go on with it.

        What was answered is not asked again, nor what failed. `model` and `use_cache` are as in
        `jobs.models.Question`. Raises InvalidBatchError, ModelNotOfferedError,
        BatchesExceededError, TooManyQuestionsError (see `_spend_rows`), and BrokerNearlyFullError
        if Valkey has no room for a new one.
        """
        self.check(lines)
        check_model(model, self._settings)
        batch_id = self.batch_id(user, lines, model)
        stored = [json.dumps(pair) for pair in zip(lines.asks, lines.cells, strict=True)]
        size = size_of(lines, stored)
        batch = Batch(
            id=batch_id,
            user=user,
            name=lines.name[:NAME_CHARS],
            column=lines.header[lines.column][:NAME_CHARS] if lines.header else "",
            state=BatchState.RUNNING,
            submitted_at=time.time(),
            lines=len(lines.cells),
            rows=len(lines.questions),
            empty=lines.empty,
            duplicates=lines.duplicates,
            model=model,
            use_cache=use_cache,
        )

        def accept(pipeline: Pipeline) -> Any:
            state = cast("bytes | None", pipeline.hget(batch_key(batch_id), "state"))
            if state is not None and state.decode() == BatchState.DELETED:
                raise InvalidStateError("This batch is being deleted. Submit it again in a moment.")
            if state is None:
                self._quota.expect(user, batch_id, size)
                self._memory.expect(size)
                self._spend_rows(user, len(lines.questions))
            pipeline.multi()
            if state is None:
                self._write(pipeline, batch, lines, stored)
                self._quota.note(pipeline, user, batch_id, size)
            return state is None

        with broker_errors():
            is_new = self._connection.transaction(
                accept, batch_key(batch_id), batch_sizes_key(user), value_from_callable=True
            )
        if not is_new:
            return self.resume(user, batch_id)
        log.info("batch accepted", batch_id=batch_id, user=user, rows=len(lines.questions))
        return self.get(user, batch_id)

    def get(self, user: str, batch_id: str) -> Batch:
        """Return one batch, its rows counted by the server; raises NotFoundError."""
        with broker_errors():
            found = self._reader.batches([batch_id])
        if not found or found[0].user != user:
            raise NotFoundError(NO_BATCH)
        return found[0]

    def list_batches(self, user: str, limit: int = 20) -> list[Batch]:
        """Return the user's newest batches, newest first."""
        with broker_errors():
            ids = cast(
                "list[bytes]", self._connection.zrevrange(user_batches_key(user), 0, limit - 1)
            )
            batches = self._reader.batches([batch_id.decode() for batch_id in ids])
        return [batch for batch in batches if batch.user == user]

    def rows(
        self,
        user: str,
        batch_id: str,
        *,
        state: RowState | None = None,
        offset: int = 0,
        limit: int = 50,
    ) -> BatchPage:
        """Return a page of the rows in order, of one state or of all. Raises NotFoundError."""
        batch = self.get(user, batch_id)
        with broker_errors():
            states = self._reader.states(batch)
            found = [row for row, found_state in enumerate(states) if state in (None, found_state)]
            page = found[offset : offset + limit]
            rows = self._reader.rows(batch_id, page, states)
        return BatchPage(tuple(rows), len(found))

    def header(self, user: str, batch_id: str) -> Sequence[str]:
        """Return the names of the file's columns; raises NotFoundError."""
        self.get(user, batch_id)
        with broker_errors():
            text = cast("bytes | None", self._connection.hget(batch_key(batch_id), "header"))
        return tuple(json.loads(text or b"[]"))

    def results(self, user: str, batch_id: str) -> Iterator[LineResult]:
        """Yield the result of each line of the file, in its order; raises NotFoundError.

        A line that asks what an earlier one asked has the same result.
        """
        batch = self.get(user, batch_id)
        with broker_errors():
            states = self._reader.states(batch)
        for start in range(0, batch.lines, RESULTS_CHUNK):
            with broker_errors():
                yield from self._reader.results(batch_id, states, start)

    def pause(self, user: str, batch_id: str) -> Batch:
        """Ask no further row. What runs finishes; what waits goes back into the batch."""
        return self._settle(user, batch_id, BatchState.PAUSED)

    def stop(self, user: str, batch_id: str) -> Batch:
        """Ask no further row, and stop what runs. It can be resumed all the same."""
        return self._settle(user, batch_id, BatchState.STOPPED)

    def resume(self, user: str, batch_id: str) -> Batch:
        """Go on with a batch: with what was not asked yet, was stopped, or is gone.

        Raises NotFoundError, and TooManyQuestionsError, see `_spend_rows`.
        """
        self._ask_again(user, batch_id, (RowState.STOPPED, RowState.GONE))
        return self.get(user, batch_id)

    def retry_failed(self, user: str, batch_id: str) -> int:
        """Ask the failed rows again, with all their attempts; returns how many.

        The batch goes on, if it did not. Raises NotFoundError, and TooManyQuestionsError, see
        `_spend_rows`.
        """
        return self._ask_again(user, batch_id, (RowState.FAILED,))

    def delete(self, user: str, batch_id: str) -> None:
        """Remove a batch with all its answers. A worker clears up behind; nobody sees it now."""
        batch = self.get(user, batch_id)
        with broker_errors(), self._connection.pipeline() as pipeline:
            self._set_state(pipeline, batch, BatchState.DELETED)
            pipeline.zrem(user_batches_key(user), batch_id)
            pipeline.execute()
        log.info("batch deleted", batch_id=batch_id, user=user)

    def _settle(self, user: str, batch_id: str, state: BatchState) -> Batch:
        batch = self.get(user, batch_id)
        with broker_errors():
            with self._connection.pipeline() as pipeline:
                self._set_state(pipeline, batch, state)
                pipeline.execute()
            # So that it shows at once; should this break off, the feeder goes on.
            rows = BatchRows(self._broker, batch_id, user, batch.rows)
            if state is BatchState.PAUSED:
                rows.take_back()
            else:
                rows.stop()
        log.info("batch settled", batch_id=batch_id, user=user, state=state.value)
        return self.get(user, batch_id)

    def _ask_again(self, user: str, batch_id: str, states: Sequence[RowState]) -> int:
        batch = self.get(user, batch_id)
        with broker_errors():
            found = self._reader.states(batch)
            again = [row for row, state in enumerate(found) if state in states]
            if not again and RowState.FAILED in states:
                return 0
            self._spend_rows(user, len(again))

            def reopen(pipeline: Pipeline) -> None:
                self._quota.expect_turn(user, batch_id)
                pipeline.multi()
                if again:
                    key = pending_key(batch_id)
                    pipeline.zadd(key, {str(row): row for row in again})
                    pipeline.expire(key, self._settings.retention_seconds)
                self._set_state(pipeline, batch, BatchState.RUNNING)
                self._quota.touch(pipeline, user)

            self._connection.transaction(reopen, batch_sizes_key(user))
        log.info("batch goes on", batch_id=batch_id, user=user, again=len(again))
        return len(again)

    def _spend_rows(self, user: str, rows: int) -> None:
        """Count the rows that run at once now; the others wait until these were answered.

        Without that, whoever stops a batch and goes on with it in a loop, or deletes it and submits
        it again, has the model called as often as they like. Raises TooManyQuestionsError.
        """
        self._rates.spend_runs(user, min(rows, self._settings.batch_concurrency))

    def _set_state(self, pipeline: Pipeline, batch: Batch, state: BatchState) -> None:
        pipeline.hset(batch_key(batch.id), "state", state.value)
        pipeline.expire(batch_key(batch.id), self._settings.retention_seconds)
        pipeline.expire(user_batches_key(batch.user), self._settings.retention_seconds)
        pipeline.zadd(OPEN_BATCHES_KEY, {batch.id: batch.submitted_at})

    def _write(self, pipeline: Pipeline, batch: Batch, lines: Lines, stored: Sequence[str]) -> None:
        """All of a new batch, `stored` its lines as JSON.

        Some parts of another that was cut short are overwritten.
        """
        now, kept = batch.submitted_at, self._settings.retention_seconds
        batch_id, user = batch.id, batch.user
        fields = encode(batch, without=("id", "counts")) | {"header": json.dumps(lines.header)}
        pipeline.hset(batch_key(batch_id), mapping=fields)
        questions, pending = questions_key(batch_id), pending_key(batch_id)
        pipeline.delete(lines_key(batch_id), questions, pending)
        for start in range(0, len(stored), CHUNK):
            pipeline.rpush(lines_key(batch_id), *stored[start : start + CHUNK])
        rows = range(len(lines.questions))
        for start in range(0, len(rows), CHUNK):
            chunk = rows[start : start + CHUNK]
            pipeline.hset(questions, mapping={str(row): lines.questions[row] for row in chunk})
            pipeline.zadd(pending, {str(row): row for row in chunk})
        for key in (batch_key(batch_id), lines_key(batch_id), questions, pending):
            pipeline.expire(key, kept)
        pipeline.zadd(user_batches_key(user), {batch_id: now})
        pipeline.zremrangebyscore(user_batches_key(user), 0, now - 2 * kept)
        pipeline.expire(user_batches_key(user), kept)
        pipeline.zadd(OPEN_BATCHES_KEY, {batch_id: now})
