"""How long the recent attempts of a queue took: a short list in Valkey, for estimates."""

from __future__ import annotations

from redis.client import Pipeline

from jobs.queue.keys import durations_key

KEPT = 200


def note_duration(
    pipeline: Pipeline, queue_name: str, seconds: float, retention_seconds: int
) -> None:
    """Queue the writes that add a duration and drop all but the newest `KEPT`."""
    key = durations_key(queue_name)
    pipeline.lpush(key, f"{seconds:.3f}")
    pipeline.ltrim(key, 0, KEPT - 1)
    pipeline.expire(key, retention_seconds)
