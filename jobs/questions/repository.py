"""The record of one question: a small hash beside RQ's own, and how both become a JobView.

RQ's hash says what the queue knows (status, times); the record says what people need (who asked
what, stage, attempt, failure). The mapping from RQ's statuses to people's states lives here.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import cast

import redis
from redis.client import Pipeline
from rq.job import Job, JobStatus

from jobs.models import Failure, Feedback, JobState, JobView, Question, Stage
from jobs.questions.query import SEARCHED_CHARS, fold
from jobs.queue.codec import Hash, decode_values, encode, encode_fields, stored_names
from jobs.queue.keys import answer_key, job_key, thread_key, user_jobs_key
from jobs.queue.rq_internals import unix_time
from jobs.queue.transitions import DELETED_FIELD
from jobs.settings import BATCH_QUEUE

RQ_FIELDS = ("status", "started_at", "ended_at", DELETED_FIELD, "origin")
PREVIEW_CHARS = 200

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


_WITHOUT_FAILURE = (JobState.STARTED, JobState.FINISHED, JobState.STOPPED)


@dataclass  # not frozen, which would cost a list of jobs as much as all the rest of a record
class Record:
    """What is stored of a question, without what only its answer or the search reads.

    Times are Unix seconds. Since `queued_at`, `earlier` seconds went into attempts that came to
    nothing, and `retry_waits` seconds into the waits after them. Fields with their default values
    are not stored.
    """

    user: str
    question: str
    asked_at: float
    queued_at: float | None = None
    stage: Stage = Stage.WAITING
    attempt: int = 0
    retry_at: float | None = None
    failure: Failure | None = None
    preview: str = ""
    useful: bool | None = None
    reason: str = ""
    documents: tuple[str, ...] = ()
    model: str = ""
    follows: str = ""
    version_of: str = ""
    thread: str = ""
    urgent: bool = False
    afresh: bool = False
    everywhere: bool = False
    earlier: float = 0.0
    retry_waits: float = 0.0

    @property
    def asked(self) -> Question:
        """The question, all of it."""
        return Question(
            self.question,
            documents=self.documents,
            model=self.model,
            follows=self.follows,
            version_of=self.version_of,
            use_cache=not self.afresh,
            everywhere=self.everywhere,
        )


RECORD_FIELDS = stored_names(Record)


# An attempt that counts no more must not move the stage of the one that does.
# KEYS: record. ARGV: attempt, stage.
SET_STAGE = """
if redis.call('HGET', KEYS[1], 'attempt') == ARGV[1] then
    redis.call('HSET', KEYS[1], 'stage', ARGV[2])
