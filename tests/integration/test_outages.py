"""Services that go away for a while and come back: Valkey, the index, the model server."""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import redis

from jobs.errors import IndexUnavailableError, ModelUnavailableError
from jobs.llm.embeddings import build_embedder
from jobs.models import JobState, LiveText, Passage
from jobs.queue import retry_policy
from jobs.queue.broker import Broker
from jobs.queue.connection import connect
from jobs.search.index import build_index
from jobs.settings import Settings
from jobs.worker.attempts import EXECUTION_TTL_SECONDS
from jobs.worker.process import WorkerProcess
from jobs.worker.runtime import use_runtime
from tests.fakes import FakeModelServer
from tests.integration.processes import ROOT, free_port, module, running
from tests.integration.stack import USER, Stack, stack_of
from tests.waiting import HANG_SECONDS, until


@pytest.fixture
def model() -> Iterator[FakeModelServer]:
    with FakeModelServer() as server:
        yield server


class Restartable:
    """A process that can be killed, and started again as it was."""

    def __init__(
        self, command: list[str], env: dict[str, str], is_up: Callable[[], object]
    ) -> None:
        self._command, self._env, self._is_up = command, env, is_up
        self._process: subprocess.Popen[bytes]

    def start(self) -> None:
        self._process = subprocess.Popen(self._command, cwd=ROOT, env=self._env)
        until(self._is_up)

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()

    def __enter__(self) -> Restartable:
        self.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.kill()


def answers(url: str) -> bool:
    try:
        httpx.get(url, timeout=HANG_SECONDS)
    except httpx.HTTPError:
        return False
    return True


def live_text(stack: Stack, job_id: str) -> str:
    return stack.jobs.read_live(USER, LiveText(job_id))[1].text


def states_of(stack: Stack, job_ids: Sequence[str]) -> list[JobState]:
    return [stack.over(job_id).state for job_id in job_ids]


# Valkey


def pings(connection: redis.Redis) -> bool:
    try:
        return bool(connection.ping())
    except redis.exceptions.RedisError:
        return False


@dataclass
class Installation:
    """A Valkey of its own, a worker and the API, each a process; what they log is in files."""

    stack: Stack
    model: FakeModelServer
    valkey: Restartable
    api: str
    logs: list[Path]


@pytest.fixture
def installation(
    make_settings: Callable[..., Settings], model: FakeModelServer, tmp_path: Path
) -> Iterator[Installation]:
    settings = make_settings(redis_url="")  # the embedded server, with its append-only file
    connection, port = connect(settings.broker_url), free_port()
    api, logs = f"http://127.0.0.1:{port}", [tmp_path / "worker.log", tmp_path / "web.log"]
    uvicorn = module("uvicorn", "ui.api:app", "--port", str(port), "--log-level", "warning")
    # With "everysec", a busy disk delays the log, and a kill costs what was answered meanwhile.
    values = {"OPENAI_BASE_URL": model.base_url, "CHAT_MODEL": "stub"}
    values["VALKEY_APPENDFSYNC"] = "always"
    with stack_of(settings, connection, WORKER_THREADS="questions:4,indexing:1", **values) as stack:
        valkey = Restartable(
            module("jobs.local.valkey_server"), stack.env, lambda: pings(connection)
        )
        with valkey, running(uvicorn, logs[1], stack.env):
            stack.start_worker(logs[0])
            stack.add_document()
            until(lambda: answers(api))
            yield Installation(stack, model, valkey, api, logs)
            stack.stop_all()
    connection.close()


def ask_and_await_text(stack: Stack, count: int) -> list[str]:
    """Ask questions, and wait until each has written something."""
    job_ids = [stack.ask().id for _ in range(count)]
    until(lambda: all(live_text(stack, job_id) for job_id in job_ids))
    return job_ids


def test_valkey_away_for_longer_than_a_heartbeat_lasts_costs_nothing(
    installation: Installation,
) -> None:
    """Killed and back: all finish once, on their first attempt, with no process restarted."""
    stack, model = installation.stack, installation.model
    model.token_delay_seconds = 60.0
    model.tokens = 20  # over while Valkey is away
    job_ids = ask_and_await_text(stack, 2)
    model.tokens = 2_000  # still running when it is back
    job_ids += ask_and_await_text(stack, 2)
    model.tokens = 5
    job_ids += [stack.ask().id for _ in range(6)]
    installation.valkey.kill()
    model.token_delay_seconds = 0.1
    back_at = time.monotonic() + EXECUTION_TTL_SECONDS + 4
    while time.monotonic() < back_at:
        check_refusal(installation.api)
        time.sleep(1.0)  # so long it is away, whatever happens; asked now and then meanwhile
    until(lambda: model.streams == 2)
    installation.valkey.start()
    model.token_delay_seconds = 0.0
    check_answer(installation.api)
    assert states_of(stack, job_ids) == [JobState.FINISHED] * 10
    assert [stack.results(job_id) for job_id in job_ids] == [["SUCCESSFUL"]] * 10
    assert [stack.view(job_id).attempt for job_id in job_ids] == [1] * 10
    for job_id in job_ids:
        answer = stack.jobs.get_answer(USER, job_id)
        assert answer is not None
        # What was written while nobody could read it is in the answer alone.
        assert answer.text.startswith(live_text(stack, job_id))
    assert stack.worker.poll() is None
    until(lambda: len(stack.jobs.workers()) == 1, "the report of the same worker")
    assert ["Traceback" in log.read_text() for log in installation.logs] == [False] * 2


