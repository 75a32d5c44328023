"""What the queue costs: one question through the API against the same calls made directly.

    python -m benchmarks.overhead [--questions 30] [--threads 64]

Everything is real and local: an embedded Valkey, a local Qdrant with the sample documents, a
stub model server (one embedding, then 50 tokens over 0.7 s), the API under uvicorn, and a
worker. The same questions then go to a stock RQ worker, which forks for each job and imports in
the fork. All figures are of one run on one machine: read them as ratios.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import time

import httpx
import psutil
from rq import Queue
from rq.results import Result
from rq.serializers import JSONSerializer

from benchmarks.stack import (
    QUESTION,
    DirectModel,
    Stack,
    ask_through_api,
    http_api,
    local_stack,
    median_ms,
    process,
    run_many,
    stub_model,
)
from jobs.queue.connection import connect

TOKENS = 50
STREAM_SECONDS = 0.7


def memory_mb(child: subprocess.Popen[bytes]) -> float:
    """Resident memory of a process and its children, in MB."""
    parent = psutil.Process(child.pid)
    family = [parent, *parent.children(recursive=True)]
    return sum(member.memory_info().rss for member in family) / 2**20


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--questions", type=int, default=30, help="one at a time")
    parser.add_argument("--at-once", type=int, default=64)
    parser.add_argument("--threads", type=int, default=64, help="question threads of the worker")
    parser.add_argument("--forked", type=int, default=8, help="questions for the forked worker")
    options = parser.parse_args()
    with (
        stub_model(TOKENS, STREAM_SECONDS) as base_url,
        local_stack("overhead", base_url) as stack,
        http_api(stack.env) as api_url,
    ):
        print(json.dumps(measure(stack, options, DirectModel(base_url), api_url), indent=2))


def measure(
    stack: Stack, options: argparse.Namespace, model: DirectModel, api_url: str
) -> dict[str, object]:
    with stack.worker(f"questions:{options.threads},indexing:2") as worker:
        with httpx.Client(base_url=api_url, timeout=60) as api:
            model.ask(), ask_through_api(api)  # both warm
            direct, queued = [], []
            for _ in range(options.questions):  # in turn, so that both meet the same noise
                direct.append(model.ask())
                queued.append(ask_through_api(api))
        seconds, states = run_many(stack.jobs(), options.at_once)
        memory = memory_mb(worker)

    burst_direct = model.ask_at_once(options.at_once)
    forked = measure_forked(stack, options)
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


def measure_forked(stack: Stack, options: argparse.Namespace) -> list[float]:
    """The same questions with RQ's own worker: a fork for each job, imports in the fork."""
    # Without a limit, because it blocks until there is a result.
    connection = connect(stack.settings.broker_url, socket_timeout_seconds=None)
    queue = Queue("forked", connection=connection, serializer=JSONSerializer)
    arguments = ["-m", "rq.cli", "worker", queue.name, "--url", stack.env["REDIS_URL"]]
    arguments += ["--serializer", "rq.serializers.JSONSerializer", "--quiet"]

    def ask() -> float:
        started = time.perf_counter()
        job = queue.enqueue("benchmarks.forked.answer_question", QUESTION)
        result = job.latest_result(timeout=120)
        if result is None or result.type is not Result.Type.SUCCESSFUL:
            raise SystemExit(f"a question of the forking worker ended as {result}")
        return time.perf_counter() - started

    with process(arguments, stack.env):
        ask()
        return [ask() for _ in range(options.forked)]


if __name__ == "__main__":
    main()
