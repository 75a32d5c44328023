"""A user's questions page by page for programs: each page begins where the last one ended.

Unlike an offset, a place in the index stays where it is while new questions are asked.
"""

from __future__ import annotations

import binascii
import math
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import cast

from redis.typing import ZScoreBoundT

from jobs.broker import Broker, user_jobs_key
from jobs.errors import InvalidCursor
from jobs.models import JobState, JobView
from jobs.records import read_job, to_view
from jobs.settings import QUESTIONS_QUEUE

CHUNK = 200
# One page looks at no more questions than this, however few match: the next one goes on there.
DEPTH = 2000


@dataclass(frozen=True, order=True)
class Place:
    """Where a question stands in its user's index: when it was asked (Unix time), and its id."""

    asked_at: float
    job_id: str

    def cursor(self) -> str:
        """The place as a word for programs, who need not know what is in it."""
        return urlsafe_b64encode(f"{self.asked_at!r} {self.job_id}".encode()).decode().rstrip("=")

    @classmethod
    def of_cursor(cls, cursor: str) -> Place:
        """The inverse of `cursor`; raises InvalidCursor."""
        try:
            padded = cursor.encode() + b"=" * (-len(cursor) % 4)
            asked_at, _, job_id = urlsafe_b64decode(padded).decode().partition(" ")
            place = cls(float(asked_at), job_id)
        except (binascii.Error, ValueError):
            raise InvalidCursor() from None
        if not math.isfinite(place.asked_at) or not job_id:
            raise InvalidCursor()
        return place


@dataclass(frozen=True)
class PageAfter:
    """One page, newest first; `next` is the cursor of the following one, "" after the last.

    A page may be short, or empty, and yet have a `next`.
    """

    jobs: tuple[JobView, ...]
    next: str = ""


class JobPages:
    """The pages of all users. Raises what redis raises."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self._connection = broker.connection

    def page(
        self, user: str, cursor: str, limit: int, state: JobState | None, search: str
    ) -> PageAfter:
        """The newest questions that match and are older than the cursor's; raises InvalidCursor."""
        place = Place.of_cursor(cursor) if cursor else None
        words, found, looked = search.strip().casefold(), [], 0
        chunk = CHUNK if state or words else limit + 1
        while True:
            places, is_last = self._older(user, place, chunk)
            views = self._views(user, places)
            for place in places:
                view = views.get(place.job_id)
                if view and state in (None, view.state) and words in view.question.casefold():
                    found.append(view)
                if len(found) == limit:
                    break
            looked += len(places)
            if is_last and (not places or place == places[-1]):
                return PageAfter(self._with_positions(found))
            if place is not None and (len(found) == limit or looked >= DEPTH):
                return PageAfter(self._with_positions(found), place.cursor())

    def _older(self, user: str, place: Place | None, count: int) -> tuple[list[Place], bool]:
        """Up to `count` places after this one, and whether there are no more."""
        oldest = time.time() - self._broker.settings.retention_seconds
        newest: ZScoreBoundT = "+inf" if place is None else place.asked_at
        start = 0
        while True:
            entries = cast(
                "list[tuple[bytes, float]]",
                self._connection.zrevrangebyscore(
                    user_jobs_key(user), newest, oldest, start, count, withscores=True
                ),
            )
            places = [Place(float(score), job_id.decode()) for job_id, score in entries]
            older = [each for each in places if place is None or each < place]
            if older or len(entries) < count:
                return older, len(entries) < count
            start += count

    def _views(self, user: str, places: Sequence[Place]) -> dict[str, JobView]:
        pipeline = self._connection.pipeline(transaction=False)
        for place in places:
            read_job(pipeline, place.job_id)
        replies = pipeline.execute() if places else []
        views = (
            to_view(place.job_id, replies[2 * index], replies[2 * index + 1])
            for index, place in enumerate(places)
        )
        return {view.id: view for view in views if view is not None and view.user == user}

    def _with_positions(self, views: Sequence[JobView]) -> tuple[JobView, ...]:
        queued = [view.id for view in views if view.state is JobState.QUEUED]
        pipeline = self._connection.pipeline(transaction=False)
        for job_id in queued:
            pipeline.lpos(self._broker.queues[QUESTIONS_QUEUE].key, job_id)
        indexes = dict(zip(queued, pipeline.execute() if queued else [], strict=True))
        return tuple(
            view if indexes.get(view.id) is None else replace(view, position=indexes[view.id] + 1)
            for view in views
        )
