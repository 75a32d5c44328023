"""Questions, and the jobs that answer them: states, stages, estimates, live text."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from jobs.models.failures import Failure

# How many earlier questions a follow-up is understood with, each with its answer.
MAX_TURNS = 3


class JobState(StrEnum):
    """The states of a job as people see them."""

    QUEUED = "queued"
    WAITING = "waiting"  # for the same user's other questions
    STARTED = "started"
    RETRYING = "retrying"  # waits for the time of its next attempt
    FINISHED = "finished"
    FAILED = "failed"
    STOPPED = "stopped"

    @property
    def is_over(self) -> bool:
        return self in (JobState.FINISHED, JobState.FAILED, JobState.STOPPED)

    @property
    def can_retry(self) -> bool:
        return self in (JobState.FAILED, JobState.STOPPED)


class Stage(StrEnum):
    """What a started job is doing."""

    WAITING = "waiting"
    REWRITING = "rewriting"  # a follow-up, as a question that stands alone
    RETRIEVING = "retrieving"
    THINKING = "thinking"  # the model, before it writes the answer
    GENERATING = "generating"
    CHECKING = "checking"

    @classmethod
    def _missing_(cls, value: object) -> Stage:
        """Read the stages of newer workers, and those of earlier versions, as `WAITING`."""
        return cls.WAITING


@dataclass(frozen=True)
class Question:
    """What is asked.

    `documents` are the ids of the documents to search, none for all of them. `model` is "" for the
    configured one. `follows` is the id of the question that this one follows up, `version_of` the
    id of one that this is another version of; both are "" or ids of the same user's questions.
    Without `use_cache` it is not answered from the answer to an earlier question. `everywhere` has
    all documents count alike, also where the question seems to mean some of them.
    """

    text: str
    documents: tuple[str, ...] = ()
    model: str = ""
    follows: str = ""
    version_of: str = ""
    use_cache: bool = True
    everywhere: bool = False


@dataclass(frozen=True)
class Feedback:
    """What the asker thinks of an answer; `reason` may be empty."""

    useful: bool
    reason: str = ""


@dataclass(frozen=True)
class JobView:
    """A job as its owner sees it, from its small fields alone. Times are Unix seconds (UTC).

    `queued_at` is when it was last put on the queue: when asked, or when its owner retried it.
    `thread` is the id of the question that all its versions go back to, its own if it is the first.
    `position` counts from 1 and is known for queued jobs only. `preview` is the first line of
    the answer. `attempt` is 0 until a worker starts the job. `failure` says why it failed, or why
    there is another attempt to wait for. `in_batch` says that it is a row of a batch.
    """

    id: str
    user: str
    asked: Question
    state: JobState
    asked_at: float
    queued_at: float = 0.0
    stage: Stage = Stage.WAITING
    position: int | None = None
    started_at: float | None = None
    ended_at: float | None = None
    attempt: int = 0
    retry_at: float | None = None
    preview: str = ""
    failure: Failure | None = None
    feedback: Feedback | None = None
    thread: str = ""
    urgent: bool = False
    in_batch: bool = False

    @property
    def can_be_urgent(self) -> bool:
        """True for a question that waits and is not urgent yet; rows of batches never are."""
        waits = self.state in (JobState.QUEUED, JobState.WAITING, JobState.RETRYING)
        return waits and not self.urgent and not self.in_batch

    @property
    def waited_seconds(self) -> float | None:
        """From joining the queue to the start of the latest attempt; None until one started."""
        if self.started_at is None:
            return None
        return max(0.0, self.started_at - (self.queued_at or self.asked_at))

    @property
    def took_seconds(self) -> float | None:
        """From the start of the latest attempt to the end; None until it is over."""
        if self.started_at is None or self.ended_at is None:
            return None
        return max(0.0, self.ended_at - self.started_at)


@dataclass(frozen=True)
class JobPage:
    """One page of a user's jobs, newest first, and how many there are in all."""

    jobs: tuple[JobView, ...]
    total: int


@dataclass(frozen=True)
class Eta:
    """When a job is done: after `low` to `high` seconds from now, four times out of five.

    `overdue` says that it has run longer than nearly all of late; then `high` is a guess.
    """

    low: float
    high: float
    overdue: bool = False


@dataclass(frozen=True)
class LiveText:
    """What one job has streamed so far. Text of an older attempt is dropped when a newer starts.

    `last_id` is where in the stream to read on; it starts at "0-0". `number` is of the last event,
    from 1 within an attempt. `in_parts` is what is searched for apart, none for a question that
    asks one thing.
    """

    job_id: str
    attempt: int = 0
    stage: Stage = Stage.WAITING
    text: str = ""
    last_id: str = "0-0"
    number: int = 0
    restarted: bool = False
    in_parts: tuple[str, ...] = ()
