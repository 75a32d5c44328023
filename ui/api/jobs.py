"""The caller's jobs over HTTP: list them; retry, stop, hasten or delete one."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from pydantic import AfterValidator, BaseModel, Field

from jobs.models import JobState
from jobs.questions.query import JobQuery
from ui.api.dependencies import AppClients, Asker, Reader, refuse_other_sites
from ui.api.errors import ERRORS
from ui.api.models import JobStatus, is_unicode, status_of

MAX_LISTED = 200

router = APIRouter(prefix="/jobs", responses={503: ERRORS[503]}, tags=["jobs"])
CHANGE: dict[int | str, dict[str, Any]] = {403: ERRORS[403], 404: ERRORS[404], 409: ERRORS[409]}


class ListedJob(JobStatus):
    """A job in a list: its status and its question."""

    question: str = Field(examples=["What is the hotel limit per night?"])
    preview: str = Field("", description="The first line of the answer, when finished.")


class JobList(BaseModel):
    """A page of jobs, newest first."""

    jobs: list[ListedJob]
    next: str | None = Field(None, description="`cursor` of the next page; absent after the last.")


@router.get("", response_model_exclude_none=True)
def list_jobs(
    clients: AppClients,
    user: Reader,
    cursor: Annotated[
        str, Query(max_length=200, description="`next` of the previous page; empty for the first.")
    ] = "",
    limit: Annotated[int, Query(ge=1, le=MAX_LISTED)] = 50,
    state: Annotated[JobState | None, Query(description="Only jobs in this state.")] = None,
    search: Annotated[
        str,
        Query(
            max_length=200,
            description="Words of the question or its answer, in any order and case.",
        ),
        AfterValidator(is_unicode),
    ] = "",
) -> JobList:
    """Return your jobs, newest first. New questions do not shift the pages that follow.

    A retry moves a job to the top.
    """
    query = JobQuery(search, frozenset({state} if state else ()))
    page = clients.jobs.list_after(user, query, cursor, limit)
    jobs = [
        ListedJob(
            **status_of(view, None, waiting=clients.jobs.why_waiting(view)).model_dump(),
            question=view.asked.text,
            preview=view.preview,
        )
        for view in page.jobs
    ]
    return JobList(jobs=jobs, next=page.next or None)


@router.post(
    "/{job_id}/retry",
    dependencies=[Depends(refuse_other_sites)],
    responses={**CHANGE, 429: ERRORS[429]},
    response_model_exclude_none=True,
)
def retry_job(job_id: str, clients: AppClients, user: Asker) -> JobStatus:
    """Run a failed or stopped job again, with a full number of attempts.

    It counts like a new question: see `RateLimit-Limit`.
    """
    view = clients.jobs.retry(user, job_id)
    return status_of(view, None, waiting=clients.jobs.why_waiting(view))


@router.post(
    "/{job_id}/stop",
    dependencies=[Depends(refuse_other_sites)],
    responses=CHANGE,
    response_model_exclude_none=True,
)
def stop_job(job_id: str, clients: AppClients, user: Asker) -> JobStatus:
    """Stop a job at once, whatever it is doing; the text so far is kept."""
    return status_of(clients.jobs.stop(user, job_id), None)


@router.post(
    "/{job_id}/urgent",
    dependencies=[Depends(refuse_other_sites)],
    responses={**CHANGE, 429: ERRORS[429]},
    response_model_exclude_none=True,
)
def make_urgent(job_id: str, clients: AppClients, user: Asker) -> JobStatus:
    """Let a waiting job go before those that are not urgent.

    409 for one that has begun, is over, or is a row of a batch. One that is urgent stays so.
    """
    view = clients.jobs.make_urgent(user, job_id)
    return status_of(view, None, clients.jobs.estimate(view), clients.jobs.why_waiting(view))


@router.delete(
    "/{job_id}",
    status_code=204,
    dependencies=[Depends(refuse_other_sites)],
    responses=CHANGE,
)
def delete_job(job_id: str, clients: AppClients, user: Asker) -> None:
    """Remove a job that is over, and its answer."""
    clients.jobs.delete(user, job_id)