def check_refusal(api: str) -> None:
    reply = httpx.post(f"{api}/chat", params={"query": "hotel?"}, timeout=HANG_SECONDS)
    assert reply.status_code == 503
    assert "Valkey" in reply.json()["error"]["message"]
    assert int(reply.headers["Retry-After"]) > 0


def check_answer(api: str) -> None:
    reply = httpx.post(f"{api}/chat", params={"query": "hotel?"}, timeout=HANG_SECONDS)
    assert reply.status_code == 202
    job_id = reply.json()["job_id"]
    url = f"{api}/result/{job_id}"
    until(lambda: httpx.get(url, params={"wait": 30}, timeout=HANG_SECONDS).status_code == 200)


# The index


class SwitchedIndex:
    """The embedded index, or one whose server does not listen, for as many searches."""

    def __init__(self, settings: Settings, make_settings: Callable[..., Settings]) -> None:
        nobody = make_settings(qdrant_url=f"http://127.0.0.1:{free_port()}")
        self._well = build_index(settings, build_embedder(settings))
        self._away = build_index(nobody, build_embedder(nobody))
        self.failing_searches = 0

    def by_words(
        self, terms: Mapping[str, float], limit: int, collection: str, **scope: Any
    ) -> list[Passage]:
        if self.failing_searches == 0:
            return self._well.by_words(terms, limit, collection, **scope)
        self.failing_searches -= 1
        return self._away.by_words(terms, limit, collection, **scope)

    def __getattr__(self, name: str) -> object:
        return getattr(self._well, name)


@contextmanager
def working(settings: Settings, index: SwitchedIndex) -> Iterator[None]:
    """All of a worker process, in this one."""
    process = WorkerProcess(settings)
    process.runtime.open_index = index
    thread = threading.Thread(target=process.run)
    thread.start()
    try:
        yield
    finally:
        process.stop()
        thread.join(timeout=HANG_SECONDS)
        use_runtime(None)
    assert not thread.is_alive()


def test_question_waits_for_an_index_that_is_away(
    make_settings: Callable[..., Settings], connection: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is shown as retrying with the reason, and no number of tries counts as an attempt."""
    monkeypatch.setattr(retry_policy, "FIRST_WAIT_SECONDS", 1.0)
    monkeypatch.setattr(retry_policy, "WAIT_FACTOR", 1.0)
    settings = make_settings(worker_threads="questions:2,indexing:1")
    index = SwitchedIndex(settings, make_settings)
    stack = Stack(settings, Broker(connection, settings), {})
    with working(settings, index):
        stack.add_document()
        index.failing_searches = retry_policy.MAX_ATTEMPTS + 1
        job_id = stack.ask().id
        waiting = until(lambda: (view := stack.view(job_id)).state is JobState.RETRYING and view)
        assert waiting.failure == IndexUnavailableError().failure
        assert waiting.retry_at is not None
        view = stack.over(job_id)
        assert (view.state, view.attempt) == (JobState.FINISHED, retry_policy.MAX_ATTEMPTS + 2)
        assert stack.history(job_id).attempts == 0
        assert stack.results(job_id) == ["SUCCESSFUL"]


# The model server


def test_questions_wait_for_a_model_server_that_is_away(
    settings: Settings, connection: redis.Redis
) -> None:
    """Running ones start again, new ones wait, and the page says for what; then all finish."""
    port = free_port()
    base_url = f"http://127.0.0.1:{port}/v1"
    with stack_of(
        settings,
        connection,
        OPENAI_BASE_URL=base_url,
        CHAT_MODEL="stub",
        EMBEDDING_MODEL="stub-embedding",
    ) as stack:
        command = module("tests.fakes", "--port", str(port), "--tokens", "8", "--token-delay", "1")
        with Restartable(command, stack.env, lambda: answers(f"{base_url}/models")) as model:
            stack.start_worker()
            stack.add_document()
            job_ids = [stack.ask().id for _ in range(3)]
            until(lambda: all(live_text(stack, job_id) for job_id in job_ids))
            model.kill()
            job_ids += [stack.ask().id for _ in range(3)]
            for job_id in job_ids:
                view = until(
                    lambda job_id=job_id: (
                        (view := stack.view(job_id)).state is JobState.RETRYING
                        and view.failure == ModelUnavailableError().failure
                        and view
                    )
                )
                assert view.retry_at is not None
            model.start()
            assert states_of(stack, job_ids) == [JobState.FINISHED] * 6
            assert [stack.results(job_id) for job_id in job_ids] == [["SUCCESSFUL"]] * 6
            # Only the attempts that had begun to answer have cost one.
            assert [stack.history(job_id).attempts for job_id in job_ids] == [1] * 3 + [0] * 3
