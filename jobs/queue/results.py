"""The answers of finished jobs, as RQ keeps them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import redis

from jobs.models import Answer
from jobs.queue.rq_internals import read_result, results_key


def read_answers(connection: redis.Redis, job_ids: Sequence[str]) -> list[Answer | None]:
    """Return the latest result of each of these jobs, if it is an answer; one round trip.

    Raises what redis raises.
    """
    pipeline = connection.pipeline(transaction=False)
    for job_id in job_ids:
        pipeline.xrevrange(results_key(job_id), count=1)
    return [
        _answer_of(job_id, entries, connection)
        for job_id, entries in zip(job_ids, pipeline.execute() if job_ids else [], strict=True)
    ]


def _answer_of(
    job_id: str, entries: list[tuple[bytes, dict[Any, Any]]], connection: redis.Redis
) -> Answer | None:
    if not entries:
        return None
    entry_id, fields = entries[0]
    value = read_result(job_id, entry_id, fields, connection)
    return Answer.from_dict(value) if isinstance(value, dict) else None
