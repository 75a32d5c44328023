"""Callers that wait for a result: they wake up in time, and starve nobody."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

import anyio
import pytest
from fastapi.testclient import TestClient
from rq import SimpleWorker
from rq.serializers import JSONSerializer

from jobs.access.api_keys import Scope
from jobs.models import Answer, JobState, JobView, Question
from jobs.queue.broker import Broker
from tests.api.app import API
from tests.waiting import HANG_SECONDS, until
from ui.api.questions import waiting_limiter, waiting_places
from ui.api.streams import CallerPlaces
from ui.clients import Clients

UNFINISHED = JobView("1", "api", Question("Why?"), JobState.STARTED, asked_at=1.0)


@dataclass
class FakeClient:
    """One job that goes on until the test says that it is over."""

    view: JobView = UNFINISHED
    answer: Answer | None = field(default_factory=lambda: Answer("Because."))
    over: threading.Event = field(default_factory=threading.Event)
    waiting: int = 0

    def get_job(self, _user: str, _job_id: str) -> JobView:
        return replace(self.view, state=JobState.FINISHED) if self.over.is_set() else self.view

    def wait(self, user: str, job_id: str, timeout_seconds: float) -> JobView:
        self.waiting += 1
        self.over.wait(timeout_seconds)
        return self.get_job(user, job_id)

    def estimate(self, _job: JobView) -> None:
        """Nothing is known."""

    def why_waiting(self, _job: JobView) -> None:
        """It waits for nothing."""

    def get_answer(self, _user: str, _job_id: str) -> Answer | None:
        return self.answer


@pytest.fixture
def fake() -> FakeClient:
    return FakeClient()


@pytest.fixture
def http(
    fake: FakeClient,
    clients: Clients,
    use_clients: Callable[[Clients], None],
    caller_at: Callable[[str], TestClient],
) -> Iterator[TestClient]:
    """A caller without a cookie, of the fake client; two callers may wait."""
    limiter = anyio.CapacityLimiter(2)
    use_clients(replace(clients, jobs=fake))  # type: ignore[arg-type]
    API.dependency_overrides[waiting_limiter] = lambda: limiter
    yield caller_at("testserver")
    fake.over.set()


def wait_until_waiting(fake: FakeClient, count: int) -> None:
    until(lambda: fake.waiting >= count, "the requests")


def test_wait_ends_when_the_job_does(http: TestClient, fake: FakeClient) -> None:
    """A caller that waits has the answer at once when it is there."""
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(http.get, "/result/1", params={"wait": 30})
        wait_until_waiting(fake, 1)
        fake.over.set()
        response = waiting.result(timeout=HANG_SECONDS)
    assert (response.status_code, response.json()["status"]) == (200, "completed")


def test_unfinished_result_says_when_to_ask_again(http: TestClient) -> None:
    """The 202 carries a Retry-After, for callers that do not wait."""
    response = http.get("/result/1")
    assert (response.status_code, response.json()["status"]) == (202, "started")
    assert int(response.headers["Retry-After"]) > 0


def test_callers_beyond_the_limit_are_answered_at_once(http: TestClient, fake: FakeClient) -> None:
    """Two may wait here: a third hears the state without waiting, and other requests go on."""
    with ThreadPoolExecutor() as pool:
        waiting = [pool.submit(http.get, "/result/1", params={"wait": 30}) for _ in range(2)]
        wait_until_waiting(fake, 2)
        third = pool.submit(http.get, "/result/1", params={"wait": 30}).result(timeout=HANG_SECONDS)
        status = pool.submit(http.get, "/job-status/1").result(timeout=HANG_SECONDS)
        fake.over.set()
        ended = [request.result(timeout=HANG_SECONDS).status_code for request in waiting]
    assert (third.status_code, status.status_code) == (202, 200)
    assert ended == [200, 200]


def test_one_caller_does_not_take_all_places_to_wait(
    http: TestClient, fake: FakeClient, clients: Clients
) -> None:
    """Whoever has their share is answered at once, and another one waits all the same."""
    places, limiter = CallerPlaces(1, 1, 1), anyio.CapacityLimiter(50)
    API.dependency_overrides[waiting_places] = lambda: places
    API.dependency_overrides[waiting_limiter] = lambda: limiter
    _, secret = clients.keys.create("ann", "waits", [Scope.READ])
    ann = {"Authorization": f"Bearer {secret}"}
    with ThreadPoolExecutor() as pool:
        first = pool.submit(http.get, "/result/1", params={"wait": 30})
        wait_until_waiting(fake, 1)
        second = pool.submit(http.get, "/result/1", params={"wait": 30}).result(HANG_SECONDS)
        assert second.status_code == 202
        others = pool.submit(http.get, "/result/1", params={"wait": 30}, headers=ann)
        until(lambda: places._taken[("user", "ann")] == 1, "the other one")
        fake.over.set()
        assert first.result(HANG_SECONDS).status_code == 200
        assert others.result(HANG_SECONDS).status_code == 200


def test_wait_ends_with_its_key(http: TestClient, fake: FakeClient, clients: Clients) -> None:
    """Whoever waits with a key that is revoked meanwhile does not get the answer that comes."""
    key, secret = clients.keys.create("ann", "waits", [Scope.READ])
    headers = {"Authorization": f"Bearer {secret}"}
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(http.get, "/result/1", params={"wait": 30}, headers=headers)
        wait_until_waiting(fake, 1)
        clients.keys.revoke("ann", key.id)
        fake.over.set()
        response = waiting.result(timeout=HANG_SECONDS)
    assert (response.status_code, response.json()["error"]["kind"]) == (401, "wrong_key")


def test_finished_job_without_its_answer_is_404(http: TestClient, fake: FakeClient) -> None:
    """An answer that was deleted meanwhile is no unfinished one: a caller must not ask for ever."""
    fake.over.set()
    fake.answer = None
    response = http.get("/result/1")
    assert (response.status_code, response.json()["error"]["kind"]) == (404, "not_found")


def test_wait_ends_when_a_worker_finishes(
    http: TestClient,
    clients: Clients,
    use_clients: Callable[[Clients], None],
    broker: Broker,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Over a real Valkey and a real worker, the answer comes without another request."""
    monkeypatch.setattr(
        "jobs.tasks.answer_question", lambda: Answer("It is 160 [1].").to_dict(), raising=True
    )
    use_clients(clients)
    job_id = http.post("/chat", params={"query": "What is the limit?"}).json()["job_id"]
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(http.get, f"/result/{job_id}", params={"wait": 30})
        queue = broker.queues["questions"]
        worker = SimpleWorker([queue], connection=broker.connection, serializer=JSONSerializer)
        worker.work(burst=True)
        response = waiting.result(timeout=HANG_SECONDS)
    assert (response.status_code, response.json()["result"]) == (200, "It is 160 [1].")


def test_api_alone_does_not_import_streamlit() -> None:
    """`uvicorn ui.api:app` stays small."""
    program = "import sys; from ui.api import app; sys.exit('streamlit' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program]).returncode == 0


def test_import_of_the_package_builds_nothing() -> None:
    """A module of it, such as its errors, comes without the application and its endpoints."""
    program = "import sys, ui.api.errors; sys.exit('ui.api.application' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program]).returncode == 0
