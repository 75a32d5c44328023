"""Faults of worker processes: a pause, a question that kills them, a deploy."""

from __future__ import annotations

import shutil
import signal
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import redis

from jobs.models import JobState, LiveText
from jobs.settings import Settings
from tests.fakes import FakeModelServer
from tests.integration.stack import USER, Stack, stack_of
from tests.waiting import HANG_SECONDS, until

# A token so late that no answer ends before the test is done with it.
SLOW_TOKEN_SECONDS = 60.0
POISON = "What is the hotel limit that kills?"


@pytest.fixture
def model() -> Iterator[FakeModelServer]:
    with FakeModelServer() as server:
        yield server


@pytest.fixture
def stack(settings: Settings, connection: redis.Redis, model: FakeModelServer) -> Iterator[Stack]:
    """A worker to be started, which asks this model server and searches by keywords."""
    with stack_of(
        settings, connection, OPENAI_BASE_URL=model.base_url, CHAT_MODEL="stub"
    ) as running:
        yield running


def live_of(stack: Stack, job_id: str) -> LiveText:
    return stack.jobs.read_live(USER, LiveText(job_id))[1]


def ask_and_await_text(stack: Stack, count: int) -> list[str]:
    """Ask questions, and wait until each has written something."""
    job_ids = [stack.ask().id for _ in range(count)]
    until(lambda: all(live_of(stack, job_id).text for job_id in job_ids))
    return job_ids


def test_paused_worker_that_comes_back_changes_nothing(
    stack: Stack, settings: Settings, model: FakeModelServer
) -> None:
    """A worker that was taken for dead gives up its attempts; the answers are of others."""
    paused = stack.start_worker()
    stack.add_document()
    copy = settings.data_dir.with_name("copy")  # an embedded index belongs to one process
    shutil.copytree(settings.data_dir, copy, ignore=shutil.ignore_patterns("*.sock"))
    model.token_delay_seconds = SLOW_TOKEN_SECONDS
    # More than the buffers of a connection hold: it is not over before somebody reads it.
    model.answer = "first " * 100_000 + "[1]."
    job_ids = ask_and_await_text(stack, 2)
    model.answer = "first " * 15 + "[1]."  # has come, whole, by the time it goes on
    job_ids += ask_and_await_text(stack, 2)
    model.answer = "second " * 3 + "[1]."
    paused.send_signal(signal.SIGSTOP)
    model.token_delay_seconds = 0.0
    other = stack.start_worker(DATA_DIR=str(copy), WORKER_THREADS="questions:8")
    views = [stack.over(job_id) for job_id in job_ids]
    assert [(view.state, view.attempt) for view in views] == [(JobState.FINISHED, 2)] * 4
    answers = [stack.jobs.get_answer(USER, job_id) for job_id in job_ids]

    until(lambda: model.streams == 2)  # those that the paused worker does not read
    paused.send_signal(signal.SIGCONT)
    until(lambda: model.streams == 0)
    other.send_signal(signal.SIGTERM)
    assert other.wait(timeout=HANG_SECONDS) == 0
    assert stack.over(stack.ask().id).state is JobState.FINISHED  # by the one that was paused

    assert [stack.view(job_id) for job_id in job_ids] == views
    assert [stack.jobs.get_answer(USER, job_id) for job_id in job_ids] == answers
    for job_id, answer in zip(job_ids, answers, strict=True):
        assert answer is not None
        assert (answer.text, answer.attempts) == ("second second second [1].", 2)
        assert stack.results(job_id) == ["SUCCESSFUL"]
        assert (live_of(stack, job_id).text, live_of(stack, job_id).attempt) == (answer.text, 2)


class Poison:
    """Kills the worker whenever the model is asked the question that kills."""

    def __init__(self, stack: Stack, model: FakeModelServer) -> None:
        self.kills = 0
        self._stack, self._model = stack, model

    def __call__(self, request: dict[str, Any]) -> None:
        if POISON in request["messages"][-1]["content"]:
            self._stack.worker.kill()
            self.kills += 1
            if self.kills == 2:  # what runs alone from now on need not take its time
                self._model.token_delay_seconds = 0.0


