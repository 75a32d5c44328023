"""The fence: a job changes its state only if it still stands as the one who changes it believes.

Two attempts of one job may overlap: a worker that was paused, or cut off, is taken for dead and
its job runs again elsewhere. Each attempt has an execution id, and the job names the one that
counts. Every change is one transaction, so that a process may die at any moment and leave no job
between two states.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

import redis
from redis.client import Pipeline
from rq.exceptions import InvalidJobOperation
from rq.job import Job, JobStatus

# A field of ours in RQ's hash of the job: the id of the execution that may change its state.
EXECUTION_FIELD = "execution"
# Another: when its owner deleted the job (Unix seconds), until it is gone or that is undone. It is
# in RQ's hash and not in the record since this is what a change watches.
DELETED_FIELD = "deleted_at"

OVER = (JobStatus.FINISHED, JobStatus.FAILED, JobStatus.STOPPED, JobStatus.CANCELED)
CAN_REQUEUE = (JobStatus.FAILED, JobStatus.STOPPED, JobStatus.CANCELED)
_FIELDS = ("status", EXECUTION_FIELD, DELETED_FIELD)


@dataclass(frozen=True)
class JobSnapshot:
    """What a job is when a change is tried; `status` is None if there is no such job.

    `deleted_at` is when its owner deleted it (Unix seconds); that can be undone for a while.
    """

    status: JobStatus | None
    execution_id: str
    deleted_at: float | None = None

    @property
    def is_over(self) -> bool:
        return self.status in OVER

    def runs(self, execution_id: str) -> bool:
        """True if this attempt runs, and is the one that counts."""
        return self.status is JobStatus.STARTED and self.execution_id == execution_id


Write = Callable[[Pipeline], object]
# Returns None to leave the job as it is. It may read through the pipeline, and must not write:
# what it returns writes, and is called again if somebody touched the job meanwhile.
Decide = Callable[[Pipeline, JobSnapshot], Write | None]


def change(
    connection: redis.Redis, job_id: str, decide: Decide, *, even_deleted: bool = False
) -> bool:
    """Change a job in one transaction, as `decide` says; False if it says no.

    A deleted job does not change, and `decide` is not asked, unless it is called `even_deleted`.

    Raises what redis raises. A change whose reply got lost may have been made all the same:
    trying again finds the job as it then stands.
    """
    key = Job.key_for(job_id)

    def attempt(pipeline: Pipeline) -> Any:
        standing = _standing(pipeline.hmget(key, *_FIELDS))
        may_change = even_deleted or standing.deleted_at is None
        write = decide(pipeline, standing) if may_change else None
        if write is None:
            pipeline.unwatch()
            return False
        pipeline.multi()
        try:
            write(pipeline)
        except InvalidJobOperation as error:
            # RQ reads a job anew to delete it, and finds that somebody else just did.
            pipeline.reset()
            raise redis.WatchError from error
        return True

    return bool(connection.transaction(attempt, key, value_from_callable=True))


def running(connection: redis.Redis, job_ids: dict[str, str]) -> set[str]:
    """Which of these executions, given with the ids of their jobs, still count; one round trip."""
    pipeline = connection.pipeline(transaction=False)
    for job_id in job_ids.values():
        pipeline.hmget(Job.key_for(job_id), *_FIELDS)
    replies = pipeline.execute() if job_ids else []
    return {
        execution_id
        for execution_id, values in zip(job_ids, replies, strict=True)
        if _standing(values).runs(execution_id)
    }


def _standing(values: object) -> JobSnapshot:
    status, execution_id, deleted_at = cast("list[bytes | None]", values)
    return JobSnapshot(
        JobStatus(status.decode()) if status else None,
        execution_id.decode() if execution_id else "",
        float(deleted_at) if deleted_at else None,
    )
