"""A Valkey whose memory or disk is full: new work is refused, and what was accepted stays."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import redis
from fastapi.testclient import TestClient
from streamlit.testing.v1 import AppTest

from jobs.errors import BrokerFullError, BrokerUnavailableError
from jobs.local.valkey_server import stop_orphan, valkey_command
from jobs.models import JobState, Question
from jobs.questions.client import LARGE_CHARS
from jobs.queue.connection import connect
from jobs.settings import Settings
from tests.integration.full_valkey import WAYS, FullValkey, full_valkey
from tests.integration.processes import environment, running
from tests.pages.conftest import HOME, use_clients, words
from tests.pages.fakes import USER
from tests.waiting import HANG_SECONDS, until
from ui.api.application import create_app
from ui.api.dependencies import API_USER
from ui.clients import Clients, build_clients
from ui.components.common.text import plain

MANY = 10_000
ROOM_BYTES = 600_000


@dataclass
class Full:
    """A server that a test fills up in one of the two ways, and clients that use it."""

    server: FullValkey
    clients: Clients
    fill: Callable[[FullValkey, int], None]
    free: Callable[[FullValkey], None]
    error: type[BrokerUnavailableError]

    def ask_until_refused(self) -> tuple[list[str], BrokerUnavailableError]:
        """The ids of the questions that were accepted, newest first, and the refusal."""
        accepted: list[str] = []
        # While the server waits for its disk to sync, it takes new writes into memory for 2 s.
        while len(accepted) < MANY:
            try:
                job = self.clients.jobs.submit(USER, Question(f"Question {len(accepted)}?"))
            except BrokerUnavailableError as error:
                return accepted[::-1], error
            accepted.append(job.id)
        raise AssertionError(f"{len(accepted)} questions were accepted")

    def is_back(self) -> bool:
        try:
            self.server.client.set("probe", 1)
        except redis.exceptions.ResponseError:
            return False
        return True


@pytest.fixture(params=WAYS)
def full(
    request: pytest.FixtureRequest, tmp_path: Path, make_settings: Callable[..., Settings]
) -> Iterator[Full]:
    folder = tmp_path / "valkey"
    folder.mkdir()
    with full_valkey(folder) as server:
        clients = build_clients(make_settings(redis_url=server.url))
        yield Full(server, clients, *WAYS[request.param])


@pytest.fixture
def http(full: Full) -> Iterator[TestClient]:
    api = create_app(full.clients)
    with TestClient(api, "http://127.0.0.1", raise_server_exceptions=False) as caller:
        yield caller


def listed(full: Full, user: str = USER) -> list[str]:
    return [job.id for job in full.clients.jobs.list_jobs(user, limit=MANY).jobs]


def unwritten(full: Full) -> int:
    """The bytes of the log that Valkey has not handed to the system yet."""
    return int(full.server.client.info("persistence")["aof_buffer_length"])


def test_full_server_refuses_and_keeps_exactly_what_it_accepted(full: Full) -> None:
    """Filling up while questions come in: each is listed and queued, or refused and nowhere."""
    full.fill(full.server, ROOM_BYTES)
    accepted, error = full.ask_until_refused()
    assert type(error) is full.error
    assert len(accepted) > 5
    assert listed(full) == accepted
    full.free(full.server)
    until(full.is_back, "writing")
    assert listed(full) == accepted
    newest = full.clients.jobs.submit(USER, Question("And now?")).id
    states = {job.id: job.state for job in full.clients.jobs.list_jobs(USER, limit=MANY).jobs}
    assert set(states) == {newest, *accepted}
    assert set(states.values()) <= {JobState.QUEUED, JobState.WAITING}


@pytest.mark.parametrize("room_bytes", [1, 500, 1000, 1500, 2000])
def test_question_that_fills_the_server_is_accepted_or_leaves_nothing(
    full: Full, room_bytes: int
) -> None:
    """Wherever in its writes the server fills up, no question is half accepted."""
    before = full.clients.jobs.submit(USER, Question("Before?")).id
    full.fill(full.server, room_bytes)
    accepted, _ = full.ask_until_refused()
    assert listed(full) == [*accepted, before]
    full.free(full.server)
    until(full.is_back, "writing")
    jobs = full.clients.jobs.list_jobs(USER, limit=MANY).jobs
    assert [job.id for job in jobs] == [*accepted, before]
    assert {job.state for job in jobs} <= {JobState.QUEUED, JobState.WAITING}


def test_what_was_accepted_survives_a_crash_after_a_full_server(full: Full) -> None:
    """Once there is room again, all that was accepted is on the disk as well."""
    full.fill(full.server, ROOM_BYTES)
    accepted, _ = full.ask_until_refused()
    assert len(accepted) > 5
    full.free(full.server)
    until(full.is_back, "writing")
    # A slow disk may keep Valkey from handing over its log for up to two seconds.
    until(lambda: not unwritten(full), "writing of the log")
    full.server.kill()
    full.server.start()
    assert listed(full) == accepted


def test_api_refuses_with_503_and_the_sentence(full: Full, http: TestClient) -> None:
    """A program is told what is wrong and when to ask again; what it asked before is there."""
    job_id = http.post("/chat", params={"query": "Before?"}).json()["job_id"]
    full.fill(full.server, 0)
    full.ask_until_refused()
    response = http.post("/chat", params={"query": "During?"})
    assert response.status_code == 503
    assert int(response.headers["Retry-After"]) > 0
    assert response.json() == {"error": {"kind": full.error.kind, "message": full.error.message}}
    status = http.get(f"/job-status/{job_id}")
    assert (status.status_code, status.json()["status"]) == (200, "queued")
    assert listed(full, API_USER) == [job_id]


def test_page_keeps_the_question_and_shows_the_sentence(
    full: Full, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page tells once why it cannot be sent, shows what there is, and sends it again later."""
    use_clients(full.clients, monkeypatch)
    full.clients.jobs.submit(USER, Question("How many trucks?"))
    full.fill(full.server, 0)
    full.ask_until_refused()
    app = AppTest.from_file(HOME, default_timeout=HANG_SECONDS).run()
    app.chat_input[0].set_value("How many drivers?").run()
    assert not app.exception, app.exception
    told = [notice.value for notice in (*app.warning, *app.error)]
    assert told.count(plain(full.error.message)) == 1
    assert "How many drivers?" in words(app)
    assert "How many trucks?" in list(app.dataframe[0].value["Question"])
    full.free(full.server)
    until(full.is_back, "writing")
    app.button(key="unsent_send").click().run()
    assert app.header[0].value == "How many drivers?"
    assert full.error.message not in words(app)


