"""What 2,000 questions queued at once do to position, listing and stop, and how they drain.

    python -m benchmarks.load [--questions 2000] [--threads 64]

Twice: each question of a user of its own, and all of one user, whose `USER_CONCURRENCY` holds
most of them back. No worker runs while they queue up. A second Valkey has 10 questions, and each
call is made to one and to the other in turn, so that both meet the same noise: read the ratio.
Then a worker with many threads and a fast stub model takes them, while the same calls go on.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import httpx
from rq import Queue
from rq.registry import FinishedJobRegistry
from rq.serializers import JSONSerializer

from benchmarks.stack import (
    DURABLE,
    QUESTION,
    Stack,
    http_api,
    local_stack,
    spread_ms,
    stub_model,
    timed,
)
from jobs.models import JobState, JobView, LiveText, Question
from jobs.questions.client import JobClient
from jobs.questions.query import JobQuery
from jobs.queue.connection import connect
from jobs.settings import QUESTIONS_QUEUE, Settings
from ui.identity.browser_cookie import Signer, secret_of

FEW = 10
RUNS = 100
VICTIMS = 50
TOKENS = 10
STREAM_SECONDS = 0.001
LONGEST_DRAIN_SECONDS = 900
SAMPLE_PAUSE_SECONDS = 0.05


@dataclass
class Crowd:
    """Users with cookies for the API, and the questions that they asked, in order."""

    client: JobClient
    api_url: str
    signer: Signer
    one_user: bool
    cookies: dict[str, str] = field(default_factory=dict)
    jobs: list[JobView] = field(default_factory=list)

    def user(self) -> str:
        """Who asks next."""
        if self.one_user and self.cookies:
            return next(iter(self.cookies))
        cookie = self.signer.new_cookie()
        user = self.signer.user_of({self.signer.cookie_name: cookie})
        assert user is not None
        self.cookies[user] = cookie
        return user

    def submit(self, count: int) -> list[float]:
        """Ask one after the other; seconds for each."""
        seconds = []
        for _ in range(count):
            user, started = self.user(), time.perf_counter()
            self.jobs.append(self.client.submit(user, Question(QUESTION)))
            seconds.append(time.perf_counter() - started)
        return seconds

    def api(self, user: str) -> httpx.Client:
        cookies = {self.signer.cookie_name: self.cookies[user]}
        return httpx.Client(base_url=self.api_url, cookies=cookies, timeout=60)


def calls_of(crowd: Crowd) -> dict[str, Callable[[], object]]:
    """What pages and programs do again and again, for the questions that are there now."""
    client, jobs = crowd.client, crowd.jobs
    first, middle, last = jobs[0], jobs[len(jobs) // 2], jobs[-1]
    api = crowd.api(last.user)
    api.get("/")  # connected
    calls: dict[str, Callable[[], object]] = {
        f"get_job, {name}": lambda job=job: client.get_job(job.user, job.id)
        for name, job in (("first", first), ("middle", middle), ("last", last))
    }
    return calls | {
        "list_jobs, 10": lambda: client.list_jobs(last.user, limit=10),
        "list_jobs, 50": lambda: client.list_jobs(last.user, limit=50),
        "list_jobs, queued": lambda: client.list_jobs(
            last.user, JobQuery(states=frozenset({JobState.QUEUED}))
        ),
        "list_jobs, failed": lambda: client.list_jobs(
            last.user, JobQuery(states=frozenset({JobState.FAILED}))
        ),
        "read_live, last": lambda: client.read_live(last.user, LiveText(last.id)),
        "GET /job-status, last": lambda: expect(api.get(f"/job-status/{last.id}"), 200),
        "GET /result, last": lambda: expect(api.get(f"/result/{last.id}"), 202),
    }


def expect(reply: httpx.Response, status: int) -> None:
    if reply.status_code != status:
        raise SystemExit(f"{reply.url} said {reply.status_code}: {reply.text}")


Times = dict[str, list[float]]


def measure_calls(crowds: list[Crowd]) -> list[Times]:
    """Seconds of each call for each crowd; and of asking and stopping one more, then the last.

    In turn, and in changing order: what one leaves behind must not always meet the other.
    """
    calls = [calls_of(crowd) for crowd in crowds]
    times: list[Times] = [defaultdict(list) for _ in crowds]
    order = list(range(len(crowds)))
    for run in range(RUNS + 1):
        order.reverse()
        for name in calls[0]:
            for number in order:
                seconds = timed(calls[number][name])
                if run:  # the first warms up
                    times[number][name].append(seconds)
    for step in (ask_and_stop, post):
        for _ in range(VICTIMS):
            order.reverse()
            for number in order:
                step(crowds[number], times[number])
    return times


def ask_and_stop(crowd: Crowd, times: Times) -> None:
    user = crowd.user()
    started = time.perf_counter()
    victim = crowd.client.submit(user, Question(QUESTION))
    times["submit_question"].append(time.perf_counter() - started)
    times["stop, last"].append(timed(lambda: crowd.client.stop(user, victim.id)))


def post(crowd: Crowd, times: Times) -> None:
    """Ask through the API; the question is gone again at the end."""
    user = crowd.user()
    with crowd.api(user) as api:
        api.get("/")  # connected
        started = time.perf_counter()
        reply = api.post("/chat", params={"query": QUESTION})
        times["POST /chat"].append(time.perf_counter() - started)
    expect(reply, 202)
    crowd.client.stop(user, reply.json()["job_id"])


def compare(few: Times, many: Times) -> dict[str, dict[str, float]]:
    """p50 and p95 in ms, with few and with many, and the ratio of the medians."""
    report = {}
    for name, seconds in many.items():
        before, after = spread_ms(few[name]), spread_ms(seconds)
        report[name] = {
            "few_p50": before["p50"],
            "few_p95": before["p95"],
            "many_p50": after["p50"],
            "many_p95": after["p95"],
            "ratio_p50": round(after["p50"] / before["p50"], 2),
        }
    return report


def drain(stack: Stack, crowd: Crowd, threads: int) -> dict[str, object]:
    """Start a worker, and sample the calls until the last question is over."""
    connection = connect(stack.settings.broker_url)
    queue = Queue(QUESTIONS_QUEUE, connection=connection, serializer=JSONSerializer)
    finished = FinishedJobRegistry(queue=queue, serializer=JSONSerializer)
    client, last = crowd.client, crowd.jobs[-1]
    calls: dict[str, Callable[[], object]] = {
        "get_job, last": lambda: client.get_job(last.user, last.id),
        "list_jobs, 50": lambda: client.list_jobs(last.user, limit=50),
        "read_live, last": lambda: client.read_live(last.user, LiveText(last.id)),
    }
    times: dict[str, list[float]] = {name: [] for name in calls}
    began = None
    deadline = time.monotonic() + LONGEST_DRAIN_SECONDS
    with stack.worker(f"questions:{threads},indexing:1"):
        while time.monotonic() < deadline:
            done = connection.zcard(finished.key)
            if began is None and done:
                began = time.monotonic()
            if done >= len(crowd.jobs):
                break
            for name, call in calls.items():
                times[name].append(timed(call))
            time.sleep(SAMPLE_PAUSE_SECONDS)
        seconds = time.monotonic() - (began or time.monotonic())
    return {
        "seconds": round(seconds, 1),
        "per_second": round(len(crowd.jobs) / seconds, 1) if seconds else 0,
        "calls_ms": {name: spread_ms(values) for name, values in times.items()},
        "outcomes": outcomes(crowd),
    }


def outcomes(crowd: Crowd) -> dict[str, int]:
    """How the questions ended, and how many of them took more than one attempt."""
    with ThreadPoolExecutor(4) as pool:
        views = list(pool.map(lambda job: crowd.client.get_job(job.user, job.id), crowd.jobs))
    counts = Counter(view.state.value for view in views)
    return dict(counts) | {"more_than_one_attempt": sum(view.attempt > 1 for view in views)}


def run(options: argparse.Namespace, base_url: str, one_user: bool) -> dict[str, object]:
    signer = Signer(secret_of(Settings(_env_file=None)))
    with (
        local_stack("load-few", base_url, **DURABLE) as few_stack,
        local_stack("load-many", base_url, **DURABLE) as stack,
        http_api(few_stack.env) as few_url,
        http_api(stack.env) as url,
    ):
        stack.index_samples()
        few = Crowd(few_stack.jobs(), few_url, signer, one_user)
        many = Crowd(stack.jobs(), url, signer, one_user)
        few.submit(FEW)
        seconds = many.submit(options.questions)
        few_times, many_times = measure_calls([few, many])
        return {
            "questions": len(many.jobs),
            "users": len({job.user for job in many.jobs}),
            "submit_ms": spread_ms(seconds),
            "submitted_per_second": round(len(seconds) / sum(seconds)),
            "calls_ms": compare(few_times, many_times),
            "drain": drain(stack, many, options.threads),
        }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--questions", type=int, default=2000)
    parser.add_argument("--threads", type=int, default=64, help="question threads of the worker")
    parser.add_argument("--users", choices=("many", "one", "both"), default="both")
    options = parser.parse_args()
    os.environ["SECRET_KEY"] = "of this run alone"  # signs the users' cookies here and in the API
    with stub_model(TOKENS, STREAM_SECONDS) as base_url:
        for users in ("many", "one"):
            if options.users in (users, "both"):
                report = run(options, base_url, one_user=users == "one")
                print(json.dumps({f"{users} user(s)": report}, indent=2), flush=True)


if __name__ == "__main__":
    main()
