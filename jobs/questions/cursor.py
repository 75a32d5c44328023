"""Cursor pagination of a user's questions, for programs: each page begins where the last one ended.

Unlike an offset, a cursor stays valid while new questions are asked.
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

# How many entries of the index are read at a time for a filtered list.
CHUNK = 2000


@dataclass(frozen=True, order=True)
class IndexEntry:
    """A question in its user's index, which is ordered by time (Unix seconds), then by id."""

    asked_at: float
    job_id: str

    def to_cursor(self) -> str:
        """Return the entry as an opaque word."""
        return urlsafe_b64encode(f"{self.asked_at!r} {self.job_id}".encode()).decode().rstrip("=")

    @classmethod
    def from_cursor(cls, cursor: str) -> IndexEntry:
        """The inverse of `to_cursor`; raises InvalidCursorError."""
        try:
            padded = cursor.encode() + b"=" * (-len(cursor) % 4)
            asked_at, _, job_id = urlsafe_b64decode(padded).decode().partition(" ")
            entry = cls(float(asked_at), job_id)
        except (binascii.Error, ValueError):
            raise InvalidCursorError() from None
        if not math.isfinite(entry.asked_at) or not job_id:
            raise InvalidCursorError()
        return entry


@dataclass(frozen=True)
class PageAfter:
    """One page, newest first; `next` is the cursor of the following page, "" on the last one.

    Questions that were deleted while it was read are missing.
    """

    jobs: tuple[JobView, ...]
    next: str = ""


class JobPager:
    """Reads pages for all users. Raises what redis raises."""

    def __init__(self, broker: Broker, search: JobSearch) -> None:
        self._connection = broker.connection
        self._retention_seconds = broker.settings.retention_seconds
        self._search = search

    def page(self, user: str, query: JobQuery, cursor: str, limit: int) -> PageAfter:
        """Read the newest questions that match and are older than the cursor's.

        They are in order of time, whatever order the query asks for. Raises InvalidCursorError.
        """
        last = IndexEntry.from_cursor(cursor) if cursor else None
        matching = set(self._search.find(user, query)) if query.is_filtered else None
        found: list[IndexEntry] = []
        is_end = False
        while len(found) <= limit and not is_end:
            entries, is_end = self._older(user, last, CHUNK if matching is not None else limit + 1)
            found += [entry for entry in entries if matching is None or entry.job_id in matching]
            last = entries[-1] if entries else last
        page = found[:limit]
        jobs = self._search.read(user, [entry.job_id for entry in page])
        return PageAfter(tuple(jobs), page[-1].to_cursor() if len(found) > limit else "")

    def _older(
        self, user: str, last: IndexEntry | None, count: int
    ) -> tuple[list[IndexEntry], bool]:
        """Read up to `count` entries older than `last`, and tell whether there are no more."""
        oldest = time.time() - self._retention_seconds
        newest: ZScoreBoundT = "+inf" if last is None else last.asked_at
        start = 0
        while True:
            pairs = cast(
                "list[tuple[bytes, float]]",
                self._connection.zrevrangebyscore(
                    user_jobs_key(user), newest, oldest, start, count, withscores=True
                ),
            )
            entries = [IndexEntry(float(score), job_id.decode()) for job_id, score in pairs]
            older = [entry for entry in entries if last is None or entry < last]
            if older or len(pairs) < count:
                return older, len(pairs) < count
            start += count
