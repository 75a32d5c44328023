"""The words of the domain, as plain data. No behaviour that needs a service lives here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from functools import cache
from typing import Any, TypeVar, cast

from pydantic import TypeAdapter

Item = TypeVar("Item")


def from_json(kind: type[Item], data: Mapping[str, Any]) -> Item:
    """Make a dataclass, and those in it, of JSON types.

    Unknown keys, of a newer version, are ignored; missing ones get the dataclass's defaults.
    Raises ValueError for a value of another type, and where there is no default.
    """
    return cast("Item", _adapter(cast("type", kind)).validate_python(data))


@cache
def _adapter(kind: type) -> TypeAdapter[Any]:
    """Built when it is first needed: that takes milliseconds."""
    return TypeAdapter(kind)


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
    GENERATING = "generating"
    CHECKING = "checking"

    @classmethod
    def _missing_(cls, value: object) -> Stage:
        """Read the stages of newer workers, and those of earlier versions, as `WAITING`."""
        return cls.WAITING


class DocumentStatus(StrEnum):
    """Where a document is on its way into the index."""

    QUEUED = "queued"
    INDEXING = "indexing"
    INDEXED = "indexed"
    FAILED = "failed"


class Visibility(StrEnum):
    """Who sees a document, asks it, and finds it cited."""

    SHARED = "shared"  # everybody
    PRIVATE = "private"  # its owner alone


class SupportLevel(StrEnum):
    """How an answer stands on its passages."""

    CITED = "cited"
    UNSUPPORTED = "unsupported"  # no valid citation
    NOT_FOUND = "not_found"  # the documents don't say


@dataclass(frozen=True)
class Question:
    """What is asked.

    `documents` are the ids of the documents to search, none for all of them. `model` is "" for the
    configured one. `follows` is the id of the question that this one follows up, `version_of` the
    id of one that this is another version of; both are "" or ids of the same user's questions.
    Without `use_cache` it is not answered from the answer to an earlier question.
    """

    text: str
    documents: tuple[str, ...] = ()
    model: str = ""
    follows: str = ""
    version_of: str = ""
    use_cache: bool = True


@dataclass(frozen=True)
class Passage:
    """A piece of a document, as stored in the index and returned by retrieval.

    `score` is the retrieval's own (BM25 or fused rank); it orders, it is not a probability.
    `page` is the first page, counted from 1, or None for formats without pages.
    """

    id: str
    document_id: str
    document_name: str
    text: str
    page: int | None = None
    last_page: int | None = None
    position: int = 0
    score: float = 0.0


@dataclass(frozen=True)
class Citation:
    """A marker [number] of the answer and the passage it names. `number` counts from 1.

    `before` and `after` are the ends of the passages beside it, as it was answered; "" at the
    ends of the document, and where they were not kept.
    """

    number: int
    document_id: str
    document_name: str
    passage_id: str
    text: str
    page: int | None = None
    last_page: int | None = None
    score: float = 0.0
    before: str = ""
    after: str = ""


@dataclass(frozen=True)
class CheckedQuote:
    """Words in quotation marks: the answer's text from `start` to `end`, in characters.

    `number` is of the cited passage that has them word for word; None if none has.
    """

    start: int
    end: int
    number: int | None = None


@dataclass(frozen=True)
class TokenUse:
    """Tokens as counted by the model server; zero where it did not say."""

    prompt: int = 0
    completion: int = 0


@dataclass(frozen=True)
class Timings:
    """Seconds: in the queue, in retrieval, to the first token, and in all since it was asked.

    `first_token` is measured from the start of the attempt; None if nothing was generated.
    `rewriting` went into making a follow-up stand alone, before the retrieval.
    `generation` runs from the first to the last token. `earlier` went into attempts that came to
    nothing, and `retry_waits` into the waits after them; neither is part of `queue`. Answers of
    before these were kept have zeros.
    """

    queue: float = 0.0
    retrieval: float = 0.0
    first_token: float | None = None
    total: float = 0.0
    generation: float = 0.0
    checking: float = 0.0
    earlier: float = 0.0
    retry_waits: float = 0.0
    rewriting: float = 0.0

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Timings:
        """Return the timings that these JSON types stand for, see `from_json`."""
        return from_json(cls, data)


@dataclass(frozen=True)
class Feedback:
    """What the asker thinks of an answer; `reason` may be empty."""

    useful: bool
    reason: str = ""


@dataclass(frozen=True)
class Answer:
    """A finished answer. `removed_markers` counts citations that named no retrieved passage.

    Of its `sentences`, `uncited_sentences` carry no citation. `passages` are all that the answer
    was written from, in the order of their numbers. `standalone` is the question that was answered
    in place of a follow-up; "" where that is the question itself. `earlier_at` is when this answer
    was first given, to an earlier question (Unix seconds); None if it is a new one. `cache_key` is
    what it is kept under to be given again, see `jobs.questions.answer_cache`; "" if it is not.
    """

    text: str
    citations: tuple[Citation, ...] = ()
    support: SupportLevel = SupportLevel.CITED
    timings: Timings = field(default_factory=Timings)
    tokens: TokenUse = field(default_factory=TokenUse)
    model: str = ""
    extractive: bool = False
    removed_markers: int = 0
    attempts: int = 1
    notes: tuple[str, ...] = ()
    passages: tuple[Passage, ...] = ()
    sentences: int = 0
    uncited_sentences: int = 0
    quotes: tuple[CheckedQuote, ...] = ()
    standalone: str = ""
    earlier_at: float | None = None
    cache_key: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return the answer as JSON types, for an RQ result."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Answer:
        """Return the answer of which `to_dict` made these JSON types, see `from_json`."""
        return from_json(cls, data)


@dataclass(frozen=True)
class Failure:
    """Why a job failed: a stable kind, a sentence that says what to do, and maybe a command."""

    kind: str
    message: str
    command: str = ""


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
class Eta:
    """When a job is done: after `low` to `high` seconds from now, four times out of five.

    `overdue` says that it has run longer than nearly all of late; then `high` is a guess.
    """

    low: float
    high: float
    overdue: bool = False


@dataclass(frozen=True)
class JobPage:
    """One page of a user's jobs, newest first, and how many there are in all."""

    jobs: tuple[JobView, ...]
    total: int


