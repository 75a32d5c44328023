"""BatchClient in memory, with batches that tests script."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace

from jobs.batches.models import (
    Batch,
    BatchPage,
    BatchRow,
    BatchState,
    LineResult,
    Lines,
    RowState,
)
from jobs.errors import AskqueueError, InvalidBatchError, NotFoundError
from jobs.models import Failure

USER = "b-alice"
BAD_KEY = Failure("bad_api_key", "The model server refused the API key.")


class FakeBatches:
    """`error`, if set, is raised by every call; `calls` are those that change something."""

    def __init__(self) -> None:
        self.batches: dict[str, Batch] = {}
        self.states: dict[str, list[RowState]] = {}
        self.submitted: list[Lines] = []
        self.calls: list[tuple[str, str]] = []
        self.error: AskqueueError | None = None
        self.refusal: InvalidBatchError | None = None

    def put(
        self,
        states: Sequence[RowState],
        state: BatchState = BatchState.RUNNING,
        *,
        user: str = USER,
        **fields: object,
    ) -> str:
        """Script a batch with a row in each of these states; returns its id."""
        number = len(self.batches) + 1
        batch_id = f"batch-{number}"
        batch = Batch(
            batch_id,
            user,
            name=f"audit-{number}.xlsx",
            column="Question",
            state=state,
            submitted_at=time.time() - 60 + number,
            lines=len(states),
            rows=len(states),
        )
        self.batches[batch_id] = replace(batch, **fields)
        self.states[batch_id] = list(states)
        return batch_id

    def find(self, user: str, lines: Lines) -> Batch | None:
        self._called()
        return next((each for each in self.list_batches(user) if each.name == lines.name), None)

    def check(self, lines: Lines) -> None:
        self._called()
        if self.refusal is not None:
            raise self.refusal

    def submit(self, user: str, lines: Lines, *, model: str = "", use_cache: bool = True) -> Batch:
        self._called()
        self.submitted.append(lines)
        batch_id = self.put([RowState.PENDING] * len(lines.questions), name=lines.name)
        return self.get(user, batch_id)

    def list_batches(self, user: str, limit: int = 20) -> list[Batch]:
        self._called()
        ids = [each for each, batch in self.batches.items() if batch.user == user]
        return [self.get(user, each) for each in reversed(ids)][:limit]

    def get(self, user: str, batch_id: str) -> Batch:
        self._called()
        batch = self.batches.get(batch_id)
        if batch is None or batch.user != user:
            raise NotFoundError("There is no such batch.")
        return replace(batch, counts=dict(Counter(self.states[batch_id])))

    def rows(
        self,
        user: str,
        batch_id: str,
        *,
        state: RowState | None = None,
        offset: int = 0,
        limit: int = 50,
    ) -> BatchPage:
        self.get(user, batch_id)
        rows = [
            BatchRow(
                number=number,
                job_id=f"{batch_id}-{number}",
                question=f"What is rule {number}?",
                state=each,
                preview="**Rule**." if each is RowState.FINISHED else "",
                failure=BAD_KEY if each is RowState.FAILED else None,
            )
            for number, each in enumerate(self.states[batch_id], start=1)
            if state in (None, each)
        ]
        return BatchPage(tuple(rows[offset : offset + limit]), len(rows))

    def header(self, user: str, batch_id: str) -> Sequence[str]:
        self.get(user, batch_id)
        return ("Question",)

    def results(self, user: str, batch_id: str) -> Iterator[LineResult]:
        for row in self.rows(user, batch_id, limit=9999).rows:
            yield LineResult((row.question,), row.state, failure=row.failure)

    def pause(self, user: str, batch_id: str) -> Batch:
        return self._change(user, batch_id, "pause", BatchState.PAUSED)

    def resume(self, user: str, batch_id: str) -> Batch:
        return self._change(user, batch_id, "resume", BatchState.RUNNING)

    def stop(self, user: str, batch_id: str) -> Batch:
        return self._change(user, batch_id, "stop", BatchState.STOPPED)

    def retry_failed(self, user: str, batch_id: str) -> int:
        self._change(user, batch_id, "retry_failed", BatchState.RUNNING)
        return 1

    def delete(self, user: str, batch_id: str) -> None:
        self._change(user, batch_id, "delete", BatchState.DELETED)
        del self.batches[batch_id]

    def _change(self, user: str, batch_id: str, call: str, state: BatchState) -> Batch:
        batch = self.get(user, batch_id)
        self.calls.append((call, batch_id))
        self.batches[batch_id] = replace(batch, state=state)
        return self.get(user, batch_id)

    def _called(self) -> None:
        if self.error is not None:
            raise self.error
