"""Questions over HTTP: submit one, read its state, wait for its answer."""

from __future__ import annotations

import time
from contextlib import suppress
from functools import partial
from typing import Annotated, Any

import anyio
import anyio.to_thread
from fastapi import APIRouter, Body, Depends, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, FailFast, Field

from jobs.access.api_keys import ApiKey
from jobs.errors import NotFoundError, TooManyOwnFollowersError, WrongKeyError
from jobs.models import JobState, JobView, Question
from ui.api.dependencies import (
    AppClients,
    Asker,
    GivenKey,
    Reader,
    Turns,
    refuse_other_sites,
    turn_of,
)
from ui.api.errors import ERRORS
from ui.api.models import (
    EXAMPLE_ID,
    JobResult,
    JobStatus,
    Priority,
    Text,
    result_of,
    status_of,
)
from ui.api.rate_limit import RATE_HEADERS, IdempotencyKey, job_id_of, rate_headers
from ui.api.streams import CallerPlaces
from ui.clients import Clients

MAX_WAIT_SECONDS = 30.0
# A request that waits holds a thread and a connection to Valkey. Beyond this number, callers are
# answered at once: the pool has 100 connections, and the pages need some of them.
MAX_WAITING = 50
# Of these, so many are one caller's at most, as of those that follow a job.
MAX_WAITING_OF_A_USER = 10
MAX_WAITING_OF_A_KEY = 5
MAX_WAITING_OF_NOBODY = 30
# How soon the thread of a caller that disconnected is free again, and a key that ended is noticed.
WAIT_SLICE_SECONDS = 1.0

PENDING: dict[int | str, dict[str, Any]] = {
    202: {"model": JobResult, "description": "Not over yet; ask again, or use `wait`"}
}

router = APIRouter(tags=["jobs"])
waiting_router = APIRouter(tags=["jobs"])
# Threads apart from the default ones, which also serve the files of the pages.
_waiting = anyio.CapacityLimiter(MAX_WAITING)
_callers = CallerPlaces(MAX_WAITING_OF_A_USER, MAX_WAITING_OF_A_KEY, MAX_WAITING_OF_NOBODY)


class ChatRequest(BaseModel):
    query: Text = Field(
        description="The question.", examples=["What is the hotel limit per night?"]
    )
    documents: Annotated[list[Text], FailFast()] = Field(
        [], description="Ids of the documents to ask; empty: all that the caller sees."
    )
    model: Text = Field("", description="One of the offered models; empty: the default.")
    follows: Text = Field("", description="The id of the job that this question follows up.")
    version_of: Text = Field(
        "", description="The id of the job whose question this is another version of."
    )
    priority: Priority = Field(
        Priority.NORMAL,
        description="Urgent questions go before the others; of every 4 that a busy queue starts, "
        "at most 3 are urgent. `URGENT_PER_MINUTE` limits how many you may ask.",
    )
    cache: bool = Field(
        True, description="False for a new answer, even if there is an earlier one to reuse."
    )
    everywhere: bool = Field(
        False,
        description="True to search all documents alike, not mainly those that the question seems "
        "to mean.",
    )


class ChatAccepted(BaseModel):
    status: str = "queued"
    job_id: str = Field(examples=[EXAMPLE_ID])
    message: str = "Your query has been queued for processing"


async def waiting_limiter() -> anyio.CapacityLimiter:
    """Return the limiter of this process."""
    return _waiting


async def waiting_places() -> CallerPlaces:
    """Return who holds which of the places of this process."""
    return _callers


