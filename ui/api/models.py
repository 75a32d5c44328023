"""The JSON of a job, and the types that several resources share."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, Field

from jobs.models import Answer, Eta, JobView
from jobs.questions.wait_reason import Waiting, waiting_words
from ui.api.errors import ErrorDetail, detail_of

EXAMPLE_ID = "9f1c7a52b3e84c0e8a8b7c1d2e3f4a5b"


def is_unicode(text: str) -> str:
    """Refuse lone surrogates: JSON can express them (`\\ud800`), but no encoding can store them."""
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise ValueError("this is no valid text")
    return text


Text = Annotated[str, AfterValidator(is_unicode)]


class Priority(StrEnum):
    NORMAL = "normal"
    URGENT = "urgent"


class EtaRange(BaseModel):
    """When the job will be done, in seconds from now; right four times out of five."""

    low_seconds: float = Field(ge=0, examples=[20.4])
    high_seconds: float = Field(ge=0, examples=[51.7])
    overdue: bool = Field(
        False, description="It has run longer than nearly all recent jobs; the range is a guess."
    )


class WaitingFor(BaseModel):
    """Why a job waits: a word for programs and a sentence for people."""

    reason: str = Field(
        description="queue, own_questions (you have as many running as one user may), alone "
        "(a worker died with it), retry, paused (by an operator) or no_worker.",
        examples=["queue"],
    )
    message: str = Field(examples=["2 ahead of you"])
    ahead: int | None = Field(None, description="Number of jobs before it on the queue.")
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
        None, description="When it will be done, estimated from recent jobs; absent if unknown."
    )
    ended_at: datetime | None = Field(None, description="When it finished, failed or was stopped.")
    result: str | None = Field(None, description="The answer, when finished.")
    error: ErrorDetail | None = Field(None, description="Why it failed.")
    documents: list[str] | None = Field(None, description="The documents that it asks, if not all.")
    model: str | None = Field(None, description="The model that was chosen for it.")
    follows: str | None = Field(None, description="The job whose question it follows up.")
    version_of: str | None = Field(None, description="The job that it is another version of.")
    standalone: str | None = Field(
        None, description="The question that was answered in place of a follow-up."
    )


class SearchedFor(BaseModel):
    """What was searched, beside the words of the question."""

    also: list[str] = Field(
        description="What the glossary adds.", examples=[["purchases of property and equipment"]]
    )
    parts: list[str] = Field(
        description="What was searched for apart; empty for a question in one part."
    )
    mainly_in: list[str] = Field(
        description="Names of the documents that the question seems to mean, and whose passages "
        "counted more; empty if all counted alike."
    )


class JobResult(BaseModel):
    """The outcome of a job. `status` is completed, failed, stopped, or a state before that."""

    job_id: str = Field(examples=[EXAMPLE_ID])
    status: str = Field(examples=["completed"])
    result: str | None = None
    support: str | None = Field(None, description="cited, unsupported or not_found.")
    citations: list[dict[str, Any]] = Field(
        [], description="`ocr_confidence` is in percent, for text that was read from a picture."
    )
    nearest: list[dict[str, Any]] = Field(
        [], description="Where the documents don't say: the nearest passages. They are not cited."
    )
    words_searched: list[str] = Field(
        [], description="Where the documents don't say: the words that were searched for."
    )
    figures: list[dict[str, Any]] = Field(
        [],
        description="Each figure in `result`, from `start` to `end` in characters: `origin` is "
        "quoted (from the passage `number`), calculated (`sum` says how) or not_in_sources.",
    )
    doubtful: list[dict[str, Any]] = Field(
        [],
        description="Sentences in `result`, from `start` to `end` in characters, that their cited "
        "passages do not seem to bear out, each with a `reason`.",
    )
    timings: dict[str, float | None] = {}
    tokens: dict[str, int] = {}
    model: str | None = None
    standalone: str | None = Field(
        None, description="The question that was answered in place of a follow-up."
    )
    earlier_at: datetime | None = Field(
        None, description="When this answer was first given, if it is an earlier one."
    )
    notes: list[str] = Field(
        [], description="Notes about the answer and the documents that it cites."
    )
    searched: SearchedFor | None = None
    error: ErrorDetail | None = None


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
        error=detail_of(view.failure),
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
        return JobResult(job_id=view.id, status=view.state.value, error=detail_of(view.failure))
    data = answer.to_dict()
    return JobResult(
        job_id=view.id,
        status="completed",
        result=answer.text,
        support=answer.support.value,
        citations=list(data["citations"]),
        nearest=list(data["nearest"]),
        words_searched=list(data["words_searched"]),
        figures=list(data["figures"]),
        doubtful=list(data["doubtful"]),
        timings=data["timings"],
        tokens=data["tokens"],
        model=answer.model,
        standalone=answer.standalone or None,
        earlier_at=moment(answer.earlier_at),
        notes=list(answer.remarks),
        searched=SearchedFor.model_validate(data["searched"]),
    )


def moment(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, tz=UTC)
