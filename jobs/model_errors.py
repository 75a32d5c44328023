"""Translates what the OpenAI SDK raises into the errors of this project."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import httpx2
import openai

from jobs.errors import (
    AskqueueError,
    BadApiKey,
    BadModelRequest,
    ContextTooLong,
    ModelError,
    ModelOverloaded,
    ModelTimeout,
    ModelUnavailable,
    NoQuota,
    StreamInterrupted,
    UnknownModel,
)

LONGEST_DETAIL_CHARS = 200


@contextmanager
def model_errors() -> Iterator[None]:
    """Raise an AskqueueError for whatever the SDK or its transport raises."""
    try:
        yield
    except openai.OpenAIError as error:
        raise translate(error) from error
    except httpx2.HTTPError as error:
        raise StreamInterrupted() from error


def translate(error: openai.OpenAIError) -> AskqueueError:
    """The error of ours; no message holds a key or more than a line of the server's words."""
    if isinstance(error, openai.APITimeoutError):
        return ModelTimeout()
    if isinstance(error, openai.APIConnectionError):
        return ModelUnavailable()
    if isinstance(error, openai.APIStatusError):
        return _translate_status(error)
    if isinstance(error, openai.APIError):
        return StreamInterrupted()  # the SDK's error for an event that reports one mid-stream
    return ModelError()


def _translate_status(error: openai.APIStatusError) -> AskqueueError:
    if error.status_code in (401, 403):
        return BadApiKey()
    if error.status_code == 404:
        return UnknownModel()
    if error.code == "context_length_exceeded" or error.status_code == 413:
        return ContextTooLong()
    if error.code == "insufficient_quota" or error.type == "insufficient_quota":
        return NoQuota()
    if error.status_code in (408, 409, 429) or error.status_code >= 500:
        return ModelOverloaded(retry_after_seconds=_retry_after(error))
    return BadModelRequest(f"The model server rejected the request: {_detail(error)}")


def _retry_after(error: openai.APIStatusError) -> float | None:
    """Seconds of a Retry-After header; the form with a date is not used by model servers."""
    try:
        return max(0.0, float(error.response.headers.get("retry-after", "")))
    except ValueError:
        return None


def _detail(error: openai.APIStatusError) -> str:
    body = error.body if isinstance(error.body, dict) else {}
    text = str(body.get("message") or f"status {error.status_code}")
    return text.splitlines()[0][:LONGEST_DETAIL_CHARS]
