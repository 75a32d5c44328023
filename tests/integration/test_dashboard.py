"""rq-dashboard as `python -m jobs.operations.dashboard` serves it, over a real Valkey."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, ConsoleMessage
from rq.job import JobStatus
from rq.registry import FailedJobRegistry
from rq.results import Result
from rq.serializers import JSONSerializer

from jobs.access.sign_in_brake import EACH
from jobs.local.valkey_server import valkey_command
from jobs.queue.broker import Broker
from jobs.queue.connection import connect
from jobs.settings import QUESTIONS_QUEUE, Settings
from tests.integration.processes import environment, free_port, module, running
from tests.waiting import HANG_SECONDS, until

HOSTILE = "<img src=x onerror=\"document.title='owned'\">"


class Stand:
    """An embedded Valkey that can be stopped and started, and dashboards in front of it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.settings = Settings(
            _env_file=None, data_dir=folder, redis_url="", bind_address="127.0.0.1"
        )
        (folder / "valkey").mkdir()
        self.broker = Broker(connect(self.settings.broker_url), self.settings)
        self._valkey = ExitStack()

    def start_valkey(self) -> None:
        log = self.folder / "valkey.log"
        self._valkey.enter_context(running(valkey_command(self.settings), log, environment()))
        until(self.settings.valkey_socket.exists, "a start of Valkey")

    def stop_valkey(self) -> None:
        self._valkey.close()

    @contextmanager
    def dashboard(self, **settings: object) -> Iterator[httpx.Client]:
        """A client of a new dashboard with these settings."""
        port = free_port()
        env = environment(data_dir=self.folder, dashboard_port=port, **settings)
        with (
            running(module("jobs.operations.dashboard"), self.folder / "dashboard.log", env),
            httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=HANG_SECONDS) as client,
        ):
            until(lambda: responds(client), "an answer of the dashboard")
            yield client

    def add_failed_job(self, job_id: str) -> None:
        """A failed job with HTML wherever an error message could put it."""
        job = self.broker.enqueue(QUESTIONS_QUEUE, "jobs.tasks.answer_question", job_id=job_id)
        self.broker.queues[QUESTIONS_QUEUE].remove(job)
        registry = FailedJobRegistry(
            QUESTIONS_QUEUE, connection=self.broker.connection, serializer=JSONSerializer
        )
        job.meta["note"] = HOSTILE
        job.save_meta()
        job.set_status(JobStatus.FAILED)
        registry.add(job, ttl=3600)
        Result.create_failure(job, 3600, f"ValueError: {HOSTILE}")

    def status(self, job_id: str) -> JobStatus | None:
        return self.broker.fetch(job_id).get_status()


def responds(client: httpx.Client) -> bool:
    try:
        client.get("/")
    except httpx.TransportError:
        return False
    return True


@pytest.fixture(scope="module")
def stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    stand = Stand(tmp_path_factory.mktemp("a dashboard"))
    stand.start_valkey()
    try:
        yield stand
    finally:
        stand.broker.connection.close()
        stand.stop_valkey()


@pytest.fixture(scope="module")
def shared_client(stand: Stand) -> Iterator[httpx.Client]:
    with stand.dashboard() as client:
        yield client


@pytest.fixture
def client(stand: Stand, shared_client: httpx.Client) -> httpx.Client:
    """A client of a dashboard without password, over a Valkey with one failed job, `broken`."""
    stand.broker.connection.flushall()
    stand.add_failed_job("broken")
    return shared_client


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/0/view/jobs",
        "/0/view/workers",
        "/0/view/job/broken",
        "/0/data/queues.json",
        "/0/data/workers.json",
        "/0/data/jobs/questions/failed/8/asc/1.json",
        "/0/data/job/broken.json",
        "/static/favicon.ico",
    ],
)
def test_every_view_works_and_is_guarded(client: httpx.Client, path: str) -> None:
    """Each view answers, with headers that forbid foreign scripts, frames and guessed types."""
    response = client.get(path)
    assert response.status_code == 200
    policy = response.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "form-action 'none'" in policy
    assert "'unsafe-inline'" not in re.findall(r"script-src ([^;]*)", policy)[0]
    assert response.headers["X-Frame-Options"] == "DENY"
    assert response.headers["X-Content-Type-Options"] == "nosniff"


