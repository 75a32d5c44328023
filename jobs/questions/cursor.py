"""A user's questions page by page for programs: each page begins where the last one ended.

Unlike an offset, a place in the index stays where it is while new questions are asked.
"""

from __future__ import annotations

import binascii
import math
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from typing import cast

from redis.typing import ZScoreBoundT

from jobs.errors import InvalidCursorError
from jobs.models import JobView
from jobs.questions.query import JobQuery
from jobs.questions.search import JobSearch
from jobs.queue.broker import Broker
from jobs.queue.keys import user_jobs_key

# Of the places of a filtered list, so many are read at a time.
CHUNK = 2000


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
        """The inverse of `cursor`; raises InvalidCursorError."""
        try:
            padded = cursor.encode() + b"=" * (-len(cursor) % 4)
            asked_at, _, job_id = urlsafe_b64decode(padded).decode().partition(" ")
            place = cls(float(asked_at), job_id)
        except (binascii.Error, ValueError):
            raise InvalidCursorError() from None
        if not math.isfinite(place.asked_at) or not job_id:
            raise InvalidCursorError()
        return place


@dataclass(frozen=True)
class PageAfter:
    """One page, newest first; `next` is the cursor of the following one, "" after the last.

    It is short by those that were deleted while it was read.
    """

    jobs: tuple[JobView, ...]
    next: str = ""


class JobPager:
    """The pages of all users. Raises what redis raises."""

    def __init__(self, broker: Broker, listing: JobSearch) -> None:
        self._connection = broker.connection
        self._retention_seconds = broker.settings.retention_seconds
        self._listing = listing

    def page(self, user: str, query: JobQuery, cursor: str, limit: int) -> PageAfter:
        """The newest questions that match and are older than the cursor's; raises
        InvalidCursorError.

        The order is always by when they were asked, whatever the query says.
        """
        place = Place.of_cursor(cursor) if cursor else None
        matching = set(self._listing.find(user, query)) if query.is_filtered else None
        found: list[Place] = []
        is_last = False
        while len(found) <= limit and not is_last:
            places, is_last = self._older(user, place, CHUNK if matching is not None else limit + 1)
            found += [each for each in places if matching is None or each.job_id in matching]
            place = places[-1] if places else place
        page = found[:limit]
        jobs = self._listing.read(user, [each.job_id for each in page])
        return PageAfter(tuple(jobs), page[-1].cursor() if len(found) > limit else "")

    def _older(self, user: str, place: Place | None, count: int) -> tuple[list[Place], bool]:
        """Up to `count` places after this one, and whether there are no more."""
        oldest = time.time() - self._retention_seconds
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
