"""Errors of the HTTP API: status, headers and JSON shape, for all endpoints.

Below /v1, `ui.api.openai` puts the same status and headers into the shape of OpenAI.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from jobs.errors import (
    AmbiguousProxyUserError,
    AskqueueError,
    BatchesExceededError,
    BrokerUnavailableError,
    DocumentStoreUnavailableError,
    InvalidBatchError,
    InvalidCursorError,
    InvalidGlossaryError,
    InvalidKeyError,
    InvalidQuestionError,
    InvalidQuestionSetError,
    InvalidStateError,
    InvalidUploadError,
    InvalidWebhookError,
    MissingScopeError,
    NotFoundError,
    NotSignedInError,
    OperatorsClosedError,
    OperatorsOnlyError,
    OthersDocumentError,
    PrivateUnsafeError,
    QuestionsExceededError,
    StorageExceededError,
    TooManyFilesError,
    TooManyFollowersError,
    TooManyOwnFollowersError,
    TooManyQuestionsError,
    TooManyRequestsError,
    TooManySignInsError,
    UnreadableDocumentError,
    UntrustedProxyError,
    WrongCredentialsError,
    WrongKeyError,
)
from jobs.models import Failure
from ui.api.rate_limit import RATE_HEADERS, refusal_headers
from ui.web.allowed_hosts import MISDIRECTED, UNKNOWN_HOST

RETRY_AFTER_SECONDS = 5
# Of an input that is wrong in many places, so many are told.
MAX_PROBLEMS = 10

STATUS_CODES: dict[type[AskqueueError], int] = {
    NotSignedInError: 401,
    WrongCredentialsError: 401,
    WrongKeyError: 401,
    AmbiguousProxyUserError: 403,
    MissingScopeError: 403,
    OperatorsClosedError: 403,
    OperatorsOnlyError: 403,
    OthersDocumentError: 403,
    UntrustedProxyError: 403,
    NotFoundError: 404,
    UnreadableDocumentError: 404,  # its file is gone; nothing is read here
    InvalidStateError: 409,
    PrivateUnsafeError: 409,
    BatchesExceededError: 409,
    QuestionsExceededError: 409,
    StorageExceededError: 413,
    InvalidBatchError: 422,
    InvalidGlossaryError: 422,
    InvalidCursorError: 422,
    InvalidKeyError: 422,
    InvalidQuestionError: 422,
    InvalidQuestionSetError: 422,
    InvalidUploadError: 422,
    InvalidWebhookError: 422,
    TooManyQuestionsError: 429,
    TooManySignInsError: 429,
    BrokerUnavailableError: 503,
    DocumentStoreUnavailableError: 503,
    TooManyOwnFollowersError: 429,
    TooManyRequestsError: 429,
    TooManyFilesError: 503,
    TooManyFollowersError: 503,
}
# Errors of the framework, which have a status alone.
KINDS = {
    403: "cross_site",
    404: "not_found",
    405: "method_not_allowed",
    408: "timeout",
    413: "too_large",
    415: "unsupported_media_type",
    MISDIRECTED: UNKNOWN_HOST,
}
# By kind, not by status: browsers show a password prompt of their own where the scheme is Basic.
CHALLENGES = {
    WrongCredentialsError.kind: {"WWW-Authenticate": 'Basic realm="Askqueue", charset="UTF-8"'},
    NotSignedInError.kind: {"WWW-Authenticate": 'Bearer realm="Askqueue"'},
    WrongKeyError.kind: {"WWW-Authenticate": 'Bearer realm="Askqueue", error="invalid_token"'},
}
RETRY_LATER = {"Retry-After": str(RETRY_AFTER_SECONDS)}


class ErrorDetail(BaseModel):
    kind: str = Field(description="A stable word for programs.", examples=["not_found"])
    message: str = Field(
        description="A sentence for people that says what to do.",
        examples=["There is no such question. It may have been deleted, or be another user's."],
    )


class Error(BaseModel):
    """The shape of every error."""

    error: ErrorDetail


# What endpoints document. Each names the errors that it can give.
ERRORS: dict[int | str, dict[str, Any]] = {
    401: {"model": Error, "description": "Wrong or expired API key, or nobody is signed in"},
    403: {"model": Error, "description": "The API key lacks the scope, or another site asks"},
    404: {"model": Error, "description": "Unknown job, or another user's"},
    409: {"model": Error, "description": "Not possible in the job's current state"},
    408: {"model": Error, "description": "The request took too long to arrive"},
    413: {"model": Error, "description": "Too large"},
    415: {"model": Error, "description": "Unsupported media type"},
    422: {"model": Error, "description": "Invalid input"},
    429: {
        "model": Error,
        "description": "Too many questions in a minute; Retry-After says when to ask again",
        "headers": {
            "Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer"}},
            **RATE_HEADERS,
        },
    },
    503: {
        "model": Error,
        "description": "The job queue is unavailable; Retry-After says when to ask again",
    },
}


def detail_of(failure: Failure | None) -> ErrorDetail | None:
    """Return the JSON of a failure, if there is one."""
    return ErrorDetail(kind=failure.kind, message=failure.message) if failure else None


def status_code_of(error: AskqueueError) -> int:
    """Return the HTTP status of an error: 500 for one that no endpoint is meant to give."""
    return next((code for kind, code in STATUS_CODES.items() if isinstance(error, kind)), 500)


def headers_of(error: AskqueueError) -> Mapping[str, str]:
    """Return the headers of the reply: when to ask again, or how to authenticate."""
    if isinstance(error, TooManyQuestionsError):
        return refusal_headers(error)
    if isinstance(error, TooManySignInsError) and error.retry_after_seconds:
        return {"Retry-After": str(math.ceil(error.retry_after_seconds))}
    if status_code_of(error) in (429, 503):
        return RETRY_LATER
    return CHALLENGES.get(error.kind, {})


async def _on_known_error(_request: Request, error: AskqueueError) -> JSONResponse:
    return _reply(status_code_of(error), error.kind, error.message, headers_of(error))


async def _on_invalid_input(_request: Request, error: RequestValidationError) -> JSONResponse:
    problems = "; ".join(
        f"{'.'.join(str(part) for part in item['loc'])}: {item['msg']}"
        for item in error.errors()[:MAX_PROBLEMS]
    )
    return _reply(422, "invalid_input", problems)


async def _on_http_error(_request: Request, error: HTTPException) -> JSONResponse:
    kind = KINDS.get(error.status_code, "http_error")
    return _reply(error.status_code, kind, error.detail, error.headers)


async def _on_unknown_error(_request: Request, _error: Exception) -> JSONResponse:
    # Starlette raises the error again after this reply, so that the server logs it.
    return _reply(500, AskqueueError.kind, AskqueueError.message)


def _reply(
    status: int, kind: str, message: str, headers: Mapping[str, str] | None = None
) -> JSONResponse:
    body = Error(error=ErrorDetail(kind=kind, message=message))
    return JSONResponse(body.model_dump(), status, headers)


HANDLERS: dict[int | type[Exception], Any] = {
    AskqueueError: _on_known_error,
    RequestValidationError: _on_invalid_input,
    HTTPException: _on_http_error,
    Exception: _on_unknown_error,
}
