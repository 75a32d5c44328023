"""The data of batches: a file of questions, and the results of its rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from jobs.models import Answer, Failure


class BatchState(StrEnum):
    """What its owner wants of a batch. Whether it is done is for its rows to say."""

    RUNNING = "running"
    PAUSED = "paused"  # what runs finishes, and no further row is asked
    STOPPED = "stopped"  # what ran was stopped as well
    DELETED = "deleted"  # nobody sees it any more; the feeder removes it


class RowState(StrEnum):
    """The states of a row as people see them."""

    PENDING = "pending"  # in the batch, and not on the queue yet
    QUEUED = "queued"
    STARTED = "started"
    RETRYING = "retrying"
    FINISHED = "finished"
    FAILED = "failed"
    STOPPED = "stopped"
    GONE = "gone"  # deleted on its own, or its time was over

    @property
    def is_over(self) -> bool:
        return self not in UNFINISHED

    @property
    def is_asked(self) -> bool:
        """True while it is on the queue, waits for it, or runs."""
        return self in (RowState.QUEUED, RowState.STARTED, RowState.RETRYING)


UNFINISHED = (RowState.PENDING, RowState.QUEUED, RowState.STARTED, RowState.RETRYING)


@dataclass(frozen=True)
class Lines:
    """The lines of a file, and which question each asks.

    `questions` are without duplicates, in order; `asks` has for each line the position of its
    question in them, or None where the line has none.
    """

    name: str
    header: tuple[str, ...]
    cells: tuple[tuple[str, ...], ...]
    column: int
    questions: tuple[str, ...]
    asks: tuple[int | None, ...]

    @property
    def empty(self) -> int:
        """How many lines have no question."""
        return sum(position is None for position in self.asks)

    @property
    def duplicates(self) -> int:
        """How many lines ask what an earlier one asks."""
        return len(self.asks) - self.empty - len(self.questions)


@dataclass(frozen=True)
class Batch:
    """A batch as its owner sees it. `counts` are of the rows; states without a row are left out.

    `lines` counts those of the file, `rows` the questions in it, each of which is asked once,
    with `model` and `use_cache` as in `jobs.models.Question`.
    """

    id: str
    user: str
    name: str
    column: str
    state: BatchState
    submitted_at: float
    lines: int
    rows: int
    empty: int = 0
    duplicates: int = 0
    model: str = ""
    use_cache: bool = True
    counts: Mapping[RowState, int] = field(default_factory=dict)

    def count(self, *states: RowState) -> int:
        return sum(self.counts.get(state, 0) for state in states)

    @property
    def over(self) -> int:
        """How many rows have come to an end."""
        return self.rows - self.count(*UNFINISHED)

    @property
    def is_over(self) -> bool:
        return self.over == self.rows

    @property
    def is_active(self) -> bool:
        """True while rows may change their state by themselves."""
        asked = any(self.counts.get(state, 0) for state in UNFINISHED if state.is_asked)
        return asked or (self.state is BatchState.RUNNING and not self.is_over)


@dataclass(frozen=True)
class BatchRow:
    """One question of a batch. `number` counts from 1; `preview` is the answer's first line."""

    number: int
    job_id: str
    question: str
    state: RowState
    preview: str = ""
    failure: Failure | None = None


@dataclass(frozen=True)
class BatchPage:
    """One page of a batch's rows, in order, and how many there are in all."""

    rows: tuple[BatchRow, ...]
    total: int


@dataclass(frozen=True)
class LineResult:
    """The result of one line of the file. `state` is None if it has no question."""

    cells: Sequence[str]
    state: RowState | None
    answer: Answer | None = None
    failure: Failure | None = None
