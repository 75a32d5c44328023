"""Translates what the OpenAI SDK raises into the errors of this project."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager

import httpx2
import openai

from jobs.errors import (
    AskqueueError,
    BadApiKeyError,
    BadModelRequestError,
    ContextTooLongError,
    ModelError,
    ModelOverloadedError,
    ModelTimeoutError,
    ModelUnavailableError,
    NoQuotaError,
    StreamInterruptedError,
    UnknownModelError,
)

LONGEST_DETAIL_CHARS = 200
# OpenAI's code, the type of llama.cpp, and the words of vLLM and others.
CONTEXT_CODES = ("context_length_exceeded", "exceed_context_size_error")
CONTEXT_WORDS = ("context length", "context size", "context window")


@contextmanager
def model_errors() -> Iterator[None]:
    """Raise an AskqueueError for whatever the SDK or its transport raises."""
    try:
        yield
    except openai.OpenAIError as error:
        raise translate(error) from error
    except httpx2.HTTPError as error:
        raise StreamInterruptedError() from error
    except json.JSONDecodeError as error:
        raise not_openai() from error


def not_openai() -> BadModelRequestError:
    """The error for a server that answers, but in another protocol."""
    return BadModelRequestError(
        "The model server's reply cannot be understood. Check that OPENAI_BASE_URL (and "
        "EMBEDDING_BASE_URL, if set) is an OpenAI-compatible server's; most end in /v1."
    )


def translate(error: openai.OpenAIError) -> AskqueueError:
    """The error of ours; no message holds a key or more than a line of the server's words."""
    if isinstance(error, openai.APITimeoutError):
        return ModelTimeoutError()
    if isinstance(error, openai.APIConnectionError):
        return ModelUnavailableError()
    if isinstance(error, openai.APIStatusError):
        return _translate_status(error)
    if isinstance(error, openai.APIError):
        return StreamInterruptedError()  # the SDK's error for an event that reports one mid-stream
    return ModelError()


def names_model(error: openai.APIStatusError) -> bool:
    """True if a 404 is about the model, false if it is about the address."""
    return error.code == "model_not_found" or "model" in _words(error).lower()


def _translate_status(error: openai.APIStatusError) -> AskqueueError:
    if error.status_code in (401, 403):
        return BadApiKeyError()
    if error.status_code == 404:
        return UnknownModelError() if names_model(error) else not_openai()
    if error.status_code == 413 or _is_about_context(error):
        return ContextTooLongError()
    if error.status_code == 402 or "insufficient_quota" in (error.code, error.type):
        return NoQuotaError()
    if error.status_code in (408, 409, 429) or error.status_code >= 500:
        return ModelOverloadedError(retry_after_seconds=_retry_after(error))
    return BadModelRequestError(f"The model server rejected the request: {_detail(error)}")


def _is_about_context(error: openai.APIStatusError) -> bool:
    if error.code in CONTEXT_CODES or error.type in CONTEXT_CODES:
        return True
    words = _words(error).lower()
    return error.status_code == 400 and any(phrase in words for phrase in CONTEXT_WORDS)


def _retry_after(error: openai.APIStatusError) -> float | None:
    """Seconds of a Retry-After header; the form with a date is not used by model servers."""
    try:
        return max(0.0, float(error.response.headers.get("retry-after", "")))
    except ValueError:
        return None


def _words(error: openai.APIStatusError) -> str:
    body = error.body if isinstance(error.body, dict) else {}
    return str(body.get("message") or "")


def _detail(error: openai.APIStatusError) -> str:
    """One line of the server's words, without the key if it repeats it."""
    line = (_words(error) or f"status {error.status_code}").splitlines()[0]
    key = error.request.headers.get("Authorization", "").removeprefix("Bearer ")
    return (line.replace(key, "…") if key else line)[:LONGEST_DETAIL_CHARS]
