"""What many open pages cost one web process, while each has an answer in the making, and after.

    python -m benchmarks.sessions [--sessions 1,50,100,200] [--seconds 30]

Each session is a websocket that says what a browser says (benchmarks/browsers.py), of a user of its
own, whose answer grows (benchmarks/writing.py). A refresh lasts from the timer of the page to the
message that it was drawn. Then the answers are finished, and the pages stay open.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import psutil

from benchmarks.stack import (
    DURABLE,
    QUESTION,
    ROOT,
    Stack,
    answers,
    free_port,
    local_stack,
    process,
    spread_ms,
    wait_for,
)
from benchmarks.writing import Writing
from jobs.models import JobView, Question
from jobs.queue.broker import Broker
from jobs.queue.connection import connect
from jobs.queue.durations import note_duration
from jobs.settings import QUESTIONS_QUEUE
from ui.identity.browser_cookie import Signer

SECRET = "benchmark"
SETTLE_SECONDS = 5.0


class Browsers:
    """The process that plays the browsers."""

    def __init__(self, url: str) -> None:
        self._child = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.browsers", url],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def open(self, cookie: str) -> None:
        self._say(f"open {cookie}")

    def measure(self, seconds: float) -> dict[str, Any]:
        return self._say(f"measure {seconds}")

    def close(self) -> None:
        self._child.kill()
        self._child.wait()

    def _say(self, line: str) -> dict[str, Any]:
        assert self._child.stdin is not None
        assert self._child.stdout is not None
        print(line, file=self._child.stdin, flush=True)
        reply = self._child.stdout.readline()
        if not reply:
            raise SystemExit(f"the browsers ended at {line!r}")
        return dict(json.loads(reply))


@contextlib.contextmanager
def web_process(env: dict[str, str]) -> Iterator[tuple[str, psutil.Process]]:
    """The web process as `make run` starts it; yields its URL and the process."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    arguments = ["-m", "streamlit", "run", "ui/server.py", "--server.port", str(port)]
    with process(arguments, env) as child:
        wait_for(lambda: answers(f"{url}/_stcore/health"), 60, "the web process")
        yield url, psutil.Process(child.pid)


def ask(stack: Stack, user: str, before: int) -> JobView:
    """The question whose answer is watched, after `before` earlier ones of the same user."""
    jobs = stack.jobs(user_concurrency=before + 1)
    for number in range(before):
        job = jobs.submit(user, Question(f"{QUESTION} ({number})"))
        jobs.stop(user, job.id)
    return jobs.submit(user, Question(QUESTION))


def watch(browsers: Browsers, web: psutil.Process, seconds: float) -> dict[str, object]:
    """What the browsers saw for some seconds, and what the web process took for it."""
    before = web.cpu_times()
    seen = browsers.measure(seconds)
    after, lasted = web.cpu_times(), float(seen["seconds"])
    busy = (after.user + after.system - before.user - before.system) / lasted
    refreshes = [float(each) for each in seen["refreshes"]]
    count = len(refreshes)
    return {
        "refresh_ms": spread_ms(refreshes) | p99_ms(refreshes) if refreshes else None,
        "refreshes_per_second": round(count / lasted, 1),
        "asked_and_not_drawn": seen["still_asked"],
        "asked_while_one_was_under_way": seen["overlapping"],
        "whole_pages": seen["whole_pages"],
        "messages_per_refresh": round(seen["messages"] / count, 1) if count else seen["messages"],
        "kb_per_refresh": round(seen["bytes"] / count / 1024, 1) if count else 0,
        "web_cpu_percent": round(busy * 100, 1),
        "web_cpu_ms_per_refresh": round(busy * lasted / count * 1000, 2) if count else None,
        "web_mb": round(web.memory_info().rss / 2**20),
        "web_threads": web.num_threads(),
        "browsers_cpu_percent": round(float(seen["cpu"]) * 100),
        "browsers_late_p95_ms": round(float(seen["late_p95"]) * 1000, 1),
        "closed": seen["closed"],
        "load": os.getloadavg()[0],
    }


def p99_ms(seconds: list[float]) -> dict[str, float]:
    rank = max(0, -(-99 * len(seconds) // 100) - 1)
    return {"p99": round(sorted(seconds)[rank] * 1000, 2)}


def measure(stack: Stack, sessions: int, options: argparse.Namespace) -> dict[str, object]:
    """One web process with so many sessions: while their answers are written, and after."""
    signer = Signer(SECRET)
    cookies = [f"{signer.cookie_name}={signer.new_cookie()}" for _ in range(sessions)]
    users = [str(signer.user_of(dict([cookie.split("=", 1)]))) for cookie in cookies]
    broker = Broker(connect(stack.settings.broker_url), stack.settings)
    writing = Writing(broker, options.words_seconds)
    writing.begin(ask(stack, user, options.before) for user in users)
    writing.start()
    with web_process(stack.env) as (url, web), contextlib.closing(Browsers(url)) as browsers:
        opened = time.perf_counter()
        for cookie in cookies:
            browsers.open(cookie)
        opened = time.perf_counter() - opened
        browsers.measure(SETTLE_SECONDS)
        running = watch(browsers, web, options.seconds)
        writing.finish_all()
        browsers.measure(SETTLE_SECONDS)
        idle = watch(browsers, web, options.idle_seconds)
    writing.close()
    return {"opened_ms_each": round(opened / sessions * 1000), "running": running, "idle": idle}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sessions", default="1,50,100,200", help="numbers of open pages")
    parser.add_argument("--seconds", type=float, default=30, help="of each measurement")
    parser.add_argument("--idle-seconds", type=float, default=30, help="the same, afterwards")
    parser.add_argument("--before", type=int, default=5, help="earlier questions of each user")
    parser.add_argument("--words-seconds", type=float, default=0.5, help="an answer grows so often")
    options = parser.parse_args()
    os.environ["SECRET_KEY"] = SECRET
    for sessions in map(int, options.sessions.split(",")):
        with local_stack("sessions", "http://127.0.0.1:9/v1", **DURABLE) as stack:
            broker = Broker(connect(stack.settings.broker_url), stack.settings)
            with broker.connection.pipeline() as pipeline:
                for number in range(50):  # so that pages say when an answer is expected
                    note_duration(pipeline, QUESTIONS_QUEUE, 60 + number, 3600)
                pipeline.execute()
            print(
                json.dumps({"sessions": sessions} | measure(stack, sessions, options)), flush=True
            )


if __name__ == "__main__":
    main()