def test_reading_goes_on_over_connections_that_were_idle(full: Full) -> None:
    """A full server can be read, also by a page that comes back after a while."""
    full.clients.jobs.submit(USER, Question("Before?"))
    full.fill(full.server, 0)
    full.ask_until_refused()
    before = listed(full)
    for client in (full.clients.jobs, full.clients.documents):
        pool = client._broker.connection.connection_pool
        for connection in pool._available_connections:
            connection.next_health_check = 0.0  # as after the longest pause
    assert listed(full) == before
    assert full.clients.documents.list_documents() == []


def test_upload_to_a_full_server_leaves_nothing(full: Full, tmp_path: Path) -> None:
    """A document that cannot be entered leaves no file behind; the earlier one stays."""
    kept, _ = full.clients.documents.add(USER, "a.txt", b"Kept.")
    full.fill(full.server, 0)
    full.ask_until_refused()
    with pytest.raises(full.error):
        full.clients.documents.add(USER, "b.txt", b"Refused.")
    assert [document.id for document in full.clients.documents.list_documents()] == [kept.id]
    files = {path.name for path in (tmp_path / "data" / "documents").iterdir()}
    assert files == {kept.id}
    full.free(full.server)
    until(full.is_back, "writing")
    _, is_new = full.clients.documents.add(USER, "b.txt", b"Refused.")
    assert is_new


def test_deleting_a_question_makes_room(
    tmp_path: Path, make_settings: Callable[..., Settings]
) -> None:
    """In a full memory, what is over can be deleted, as the sentence says, and new work fits."""
    with full_valkey(tmp_path) as server:
        jobs = build_clients(make_settings(redis_url=server.url)).jobs
        over = [jobs.submit(USER, Question("x" * 4000)).id for _ in range(50)]
        for job_id in over:
            jobs.stop(USER, job_id)
        server.fill_memory(-50_000)
        short = Question("y" * LARGE_CHARS)  # a longer one does not use the reserve
        with pytest.raises(BrokerFullError):
            jobs.submit(USER, short)
        for job_id in over:
            jobs.delete(USER, job_id)
        assert jobs.submit(USER, short).state is JobState.QUEUED


def test_server_that_syncs_always_goes_away_and_comes_back_with_everything(
    tmp_path: Path, make_settings: Callable[..., Settings]
) -> None:
    """With appendfsync always a full disk ends Valkey before it accepts what it cannot keep."""
    with full_valkey(tmp_path, fsync="always") as server:
        jobs = build_clients(make_settings(redis_url=server.url)).jobs
        accepted = [jobs.submit(USER, Question(f"Question {number}?")).id for number in range(5)]
        server.fill_disk()
        with pytest.raises(BrokerUnavailableError) as raised:
            jobs.submit(USER, Question("One too many?"))
        assert type(raised.value) is BrokerUnavailableError
        assert server.process is not None
        assert server.process.wait(HANG_SECONDS) == 1
        server.start()
        assert [job.id for job in jobs.list_jobs(USER).jobs] == accepted[::-1]


def test_orphan_with_a_full_disk_is_stopped_too(
    full: Full, make_settings: Callable[..., Settings]
) -> None:
    """A server that refuses even a PING is there all the same: two must not share one log."""
    full.fill(full.server, 0)
    full.ask_until_refused()
    stop_orphan(make_settings(redis_url=full.server.url))
    assert full.server.process is not None
    assert full.server.process.wait(HANG_SECONDS) == 0


@pytest.mark.parametrize("policy", ["everysec", "always"])
def test_embedded_server_syncs_as_the_setting_says(
    make_settings: Callable[..., Settings], tmp_path: Path, policy: str
) -> None:
    """VALKEY_APPENDFSYNC reaches the embedded Valkey."""
    settings = make_settings(redis_url="", valkey_appendfsync=policy)
    (settings.data_dir / "valkey").mkdir(parents=True)
    with running(valkey_command(settings), tmp_path / "log", environment()):
        client = connect(settings.broker_url)
        until(settings.valkey_socket.exists, "Valkey")
        assert client.config_get("appendfsync") == {"appendfsync": policy}
        client.close()
