"""The policy for attempts that raised, or whose worker died."""

from __future__ import annotations

import pytest
from rq.timeouts import JobTimeoutException

from jobs.errors import (
    BadApiKeyError,
    HandedBackError,
    IndexUnavailableError,
    ModelOverloadedError,
    ModelTimeoutError,
    StreamInterruptedError,
)
from jobs.queue.retry_policy import (
    LONGEST_OUTAGE_WAIT_SECONDS,
    MAX_ATTEMPTS,
    OUTAGE_PATIENCE_SECONDS,
    PATIENT_WAITS_SECONDS,
    History,
    after_error,
    after_loss,
)


def test_permanent_error_fails_at_once() -> None:
    """A bad API key is not tried again, whatever attempts are left."""
    outcome = after_error(BadApiKeyError(), History())
    assert outcome.retry_in_seconds is None
    assert outcome.failure.kind == "bad_api_key"


def test_unknown_error_fails_at_once_with_a_sentence_of_ours() -> None:
    """The text of a foreign exception never reaches a page."""
    outcome = after_error(ValueError("secret detail"), History())
    assert outcome.retry_in_seconds is None
    assert "secret detail" not in outcome.failure.message


@pytest.mark.parametrize(
    "error", [ModelTimeoutError(), StreamInterruptedError(), ModelOverloadedError()]
)
def test_transient_error_waits_longer_each_time(error: Exception) -> None:
    """The second wait is longer than the first, jitter included."""
    first = after_error(error, History(), random_fraction=lambda: 1.0)
    second = after_error(error, first.history, random_fraction=lambda: 0.0)
    assert first.retry_in_seconds == 2
    assert second.retry_in_seconds == 4


def test_transient_error_of_the_last_attempt_fails() -> None:
    """Three attempts are all there are."""
    history = History()
    for _ in range(MAX_ATTEMPTS):
        outcome = after_error(ModelTimeoutError(), history)
        history = outcome.history
    assert outcome.retry_in_seconds is None
    assert history.attempts == MAX_ATTEMPTS


def test_waits_are_spread_between_half_and_all_of_their_length() -> None:
    """Jobs that failed together do not come back together."""
    waits = {
        after_error(ModelTimeoutError(), History(), random_fraction=lambda f=f: f).retry_in_seconds
        for f in (0.0, 0.5, 1.0)
    }
    assert waits == {1.0, 1.5, 2.0}


def test_retry_after_is_honoured() -> None:
    """A server that asks for 30 seconds gets them."""
    outcome = after_error(ModelOverloadedError(retry_after_seconds=30), History())
    assert outcome.retry_in_seconds == 30


def test_retry_after_beyond_reason_fails() -> None:
    """Nobody waits an hour for a table row to change."""
    outcome = after_error(ModelOverloadedError(retry_after_seconds=3600), History())
    assert outcome.retry_in_seconds is None


def test_service_that_is_away_costs_no_attempts_for_minutes() -> None:
    """An outage of 4 minutes is waited out, with a look every 15 seconds at most."""
    history, clock, waits = History(), 1000.0, []
    while clock < 1000.0 + 240:
        outcome = after_error(IndexUnavailableError(), history, now=lambda at=clock: at)
        assert outcome.retry_in_seconds is not None
        waits.append(outcome.retry_in_seconds)
        history, clock = outcome.history, clock + outcome.retry_in_seconds
    assert history.attempts == 0
    assert max(waits) <= LONGEST_OUTAGE_WAIT_SECONDS


def test_service_that_stays_away_fails_the_question_in_the_end() -> None:
    """After the patience for outages, the usual attempts are left, and then a failure."""
    history = History(outage_since=1000.0)
    late = 1000.0 + OUTAGE_PATIENCE_SECONDS
    for _ in range(MAX_ATTEMPTS):
        outcome = after_error(IndexUnavailableError(), history, now=lambda: late)
        history = outcome.history
    assert outcome.retry_in_seconds is None


def test_hand_back_costs_no_attempt() -> None:
    """A deploy takes nothing from a question's three attempts."""
    history = History(attempts=2, waits=1, lost=1)
    outcome = after_error(HandedBackError(), history)
    assert (outcome.retry_in_seconds, outcome.at_front) == (0, True)
    assert outcome.history == history


def test_lost_worker_is_retried_until_the_third_loss() -> None:
    """A job that kills its worker each time ends with a message that says so."""
    first = after_loss(History())
    second = after_loss(first.history)
    third = after_loss(second.history)
    assert [first.retry_in_seconds, second.retry_in_seconds] == [0, 0]
    assert third.retry_in_seconds is None
    assert third.failure.kind == "worker_lost"
    assert "three times" in third.failure.message


def test_what_nobody_waits_for_survives_more_losses() -> None:
    """With growing waits, and alone from the second on; an error after them may be retried."""
    outcome, waits = after_loss(History(), is_patient=True), []
    while outcome.retry_in_seconds is not None:
        waits.append(outcome.retry_in_seconds)
        assert after_error(ModelTimeoutError(), outcome.history).retry_in_seconds is not None
        outcome = after_loss(outcome.history, is_patient=True)
    assert waits == list(PATIENT_WAITS_SECONDS) == sorted(waits)
    assert outcome.history.lost == outcome.history.attempts == len(waits) + 1
    assert f"{len(waits) + 1} times" in outcome.failure.message


def test_last_attempt_after_two_lost_workers_runs_alone() -> None:
    """What may be killing its workers must not take the same neighbours with it each time."""
    first = after_loss(History())
    second = after_loss(first.history)
    assert (first.alone, second.alone) == (False, True)


def test_loss_after_other_failures_does_not_claim_three_losses() -> None:
    """The message of a job that lost one worker, after two time-outs, is true."""
    outcome = after_loss(History(attempts=2, waits=2))
    assert outcome.retry_in_seconds is None
    assert "three times" not in outcome.failure.message


def test_job_timeout_has_its_own_sentence() -> None:
    """RQ's timeout becomes a failure of ours."""
    assert after_error(JobTimeoutException(), History()).failure.kind == "job_timeout"
