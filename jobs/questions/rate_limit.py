"""How many questions a user may ask, and make urgent, in any minute.

Counted in Valkey, in a moving window, for pages and programs alike. Rows of batches have bounds of
their own and are not counted, nor is a retry: the question was.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass

import redis
from limits import RateLimitItemPerMinute
from limits.storage import RedisStorage
from limits.strategies import MovingWindowRateLimiter

from jobs.errors import TooManyQuestionsError, TooManyUrgentError
from jobs.queue.keys import RATES_PREFIX, job_key, spent_key
from jobs.settings import Settings

WINDOW_SECONDS = 60


@dataclass(frozen=True)
class Rate:
    """How many a user may still ask now, of how many in a minute.

    `reset_seconds` is when the oldest that counts no longer does; 0 if none counts.
    """

    limit: int
    remaining: int
    reset_seconds: float


class RateLimiter:
    """The counters of all users. Raises what redis raises."""

    def __init__(self, connection: redis.Redis, settings: Settings) -> None:
        self._connection = connection
        # The address is not used: the pool is there. The window lives as long as it counts.
        storage = RedisStorage(
            "redis://", connection_pool=connection.connection_pool, key_prefix=RATES_PREFIX
        )
        self._limiter = MovingWindowRateLimiter(storage)
        self._questions = settings.questions_per_minute
        self._urgent = settings.urgent_per_minute

    def spend(self, user: str, job_id: str, *, urgent: bool = False) -> None:
        """Count a question, once for each id; raises TooManyQuestionsError or TooManyUrgentError.

        The id is that of the job. Whoever sends a question again, because no reply came, is not
        counted twice: neither if it was accepted, nor if that broke off after the counting.
        """
        if not (self._questions or urgent):
            return
        if self._connection.exists(job_key(job_id), spent_key(job_id)):
            return
        if urgent:
            self.spend_urgent(user)
        wait = self._spend("questions", user, self._questions) if self._questions else None
        if wait is not None:
            raise _refusal(
                TooManyQuestionsError,
                self._questions,
                wait,
                f"You have asked {self._questions:,} questions within a minute, which is the most. "
                "Wait a moment, then send this one again.",
            )
        # Only now: a question that was refused is counted when it is sent again.
        self._connection.set(spent_key(job_id), 1, ex=WINDOW_SECONDS)

    def spend_urgent(self, user: str) -> None:
        """Count a question that is made urgent; raises TooManyUrgentError."""
        if not self._urgent:
            raise TooManyUrgentError("No question can be made urgent here. Ask without urgency.")
        wait = self._spend("urgent", user, self._urgent)
        if wait is not None:
            raise _refusal(
                TooManyUrgentError,
                self._urgent,
                wait,
                f"You have made {self._urgent:,} questions urgent within a minute, which is the "
                "most. Ask without urgency, or wait a moment.",
            )

    def questions(self, user: str) -> Rate | None:
        """What is left of the questions that a user may ask; None if there is no limit."""
        if not self._questions:
            return None
        item = RateLimitItemPerMinute(self._questions)
        stats = self._limiter.get_window_stats(item, "questions", user)
        used = stats.remaining < self._questions
        reset = max(0.0, stats.reset_time - time.time()) if used else 0.0
        return Rate(self._questions, stats.remaining, reset)

    def _spend(self, what: str, user: str, limit: int) -> float | None:
        """Count one; or, if that is too many, the seconds until there is room, and none counted."""
        item = RateLimitItemPerMinute(limit)
        if self._limiter.hit(item, what, user):
            return None
        reset = self._limiter.get_window_stats(item, what, user).reset_time
        return min(float(WINDOW_SECONDS), max(1.0, math.ceil(reset - time.time())))


def _refusal(
    kind: type[TooManyQuestionsError], limit: int, wait: float, sentence: str
) -> TooManyQuestionsError:
    error = kind(sentence, retry_after_seconds=wait)
    error.limit = limit
    return error