def test_job_texts_are_not_shown(client: httpx.Client) -> None:
    """Of an error, its class and our own sentence reach the job page; of a job's data, nothing."""
    shown = client.get("/0/data/job/broken.json")
    assert "img" not in shown.text
    assert shown.json()["exc_info"].startswith("ValueError: Something went wrong.")


@pytest.mark.parametrize("path", ["/requeue/questions", "/job/broken/requeue"])
def test_requeue_by_post_from_the_page_works(stand: Stand, client: httpx.Client, path: str) -> None:
    """A POST that the dashboard's own page sends puts the failed job on its queue again."""
    origin = str(client.base_url).rstrip("/")
    headers = {"Origin": origin, "Sec-Fetch-Site": "same-origin"}
    assert client.post(path, headers=headers).json()["status"] == "OK"
    assert stand.status("broken") == JobStatus.QUEUED


@pytest.mark.parametrize("path", ["/requeue/questions", "/job/broken/requeue"])
@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_nothing_changes_without_post(
    stand: Stand, client: httpx.Client, path: str, method: str
) -> None:
    """No method but POST requeues anything."""
    client.request(method, path)
    assert stand.status("broken") == JobStatus.FAILED


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
    ],
)
@pytest.mark.parametrize("path", ["/requeue/questions", "/job/broken/requeue"])
def test_post_from_another_page_is_refused(
    stand: Stand, client: httpx.Client, path: str, headers: dict[str, str]
) -> None:
    """A POST that another site made the operator's browser send is refused."""
    assert client.post(path, headers=headers).status_code == 403
    assert stand.status("broken") == JobStatus.FAILED


@pytest.mark.parametrize("path", ["/job/broken/delete", "/queue/questions/failed/empty"])
def test_deleting_is_disabled(stand: Stand, client: httpx.Client, path: str) -> None:
    """Operators cannot delete jobs: a user's question is the user's."""
    assert client.post(path).json() == {"status": "DISABLED"}
    assert stand.status("broken") == JobStatus.FAILED


def test_queues_are_not_compacted(stand: Stand, client: httpx.Client) -> None:
    """It moves ids one by one, and whatever ends it in between would lose the others."""
    stand.broker.enqueue(QUESTIONS_QUEUE, "jobs.tasks.answer_question", job_id="waiting")
    assert client.post("/queue/questions/compact").status_code == 404
    assert stand.broker.queues[QUESTIONS_QUEUE].get_job_ids() == ["waiting"]


def test_foreign_host_names_are_refused_without_password(client: httpx.Client) -> None:
    """Without a password, a name that somebody else lets point at 127.0.0.1 gets nothing."""
    assert client.get("/", headers={"Host": "evil.example"}).status_code == 400


@pytest.mark.parametrize(
    "name", ["X-Forwarded-For", "X-Forwarded-Proto", "X-Real-IP", "Via", "Forwarded"]
)
def test_proxy_gets_nothing_without_password(client: httpx.Client, name: str) -> None:
    """It lets others in; by its own name for this machine, only such a header gives it away."""
    refused = client.get("/0/data/queues.json", headers={name: "203.0.113.7"})
    assert refused.status_code == 403
    assert "DASHBOARD_PASSWORD" in refused.text


def test_guesses_at_the_password_are_braked(stand: Stand) -> None:
    """Of three hundred, a few are compared; even the right password has to wait, for seconds."""
    with stand.dashboard(dashboard_username="ops", dashboard_password="secret") as client:
        assert client.get("/", auth=("ops", "secret")).status_code == 200
        replies = [client.get("/", auth=("ops", str(guess))) for guess in range(300)]
        compared = [reply for reply in replies if reply.status_code == 401]
        assert EACH.burst <= len(compared) < 300 // 2
        refused = next(reply for reply in replies if reply.status_code == 429)
        assert 0 < int(refused.headers["Retry-After"]) <= EACH.seconds
        until(
            lambda: client.get("/", auth=("ops", "secret")).status_code == 200,
            "a sign-in after the guesses",
        )


def test_unknown_job_is_a_plain_not_found(client: httpx.Client) -> None:
    """A job that expired is a page of its own, not a stack trace."""
    for path in ("/0/view/job/gone", "/0/data/job/gone.json"):
        response = client.get(path)
        assert response.status_code == 404
        assert "No such job" in response.text


