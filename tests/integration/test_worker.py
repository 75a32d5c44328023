"""The worker process for real: questions through Valkey, Qdrant and a model server, and faults."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest
import redis

from jobs.models import JobState, LiveText, Stage, SupportLevel
from jobs.niceness import WORKER_NICENESS
from jobs.queue.broker import Broker
from jobs.queue.keys import worker_key
from jobs.settings import Settings
from tests.fakes import FakeModelServer
from tests.integration.stack import TEXT, Stack, stack_of
from tests.waiting import HANG_SECONDS, until

# A token so late that no answer ends before the test is done with it.
SLOW_TOKEN_SECONDS = 60.0
ENDLESS_TOKENS = 100_000


@pytest.fixture
def model() -> Iterator[FakeModelServer]:
    with FakeModelServer() as server:
        yield server


@pytest.fixture
def stack(settings: Settings, connection: redis.Redis, model: FakeModelServer) -> Iterator[Stack]:
    """A running worker with a model, and one indexed document."""
    with stack_of(
        settings,
        connection,
        OPENAI_BASE_URL=model.base_url,
        OPENAI_API_KEY="test-key",
        CHAT_MODEL="stub",
        EMBEDDING_MODEL="stub-embedding",
        MODEL_TIMEOUT_SECONDS=f"{2 * HANG_SECONDS}",  # a silent server is not given up
    ) as running:
        running.start_worker()
        running.add_document()
        yield running


def running_jobs(stack: Stack) -> int:
    """How many jobs the worker says that it runs."""
    [report] = stack.jobs.workers()
    return report.running


def test_question_is_answered_streamed_and_cited(stack: Stack, model: FakeModelServer) -> None:
    """A question ends finished, with a citation of the right document and a full receipt."""
    with model.holding():
        job = stack.ask()
        until(lambda: stack.view(job.id).stage is Stage.GENERATING)
        assert stack.view(job.id).state is JobState.STARTED
    view = stack.over(job.id)
    _, live = stack.jobs.read_live("ann", LiveText(job.id))
    answer = stack.jobs.get_answer("ann", job.id)
    assert view.state is JobState.FINISHED, view
    assert answer is not None
    assert answer.support is SupportLevel.CITED
    assert [citation.document_name for citation in answer.citations] == ["travel.md"]
    assert "EUR 160" in answer.citations[0].text
    assert live.text
    timings = answer.timings
    assert timings.total >= timings.retrieval >= 0
    assert timings.generation > 0
    assert (timings.earlier, timings.retry_waits) == (0, 0)
    assert answer.tokens.completion > 0
    assert (answer.model, answer.attempts) == ("stub", 1)
    assert view.preview


def test_offline_answer_is_quoted_from_the_document(
    settings: Settings, connection: redis.Redis
) -> None:
    """Without a key or a server the answer is the document's own sentence, labelled so."""
    with stack_of(settings, connection) as stack:
        stack.start_worker()
        stack.add_document()
        view = stack.over(stack.ask().id)
        answer = stack.jobs.get_answer("ann", view.id)
    assert answer is not None
    assert answer.extractive
    assert "EUR 160 per night" in answer.text
    assert answer.citations


def test_question_without_documents_fails_with_what_to_do(
    settings: Settings, connection: redis.Redis
) -> None:
    """No documents is a sentence that names the Documents page, and no retry."""
    with stack_of(settings, connection) as stack:
        stack.start_worker()
        view = stack.over(stack.ask().id)
    assert view.state is JobState.FAILED
    assert view.failure is not None
    assert view.failure.kind == "no_documents"
    assert view.attempt == 1


def test_question_waits_for_the_first_documents(
    settings: Settings, connection: redis.Redis
) -> None:
    """A question asked while they are being indexed waits, says why, and is answered after."""
    with stack_of(settings, connection, WORKER_THREADS="questions:1") as stack:  # none is indexed
        stack.start_worker()
        stack.documents.add("ann", "travel.md", TEXT)
        job = stack.ask()
        until(lambda: stack.view(job.id).state is JobState.RETRYING)
        early = stack.view(job.id)
        assert early.failure is not None
        assert "still being indexed" in early.failure.message
        stack.worker.terminate()
        assert stack.worker.wait(timeout=HANG_SECONDS) == 0
        stack.start_worker(WORKER_THREADS="questions:1,indexing:1")
        assert stack.over(job.id).state is JobState.FINISHED
        assert stack.history(job.id).attempts == 0


def test_bad_key_fails_at_once_and_retry_succeeds_after(
    stack: Stack, model: FakeModelServer
) -> None:
    """A permanent error takes one attempt; when its cause is gone, retry answers."""
    model.behave("bad_key")
    failed = stack.over(stack.ask().id)
    assert failed.state is JobState.FAILED
    assert failed.failure is not None
    assert failed.failure.kind == "bad_api_key"
    assert failed.attempt == 1
    model.behave("normal")
    stack.jobs.retry("ann", failed.id)
    assert stack.over(failed.id).state is JobState.FINISHED


def test_rate_limited_question_waits_and_finishes(stack: Stack, model: FakeModelServer) -> None:
    """A 429 shows as retrying with the time of the next attempt, then the answer comes."""
    model.behave("rate_limited", times=1, retry_after=6)
    job = stack.ask()
    view = until(
        lambda: (
            (seen := stack.jobs.get_job("ann", job.id)).state
            in (JobState.RETRYING, JobState.FINISHED)
            and seen
        )
    )
    assert view.state is JobState.RETRYING
    assert view.retry_at is not None
    finished = stack.over(job.id)
    assert (finished.state, finished.attempt) == (JobState.FINISHED, 2)


