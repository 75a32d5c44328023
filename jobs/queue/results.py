"""The answers of finished jobs.

They are not RQ's results: whoever may read RQ's keys, such as rq-dashboard, may read those.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import redis
from redis.client import Pipeline

from jobs.models import Answer
from jobs.queue.keys import answer_key
from jobs.queue.rq_internals import read_result, results_key


def write_answer(
    pipeline: Pipeline, job_id: str, answer: Mapping[str, Any], ttl_seconds: int
) -> None:
    """Queue the write of what `Answer.to_dict` returned, in the transaction that ends the job."""
    pipeline.set(answer_key(job_id), json.dumps(answer), ex=ttl_seconds)


def read_answers(connection: redis.Redis, job_ids: Sequence[str]) -> list[Answer | None]:
    """Return the answer of each of these jobs, or None; one round trip.

    Versions before this one kept answers as RQ's results. Those are read until they expire, after
    `RETENTION_DAYS`. Raises what redis raises.
    """
    pipeline = connection.pipeline(transaction=False)
    for job_id in job_ids:
        pipeline.get(answer_key(job_id))
        pipeline.xrevrange(results_key(job_id), count=1)
    replies = pipeline.execute() if job_ids else []
    return [
        _answer_of(job_id, text, entries, connection)
        for job_id, text, entries in zip(job_ids, replies[::2], replies[1::2], strict=True)
    ]


def _answer_of(
    job_id: str,
    text: bytes | None,
    entries: list[tuple[bytes, dict[Any, Any]]],
    connection: redis.Redis,
) -> Answer | None:
    if text is not None:
        value = json.loads(text)
    elif entries:
        entry_id, fields = entries[0]
        value = read_result(job_id, entry_id, fields, connection)
    else:
        return None
    return Answer.from_dict(value) if isinstance(value, dict) else None