@pytest.mark.parametrize("pages", ["x/asc/1", "8/asc/x", "0/asc/1", "8/asc/0", "8/asc/-1"])
def test_odd_page_of_a_list_is_not_found(client: httpx.Client, pages: str) -> None:
    """It is no error of the server."""
    assert client.get(f"/0/data/jobs/questions/failed/{pages}.json").status_code == 404


def test_job_that_is_not_failed_is_not_queued_again(stand: Stand, client: httpx.Client) -> None:
    """The second of two requeues is told so; it is no error of the server."""
    assert client.post("/job/broken/requeue").status_code == 200
    refused = client.post("/job/broken/requeue")
    assert refused.status_code == 409
    assert "not failed" in refused.text
    assert stand.broker.queues[QUESTIONS_QUEUE].get_job_ids() == ["broken"]


def test_pickled_data_is_not_loaded(stand: Stand, client: httpx.Client, tmp_path: Path) -> None:
    """A pickle that somebody wrote into Valkey is never executed."""
    trap = tmp_path / "trap"
    pickled = b"cos\nmkdir\n(V" + str(trap).encode() + b"\ntR."
    stand.broker.connection.hset("rq:job:broken", mapping={"data": pickled, "meta": pickled})
    for path in ("/0/view/job/broken", "/0/data/job/broken.json", "/0/data/workers.json"):
        client.get(path)
    client.post("/job/broken/requeue")
    assert not trap.exists()


def test_user_and_password_are_asked_for(stand: Stand) -> None:
    """With a user and password set, every path needs both, and any host name will do."""
    with stand.dashboard(dashboard_username="ops", dashboard_password="pä:ss") as client:
        for path in ("/", "/0/data/queues.json", "/static/favicon.ico"):
            assert client.get(path).status_code == 401
            assert client.get(path, auth=("ops", "wrong")).status_code == 401
            assert client.get(path, auth=("other", "pä:ss")).status_code == 401
            assert client.get(path, auth=("ops", "pä:ss")).status_code == 200
        named = client.get("/", auth=("ops", "pä:ss"), headers={"Host": "ops.example"})
        assert named.status_code == 200


def test_reachable_dashboard_without_password_does_not_start(tmp_path: Path) -> None:
    """On an address that others can reach it ends at once, and says which settings are missing."""
    env = environment(data_dir=tmp_path, bind_address="0.0.0.0", dashboard_port=free_port())
    result = subprocess.run(
        module("jobs.operations.dashboard"),
        env=env,
        capture_output=True,
        text=True,
        timeout=HANG_SECONDS,
        check=False,
    )
    assert result.returncode == 1
    assert "DASHBOARD_PASSWORD" in result.stderr
    assert "Traceback" not in result.stderr


def test_dashboard_survives_valkey_being_away(stand: Stand, client: httpx.Client) -> None:
    """Without Valkey each view is a plain 503; when it is back, with its data, so are they."""
    stand.stop_valkey()
    try:
        for path in ("/", "/0/view/workers", "/0/data/queues.json"):
            response = client.get(path, timeout=HANG_SECONDS)
            assert response.status_code == 503
            assert "Valkey cannot be reached" in response.text
    finally:
        stand.start_valkey()
    until(lambda: client.get("/").status_code == 200, "a recovery")
    assert stand.status("broken") == JobStatus.FAILED


def test_pages_work_in_a_browser(stand: Stand, client: httpx.Client, browser: Browser) -> None:
    """Under its policy the pages fill their tables, run no injected script, and requeue."""
    errors: list[str] = []

    def note(message: ConsoleMessage) -> None:
        if message.type == "error":
            errors.append(message.text)

    page = browser.new_page(base_url=str(client.base_url))
    page.on("console", note)
    page.goto("/")
    page.locator("#queues tr[data-role=queue]", has_text="questions").wait_for()
    page.goto("/0/view/jobs/questions/failed/8/asc/1")
    page.locator("[data-job-id=broken]").wait_for()
    page.goto("/0/view/workers")
    page.locator("#workers", has_text="No workers").wait_for()
    page.goto("/0/view/job/broken")
    page.locator(".exc_info", has_text="ValueError: Something went wrong.").wait_for()
    assert page.title() == "RQ dashboard"
    page.locator("#requeue-job-btn").click()
    until(lambda: stand.status("broken") == JobStatus.QUEUED, "a requeue")
    page.close()
    assert [text for text in errors if "Content Security Policy" in text] == []
