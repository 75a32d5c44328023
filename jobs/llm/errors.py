"""Translates the errors of the OpenAI SDK into `jobs.errors`."""

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

MAX_DETAIL_CHARS = 200
# How servers say it: the code of OpenAI, the type of llama.cpp, the words of vLLM and others.
CONTEXT_CODES = ("context_length_exceeded", "exceed_context_size_error")
CONTEXT_PHRASES = ("context length", "context size", "context window")


@contextmanager
def model_errors() -> Iterator[None]:
    """Raise an AskqueueError in place of what the SDK or its transport raises."""
    try:
        yield
    except openai.OpenAIError as error:
        raise translate(error) from error
    except httpx2.HTTPError as error:
        raise StreamInterruptedError() from error
    except json.JSONDecodeError as error:
        raise not_openai() from error


def not_openai() -> BadModelRequestError:
    """Return the error for a server that replies, but in another protocol."""
    return BadModelRequestError(
        "The model server's reply cannot be understood. Check that OPENAI_BASE_URL (and "
        "EMBEDDING_BASE_URL, if set) is an OpenAI-compatible server's; most end in /v1."
    )


def translate(error: openai.OpenAIError) -> AskqueueError:
    """Return our error. Its message holds no key, and at most a line of the server's own words."""
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
    """Return whether a 404 is about the model, and not about the address."""
    return error.code == "model_not_found" or "model" in _server_message(error).lower()


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
    message = _server_message(error).lower()
    return error.status_code == 400 and any(phrase in message for phrase in CONTEXT_PHRASES)


def _retry_after(error: openai.APIStatusError) -> float | None:
    """Return the seconds of a Retry-After header; model servers do not use the form with a date."""
    try:
        return max(0.0, float(error.response.headers.get("retry-after", "")))
    except ValueError:
        return None


def _server_message(error: openai.APIStatusError) -> str:
    body = error.body if isinstance(error.body, dict) else {}
    return str(body.get("message") or "")


def _detail(error: openai.APIStatusError) -> str:
    """Return one line of the server's message, with the key hidden should it repeat that."""
    line = (_server_message(error) or f"status {error.status_code}").splitlines()[0]
    key = error.request.headers.get("Authorization", "").removeprefix("Bearer ")
    return (line.replace(key, "…") if key else line)[:MAX_DETAIL_CHARS]
