"""Which questions a user has: pages of them, filtered or not. Whose they are is in the key."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from typing import cast

import redis
from rq.job import Job, JobStatus

from jobs.broker import Broker, job_key, user_jobs_key
from jobs.models import JobPage, JobState, JobView
from jobs.records import STATES, read_job, to_view
from jobs.settings import QUESTIONS_QUEUE

# A filtered listing looks at this many of the newest questions, in chunks of a pipeline each.
FILTER_DEPTH = 2000
FILTER_CHUNK = 500


class Listing:
    """The questions of one user. Raises what redis raises."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self._connection: redis.Redis = broker.connection

    def page(
        self, user: str, state: JobState | None, search: str, offset: int, limit: int
    ) -> JobPage:
        """As `JobClient.list_jobs` says."""
        if state is None and not search.strip():
            return self._list_all(user, offset, limit)
        return self._list_matching(user, state, search.strip().casefold(), offset, limit)

    def _list_all(self, user: str, offset: int, limit: int) -> JobPage:
        pipeline = self._connection.pipeline(transaction=False)
        oldest = self._oldest_kept()
        pipeline.zcount(user_jobs_key(user), oldest, "+inf")
        pipeline.zrevrangebyscore(user_jobs_key(user), "+inf", oldest, start=offset, num=limit)
        total, ids = pipeline.execute()
        views = self._read_many(user, [job_id.decode() for job_id in ids])
        return JobPage(tuple(self._with_positions(views)), total)

    def _list_matching(
        self, user: str, state: JobState | None, search: str, offset: int, limit: int
    ) -> JobPage:
        found: list[str] = []
        for job_ids in self._newest(user):
            found += self._matching(job_ids, state, search)
        page = self._read_many(user, found[offset : offset + limit])
        return JobPage(tuple(self._with_positions(page)), len(found))

    def _matching(self, job_ids: list[str], state: JobState | None, search: str) -> list[str]:
        """Those that match, from the one or two fields that it takes to know; one round trip."""
        pipeline = self._connection.pipeline(transaction=False)
        for job_id in job_ids:
            if state is not None:
                pipeline.hget(Job.key_for(job_id), "status")
            if search:
                pipeline.hget(job_key(job_id), "question")
        replies = iter(pipeline.execute() if job_ids else [])
        matching = []
        for job_id in job_ids:
            status = next(replies) if state is not None else None
            question = next(replies) if search else b""
            in_state = state is None or (status and STATES[JobStatus(status.decode())] is state)
            if in_state and question is not None and search in question.decode().casefold():
                matching.append(job_id)
        return matching

    def _newest(self, user: str) -> Iterator[list[str]]:
        for start in range(0, FILTER_DEPTH, FILTER_CHUNK):
            ids = cast(
                "list[bytes]",
                self._connection.zrevrangebyscore(
                    user_jobs_key(user), "+inf", self._oldest_kept(), start, FILTER_CHUNK
                ),
            )
            yield [job_id.decode() for job_id in ids]
            if len(ids) < FILTER_CHUNK:
                return

    def _oldest_kept(self) -> float:
        """What was asked before has left; its place in the index goes with the next question."""
        return time.time() - self._broker.settings.retention_seconds

    def _read_many(self, user: str, job_ids: list[str]) -> list[JobView]:
        pipeline = self._connection.pipeline(transaction=False)
        for job_id in job_ids:
            read_job(pipeline, job_id)
        replies = pipeline.execute() if job_ids else []
        views = (
            to_view(job_id, replies[2 * index], replies[2 * index + 1])
            for index, job_id in enumerate(job_ids)
        )
        return [view for view in views if view is not None and view.user == user]

    def _with_positions(self, views: list[JobView]) -> list[JobView]:
        queued = [view.id for view in views if view.state is JobState.QUEUED]
        if not queued:
            return views
        pipeline = self._connection.pipeline(transaction=False)
        for job_id in queued:
            pipeline.lpos(self._broker.queues[QUESTIONS_QUEUE].key, job_id)
        positions = dict(zip(queued, pipeline.execute(), strict=True))
        return [with_position(view, positions.get(view.id)) for view in views]


def with_position(view: JobView, index: int | None) -> JobView:
    """The job with its place in the queue, from the index there; only a queued one has a place."""
    if view.state is not JobState.QUEUED or index is None:
        return view
    return replace(view, position=index + 1)