end
"""


# Take a question out of the set of its versions, if it is in one, before its record goes.
# KEYS: record. ARGV: job id, beginning of the keys of such sets.
LEAVE_THREAD = """
local thread = redis.call('HGET', KEYS[1], 'thread') or ARGV[1]
redis.call('ZREM', ARGV[2] .. thread, ARGV[1])
"""


class JobRepository:
    """Reads and writes the records. Each write renews the record's TTL, the retention.

    What takes a pipeline is written as part of a change of the job's state, see
    `jobs.queue.transitions`.
    """

    def __init__(self, connection: redis.Redis, retention_seconds: int) -> None:
        self._connection = connection
        self._retention_seconds = retention_seconds
        self._set_stage = connection.register_script(SET_STAGE)

    def create(
        self,
        pipeline: Pipeline,
        job_id: str,
        user: str,
        question: Question,
        *,
        thread: str = "",
        urgent: bool = False,
        listed: bool = True,
    ) -> None:
        """A new record, in its user's index unless something else lists it, such as a batch.

        Another version of a question joins its `thread`, the id of the first version.
        """
        now, index = time.time(), user_jobs_key(user)
        record = Record(
            user=user,
            question=question.text,
            asked_at=now,
            queued_at=now,
            documents=question.documents,
            model=question.model,
            follows=question.follows,
            version_of=question.version_of,
            thread=thread,
            urgent=urgent,
            afresh=not question.use_cache,
            everywhere=question.everywhere,
        )
        fields = encode(record, sparse=True)
        folded = fold(question.text)
        if folded != _lower_as_lua(question.text):  # else the search makes it of the question
            fields["folded"] = folded
        self._write(pipeline, job_id, fields)
        if thread:
            self._join_thread(pipeline, job_id, question.version_of, thread, now)
        if not listed:
            return
        pipeline.zadd(index, {job_id: now})
        pipeline.zremrangebyscore(index, 0, now - self._retention_seconds)
        pipeline.expire(index, self._retention_seconds)

    def remove(self, pipeline: Pipeline, job_id: str, user: str) -> None:
        """No record or answer, no place in the user's index or among the question's versions."""
        pipeline.eval(LEAVE_THREAD, 1, job_key(job_id), job_id, thread_key(""))
        pipeline.delete(job_key(job_id), answer_key(job_id))
        pipeline.zrem(user_jobs_key(user), job_id)

    def next_attempt(self, connection: redis.Redis, job_id: str) -> tuple[int, str]:
        """The number of the attempt that may begin, and the user; 0 if there is no record.

        Numbers go on after an owner's retry, so that no two attempts of a job share one. Takes a
        connection, or a pipeline that is watching.
        """
        user, number = cast(
            "list[bytes | None]", connection.hmget(job_key(job_id), "user", "attempt")
        )
        return (int(number or 0) + 1, user.decode()) if user else (0, "")

    def begin(self, pipeline: Pipeline, job_id: str, number: int) -> None:
        pipeline.hdel(job_key(job_id), "retry_at", *_FAILURE_FIELDS)
        self._write(pipeline, job_id, {"attempt": number, "stage": Stage.RETRIEVING.value})

    def finish(
        self, pipeline: Pipeline, job_id: str, answer_text: str, cited: Iterable[str] = ()
    ) -> None:
        """Keep what lists show and search: the answer's first line, words, and cited documents."""
        line = next((line for line in answer_text.splitlines() if line.strip()), "")
        searched: Hash = {
            "said": fold(answer_text[:SEARCHED_CHARS]),
            "cited": f" {' '.join(dict.fromkeys(cited))} ",  # each with a space on both sides
        }
        self._write(pipeline, job_id, {"preview": line.strip()[:PREVIEW_CHARS], **searched})

    def fail(self, pipeline: Pipeline, job_id: str, failure: Failure, partial: str) -> None:
        """Say why it failed, and keep what was written until then."""
        self._write(
            pipeline, job_id, {**encode_fields(Record, failure=failure), "partial": partial}
        )

    def wait(
        self, pipeline: Pipeline, job_id: str, failure: Failure, retry_at: float, ran: float
    ) -> None:
        """Say when the next attempt starts, and why there is one: the last ran for `ran` seconds.

        Both go into the sums of what the question has cost so far.
        """
        wait = max(0.0, retry_at - time.time())
        pipeline.hincrbyfloat(job_key(job_id), "earlier", ran)
        pipeline.hincrbyfloat(job_key(job_id), "retry_waits", wait)
        fields = {
            **encode_fields(Record, failure=failure),
            "retry_at": retry_at,
            "stage": Stage.WAITING.value,
        }
        self._write(pipeline, job_id, fields)

    def stop(self, pipeline: Pipeline, job_id: str, partial: str) -> None:
        """Keep what was written until its owner stopped it."""
        self._write(pipeline, job_id, {"partial": partial})

    def queue_again(self, pipeline: Pipeline, job_id: str, user: str, *, thread: str = "") -> None:
        """Forget the outcome of the attempts so far.

        It is kept, and listed, for as long as a question that is asked now.
        """
        now = time.time()
        for index in (user_jobs_key(user), thread_key(thread or job_id)):
            pipeline.zadd(index, {job_id: now}, xx=True)
            pipeline.expire(index, self._retention_seconds)
        outcome = ("retry_at", "partial", *_SAID, *_SUMS, *_FAILURE_FIELDS, *_FEEDBACK_FIELDS)
        pipeline.hdel(job_key(job_id), "urgent", *outcome)
        self._write(pipeline, job_id, {"stage": Stage.WAITING.value, "queued_at": now})

    def note_feedback(self, pipeline: Pipeline, job_id: str, feedback: Feedback | None) -> None:
        """Keep what the asker thinks of the answer, or forget it."""
        if feedback is None:
            pipeline.hdel(job_key(job_id), *_FEEDBACK_FIELDS)
        else:
            useful = int(feedback.useful)
            self._write(pipeline, job_id, {"useful": useful, "reason": feedback.reason})

    def note_urgent(self, pipeline: Pipeline, job_id: str) -> None:
        """Show that a question is urgent, until it is retried."""
        self._write(pipeline, job_id, {"urgent": 1})

    def set_stage(self, job_id: str, attempt: int, stage: Stage) -> None:
        """Show the stage of this attempt, unless a later one has begun."""
        self._set_stage(keys=[job_key(job_id)], args=[attempt, stage.value])

    def read(self, job_id: str) -> Record | None:
        """Read a record, even of a question that its owner deleted; None if it is gone."""
        values = cast("list[bytes | None]", self._connection.hmget(job_key(job_id), RECORD_FIELDS))
        return decode_values(Record, RECORD_FIELDS, values)

    def partial(self, job_id: str) -> str:
        value = cast("bytes | None", self._connection.hget(job_key(job_id), "partial"))
        return value.decode() if value else ""

    def _join_thread(
        self, pipeline: Pipeline, job_id: str, version_of: str, thread: str, now: float
    ) -> None:
        key = thread_key(thread)
        # The other one is there already, unless it has been the only version.
        pipeline.zadd(key, {version_of: now}, nx=True)
        pipeline.zadd(key, {job_id: now})
        pipeline.zremrangebyscore(key, 0, now - self._retention_seconds)
        pipeline.expire(key, self._retention_seconds)

    def _write(self, pipeline: Pipeline, job_id: str, fields: Hash) -> None:
        pipeline.hset(job_key(job_id), mapping=fields)
        pipeline.expire(job_key(job_id), self._retention_seconds)


