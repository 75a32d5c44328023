"""Translates the errors of the OpenAI SDK, and those that servers write, into `jobs.errors`."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from email.utils import parsedate_to_datetime

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
from jobs.llm import wording
from jobs.llm.server_message import ServerMessage, message_of

MAX_DETAIL_CHARS = 200
# "Please try again in 1m12.5s."
_TRY_AGAIN = re.compile(
    r"(?:try again|retry|retrying|available) (?:in|after)[: ]{1,2}"
    r"((?:\d[\d.]{0,9} ?[a-z]{1,7} ?){1,3})"
)
_DURATION = re.compile(r"(\d{1,9}(?:\.\d{1,9})?) ?(ms|s|m|h)")
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


@contextmanager
def model_errors() -> Iterator[None]:
    """Raise an AskqueueError in place of what the SDK or its transport raises."""
    try:
        yield
    except openai.OpenAIError as error:
        raise translate(error) from error
    except httpx2.TimeoutException as error:
        raise ModelTimeoutError() from error
    except httpx2.HTTPError as error:
        raise StreamInterruptedError() from error
    except (json.JSONDecodeError, RecursionError) as error:
        raise not_openai() from error


def not_openai(response: httpx2.Response | None = None) -> BadModelRequestError:
    """Return the error for a server that replies, but in another protocol."""
    return BadModelRequestError(
        "The model server's reply cannot be understood. Check that OPENAI_BASE_URL (and "
        "EMBEDDING_BASE_URL, if set) is an OpenAI-compatible server's; most end in /v1, those of "
        f"Azure in /openai/v1.{_redirected(response)}"
    )


def translate(error: openai.OpenAIError) -> AskqueueError:
    """Return our error. Its message holds no key, and at most a line of the server's own words."""
    if isinstance(error, openai.APITimeoutError):
        return ModelTimeoutError()
    if isinstance(error, openai.APIConnectionError):
        return _translate_connection(error)
    if isinstance(error, openai.APIStatusError):
        return _translate_status(error)
    return ModelError()


def words_of(error: AskqueueError) -> tuple[int, str]:
    """Return the status that the server replied, and all it said, in lower case; or (0, "")."""
    cause = error.__cause__
    if not isinstance(cause, openai.APIStatusError):
        return 0, ""
    return cause.status_code, message_of(cause.response.text).text


def error_in_stream(body: object) -> AskqueueError:
    """Return the error for one that a server reports after it replied with status 200."""
    message = message_of(body)
    numbers = [int(code) for code in message.codes if re.fullmatch("[45]\\d\\d", code)]
    status = min(numbers, default=0)
    retry_after = _retry_after({}, message)
    known = _known(status, message, retry_after=retry_after)
    if known is not None and (status or not isinstance(known, ModelOverloadedError)):
        return known
    words = _sentence(message.words)
    return StreamInterruptedError(
        f"The model server broke off: {words} Retry." if words else "",
        retry_after_seconds=retry_after,
    )


def _translate_connection(error: openai.APIConnectionError) -> AskqueueError:
    causes = list(_causes(error))
    said = " ".join(str(cause) for cause in causes)
    if "CERTIFICATE_VERIFY_FAILED" in said:
        return BadModelRequestError(
            "The model server's certificate cannot be verified. Set SSL_CERT_FILE to a file with "
            "the certificate of its authority, or correct the base URL, and restart the worker."
        )
    if "WRONG_VERSION_NUMBER" in said or "record layer failure" in said.lower():
        return BadModelRequestError(
            "The model server does not speak TLS at this address. Begin the base URL with http:// "
            "or correct its port."
        )
    if any(isinstance(cause, httpx2.UnsupportedProtocol) for cause in causes):
        return BadModelRequestError(
            "The base URL of the model server has to begin with http:// or https://."
        )
    if any(isinstance(cause, httpx2.ProxyError) for cause in causes):
        return ModelUnavailableError(
            "The proxy in front of the model server refused the connection. Check HTTPS_PROXY, or "
            "name the server in NO_PROXY."
        )
    return ModelUnavailableError()


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    for _ in range(10):
        if error is None:
            return
        yield error
        error = error.__cause__ or error.__context__


