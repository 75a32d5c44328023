"""The part of the HTTP API that is for operators: the failed jobs, and the documents, of all."""

from __future__ import annotations

from typing import Annotated

import structlog
from fastapi import APIRouter, Depends, Query

from jobs.errors import InvalidStateError, NotFoundError
from jobs.operations.failed_jobs import DeadLetters
from ui.api.documents import Store
from ui.api.guards import refuse_other_sites, require_operator
from ui.api.models import (
    ERRORS,
    FailedJobs,
    Requeued,
    RequeueRequest,
    failed_jobs_of,
)
from ui.clients import get_clients

log = structlog.get_logger(__name__)

MAX_LISTED = 500
OPERATOR = "operator"


def dead_letters() -> DeadLetters:
    return get_clients().dead_letters


Letters = Annotated[DeadLetters, Depends(dead_letters)]

router = APIRouter(
    prefix="/operator",
    dependencies=[Depends(require_operator)],
    responses={
        401: ERRORS[401],
        403: {**ERRORS[403], "description": "No password is set, or a page of another site asks"},
        503: ERRORS[503],
    },
    tags=["operators"],
)


@router.get("/failed")
def list_failed(
    letters: Letters,
    kind: Annotated[str, Query(description="A kind of error; empty for all.")] = "",
    offset: Annotated[int, Query(ge=0)] = 0,
    limit: Annotated[int, Query(ge=1, le=MAX_LISTED)] = 50,
) -> FailedJobs:
    """The failed jobs of all users, newest first, with counts by kind of error."""
    return failed_jobs_of(letters.page(kind, offset, limit))


@router.post("/failed/requeue", dependencies=[Depends(refuse_other_sites)])
def requeue_failed(letters: Letters, body: RequeueRequest) -> Requeued:
    """Queue failed jobs again: those of a kind, or all. About a millisecond each."""
    count = letters.requeue_all(body.kind)
    log.info("failed jobs requeued", kind=body.kind or "all", count=count)
    return Requeued(requeued=count)


@router.delete(
    "/documents/{document_id}",
    status_code=204,
    dependencies=[Depends(refuse_other_sites)],
    responses={404: {**ERRORS[404], "description": "Unknown document"}},
)
def delete_any_document(store: Store, document_id: str) -> None:
    """Remove a document, whoever added it, and be it private: by its id alone."""
    store.delete(OPERATOR, document_id, is_operator=True)
    log.info("document deleted by an operator", document_id=document_id)


@router.post(
    "/failed/{job_id}/requeue",
    dependencies=[Depends(refuse_other_sites)],
    responses={404: {**ERRORS[404], "description": "Unknown job"}, 409: ERRORS[409]},
)
def requeue_one(letters: Letters, job_id: str) -> Requeued:
    """Queue one failed job again. However many ask for it at once, it is queued once."""
    if letters.requeue(job_id):
        log.info("failed job requeued", job_id=job_id)
        return Requeued(requeued=1)
    if letters.is_known(job_id):
        raise InvalidStateError("This job is not failed any more.")
    raise NotFoundError("There is no such job. It may have been deleted, or have expired.")
