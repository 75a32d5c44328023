"""The record of one question: a small hash beside RQ's own, and how both become a JobView.

RQ's hash says what the queue knows (status, times); the record says what people need (who asked
what, stage, attempt, failure). The mapping from RQ's statuses to people's states lives here.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import cast

import redis
from redis.client import Pipeline
from redis.typing import EncodableT, FieldT
from rq.job import Job, JobStatus

from jobs.broker import job_key, user_jobs_key
from jobs.models import Failure, JobState, JobView, Stage

RQ_FIELDS = ("status", "started_at", "ended_at")
RECORD_FIELDS = (
    "user",
    "question",
    "asked_at",
    "queued_at",
    "stage",
    "attempt",
    "stop",
    "retry_at",
    "failure_kind",
    "failure_message",
    "failure_command",
    "preview",
)
PREVIEW_CHARS = 200
# Between the record and the queue, submitting takes milliseconds; after this it was cut off.
SUBMIT_GRACE_SECONDS = 10.0

NOT_ACCEPTED = Failure("not_accepted", "This question did not reach the queue. Retry it.")

STATES = {
    JobStatus.CREATED: JobState.QUEUED,
    JobStatus.QUEUED: JobState.QUEUED,
    JobStatus.DEFERRED: JobState.QUEUED,
    JobStatus.READY_TO_ENQUEUE: JobState.QUEUED,
    JobStatus.RATE_LIMITED: JobState.WAITING,
    JobStatus.SCHEDULED: JobState.RETRYING,
    JobStatus.STARTED: JobState.STARTED,
    JobStatus.FINISHED: JobState.FINISHED,
    JobStatus.FAILED: JobState.FAILED,
    JobStatus.STOPPED: JobState.STOPPED,
    JobStatus.CANCELED: JobState.STOPPED,
}


@dataclass(frozen=True)
class AttemptStart:
    """What a worker needs to begin an attempt. Times are Unix seconds."""

    number: int
    user: str
    question: str
    queued_at: float
    stop_requested: bool


class JobRecords:
    """Reads and writes the records. Each write renews the record's TTL, the retention."""

    def __init__(self, connection: redis.Redis, retention_seconds: int) -> None:
        self._connection = connection
        self._retention_seconds = retention_seconds

    def create(self, job_id: str, user: str, question: str) -> float:
        """Write a new record and index it under its user, in one transaction; returns when."""
        now = time.time()
        index = user_jobs_key(user)
        with self._connection.pipeline() as pipeline:
            self._write(
                pipeline,
                job_id,
                {"user": user, "question": question, "asked_at": now, "queued_at": now},
            )
            pipeline.zadd(index, {job_id: now})
            pipeline.zremrangebyscore(index, 0, now - self._retention_seconds)
            pipeline.expire(index, self._retention_seconds)
            pipeline.execute()
        return now

    def discard(self, job_id: str, user: str) -> None:
        """Remove a record and its place in the user's index."""
        with self._connection.pipeline() as pipeline:
            pipeline.delete(job_key(job_id))
            pipeline.zrem(user_jobs_key(user), job_id)
            pipeline.execute()

    def begin_attempt(self, job_id: str) -> AttemptStart | None:
        """Count a new attempt and read the question; None if the record is gone."""
        with self._connection.pipeline() as pipeline:
            pipeline.hmget(job_key(job_id), ["user", "question", "queued_at", "stop"])
            pipeline.hincrby(job_key(job_id), "attempt", 1)
            pipeline.hdel(job_key(job_id), "retry_at", *_FAILURE_FIELDS)
            self._write(pipeline, job_id, {"stage": Stage.RETRIEVING.value})
            fields, attempt, *_ = pipeline.execute()
        user, question, queued_at, stop = fields
        if user is None or question is None:
            self._connection.delete(job_key(job_id))
            return None
        return AttemptStart(
            int(attempt), user.decode(), question.decode(), float(queued_at or 0), bool(stop)
        )

    def set_stage(self, job_id: str, stage: Stage) -> None:
        self._connection.hset(job_key(job_id), "stage", stage.value)

    def set_finished(self, job_id: str, answer_text: str) -> None:
        """Keep the first line of the answer, for lists."""
        line = next((line for line in answer_text.splitlines() if line.strip()), "")
        self._save(job_id, {"preview": line.strip()[:PREVIEW_CHARS]})

    def set_failure(self, job_id: str, failure: Failure) -> None:
        self._save(
            job_id,
            {
                "failure_kind": failure.kind,
                "failure_message": failure.message,
                "failure_command": failure.command,
            },
        )

    def set_retry(self, job_id: str, retry_at: float, failure: Failure) -> None:
        """Say when the next attempt starts, and why there is one."""
        with self._connection.pipeline() as pipeline:
            self._write(
                pipeline,
                job_id,
                {
                    "retry_at": retry_at,
                    "stage": Stage.WAITING.value,
                    "failure_kind": failure.kind,
                    "failure_message": failure.message,
                    "failure_command": failure.command,
                },
            )
            pipeline.execute()

    def set_partial(self, job_id: str, text: str) -> None:
        """Keep the text of an attempt that ended early."""
        self._save(job_id, {"partial": text})

    def partial(self, job_id: str) -> str:
        value = cast("bytes | None", self._connection.hget(job_key(job_id), "partial"))
        return value.decode() if value else ""

    def request_stop(self, job_id: str) -> None:
        self._save(job_id, {"stop": 1})

    def stop_requested(self, job_ids: Sequence[str]) -> list[bool]:
        """Whether each of these jobs should stop; one round trip."""
        pipeline = self._connection.pipeline(transaction=False)
        for job_id in job_ids:
            pipeline.hget(job_key(job_id), "stop")
        return [bool(value) for value in pipeline.execute()]

    def reset_for_retry(self, job_id: str) -> None:
        """Forget the outcome of the last attempts, before the owner's retry is queued."""
        with self._connection.pipeline() as pipeline:
            pipeline.hdel(job_key(job_id), "stop", "retry_at", "preview", *_FAILURE_FIELDS)
            self._write(pipeline, job_id, {"stage": Stage.WAITING.value, "queued_at": time.time()})
            pipeline.execute()

    def _save(self, job_id: str, fields: dict[str, str | float | int]) -> None:
        with self._connection.pipeline() as pipeline:
            self._write(pipeline, job_id, fields)
            pipeline.execute()

    def _write(self, pipeline: Pipeline, job_id: str, fields: dict[str, str | float | int]) -> None:
        mapping: dict[FieldT, EncodableT] = {name: value for name, value in fields.items()}
        pipeline.hset(job_key(job_id), mapping=mapping)
        pipeline.expire(job_key(job_id), self._retention_seconds)


