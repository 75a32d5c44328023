"""The policy for attempts that raised."""

from __future__ import annotations

import pytest
from rq.timeouts import JobTimeoutException

from jobs.errors import (
    BadApiKey,
    HandedBack,
    JobStopped,
    ModelOverloaded,
    ModelTimeout,
    StreamInterrupted,
)
from jobs.outcomes import decide


def test_permanent_error_fails_at_once() -> None:
    """A bad API key is not tried again, whatever retries are left."""
    outcome = decide(BadApiKey(), retries_left=2, attempts_used=1)
    assert outcome.retry_in_seconds is None
    assert outcome.failure.kind == "bad_api_key"


def test_unknown_error_fails_at_once_with_a_sentence_of_ours() -> None:
    """The text of a foreign exception never reaches a page."""
    outcome = decide(ValueError("secret detail"), retries_left=2, attempts_used=1)
    assert outcome.retry_in_seconds is None
    assert "secret detail" not in outcome.failure.message


@pytest.mark.parametrize("error", [ModelTimeout(), StreamInterrupted(), ModelOverloaded()])
def test_transient_error_waits_longer_each_time(error: Exception) -> None:
    """The second wait is longer than the first, jitter included."""
    first = decide(error, retries_left=2, attempts_used=1, random_fraction=lambda: 1.0)
    second = decide(error, retries_left=1, attempts_used=2, random_fraction=lambda: 0.0)
    assert first.retry_in_seconds == 2
    assert second.retry_in_seconds == 4


def test_transient_error_of_the_last_attempt_fails() -> None:
    """Three attempts are all there are."""
    assert decide(ModelTimeout(), retries_left=0, attempts_used=3).retry_in_seconds is None


def test_retry_after_is_honoured() -> None:
    """A server that asks for 30 seconds gets them."""
    outcome = decide(ModelOverloaded(retry_after_seconds=30), retries_left=2, attempts_used=1)
    assert outcome.retry_in_seconds == 30


def test_retry_after_beyond_reason_fails() -> None:
    """Nobody waits an hour for a table row to change."""
    outcome = decide(ModelOverloaded(retry_after_seconds=3600), retries_left=2, attempts_used=1)
    assert outcome.retry_in_seconds is None


def test_stop_is_no_failure() -> None:
    """A stopped job is neither retried nor failed."""
    outcome = decide(JobStopped(), retries_left=2, attempts_used=1)
    assert outcome.stopped
    assert outcome.retry_in_seconds is None


def test_hand_back_costs_no_attempt() -> None:
    """A deploy takes nothing from a question's three attempts."""
    outcome = decide(HandedBack(), retries_left=0, attempts_used=3)
    assert outcome.retry_in_seconds == 0
    assert not outcome.costs_attempt


def test_lost_worker_is_retried_until_the_third_loss() -> None:
    """A job that kills its worker each time ends with a message that says so."""
    assert decide(None, retries_left=1, attempts_used=2).retry_in_seconds == 0
    last = decide(None, retries_left=0, attempts_used=3)
    assert last.retry_in_seconds is None
    assert last.failure.kind == "worker_lost"


def test_job_timeout_has_its_own_sentence() -> None:
    """RQ's timeout becomes a failure of ours."""
    outcome = decide(JobTimeoutException(), retries_left=2, attempts_used=1)
    assert outcome.failure.kind == "job_timeout"
