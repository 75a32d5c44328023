"""The HTTP API: the same jobs as the pages, for programs.

Mounted at /api by `ui.server`; `uvicorn ui.api:app --port 8000` runs it alone.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Annotated, Any

import anyio
import anyio.to_thread
from fastapi import Body, Depends, FastAPI, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from fastapi_offline import FastAPIOffline
from starlette.exceptions import HTTPException

from jobs.errors import (
    AskqueueError,
    BrokerUnavailableError,
    DocumentStoreUnavailableError,
    InvalidBatchError,
    InvalidCursorError,
    InvalidKeyError,
    InvalidQuestionError,
    InvalidStateError,
    InvalidUploadError,
    InvalidWebhookError,
    NotFoundError,
    OperatorsClosedError,
    OperatorsOnlyError,
    OthersDocumentError,
    PrivateUnsafeError,
    StorageExceededError,
    TooManyFollowersError,
    TooManyQuestionsError,
    WrongCredentialsError,
)
from jobs.logs import configure_logging
from jobs.models import JobState, JobView, Question
from jobs.questions.client import JobClient
from ui.api import (
    batches,
    documents,
    events,
    health,
    jobs,
    me,
    openai,
    operations,
    operators,
    webhooks,
)
from ui.api.dependencies import CALLER_STATUS_CODES, CHALLENGES, Asker, Client, Reader
from ui.api.description import description
from ui.api.guards import refuse_other_sites
from ui.api.models import (
    ERRORS,
    ChatAccepted,
    ChatRequest,
    JobResult,
    JobStatus,
    Priority,
    ServiceStatus,
    result_of,
    status_of,
)
from ui.api.rate_limit import (
    RATE_HEADERS,
    IdempotencyKey,
    job_id_of,
    rate_headers,
    refusal_headers,
)
from ui.clients import get_clients
from ui.web.allowed_hosts import MISDIRECTED, UNKNOWN_HOST, AllowedHosts
from ui.web.security_headers import ApiHeaders
from ui.web.startup_checks import check_start

DOCS_PATH = "/docs"
MAX_WAIT_SECONDS = 30.0
# Far more than any question. If the length is announced, the framework itself refuses, in text.
MAX_BODY_BYTES = 1024 * 1024
RETRY_AFTER_SECONDS = 5
# A request that waits holds a thread and a connection to Valkey. More than this at once are asked
# to come back sooner: the pool has 100 connections, and the pages need some of them.
MAX_WAITING = 50
# How soon the thread of a caller who went away is free again.
WAIT_SLICE_SECONDS = 2.0

STATUS_CODES: dict[type[AskqueueError], int] = {
    **CALLER_STATUS_CODES,
    WrongCredentialsError: 401,
    OperatorsClosedError: 403,
    OperatorsOnlyError: 403,
    OthersDocumentError: 403,
    PrivateUnsafeError: 409,
    NotFoundError: 404,
    InvalidQuestionError: 422,
    InvalidUploadError: 422,
    InvalidBatchError: 422,
    InvalidCursorError: 422,
    InvalidKeyError: 422,
    InvalidWebhookError: 422,
    InvalidStateError: 409,
    StorageExceededError: 413,
    TooManyQuestionsError: 429,
    DocumentStoreUnavailableError: 503,
    TooManyFollowersError: 503,
    BrokerUnavailableError: 503,
}
KINDS = {
    403: "cross_site",
    404: "not_found",
    405: "method_not_allowed",
    413: "too_large",
    415: "unsupported_media_type",
    MISDIRECTED: UNKNOWN_HOST,
}
PENDING: dict[int | str, dict[str, Any]] = {
    202: {"model": JobResult, "description": "Not over yet; ask again, or use `wait`"}
}


@asynccontextmanager
async def _alone(_app: FastAPI) -> AsyncIterator[None]:
    """Runs only where no `ui.server` around has set up the logs, and refused what cannot work."""
    configure_logging(get_clients().settings)
    check_start(get_clients().settings)
    yield


app = FastAPIOffline(  # its docs load no script from a foreign host
    docs_url=DOCS_PATH,
    redoc_url=None,
    title="Askqueue",
    summary="Ask questions of your documents: submit, follow, read the cited answer.",
    description=description(STATUS_CODES, KINDS),
    version="1",
    openapi_url="/openapi.json",
    lifespan=_alone,
    responses={401: ERRORS[401], 403: ERRORS[403], 422: ERRORS[422]},
    max_body_size=MAX_BODY_BYTES,
)
app.add_middleware(AllowedHosts)
app.add_middleware(ApiHeaders, docs_path=DOCS_PATH)
app.include_router(jobs.router)
app.include_router(events.router)
app.include_router(openai.router)
app.include_router(batches.router)
app.include_router(documents.router)
app.include_router(health.router)
app.include_router(me.router)
app.include_router(operators.router)
app.include_router(operations.router)
app.include_router(webhooks.router)
# Of their own: the default threads serve the pages' files too.
_waiting = anyio.CapacityLimiter(MAX_WAITING)


@app.get("/", tags=["service"])
def read_root() -> ServiceStatus:
    """Whether the API is up."""
    return ServiceStatus()


@app.post(
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
    tags=["jobs"],
)
def submit(
    response: Response,
    client: Client,
    user: Asker,
    query: Annotated[str | None, Query(description="The question; or send a JSON body.")] = None,
    body: Annotated[ChatRequest | None, Body()] = None,
    key: IdempotencyKey = "",
) -> ChatAccepted:
    """Put a question on the queue. It is accepted when this returns, and is never lost."""
    asked = body or ChatRequest(query="")
    question = Question(
        query if query is not None else asked.query,
        documents=tuple(asked.documents),
        model=asked.model,
        follows=asked.follows,
        version_of=asked.version_of,
        use_cache=asked.cache,
    )
    urgent = asked.priority is Priority.URGENT
    view = client.submit(user, question, job_id=job_id_of(user, key), urgent=urgent)
    response.headers.update(rate_headers(client.rate(user)))
    return ChatAccepted(job_id=view.id)


@app.get(
    "/job-status/{job_id}",
    responses={404: ERRORS[404], 503: ERRORS[503]},
    response_model_exclude_none=True,
    tags=["jobs"],
)
def read_status(job_id: str, client: Client, user: Reader) -> JobStatus:
    """The state of a job; with the answer when finished, and the error when failed."""
    view = client.get_job(user, job_id)
    answer = client.get_answer(user, job_id) if view.state is JobState.FINISHED else None
    return status_of(view, answer, client.estimate(view), client.why_waiting(view))


@app.get(
    "/result/{job_id}",
    responses={**PENDING, 404: ERRORS[404], 503: ERRORS[503]},
    response_model_exclude_none=True,
    tags=["jobs"],
)
async def read_result(
    job_id: str,
    request: Request,
    response: Response,
    client: Client,
    user: Reader,
    wait: Annotated[
        float, Query(ge=0, le=MAX_WAIT_SECONDS, description="Seconds to wait for the end.")
    ] = 0,
) -> JobResult:
    """The answer with its citations and timings; 202 while the job is not over.

    With `wait`, the reply comes as soon as the job is over, or else when that time is up.
    """
    view = await _wait(request, client, user, job_id, wait)
    answer = None
    if view.state is JobState.FINISHED:
        answer = await anyio.to_thread.run_sync(client.get_answer, user, job_id)
        if answer is None:
            raise NotFoundError("The answer is gone. Ask again.")
    elif not view.state.is_over:
        response.status_code = 202
        response.headers["Retry-After"] = "1"
    return result_of(view, answer)


async def _wait(
    request: Request, client: JobClient, user: str, job_id: str, seconds: float
) -> JobView:
    """The job when it is over, the time is up, or the caller has gone; at once if all are busy."""
    deadline = time.monotonic() + seconds
    view = await anyio.to_thread.run_sync(client.get_job, user, job_id)
    while not view.state.is_over and _waiting.available_tokens >= 1:
        left = deadline - time.monotonic()
        if left <= 0 or await request.is_disconnected():
            break
        wait = partial(client.wait, user, job_id, min(left, WAIT_SLICE_SECONDS))
        view = await anyio.to_thread.run_sync(wait, limiter=_waiting)
    return view


@app.exception_handler(AskqueueError)
async def _on_known_error(_request: Request, error: AskqueueError) -> JSONResponse:
    status = next((code for kind, code in STATUS_CODES.items() if isinstance(error, kind)), 500)
    reply = _error(status, error.kind, error.message)
    if isinstance(error, TooManyQuestionsError):
        reply.headers.update(refusal_headers(error))
    return reply


@app.exception_handler(RequestValidationError)
async def _on_bad_input(_request: Request, error: RequestValidationError) -> JSONResponse:
    problems = "; ".join(
        f"{'.'.join(str(part) for part in item['loc'])}: {item['msg']}" for item in error.errors()
    )
    return _error(422, "invalid_input", problems)


@app.exception_handler(HTTPException)
async def _on_http_error(_request: Request, error: HTTPException) -> JSONResponse:
    reply = _error(error.status_code, KINDS.get(error.status_code, "http_error"), error.detail)
    reply.headers.update(error.headers or {})
    return reply


@app.exception_handler(Exception)
async def _on_unknown_error(_request: Request, _error_in_log: Exception) -> JSONResponse:
    # Starlette raises it again behind this reply, so that the server logs it.
    return _error(500, "error", AskqueueError.message)


def _error(status: int, kind: str, message: str) -> JSONResponse:
    headers = CHALLENGES.get(kind)
    if status == 503:
        headers = {"Retry-After": str(RETRY_AFTER_SECONDS)}
    return JSONResponse({"error": {"kind": kind, "message": message}}, status, headers)