_FEEDBACK_FIELDS = ("useful", "reason")
_SAID = ("preview", "said", "cited")
_SUMS = ("earlier", "retry_waits")
_FAILURE_FIELDS = ("failure_kind", "failure_message", "failure_command")


def _lower_as_lua(text: str) -> str:
    """Lower case as Lua in Valkey makes it: of ASCII letters only."""
    return text.encode().lower().decode()


def read_job(pipeline: Pipeline, job_id: str) -> None:
    """Queue the two reads whose replies `to_view` takes."""
    pipeline.hmget(Job.key_for(job_id), list(RQ_FIELDS))
    pipeline.hmget(job_key(job_id), list(RECORD_FIELDS))


def to_view(
    job_id: str, rq_values: Sequence[bytes | None], record_values: Sequence[bytes | None]
) -> JobView | None:
    """Make a view of one job from the replies to `read_job`.

    None if there is no such job, or its owner deleted it.
    """
    record = decode_values(Record, RECORD_FIELDS, record_values)
    status, started_at, ended_at, deleted_at, origin = (
        value.decode() if value else "" for value in rq_values
    )
    if record is None or not status or deleted_at:
        return None
    state = STATES[JobStatus(status)]
    return JobView(
        id=job_id,
        user=record.user,
        asked=record.asked,
        state=state,
        asked_at=record.asked_at,
        queued_at=record.asked_at if record.queued_at is None else record.queued_at,
        stage=record.stage,
        started_at=_timestamp(started_at),
        ended_at=_timestamp(ended_at) if state.is_over else None,
        attempt=record.attempt,
        retry_at=record.retry_at if state is JobState.RETRYING else None,
        preview=record.preview,
        # Also why there was an attempt before the one that is now waited for.
        failure=None if state in _WITHOUT_FAILURE else record.failure,
        feedback=None if record.useful is None else Feedback(record.useful, record.reason),
        thread=record.thread or job_id,
        urgent=record.urgent,
        in_batch=origin == BATCH_QUEUE,
    )


def _timestamp(text: str) -> float | None:
    return unix_time(text) if text else None
