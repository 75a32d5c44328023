"""A worker that lives through a full Valkey: what it had in hand is answered when there is room."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import redis

from jobs.models import DocumentStatus, JobState, Question, Stage
from jobs.queue.broker import Broker
from jobs.settings import Settings
from jobs.worker import maintenance
from jobs.worker.recovery import Lost
from tests.fakes import FakeModelServer
from tests.integration.full_valkey import WAYS, FullValkey, full_valkey
from tests.integration.processes import environment, module, running
from tests.waiting import until
from ui.clients import Clients, build_clients

USER = "ann"
TEXT = b"# Travel policy\n\nThe hotel limit is EUR 160 per night in every city.\n"
RUNNING, WAITING = 6, 4
TOKENS = 20
SHORT_SECONDS = 5.0
# Longer than an attempt lives without a heartbeat.
LONG_SECONDS = 16.0


@dataclass
class Stack:
    """A worker process over a Valkey that can be filled up, with one indexed document."""

    server: FullValkey
    clients: Clients
    model: FakeModelServer
    worker: subprocess.Popen[bytes]
    log: Path

    def ask(self, count: int) -> list[str]:
        return [
            self.clients.jobs.submit(USER, Question(f"What is hotel limit {number}?")).id
            for number in range(count)
        ]

    def states(self) -> dict[str, JobState]:
        return {job.id: job.state for job in self.clients.jobs.list_jobs(USER).jobs}

    def stages(self, job_ids: list[str]) -> list[Stage]:
        return [self.clients.jobs.get_job(USER, job_id).stage for job_id in job_ids]

    def refused(self) -> int:
        """How many commands the server has refused so far for want of room."""
        counts = self.server.client.info("errorstats")
        names = ("errorstat_OOM", "errorstat_MISCONF")
        return sum(int(counts[name]["count"]) for name in names if name in counts)

    def answered(self) -> int:
        """How many answers the model server has begun."""
        return sum(request["path"].endswith("completions") for request in self.model.requests)


@pytest.fixture
def stack(tmp_path: Path, make_settings: Callable[..., Settings]) -> Iterator[Stack]:
    folder, log = tmp_path / "valkey", tmp_path / "worker.log"
    folder.mkdir()
    with full_valkey(folder) as server, FakeModelServer() as model:
        settings = make_settings(redis_url=server.url)
        env = environment(
            redis_url=server.url,
            data_dir=settings.data_dir,
            index_samples="false",
            openai_base_url=model.base_url,
            openai_api_key="test-key",
            chat_model="stub",
            worker_threads=f"questions:{RUNNING},indexing:1",
        )
        clients = build_clients(settings)
        with running(module("jobs.worker"), log, env) as worker:
            document, _ = clients.documents.add(USER, "travel.md", TEXT)

            def is_indexed() -> bool:
                return clients.documents.get(document.id).status is DocumentStatus.INDEXED

            until(is_indexed, "indexing")
            yield Stack(server, clients, model, worker, log)


def hold_full(stack: Stack, way: str, seconds: float) -> list[str]:
    """Let there be no room for a while from when the first questions generate; their ids.

    By its end every answer that ran is complete, and the worker has tried to write it.
    """
    fill, free, _ = WAYS[way]
    stack.model.tokens = TOKENS
    with stack.model.holding():
        job_ids = stack.ask(RUNNING + WAITING)
        first = job_ids[:RUNNING]
        until(lambda: set(stack.stages(first)) == {Stage.GENERATING}, "generating")
        until(lambda: stack.answered() == RUNNING, "requests of the model server")
        refused, full_until = stack.refused(), time.monotonic() + seconds
        fill(stack.server, 0)
    until(
        lambda: (
            time.monotonic() > full_until
            and stack.model.streams == 0
            and stack.refused() > refused + RUNNING
        ),
        "refusal of the worker's writes",
    )
    states = stack.states()
    assert set(states) == set(job_ids)
    assert not any(state is JobState.FAILED for state in states.values())
    free(stack.server)
    return job_ids


def all_finish(stack: Stack, job_ids: list[str]) -> None:
    until(lambda: all(state.is_over for state in stack.states().values()), "the end")
    jobs = {job.id: job for job in stack.clients.jobs.list_jobs(USER).jobs}
    assert set(jobs) == set(job_ids)
    assert {job.state for job in jobs.values()} == {JobState.FINISHED}, jobs
    for job_id in job_ids:
        answer = stack.clients.jobs.get_answer(USER, job_id)
        assert answer is not None
        assert len(answer.text.split()) == TOKENS
    assert stack.worker.poll() is None, "the worker lived through it"


@pytest.mark.parametrize("way", WAYS)
def test_answers_that_were_ready_while_full_are_kept(stack: Stack, way: str) -> None:
    """What was generated while there was no room is the answer; the log is calm and discreet."""
    job_ids = hold_full(stack, way, SHORT_SECONDS)
    all_finish(stack, job_ids)
    assert stack.answered() == len(job_ids)
    assert {job.attempt for job in stack.clients.jobs.list_jobs(USER).jobs} == {1}
    log = stack.log.read_text()
    assert "Traceback" not in log
    assert "hotel limit" not in log


@pytest.mark.parametrize("way", WAYS)
def test_living_worker_is_not_taken_for_dead_after_a_long_time_without_room(
    stack: Stack, way: str
) -> None:
    """Longer than an attempt lives without a heartbeat: each question still takes one attempt."""
    job_ids = hold_full(stack, way, LONG_SECONDS)
    all_finish(stack, job_ids)
    assert {job.attempt for job in stack.clients.jobs.list_jobs(USER).jobs} == {1}
    later = stack.ask(1)
    until(lambda: stack.states()[later[0]] is JobState.FINISHED, "a later answer")


def test_document_waits_for_room_too(stack: Stack) -> None:
    """A document uploaded just before the memory is full is indexed when there is room."""
    stack.model.embedding_delay_seconds = 1.0
    document, _ = stack.clients.documents.add(USER, "b.md", b"# Parking\n\nParking is free.\n")

    def status() -> DocumentStatus:
        return stack.clients.documents.get(document.id).status

    until(lambda: status() is not DocumentStatus.QUEUED, "indexing")
    refused = stack.refused()
    stack.server.fill_memory()
    until(lambda: stack.refused() > refused + 3, "refusal of the worker's writes")
    stack.server.free_memory()
    until(lambda: status() is DocumentStatus.INDEXED, "indexing")
    assert len(stack.clients.documents.list_documents()) == 2


class _Recovery:
    """Counts how often silence was counted."""

    def __init__(self) -> None:
        self.looked = 0

    def recover_lost(self) -> list[Lost]:
        self.looked += 1
        return []

    def put_back_popped(self) -> list[str]:
        return []

    def enqueue_due(self) -> int:
        return 0


def test_nobody_is_taken_for_dead_right_after_a_full_memory(
    tmp_path: Path, make_settings: Callable[..., Settings], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full server refuses heartbeats: the living get as long to renew them as after an outage."""
    monkeypatch.setattr(maintenance, "SETTLE_SECONDS", 1.0)
    recovery = _Recovery()
    with full_valkey(tmp_path) as server:
        watch = maintenance.Maintenance(
            Broker(server.client, make_settings(redis_url=server.url)), lambda lost: None
        )
        monkeypatch.setattr(watch, "_recovery", recovery)

        def looks() -> bool:
            watch.run_once()
            return recovery.looked > 0

        until(looks, "recovery")
        server.fill_memory()
        with pytest.raises(redis.exceptions.OutOfMemoryError):
            watch.run_once()
        server.free_memory()
        recovery.looked = 0
        watch.run_once()
        assert recovery.looked == 0
        until(looks, "recovery")
