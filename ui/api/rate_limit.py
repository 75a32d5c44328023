"""The headers of a question: Idempotency-Key, and the rate limit in the reply."""

from __future__ import annotations

import math
import uuid
from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import Header

from jobs.errors import TooManyQuestionsError
from jobs.questions.rate_limit import WINDOW_SECONDS, Rate

# Namespace of the ids of questions with an Idempotency-Key (RFC 9562, section 5.5).
JOB_IDS = uuid.UUID("0f7e7f0c-5a2e-4b52-9a67-6d3f6c6f2a51")

IdempotencyKey = Annotated[
    str,
    Header(
        alias="Idempotency-Key",
        max_length=200,
        description="Any text that is unique to the question. A request that is repeated with the "
        "same key, because no reply came, is accepted once and counts once.",
    ),
]

_NUMBER = {"schema": {"type": "integer"}}
RATE_HEADERS: dict[str, Any] = {
    "RateLimit-Limit": {
        "description": "Questions that you may ask in a minute; with `urgent`, urgent ones.",
        **_NUMBER,
    },
    "RateLimit-Remaining": {"description": "Questions that you may still ask now.", **_NUMBER},
    "RateLimit-Reset": {"description": "Seconds until you may ask one more.", **_NUMBER},
    "RateLimit-Policy": {
        "description": "The limit and its window in seconds, such as `60;w=60`.",
        "schema": {"type": "string"},
    },
}


def job_id_of(user: str, key: str) -> str:
    """Return the job id of a question with this key; "" without a key."""
    return uuid.uuid5(JOB_IDS, f"{user} {key}").hex if key else ""


def rate_headers(rate: Rate | None) -> dict[str, str]:
    """Return the headers about the limit; none if there is no limit."""
    if rate is None:
        return {}
    return {
        "RateLimit-Limit": str(rate.limit),
        "RateLimit-Remaining": str(rate.remaining),
        "RateLimit-Reset": str(math.ceil(rate.reset_seconds)),
        "RateLimit-Policy": f"{rate.limit};w={WINDOW_SECONDS}",
    }


def refusal_headers(error: TooManyQuestionsError) -> Mapping[str, str]:
    """Return the headers of a reply with status 429: when to ask again."""
    if error.retry_after_seconds is None:
        return {}
    wait = error.retry_after_seconds
    return {"Retry-After": f"{wait:.0f}", **rate_headers(Rate(error.limit, 0, wait))}
