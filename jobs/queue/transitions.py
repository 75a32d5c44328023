"""Transitions: a job changes its state in one optimistic transaction, or not at all.

Two attempts of one job may overlap: a worker that was paused or cut off counts as dead, and its job
runs again elsewhere. So each attempt has an execution id, the job names the one that counts, and a
transition by any other is refused. A process may die at any moment without leaving a job between
two states.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

import redis
from redis.client import Pipeline
from rq.exceptions import InvalidJobOperation
from rq.job import Job, JobStatus

# A field of ours in RQ's hash of a job: the id of the execution that may change its state.
EXECUTION_FIELD = "execution"
# Another one: when its owner deleted the job (Unix seconds), until it is purged or restored. It is
# in RQ's hash and not in the record because transitions watch RQ's hash.
DELETED_FIELD = "deleted_at"

OVER = (JobStatus.FINISHED, JobStatus.FAILED, JobStatus.STOPPED, JobStatus.CANCELED)
CAN_REQUEUE = (JobStatus.FAILED, JobStatus.STOPPED, JobStatus.CANCELED)
_FIELDS = ("status", EXECUTION_FIELD, DELETED_FIELD)


@dataclass(frozen=True)
class JobSnapshot:
    """The state of a job when a transition is tried; `status` is None if there is no such job.

    `deleted_at` is when its owner deleted it (Unix seconds), which can be undone for a while.
    """

    status: JobStatus | None
    execution_id: str
    deleted_at: float | None = None

    @property
    def is_over(self) -> bool:
        return self.status in OVER

    def runs(self, execution_id: str) -> bool:
        """Return whether this attempt runs and is the one that counts."""
        return self.status is JobStatus.STARTED and self.execution_id == execution_id


Write = Callable[[Pipeline], object]
# Returns the function that queues the writes, or None to leave the job alone. It may read through
# the pipeline. It is called again, as is what it returns, if the job changed in the meantime.
Decide = Callable[[Pipeline, JobSnapshot], Write | None]


def change(
    connection: redis.Redis, job_id: str, decide: Decide, *, even_deleted: bool = False
) -> bool:
    """Change a job in one transaction, as `decide` says; return False if it returns None.

    A deleted job does not change, and `decide` is not called, unless `even_deleted` is set.

    Raises what redis raises. A transition whose reply was lost may have been made all the same: a
    second call then sees its result.
    """
    key = Job.key_for(job_id)

    def attempt(pipeline: Pipeline) -> Any:
        snapshot = _read_snapshot(pipeline.hmget(key, *_FIELDS))
        may_change = even_deleted or snapshot.deleted_at is None
        write = decide(pipeline, snapshot) if may_change else None
        if write is None:
            pipeline.unwatch()
            return False
        pipeline.multi()
        try:
            write(pipeline)
        except InvalidJobOperation as error:
            # RQ reads the job again to delete it, and it has just been deleted elsewhere.
            pipeline.reset()
            raise redis.WatchError from error
        return True

    return bool(connection.transaction(attempt, key, value_from_callable=True))


def running(connection: redis.Redis, job_ids: dict[str, str]) -> set[str]:
    """Return which executions still count, from job ids by execution id; one round trip."""
    pipeline = connection.pipeline(transaction=False)
    for job_id in job_ids.values():
        pipeline.hmget(Job.key_for(job_id), *_FIELDS)
    replies = pipeline.execute() if job_ids else []
    return {
        execution_id
        for execution_id, values in zip(job_ids, replies, strict=True)
        if _read_snapshot(values).runs(execution_id)
    }


def _read_snapshot(values: object) -> JobSnapshot:
    status, execution_id, deleted_at = cast("list[bytes | None]", values)
    return JobSnapshot(
        JobStatus(status.decode()) if status else None,
        execution_id.decode() if execution_id else "",
        float(deleted_at) if deleted_at else None,
    )