def _translate_status(error: openai.APIStatusError) -> AskqueueError:
    status, response = error.status_code, error.response
    message = message_of(response.text)
    key = error.request.headers.get("Authorization", "").removeprefix("Bearer ")
    if key:
        words = message.words.replace(key, "…")
        message = ServerMessage(words, message.text, message.codes)
    known = _known(status, message, retry_after=_retry_after(response.headers, message))
    if isinstance(known, BadApiKeyError) and response.history:
        return BadApiKeyError(f"{known.message}{_redirected(response)}")  # keys are not sent on
    if known is not None:
        return known
    if status == 404 or (status == 405 and response.history):
        return not_openai(response)
    words = _sentence(message.words) or f"status {status}."
    return BadModelRequestError(
        f"The model server rejected the request: {words}{_redirected(response)}"
    )


def _known(
    status: int, message: ServerMessage, *, retry_after: float | None
) -> AskqueueError | None:
    """Return the error that these words or this status stand for; None if there is none of ours.

    The status is 0 within a stream.
    """
    text, codes, words = message.text, message.codes, _sentence(message.words)
    may_be_quota = status in (0, 400, 402, 403, 429)
    if status == 402 or (
        may_be_quota and wording.is_about_quota(text, codes, may_retry=retry_after is not None)
    ):
        return NoQuotaError()
    if status == 401:
        return BadApiKeyError()
    if status == 407:
        return BadModelRequestError(
            "The proxy in front of the model server asks for a password. Write it into "
            "HTTPS_PROXY, or name the server in NO_PROXY, and restart the worker."
        )
    if status in (0, 400, 403, 422, 451) and wording.is_about_content(text, codes):
        return BadModelRequestError(
            "The model server's content filter refused this question or its passages"
            f"{': ' + words if words else '.'} Ask in other words, or of other documents."
        )
    if status == 413 or wording.is_about_context(status, text, codes):
        return ContextTooLongError()
    if status in (400, 403) and wording.is_about_key(text):
        return BadApiKeyError()
    if status == 403:
        return _forbidden(words)
    if wording.is_about_model(status, text, codes):
        return UnknownModelError()
    if status in (0, 408, 409, 425, 429) or (status >= 500 and status not in (501, 505)):
        if status >= 500 and words:
            return ModelOverloadedError(
                f"The model server gave an error ({status}): {words} Retry in a few minutes.",
                retry_after_seconds=retry_after,
            )
        return ModelOverloadedError(retry_after_seconds=retry_after)
    return None


def _forbidden(words: str) -> BadModelRequestError:
    if not words:
        return BadModelRequestError(
            "The model server, or a firewall in front of it, refuses access (403). Check the base "
            "URL, and what the account and the firewall allow."
        )
    return BadModelRequestError(
        f"The model server refuses this request (403): {words} Check which models, regions and "
        "contents the account allows."
    )


def _redirected(response: httpx2.Response | None) -> str:
    """Say where a redirection led: a request that was sent on has lost its body or its key."""
    if response is None or not response.history:
        return ""
    url = response.url
    return f" It redirects to {url.scheme}://{url.netloc.decode(errors='replace')}: use that."


def _retry_after(headers: Mapping[str, str], message: ServerMessage) -> float | None:
    """Return the seconds to wait: a number or a date of the header, or of the server's words."""
    for name, unit in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        value = headers.get(name, "")
        try:
            return max(0.0, float(value) * unit)
        except ValueError:
            pass
        try:
            return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
        except ValueError:
            continue
    found = _TRY_AGAIN.search(message.text)
    parts = _DURATION.findall(found[1]) if found else []
    return sum(float(number) * _UNITS[unit] for number, unit in parts) if parts else None


def _sentence(words: str) -> str:
    """Return a line of a server, cut to a bounded length, with a mark at its end."""
    if len(words) > MAX_DETAIL_CHARS:
        return words[:MAX_DETAIL_CHARS].rstrip() + "…"
    return words + "." if words and words[-1] not in ".!?…" else words