_FAILURE_FIELDS = ("failure_kind", "failure_message", "failure_command")


def read_job(pipeline: Pipeline, job_id: str) -> None:
    """Queue the two reads whose replies `to_view` takes."""
    pipeline.hmget(Job.key_for(job_id), list(RQ_FIELDS))
    pipeline.hmget(job_key(job_id), list(RECORD_FIELDS))


def to_view(
    job_id: str, rq_values: Sequence[bytes | None], record_values: Sequence[bytes | None]
) -> JobView | None:
    """Make a view of one job from the replies to `read_job`; None if there is no record."""
    record = {
        name: value.decode()
        for name, value in zip(RECORD_FIELDS, record_values, strict=True)
        if value is not None
    }
    if "user" not in record or "question" not in record:
        return None
    status, started_at, ended_at = (value.decode() if value else "" for value in rq_values)
    asked_at = float(record["asked_at"])
    failure = _failure(record)
    if status:
        state = STATES[JobStatus(status)]
    elif time.time() - asked_at < SUBMIT_GRACE_SECONDS:
        state = JobState.QUEUED
    else:
        state, failure = JobState.FAILED, NOT_ACCEPTED
    if state is JobState.FAILED and failure and failure.kind == "stopped":
        state = JobState.STOPPED
    return JobView(
        id=job_id,
        user=record["user"],
        question=record["question"],
        state=state,
        asked_at=asked_at,
        queued_at=float(record.get("queued_at", asked_at)),
        stage=Stage(record.get("stage", Stage.WAITING.value)),
        started_at=_timestamp(started_at),
        ended_at=_timestamp(ended_at) if state.is_over else None,
        attempt=int(record.get("attempt", 0)),
        retry_at=float(record["retry_at"])
        if state is JobState.RETRYING and "retry_at" in record
        else None,
        preview=record.get("preview", ""),
        stopping=bool(record.get("stop")) and not state.is_over,
        failure=failure if state in (JobState.FAILED, JobState.RETRYING) else None,
    )


def _failure(record: dict[str, str]) -> Failure | None:
    if "failure_kind" not in record:
        return None
    return Failure(
        record["failure_kind"],
        record.get("failure_message", ""),
        record.get("failure_command", ""),
    )


def _timestamp(text: str) -> float | None:
    """Read RQ's UTC time, such as 2026-01-31T12:00:00.123456Z, as Unix seconds."""
    if not text:
        return None
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