@dataclass(frozen=True)
class DeadLetter:
    """A failed job as an operator sees it: what failed and why, never what was asked or by whom.

    `description` says what the job does, in the same words for all of its like. `attempts` are
    those that counted, `failed_at` is a Unix time.
    """

    job_id: str
    queue: str
    description: str
    failure: Failure
    attempts: int
    failed_at: float


@dataclass(frozen=True)
class DeadLetterPage:
    """One page of the failed jobs, newest first.

    `total` counts those of the kind that was asked for; `kinds` counts all, the commonest first.
    """

    entries: tuple[DeadLetter, ...]
    total: int
    kinds: Mapping[str, int]


@dataclass(frozen=True)
class LiveText:
    """What one job has streamed so far. Text of an older attempt is dropped when a newer starts.

    `last_id` is where in the stream to read on; it starts at "0-0". `number` is of the last event,
    from 1 within an attempt.
    """

    job_id: str
    attempt: int = 0
    stage: Stage = Stage.WAITING
    text: str = ""
    last_id: str = "0-0"
    number: int = 0
    restarted: bool = False


# Who adds the samples of the installation. No person has this name: a browser's begins with `b-`.
SAMPLES_USER = "samples"
# Who adds documents from a shell of the server.
SHELL_USER = "shell"


@dataclass(frozen=True)
class Document:
    """An entry of the register of documents. `id` is as in `jobs.documents.ids`.

    `owner` is who alone sees a private document; "" for one that is shared. `added_at` is when it
    was last added: the same content again renews it; `indexed_at` is when its passages were last
    written, 0 until they are. `progress` runs from 0 to 1 while it is indexed; `collection` is the
    one that holds it.
    """

    id: str
    name: str
    size: int
    media_type: str = ""
    status: DocumentStatus = DocumentStatus.QUEUED
    pages: int = 0
    passages: int = 0
    added_at: float = 0.0
    added_by: str = ""
    stage: str = ""
    progress: float = 0.0
    job_id: str = ""
    collection: str = ""
    failure: Failure | None = None
    indexed_at: float = 0.0
    owner: str = ""

    @property
    def visibility(self) -> Visibility:
        return Visibility.PRIVATE if self.owner else Visibility.SHARED

    def is_managed_by(self, user: str) -> bool:
        """True if this user may delete it and index it again, as operators may with any."""
        return bool(user) and (self.owner or self.added_by) == user

    def kept_until(self, retention_seconds: float) -> float | None:
        """When it leaves, as Unix seconds; None for a sample, and without a retention (0)."""
        if not retention_seconds or self.added_by == SAMPLES_USER:
            return None
        return self.added_at + retention_seconds


@dataclass(frozen=True)
class IndexState:
    """Which collection answers now, and which one the configured embedding model asks for.

    They differ after `EMBEDDING_MODEL` changed, or a key was added: then `needs_reindex` is true
    until everything is indexed again. `reindexed` of `documents` counts the progress of that, and
    `building` is the collection that was begun, and may be incomplete.
    """

    active: str = ""
    target: str = ""
    documents: int = 0
    reindexed: int = 0
    reindex_job_id: str = ""
    building: str = ""

    @property
    def needs_reindex(self) -> bool:
        return bool(self.active and self.target and self.active != self.target and self.documents)


@dataclass(frozen=True)
class WorkerReport:
    """What a living worker process says of itself with every heartbeat.

    `problem` is set when its Qdrant cannot be used; `notes` are sentences for a quiet banner.
    `knows_private` says that it answers from nobody else's private documents, as older ones would.
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

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> WorkerReport:
        """Return the report that these JSON types stand for, see `from_json`."""
        return from_json(cls, data)
