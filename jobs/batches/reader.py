"""How batches are read: their rows counted where they are, and their answers by the hundred."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import cast

import redis

from jobs.batches.models import Batch, BatchRow, BatchState, LineResult, RowState
from jobs.batches.rows import job_id_of, lines_key, questions_key, read_statuses
from jobs.questions.repository import read_job, to_view
from jobs.queue.codec import decode_values, stored_names
from jobs.queue.keys import batch_key
from jobs.queue.results import read_answers

FIELDS = stored_names(Batch, without=("id", "counts"))
RESULTS_CHUNK = 200


class BatchReader:
    """Ownership is not checked here: `jobs.batches.client` does. Raises what redis raises."""

    def __init__(self, connection: redis.Redis) -> None:
        self._connection = connection

    def batches(self, batch_ids: Sequence[str]) -> list[Batch]:
        """Return those that exist, in the order of their ids."""
        pipeline = self._connection.pipeline(transaction=False)
        for batch_id in batch_ids:
            pipeline.hmget(batch_key(batch_id), list(FIELDS))
        replies = pipeline.execute() if batch_ids else []
        found = [
            batch
            for batch_id, values in zip(batch_ids, replies, strict=True)
            if (batch := decode_values(Batch, FIELDS, values, id=batch_id))
            and batch.state is not BatchState.DELETED
        ]
        statuses = read_statuses(self._connection, [(batch.id, batch.rows) for batch in found])
        return [
            replace(batch, counts=dict(Counter(status.state for status in each)))
            for batch, each in zip(found, statuses, strict=True)
        ]

    def states(self, batch: Batch) -> list[RowState]:
        """Return the states of all rows, in order."""
        [statuses] = read_statuses(self._connection, [(batch.id, batch.rows)])
        return [status.state for status in statuses]

    def rows(
        self, batch_id: str, rows: Sequence[int], states: Sequence[RowState]
    ) -> Iterator[BatchRow]:
        """Yield these rows (from 0) in full; `states` are those of all rows."""
        if not rows:
            return
        pipeline = self._connection.pipeline(transaction=False)
        pipeline.hmget(questions_key(batch_id), [str(row) for row in rows])
        for row in rows:
            read_job(pipeline, job_id_of(batch_id, row))
        questions, *replies = pipeline.execute()
        for index, (row, question) in enumerate(zip(rows, questions, strict=True)):
            job_id = job_id_of(batch_id, row)
            view = to_view(job_id, replies[2 * index], replies[2 * index + 1])
            finished = states[row] is RowState.FINISHED and view is not None
            failed = states[row] is RowState.FAILED and view is not None
            yield BatchRow(
                number=row + 1,
                job_id=job_id,
                question=(question or b"").decode(),
                state=states[row],
                preview=view.preview if finished and view else "",
                failure=view.failure if failed and view else None,
            )

    def results(
        self, batch_id: str, states: Sequence[RowState], start: int
    ) -> Iterator[LineResult]:
        """Yield the results of `RESULTS_CHUNK` lines, from the one at `start`."""
        texts = cast(
            "list[bytes]",
            self._connection.lrange(lines_key(batch_id), start, start + RESULTS_CHUNK - 1),
        )
        lines = [json.loads(text) for text in texts]
        rows = sorted({row for row, _cells in lines if row is not None})
        # Of a deleted row, the result may be there still.
        there = [row for row in rows if states[row] is not RowState.GONE]
        job_ids = [job_id_of(batch_id, row) for row in there]
        answers = dict(zip(there, read_answers(self._connection, job_ids), strict=True))
        asked = {row.number - 1: row for row in self.rows(batch_id, rows, states)}
        for row, cells in lines:
            if row is None:
                yield LineResult(cells, None)
            else:
                # The states were read first: what is there by now counts.
                answer = answers.get(row)
                state = states[row] if answer is None else RowState.FINISHED
                yield LineResult(cells, state, answer, asked[row].failure)
