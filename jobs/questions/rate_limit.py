"""How many questions a user may ask, and make urgent, in any minute.

Counted in Valkey, in a moving window, for pages and programs alike. Whatever a user does that
begins calls of the model counts: a question, a retry, and of a batch that begins or goes on, the
rows that run at once. What the worker tries again by itself, after an error, does not.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass

import redis
from limits import RateLimitItemPerMinute
from limits.storage import RedisStorage
from limits.strategies import MovingWindowRateLimiter

from jobs.errors import QuestionsExceededError, TooManyQuestionsError, TooManyUrgentError
from jobs.queue.keys import RATES_PREFIX, job_key, spent_key, user_jobs_key
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
        self._kept = settings.user_questions

    def spend(self, user: str, job_id: str, *, urgent: bool = False) -> None:
        """Count a question, once for each id; raises TooManyQuestionsError or TooManyUrgentError.

        The id is that of the job. Whoever sends a question again, because no reply came, is not
        counted twice: neither if it was accepted, nor if that broke off after the counting.
        """
        pipeline = self._connection.pipeline(transaction=False)
        pipeline.exists(job_key(job_id), spent_key(job_id))
        pipeline.zcard(user_jobs_key(user))
        was_counted, kept = pipeline.execute()
        if was_counted:
            return
        if kept >= self._kept:
            raise QuestionsExceededError(
                f"You keep {kept:,} questions, which is the most. Delete some of yours that are "
                "over, then send this one again."
            )
        if not (self._questions or urgent):
            return
        if urgent:
            self.spend_urgent(user)
        self.spend_runs(user)
        # Only now: a question that was refused is counted when it is sent again.
        self._connection.set(spent_key(job_id), 1, ex=WINDOW_SECONDS)

    def spend_runs(self, user: str, count: int = 1) -> None:
        """Count questions that are run, also again; raises TooManyQuestionsError, and counts none.

        More at once than the limit count as the limit, or they could never be run.
        """
        if not self._questions or count < 1:
            return
        wait = self._spend("questions", user, self._questions, min(count, self._questions))
        if wait is not None:
            raise _refusal(
                TooManyQuestionsError,
                self._questions,
                wait,
                f"You have asked {self._questions:,} questions within a minute, which is the most. "
                "Wait a moment, then send this one again.",
            )

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

    def _spend(self, what: str, user: str, limit: int, count: int = 1) -> float | None:
        """Count these, or none if that is too many: then the seconds until one counts no more."""
        item = RateLimitItemPerMinute(limit)
        if self._limiter.hit(item, what, user, cost=count):
            return None
        reset = self._limiter.get_window_stats(item, what, user).reset_time
        return min(float(WINDOW_SECONDS), max(1.0, math.ceil(reset - time.time())))


def _refusal(
    kind: type[TooManyQuestionsError], limit: int, wait: float, sentence: str
) -> TooManyQuestionsError:
    error = kind(sentence, retry_after_seconds=wait)
    error.limit = limit
    return error