@contextmanager
def supervised(stack: Stack) -> Iterator[None]:
    """Keep a worker process running: whenever it dies another is started, at once."""
    ended = threading.Event()

    def supervise() -> None:
        while not ended.is_set():
            stack.spawn_worker().wait()

    supervisor = threading.Thread(target=supervise)
    supervisor.start()
    try:
        yield
    finally:
        ended.set()
        while supervisor.is_alive():
            stack.worker.kill()
            supervisor.join(timeout=0.1)


def test_question_that_kills_its_workers_fails_alone(stack: Stack, model: FakeModelServer) -> None:
    """Three workers die of it, each is replaced; its neighbours finish, the pool lives on."""
    poison = Poison(stack, model)
    model.on_chat = poison
    model.tokens, model.token_delay_seconds = 40, 0.2
    with supervised(stack):
        stack.add_document()
        innocent = ask_and_await_text(stack, 6)
        deadly = stack.ask(POISON).id
        view = stack.over(deadly)
        views = [stack.over(job_id) for job_id in innocent]
        after = stack.over(stack.ask().id)
    assert view.state is JobState.FAILED
    assert view.failure is not None
    assert view.failure.kind == "worker_lost"
    assert "three times in a row" in view.failure.message
    assert view.attempt == 3
    assert poison.kills == 3
    assert [view.state for view in views] == [JobState.FINISHED] * 6
    assert [stack.results(job_id) for job_id in innocent] == [["SUCCESSFUL"]] * 6
    assert (after.state, after.attempt) == (JobState.FINISHED, 1)


def test_deploys_under_load_cost_no_question(
    stack: Stack, model: FakeModelServer, tmp_path: Path
) -> None:
    """SIGTERM with 12 questions running and queued, in the grace and past it: nothing is lost."""
    threads = "questions:4,indexing:1"
    model.tokens, model.token_delay_seconds = 12, SLOW_TOKEN_SECONDS
    log = tmp_path / "worker.log"
    stack.start_worker(log, WORKER_THREADS=threads, SHUTDOWN_GRACE_SECONDS=f"{HANG_SECONDS}")
    stack.add_document()
    job_ids = ask_and_await_text(stack, 4)
    job_ids += [stack.ask().id for _ in range(8)]
    stack.worker.send_signal(signal.SIGTERM)
    until(lambda: "worker stopping" in log.read_text())
    model.token_delay_seconds = 0.0  # they end within the grace
    assert states_after_end(stack, job_ids) == {"finished": 4, "queued": 8}

    model.token_delay_seconds = SLOW_TOKEN_SECONDS
    stack.start_worker(WORKER_THREADS=threads, SHUTDOWN_GRACE_SECONDS="0")
    until(lambda: all(live_of(stack, job_id).text for job_id in job_ids[4:8]))
    stack.worker.send_signal(signal.SIGTERM)
    assert states_after_end(stack, job_ids) == {"finished": 4, "queued": 8}

    model.token_delay_seconds = 0.0
    stack.start_worker(WORKER_THREADS=threads)
    assert [stack.over(job_id).state for job_id in job_ids] == [JobState.FINISHED] * 12
    assert [stack.view(job_id).attempt for job_id in job_ids] == [1] * 4 + [2] * 4 + [1] * 4
    for job_id in job_ids:
        answer = stack.jobs.get_answer(USER, job_id)
        assert answer is not None
        assert answer.text == "word " * 11 + "[1]."
        assert stack.history(job_id).attempts == 0
        assert stack.results(job_id) == ["SUCCESSFUL"]


def states_after_end(stack: Stack, job_ids: list[str]) -> dict[str, int]:
    """Wait for the end of the worker; return how many questions are then in each state."""
    assert stack.worker.wait(timeout=HANG_SECONDS) == 0
    return Counter(stack.view(job_id).state.value for job_id in job_ids)