def test_answer_cut_in_the_middle_restarts_cleanly(stack: Stack, model: FakeModelServer) -> None:
    """Text of the broken attempt is not in the answer, and the live text says it restarted."""
    model.behave("cut", times=1)
    job = stack.ask()
    finished = stack.over(job.id)
    assert (finished.state, finished.attempt) == (JobState.FINISHED, 2)
    _, live = stack.jobs.read_live("ann", LiveText(job.id))
    assert live.attempt == 2
    answer = stack.jobs.get_answer("ann", job.id)
    assert answer is not None
    assert answer.attempts == 2


def test_receipt_tells_waits_for_a_retry_from_the_queue(
    stack: Stack, model: FakeModelServer
) -> None:
    """The time of the broken attempt and the wait after it are no time in the queue."""
    model.token_delay_seconds = 0.05
    model.behave("cut", times=1)
    job = stack.ask()
    assert stack.over(job.id).state is JobState.FINISHED
    answer = stack.jobs.get_answer("ann", job.id)
    assert answer is not None
    timings = answer.timings
    assert timings.earlier > 0.05
    assert timings.retry_waits >= 1.0
    parts = (timings.queue, timings.earlier, timings.retry_waits, timings.generation)
    assert all(part >= 0 for part in parts)
    assert sum(parts) <= timings.total


def test_running_question_stops_soon_and_keeps_its_text(
    stack: Stack, model: FakeModelServer
) -> None:
    """Stop takes effect between two tokens; what was written stays, and retry works."""
    model.tokens, model.token_delay_seconds = ENDLESS_TOKENS, 0.2
    job = stack.ask()
    until(lambda: stack.jobs.read_live("ann", LiveText(job.id))[1].text)
    stack.jobs.stop("ann", job.id)
    assert stack.over(job.id).state is JobState.STOPPED
    until(lambda: model.streams == 0, "an end of the stream")
    assert stack.jobs.get_partial_text("ann", job.id)
    model.tokens, model.token_delay_seconds = 0, 0.0
    stack.jobs.retry("ann", job.id)
    assert stack.over(job.id).state is JobState.FINISHED


def test_silent_model_server_does_not_hold_up_stop(stack: Stack, model: FakeModelServer) -> None:
    """Stop works even while the worker waits for a server that says nothing."""
    model.behave("hang")
    job = stack.ask()
    until(lambda: stack.jobs.get_job("ann", job.id).stage is Stage.GENERATING)
    until(lambda: running_jobs(stack) == 1)
    stack.jobs.stop("ann", job.id)
    assert stack.over(job.id).state is JobState.STOPPED
    until(lambda: running_jobs(stack) == 0, "a free thread")


def test_worker_leaves_the_processors_to_web(stack: Stack) -> None:
    """However it was started, it comes after what everybody waits for."""
    assert os.getpriority(os.PRIO_PROCESS, stack.worker.pid) == os.nice(0) + WORKER_NICENESS


def test_killed_workers_questions_finish_once_each(stack: Stack, model: FakeModelServer) -> None:
    """kill -9 while 8 questions run: all 8 finish by themselves, on a second attempt."""
    model.tokens, model.token_delay_seconds = 20, SLOW_TOKEN_SECONDS
    jobs = [stack.ask() for _ in range(8)]
    until(lambda: all(stack.jobs.get_job("ann", job.id).stage is Stage.GENERATING for job in jobs))
    stack.worker.kill()
    stack.worker.wait()
    model.token_delay_seconds = 0.0
    stack.start_worker()
    views = [stack.over(job.id) for job in jobs]
    assert [view.state for view in views] == [JobState.FINISHED] * 8
    assert [view.attempt for view in views] == [2] * 8


def test_terminated_worker_lets_a_running_question_finish(
    stack: Stack, model: FakeModelServer, connection: redis.Redis
) -> None:
    """SIGTERM within the grace period fails no question, and withdraws the worker's report."""
    model.token_delay_seconds = 0.1
    model.tokens = 20
    job = stack.ask()
    until(lambda: stack.jobs.read_live("ann", LiveText(job.id))[1].text)
    worker = stack.worker
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(timeout=HANG_SECONDS) == 0
    assert connection.keys(worker_key("*")) == []
    view = stack.jobs.get_job("ann", job.id)
    assert (view.state, view.attempt) == (JobState.FINISHED, 1)


def test_worker_without_grace_puts_the_question_back_in_front(
    settings: Settings, connection: redis.Redis, model: FakeModelServer
) -> None:
    """Past its grace, a stopping worker hands the question to the next one at no cost."""
    model.tokens, model.token_delay_seconds = 30, SLOW_TOKEN_SECONDS
    with stack_of(
        settings,
        connection,
        OPENAI_BASE_URL=model.base_url,
        EMBEDDING_MODEL="",
        SHUTDOWN_GRACE_SECONDS="0",
    ) as stack:
        worker = stack.start_worker()
        stack.add_document()
        job = stack.ask()
        until(lambda: stack.jobs.read_live("ann", LiveText(job.id))[1].text)
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(timeout=HANG_SECONDS) == 0
        assert stack.jobs.get_job("ann", job.id).state is JobState.QUEUED
        model.token_delay_seconds = 0.0
        stack.start_worker()
        assert stack.over(job.id).state is JobState.FINISHED


def test_question_popped_but_never_started_is_put_back(
    settings: Settings, connection: redis.Redis
) -> None:
    """A worker that dies between popping and starting a job costs seconds, not the job."""
    with stack_of(settings, connection) as stack:
        job = stack.ask()
        queue = Broker(connection, settings).queues["questions"]
        connection.lmove(queue.key, queue.intermediate_queue_key)
        stack.start_worker()
        stack.add_document()
        assert stack.over(job.id).state.is_over