@router.post(
    "/chat",
    status_code=202,
    dependencies=[Depends(refuse_other_sites)],
    responses={
        202: {"headers": RATE_HEADERS},
        403: ERRORS[403],
        404: ERRORS[404],
        429: ERRORS[429],
        503: ERRORS[503],
    },
)
def submit(
    response: Response,
    clients: AppClients,
    user: Asker,
    query: Annotated[str | None, Query(description="The question; or send a JSON body.")] = None,
    body: Annotated[ChatRequest | None, Body()] = None,
    key: IdempotencyKey = "",
) -> ChatAccepted:
    """Put a question on the queue. Once this returns, the question is stored and is not lost."""
    asked = body or ChatRequest(query="")
    question = Question(
        query if query is not None else asked.query,
        documents=tuple(asked.documents),
        model=asked.model,
        follows=asked.follows,
        version_of=asked.version_of,
        use_cache=asked.cache,
        everywhere=asked.everywhere,
    )
    urgent = asked.priority is Priority.URGENT
    view = clients.jobs.submit(user, question, job_id=job_id_of(user, key), urgent=urgent)
    response.headers.update(rate_headers(clients.jobs.rate(user)))
    return ChatAccepted(job_id=view.id)


@router.get(
    "/job-status/{job_id}",
    responses={404: ERRORS[404], 503: ERRORS[503]},
    response_model_exclude_none=True,
)
def read_status(job_id: str, clients: AppClients, user: Reader) -> JobStatus:
    """Return the state of a job, with the answer when finished and the error when failed."""
    jobs = clients.jobs
    view = jobs.get_job(user, job_id)
    answer = jobs.get_answer(user, job_id) if view.state is JobState.FINISHED else None
    return status_of(view, answer, jobs.estimate(view), jobs.why_waiting(view))


@waiting_router.get(
    "/result/{job_id}",
    responses={**PENDING, 404: ERRORS[404], 429: ERRORS[429], 503: ERRORS[503]},
    response_model_exclude_none=True,
)
async def read_result(
    job_id: str,
    request: Request,
    response: Response,
    clients: AppClients,
    user: Reader,
    key: GivenKey,
    limiter: Annotated[anyio.CapacityLimiter, Depends(waiting_limiter)],
    places: Annotated[CallerPlaces, Depends(waiting_places)],
    turns: Turns,
    wait: Annotated[
        float, Query(ge=0, le=MAX_WAIT_SECONDS, description="Seconds to wait for the end.")
    ] = 0,
) -> JobResult:
    """Return the answer with its citations and timings; 202 while the job is not over.

    With `wait`, the reply comes as soon as the job is over, or when that time is up; at once if
    many of your requests wait already.
    """
    async with turn_of(user, turns):
        view = await anyio.to_thread.run_sync(clients.jobs.get_job, user, job_id)
    if wait and not view.state.is_over:
        with suppress(TooManyOwnFollowersError), places.taken(user, key):
            view = await _wait(request, limiter, clients, view, key, wait)
    async with turn_of(user, turns):
        answer = None
        if view.state is JobState.FINISHED:
            answer = await anyio.to_thread.run_sync(clients.jobs.get_answer, user, job_id)
            if answer is None:
                raise NotFoundError("The answer is gone. Ask again.")
        elif not view.state.is_over:
            response.status_code = 202
            response.headers["Retry-After"] = "1"
        return result_of(view, answer)


async def _wait(
    request: Request,
    limiter: anyio.CapacityLimiter,
    clients: Clients,
    view: JobView,
    key: ApiKey | None,
    seconds: float,
) -> JobView:
    """Return the job when it is over, the time is up, the caller has disconnected, or at once if
    too many wait already. Raises WrongKeyError if the caller's key ends meanwhile.
    """
    jobs = clients.jobs
    deadline = time.monotonic() + seconds
    while not view.state.is_over and limiter.available_tokens >= 1:
        left = deadline - time.monotonic()
        if left <= 0 or await request.is_disconnected():
            break
        wait = partial(jobs.wait, view.user, view.id, min(left, WAIT_SLICE_SECONDS))
        view = await anyio.to_thread.run_sync(wait, limiter=limiter)
        if key and not await anyio.to_thread.run_sync(clients.keys.is_alive, key):
            raise WrongKeyError()
    return view
