"""Operations over HTTP: metrics, pausing queues, and the failed jobs and documents of all users."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import structlog
from fastapi import APIRouter, Depends, Query, Response
from pydantic import BaseModel, Field, model_validator

from jobs.errors import InvalidStateError, NotFoundError
from jobs.models import DeadLetterPage
from jobs.operations.client import QueueState
from jobs.operations.prometheus import CONTENT_TYPE, exposition
from ui.api.dependencies import AppClients, refuse_other_sites, require_operator
from ui.api.errors import ERRORS, ErrorDetail, detail_of
from ui.api.models import EXAMPLE_ID

log = structlog.get_logger(__name__)

MAX_LISTED = 500
OPERATOR = "operator"

router = APIRouter(
    dependencies=[Depends(require_operator)],
    responses={
        401: ERRORS[401],
        403: {**ERRORS[403], "description": "No password is set, or a page of another site asks"},
        503: ERRORS[503],
    },
    tags=["operators"],
)


class QueueInfo(BaseModel):
    name: str = Field(examples=["questions"])
    waiting: int
    oldest_seconds: float | None = Field(
        description="How long the oldest waiting job has waited; null if none waits."
    )
    running: int
    retrying: int
    failed: int
    paused: bool
    paused_by: str = ""
    paused_at: datetime | None = None


class Queues(BaseModel):
    queues: list[QueueInfo]


class PauseChange(BaseModel):
    paused: bool = Field(description="Whether the queue is paused now.")
    changed: bool = Field(description="False if it was so before.")


class FailedJob(BaseModel):
    """A job that failed for good, without its question and its user."""

    job_id: str = Field(examples=[EXAMPLE_ID])
    queue: str = Field(examples=["questions"])
    description: str = Field(description="What the job does.", examples=["Answer a question"])
    error: ErrorDetail
    attempts: int = Field(description="Attempts that counted since it was last queued.")
    failed_at: datetime


class FailedJobs(BaseModel):
    """Failed jobs, newest first. `kinds` counts all of them, `total` those that match."""

    total: int = Field(examples=[9])
    kinds: dict[str, int] = Field(examples=[{"bad_api_key": 9, "worker_lost": 3}])
    jobs: list[FailedJob]


class RequeueRequest(BaseModel):
    """Which failed jobs: those of one kind, or all."""

    kind: str = Field("", description="A kind of error.", examples=["bad_api_key"])
    all: bool = Field(False, description="True for all, whatever the error.")

    @model_validator(mode="after")
    def _says_one_thing(self) -> RequeueRequest:
        if bool(self.kind) == self.all:
            raise ValueError('give {"kind": "…"} or {"all": true}')
        return self


class Requeued(BaseModel):
    requeued: int = Field(description="Number of jobs that were queued again.", examples=[9])


# Queues


@router.get("/metrics", response_class=Response)
def read_metrics(clients: AppClients) -> Response:
    """Return all metrics in the text format of Prometheus."""
    operations = clients.operations
    text = exposition(operations.overview(), operations.totals())
    return Response(text, media_type=CONTENT_TYPE)


@router.get("/operator/queues")
def list_queues(clients: AppClients) -> Queues:
    """Return what waits and runs on each queue, and which queues are paused by whom."""
    return Queues(queues=[_info(state) for state in clients.operations.overview().queues])


@router.post(
    "/operator/queues/{name}/pause",
    dependencies=[Depends(refuse_other_sites)],
    responses={404: {**ERRORS[404], "description": "Unknown queue"}},
)
def pause_queue(name: str, clients: AppClients) -> PauseChange:
    """Stop workers from starting jobs of a queue; running jobs finish, waiting jobs are kept."""
    changed = clients.operations.pause(name, clients.settings.dashboard_username)
    return PauseChange(paused=True, changed=changed)


@router.post(
    "/operator/queues/{name}/resume",
    dependencies=[Depends(refuse_other_sites)],
    responses={404: {**ERRORS[404], "description": "Unknown queue"}},
)
def resume_queue(name: str, clients: AppClients) -> PauseChange:
    """Let workers start jobs of a queue again."""
    changed = clients.operations.resume(name, clients.settings.dashboard_username)
    return PauseChange(paused=False, changed=changed)


def _info(state: QueueState) -> QueueInfo:
    pause = state.pause
    return QueueInfo(
        name=state.name,
        waiting=state.waiting,
        oldest_seconds=state.oldest_seconds,
        running=state.running,
        retrying=state.retrying,
        failed=state.failed,
        paused=pause is not None,
        paused_by=pause.by if pause else "",
        paused_at=datetime.fromtimestamp(pause.since, UTC) if pause else None,
    )


# Failed jobs, and documents


@router.get("/operator/failed")
def list_failed(
    clients: AppClients,
    kind: Annotated[str, Query(description="A kind of error; empty for all.")] = "",
    offset: Annotated[int, Query(ge=0)] = 0,
    limit: Annotated[int, Query(ge=1, le=MAX_LISTED)] = 50,
) -> FailedJobs:
    """Return the failed jobs of all users, newest first, with counts by kind of error."""
    return _failed_jobs(clients.dead_letters.list_failed(kind, offset, limit))


@router.post("/operator/failed/requeue", dependencies=[Depends(refuse_other_sites)])
def requeue_failed(clients: AppClients, body: RequeueRequest) -> Requeued:
    """Queue failed jobs again, those of one kind or all; takes about a millisecond for each."""
    count = clients.dead_letters.requeue_all(body.kind)
    log.info("failed jobs requeued", kind=body.kind or "all", count=count)
    return Requeued(requeued=count)


@router.delete(
    "/operator/documents/{document_id}",
    status_code=204,
    dependencies=[Depends(refuse_other_sites)],
    responses={404: {**ERRORS[404], "description": "Unknown document"}},
)
def delete_any_document(clients: AppClients, document_id: str) -> None:
    """Remove a document by its id, whoever added it, even if it is private."""
    clients.documents.delete(OPERATOR, document_id, is_operator=True)
    log.info("document deleted by an operator", document_id=document_id)


@router.post(
    "/operator/failed/{job_id}/requeue",
    dependencies=[Depends(refuse_other_sites)],
    responses={404: {**ERRORS[404], "description": "Unknown job"}, 409: ERRORS[409]},
)
def requeue_one(clients: AppClients, job_id: str) -> Requeued:
    """Queue one failed job again. Simultaneous requests queue it once."""
    letters = clients.dead_letters
    if letters.requeue(job_id):
        log.info("failed job requeued", job_id=job_id)
        return Requeued(requeued=1)
    if letters.is_known(job_id):
        raise InvalidStateError("This job is not failed any more.")
    raise NotFoundError("There is no such job. It may have been deleted, or have expired.")


def _failed_jobs(page: DeadLetterPage) -> FailedJobs:
    jobs = [
        FailedJob(
            job_id=entry.job_id,
            queue=entry.queue,
            description=entry.description,
            error=detail_of(entry.failure),
            attempts=entry.attempts,
            failed_at=datetime.fromtimestamp(entry.failed_at, tz=UTC),
        )
        for entry in page.entries
    ]
    return FailedJobs(total=page.total, kinds=dict(page.kinds), jobs=jobs)
