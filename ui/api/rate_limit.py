"""How a question comes in over HTTP: its key, so that it is asked once, and the limit it meets."""

from __future__ import annotations

import math
import uuid
from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import Header

from jobs.errors import TooManyQuestionsError
from jobs.questions.rate_limit import WINDOW_SECONDS, Rate

# Namespace of the ids of questions that came with an Idempotency-Key, see RFC 9562, section 5.5.
JOB_IDS = uuid.UUID("0f7e7f0c-5a2e-4b52-9a67-6d3f6c6f2a51")

IdempotencyKey = Annotated[
    str,
    Header(
        alias="Idempotency-Key",
        max_length=200,
        description="Any text that is new for each question. A request sent again with the "
        "same key, because no reply came, is accepted once, and counts once.",
    ),
]

_NUMBER = {"schema": {"type": "integer"}}
RATE_HEADERS: dict[str, Any] = {
    "RateLimit-Limit": {
        "description": "Questions, or with `urgent` urgent ones, that you may ask in a minute.",
        **_NUMBER,
    },
    "RateLimit-Remaining": {"description": "Those that you may still ask now.", **_NUMBER},
    "RateLimit-Reset": {"description": "Seconds until there is room for one more.", **_NUMBER},
    "RateLimit-Policy": {
        "description": "The limit with its window in seconds, such as `60;w=60`.",
        "schema": {"type": "string"},
    },
}


def job_id_of(user: str, key: str) -> str:
    """The id of a question that comes with this key; "" without one."""
    return uuid.uuid5(JOB_IDS, f"{user} {key}").hex if key else ""


def rate_headers(rate: Rate | None) -> dict[str, str]:
    """What a reply says of the limit; nothing if there is none."""
    if rate is None:
        return {}
    return {
        "RateLimit-Limit": str(rate.limit),
        "RateLimit-Remaining": str(rate.remaining),
        "RateLimit-Reset": str(math.ceil(rate.reset_seconds)),
        "RateLimit-Policy": f"{rate.limit};w={WINDOW_SECONDS}",
    }


def refusal_headers(error: TooManyQuestionsError) -> Mapping[str, str]:
    """What a reply with status 429 says: when to ask again."""
    if error.retry_after_seconds is None:
        return {}
    wait = error.retry_after_seconds
    return {"Retry-After": f"{wait:.0f}", **rate_headers(Rate(error.limit, 0, wait))}
