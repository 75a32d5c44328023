"""The JSON shapes of the HTTP API."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, Field, model_validator

from jobs.models import Answer, DeadLetterPage, Eta, JobView
from jobs.questions.wait_reason import Waiting, waiting_words
from ui.api.rate_limit import RATE_HEADERS

EXAMPLE_ID = "9f1c7a52b3e84c0e8a8b7c1d2e3f4a5b"


class ErrorDetail(BaseModel):
    kind: str = Field(description="A stable word for programs.", examples=["not_found"])
    message: str = Field(
        description="A sentence for people, that says what to do.",
        examples=["There is no such question. It may have been deleted, or be another user's."],
    )


class Error(BaseModel):
    """The shape of every error."""

    error: ErrorDetail


# What endpoints document. Each names those that it can give.
ERRORS: dict[int | str, dict[str, Any]] = {
    401: {"model": Error, "description": "A wrong or expired API key, or nobody is signed in"},
    403: {"model": Error, "description": "The API key lacks the scope, or another site asks"},
    404: {"model": Error, "description": "Unknown job, or another user's"},
    409: {"model": Error, "description": "Not possible in the state that the job is in"},
    413: {"model": Error, "description": "More than this takes"},
    415: {"model": Error, "description": "Not of a media type that this reads"},
    422: {"model": Error, "description": "Bad input"},
    429: {
        "model": Error,
        "description": "As many as you may ask in a minute; Retry-After says when there is room",
        "headers": {
            "Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer"}},
            **RATE_HEADERS,
        },
    },
    503: {"model": Error, "description": "The job queue is away; Retry-After says when to ask"},
}


class ServiceStatus(BaseModel):
    status: str = "Server is up and running"
    service: str = "RAG Query API"


def is_unicode(text: str) -> str:
    """Refuse half a character: JSON can say it (`\\ud800`), but no encoding can store it."""
    if any("\ud800" <= letter <= "\udfff" for letter in text):
        raise ValueError("this is no valid text")
    return text


Text = Annotated[str, AfterValidator(is_unicode)]


class Priority(StrEnum):
    NORMAL = "normal"
    URGENT = "urgent"


class ChatRequest(BaseModel):
    query: Text = Field(
        description="The question.", examples=["What is the hotel limit per night?"]
    )
    documents: list[Text] = Field(
        [], description="Ids of the documents to ask; none: all that the asker sees."
    )
    model: Text = Field("", description="One of the offered models; empty: the usual one.")
    follows: Text = Field("", description="The id of a job whose question this one follows up.")
    version_of: Text = Field(
        "", description="The id of a job whose question this is another version of."
    )
    priority: Priority = Field(
        Priority.NORMAL,
        description="urgent goes before what is not; of each 4 that a busy queue starts, at most 3 "
        "are urgent. `URGENT_PER_MINUTE` limits how many you may ask.",
    )
    cache: bool = Field(
        True, description="False for a new answer, even if the caller had one to this question."
    )


class ChatAccepted(BaseModel):
    status: str = "queued"
    job_id: str = Field(examples=[EXAMPLE_ID])
    message: str = "Your query has been queued for processing"


class EtaRange(BaseModel):
    """Seconds from now between which the job is done, four times out of five."""

    low_seconds: float = Field(ge=0, examples=[20.4])
    high_seconds: float = Field(ge=0, examples=[51.7])
    overdue: bool = Field(
        False, description="It has run longer than nearly all of late; the range is a guess."
    )


class WaitingFor(BaseModel):
    """Why a job waits, for programs and for people."""

    reason: str = Field(
        description="queue, own_questions (all places that one user has are taken), alone (a "
        "worker died with it), retry, paused (by an operator) or no_worker.",
        examples=["queue"],
    )
    message: str = Field(examples=["2 ahead of you"])
    ahead: int | None = Field(None, description="How many are before it on the queue.")
    retry_at: datetime | None = Field(None, description="When the next attempt may start.")


class JobStatus(BaseModel):
    """A job as it is now. Times are ISO 8601 in UTC."""

    job_id: str = Field(examples=[EXAMPLE_ID])
    status: str = Field(
        description="queued, waiting (for your other questions), started, retrying, finished, "
        "failed or stopped.",
        examples=["finished"],
    )
    created_at: datetime
    position: int | None = Field(None, description="Place in the queue, from 1.")
    priority: Priority = Priority.NORMAL
    waiting: WaitingFor | None = Field(None, description="Why it waits, if it does.")
    stage: str | None = Field(None, description="What a started job is doing.")
    attempt: int = Field(0, description="0 until a worker starts the job.")
    started_at: datetime | None = Field(None, description="When the latest attempt started.")
    retry_at: datetime | None = Field(None, description="When a retrying job runs again.")
    eta: EtaRange | None = Field(
        None, description="When it is done, learned from recent jobs; absent if not known."
    )
    ended_at: datetime | None = Field(None, description="When it finished, failed or was stopped.")
    result: str | None = Field(None, description="The answer, when finished.")
    error: ErrorDetail | None = Field(None, description="Why it failed.")
    documents: list[str] | None = Field(None, description="Those that it is asked of, if not all.")
    model: str | None = Field(None, description="The model that was chosen for it.")
    follows: str | None = Field(None, description="The job whose question it follows up.")
    version_of: str | None = Field(None, description="The job that it is another version of.")
    standalone: str | None = Field(
        None, description="The question that was answered in place of a follow-up."
    )


class JobResult(BaseModel):
    """The outcome of a job. `status` is completed, failed, stopped, or a state before that."""

    job_id: str = Field(examples=[EXAMPLE_ID])
    status: str = Field(examples=["completed"])
    result: str | None = None
    support: str | None = Field(None, description="cited, unsupported or not_found.")
    citations: list[dict[str, Any]] = []
    timings: dict[str, float | None] = {}
    tokens: dict[str, int] = {}
    model: str | None = None
    standalone: str | None = Field(
        None, description="The question that was answered in place of a follow-up."
    )
    earlier_at: datetime | None = Field(
        None, description="When this answer was first given, if it is an earlier one."
    )
    notes: list[str] = Field([], description="What to know about the answer, in sentences.")
    error: ErrorDetail | None = None


class FailedJob(BaseModel):
    """A job that failed for good: what and why, never what was asked or by whom."""

    job_id: str = Field(examples=[EXAMPLE_ID])
    queue: str = Field(examples=["questions"])
    description: str = Field(description="What it does.", examples=["Answer a question"])
    error: ErrorDetail
    attempts: int = Field(description="Attempts that counted, since it was last queued.")
    failed_at: datetime


class FailedJobs(BaseModel):
    """Failed jobs, newest first. `kinds` counts all of them, `total` those that match."""

    total: int = Field(examples=[9])
    kinds: dict[str, int] = Field(examples=[{"bad_api_key": 9, "worker_lost": 3}])
    jobs: list[FailedJob]


class RequeueRequest(BaseModel):
    """Which failed jobs: those of a kind, or all."""

    kind: str = Field("", description="A kind of error.", examples=["bad_api_key"])
    all: bool = Field(False, description="True for all, whatever the error.")

    @model_validator(mode="after")
    def _says_one_thing(self) -> RequeueRequest:
        if bool(self.kind) == self.all:
            raise ValueError('give {"kind": "…"} or {"all": true}')
        return self


class Requeued(BaseModel):
    requeued: int = Field(description="How many jobs are queued again.", examples=[9])


def failed_jobs_of(page: DeadLetterPage) -> FailedJobs:
    jobs = [
        FailedJob(
            job_id=entry.job_id,
            queue=entry.queue,
            description=entry.description,
            error=ErrorDetail(kind=entry.failure.kind, message=entry.failure.message),
            attempts=entry.attempts,
            failed_at=datetime.fromtimestamp(entry.failed_at, tz=UTC),
        )
        for entry in page.entries
    ]
    return FailedJobs(total=page.total, kinds=dict(page.kinds), jobs=jobs)


def status_of(
    view: JobView, answer: Answer | None, eta: Eta | None = None, waiting: Waiting | None = None
) -> JobStatus:
    return JobStatus(
        job_id=view.id,
        status=view.state.value,
        created_at=datetime.fromtimestamp(view.asked_at, tz=UTC),
        position=view.position,
        priority=Priority.URGENT if view.urgent else Priority.NORMAL,
        waiting=_waiting_for(waiting),
        stage=None if view.state.is_over else view.stage.value,
        attempt=view.attempt,
        started_at=moment(view.started_at),
        retry_at=moment(view.retry_at),
        eta=eta_range(eta),
        ended_at=moment(view.ended_at),
        result=answer.text if answer else None,
        error=error_of(view),
        documents=list(view.asked.documents) or None,
        model=view.asked.model or None,
        follows=view.asked.follows or None,
        version_of=view.asked.version_of or None,
        standalone=(answer.standalone or None) if answer else None,
    )


def _waiting_for(waiting: Waiting | None) -> WaitingFor | None:
    if waiting is None:
        return None
    return WaitingFor(
        reason=(waiting.held_by or waiting.reason).value,
        message=waiting_words(waiting, time.time()),
        ahead=waiting.ahead,
        retry_at=moment(waiting.retry_at),
    )


def eta_range(eta: Eta | None) -> EtaRange | None:
    if eta is None:
        return None
    return EtaRange(
        low_seconds=round(eta.low, 1), high_seconds=round(eta.high, 1), overdue=eta.overdue
    )


def result_of(view: JobView, answer: Answer | None) -> JobResult:
    if answer is None:
        return JobResult(job_id=view.id, status=view.state.value, error=error_of(view))
    data = answer.to_dict()
    return JobResult(
        job_id=view.id,
        status="completed",
        result=answer.text,
        support=answer.support.value,
        citations=list(data["citations"]),
        timings=data["timings"],
        tokens=data["tokens"],
        model=answer.model,
        standalone=answer.standalone or None,
        earlier_at=moment(answer.earlier_at),
        notes=list(answer.notes),
    )


def error_of(view: JobView) -> ErrorDetail | None:
    if view.failure is None:
        return None
    return ErrorDetail(kind=view.failure.kind, message=view.failure.message)


def moment(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, tz=UTC)
