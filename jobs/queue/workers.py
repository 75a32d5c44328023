"""The reports of living worker processes."""

from __future__ import annotations

import json
import time
from typing import cast

import redis

from jobs.models import WorkerReport
from jobs.queue.keys import WORKERS_KEY, worker_key

# A worker process reports every two seconds; after this long without a report it counts as dead.
WORKER_ALIVE_SECONDS = 10.0


def living_workers(connection: redis.Redis) -> list[WorkerReport]:
    """Return the reports of the worker processes that are alive. Raises what redis raises."""
    oldest = time.time() - WORKER_ALIVE_SECONDS
    names = cast("list[bytes]", connection.zrangebyscore(WORKERS_KEY, oldest, "+inf"))
    if not names:
        return []
    keys = [worker_key(name.decode()) for name in names]
    texts = cast("list[bytes | None]", connection.mget(keys))
    return [WorkerReport.from_dict(json.loads(text)) for text in texts if text]
