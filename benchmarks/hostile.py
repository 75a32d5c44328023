"""What one hostile user costs another: a page, a submit and a status, quiet and under attack.

    python -m benchmarks.hostile [--seconds 60] [--attacks upload,follow]

A real web server, worker and Valkey with the default limits, and a model server whose answers to
the hostile user are as long and as twisted as they may be. Ann opens the Ask page, submits a
question and reads its status, again and again: quiet, while Eve does all of
`benchmarks.hostile_user` at the same time, and quiet again. A Markdown table comes out. Exits with
1 if a p95 under attack is more than twice that of the quiet times.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import httpx
import psutil

from benchmarks.browsing import draw
from benchmarks.hostile_user import NICENESS
from benchmarks.sessions import web_process
from benchmarks.stack import (
    DURABLE,
    QUESTION,
    Stack,
    free_port,
    local_stack,
    process,
    spread_ms,
    timed,
    wait_for,
)
from jobs.niceness import give_way
from jobs.queue.broker import Broker
from jobs.queue.connection import connect
from jobs.settings import QUEUE_NAMES
from tests.fakes import FakeModelServer
from ui.identity.browser_cookie import Signer

SECRET = "benchmark"
BAR = 2.0
PAUSE_SECONDS = 0.2
# Ann stays below QUESTIONS_PER_MINUTE.
BETWEEN_QUESTIONS_SECONDS = 1.1
# Before it is measured: so long does it take until her queues are full.
WARM_SECONDS = 20.0
# Some 40,000 characters of what costs most to check and to draw.
HOSTILE_ANSWER = (
    "| a | b |\n|---|---|\n"
    + "| [1][2] | ![x](http://x) |\n" * 500
    + "“quoted words [1]” | " * 600
    + "word-\nbroken " * 500
)
CALLS = ("page", "submit", "status")
# What web works for anybody while a call lasts: it tells how long others are let in before Ann,
# whatever else the machine does.
WEB = "web's work during a "

Times: TypeAlias = "dict[str, list[float]]"


class HostileModel(FakeModelServer):
    """Answers Ann briefly, and everybody else at length."""

    def words_of(self, request: dict[str, Any]) -> list[str]:
        if QUESTION in request["messages"][-1]["content"]:
            return ["The ", "limit ", "is ", "EUR 160 ", "[1]."]
        return [HOSTILE_ANSWER[at : at + 40] for at in range(0, len(HOSTILE_ANSWER), 40)]


class Ann:
    """A user who goes on with her work, and takes the time."""

    def __init__(self, url: str, cookie: str, web: psutil.Process) -> None:
        self._url, self._cookie, self._web = url, cookie, web
        self._http = httpx.Client(base_url=url, headers={"Cookie": cookie}, timeout=120)
        self._asked_at = 0.0
        self._job = ""

    def work(self, seconds: float) -> Times:
        """Do everything in turn for so long; the seconds of each call, and of web's work."""
        times: Times = {name: [] for call in CALLS for name in (call, WEB + call)}

        def take(call: str, work: Callable[[], object]) -> None:
            used = processor_seconds(self._web)
            times[call].append(timed(work))
            times[WEB + call].append(processor_seconds(self._web) - used)

        ends = time.monotonic() + seconds
        while time.monotonic() < ends:
            take("page", self.open_page)
            if time.monotonic() - self._asked_at > BETWEEN_QUESTIONS_SECONDS:
                self._asked_at = time.monotonic()
                take("submit", self.submit)
            take("status", self.read_status)
            time.sleep(PAUSE_SECONDS)
        return times

    def open_page(self) -> None:
        """The page itself, then what its script draws, over the websocket."""
        self._http.get("/").raise_for_status()
        draw(self._url.removeprefix("http://"), self._cookie, "", "")

    def submit(self) -> None:
        asked = self._http.post("/api/chat", json={"query": QUESTION})
        asked.raise_for_status()
        self._job = asked.json()["job_id"]

    def read_status(self) -> None:
        self._http.get(f"/api/job-status/{self._job}").raise_for_status()


def processor_seconds(process: psutil.Process) -> float:
    """Return what it has used, finer than in /proc; by its clock, see clock_getcpuclockid(3)."""
    return time.clock_gettime(~process.pid << 3 | 2)


def waited_seconds(process: psutil.Process) -> float:
    """Return how long its threads could have run while no processor was free; 0 if not known."""
    waited = 0
    for file in Path(f"/proc/{process.pid}/task").glob("*/schedstat"):
        with contextlib.suppress(OSError):  # that thread has just ended
            waited += int(file.read_text().split()[1])
    return waited / 1e9


class Usage:
    """What processes take of the processors."""

    def __init__(self, processes: Mapping[str, psutil.Process]) -> None:
        self._processes = processes
        self._before = self._seconds()
        self._waited = waited_seconds(processes["web"])
        self._began = time.monotonic()

    def shares(self) -> dict[str, float]:
        """Return the share of one processor that each has taken since the beginning."""
        lasted = time.monotonic() - self._began
        waited = waited_seconds(self._processes["web"]) - self._waited
        return {"web waits": round(waited / lasted, 2)} | {
            name: round((seconds - self._before[name]) / lasted, 2)
            for name, seconds in self._seconds().items()
        }

    def _seconds(self) -> dict[str, float]:
        used = {}
        for name, each in self._processes.items():
            times = each.cpu_times()
            used[name] = times.user + times.system + times.children_user + times.children_system
        return used


def server_of(stack: Stack) -> psutil.Process:
    """Return the process of the stack's Valkey."""
    return psutil.Process(connect(stack.settings.broker_url).info("server")["process_id"])


def settle(stack: Stack, web: str, cookie: str) -> None:
    """Remove what Eve has left, and wait until nobody works for her any more."""
    with httpx.Client(base_url=f"{web}/api", headers={"Cookie": cookie}, timeout=120) as eve:
        for batch in eve.get("/batches", params={"limit": 100}).json()["batches"]:
            eve.delete(f"/batches/{batch['id']}")
        for job in eve.get("/jobs", params={"limit": 200}).json()["jobs"]:
            eve.post(f"/jobs/{job['job_id']}/stop")
        for document in eve.get("/documents", params={"limit": 500}).json()["documents"]:
            eve.delete(f"/documents/{document['id']}")
    broker = Broker(connect(stack.settings.broker_url), stack.settings)

    def is_quiet() -> bool:
        queues = [broker.queues[name] for name in QUEUE_NAMES]
        return not any(
            queue.count or queue.started_job_registry.get_job_count(cleanup=False)
            for queue in queues
        )

    wait_for(is_quiet, 300, "the end of what the hostile user had begun")


def table(quiet: Sequence[Times], hostile: Times) -> tuple[str, float]:
    """Return the table in Markdown, and the greatest ratio of a p95."""
    lines = [
        "| call | calls | quiet p50, ms | p95 | hostile p50, ms | p95 | ratio of p50 | of p95 |",
        "|---|--:|--:|--:|--:|--:|--:|--:|",
    ]
    worst = 0.0
    for call in sorted(hostile, key=lambda call: call.startswith(WEB)):
        before = spread_ms([each for times in quiet for each in times[call]])
        under = spread_ms(hostile[call])
        ratios = [under[rank] / before[rank] for rank in ("p50", "p95")]
        if call in CALLS:
            worst = max(worst, ratios[1])
        figures = [f"{row[rank]:.0f}" for row in (before, under) for rank in ("p50", "p95")]
        cells = [call, str(len(hostile[call])), *figures, *(f"{ratio:.1f}" for ratio in ratios)]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines), worst


def note(what: str, times: Times, usage: Usage) -> None:
    spreads = {call: spread_ms(times[call]) for call in CALLS}
    print(
        f"{what}: {spreads}, processors: {usage.shares()}, load {os.getloadavg()[0]:.0f}",
        file=sys.stderr,
        flush=True,
    )


def measure(stack: Stack, worker: psutil.Process, seconds: float, attacks: Sequence[str]) -> int:
    signer = Signer(SECRET)
    ann_cookie, eve_cookie = (f"{signer.cookie_name}={signer.new_cookie()}" for _ in range(2))
    with web_process(stack.env) as (url, web):
        ann = Ann(url, ann_cookie, web)
        ann.submit()
        ann.work(min(seconds, 10))  # what is done once, is done
        processes = {"web": web, "worker": worker, "valkey": server_of(stack)}

        def take(what: str) -> Times:
            usage = Usage(processes)
            times = ann.work(seconds)
            note(what, times, usage)
            return times

        before = take("quiet")
        counts = stack.folder / "counts.json"
        eve = ["-m", "benchmarks.hostile_user", url, eve_cookie, str(counts), *attacks]
        with process(eve, stack.env):
            wait_for(counts.exists, 300, "the first attack")
            ann.work(min(seconds, WARM_SECONDS))
            under = take("hostile")
            print(counts.read_text(), file=sys.stderr)
            memory = {name: each.memory_info().rss / 2**20 for name, each in processes.items()}
        settle(stack, url, eve_cookie)
        after = take("quiet again")
    lines, worst = table((before, after), under)
    print(lines)
    made: Counter[str] = Counter()
    for name, count in json.loads(counts.read_text()).items():
        made[name.rpartition(" ")[0]] += count
    print(
        f"\nThe hostile user made {sum(made.values()):,} calls. At the end, web had "
        f"{memory['web']:.0f} MB, the worker {memory['worker']:.0f} MB."
    )
    return 0 if worst <= BAR else 1


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=60, help="of each of the three times")
    parser.add_argument("--attacks", default="", help="only these loops of hostile_user")
    parser.add_argument("--model", type=int, default=0, help="only serve the model, at this port")
    options = parser.parse_args()
    if options.model:
        give_way(NICENESS)  # as the hostile user, see there
        HostileModel(options.model).start()
        threading.Event().wait()
    os.environ["SECRET_KEY"] = SECRET
    port = free_port()
    with (
        process(["-m", "benchmarks.hostile", "--model", str(port)], dict(os.environ)),
        local_stack("hostile", f"http://127.0.0.1:{port}/v1", **DURABLE) as stack,
        stack.worker(threads=stack.settings.worker_threads) as worker,
    ):
        attacks = options.attacks.split(",") if options.attacks else ()
        return measure(stack, psutil.Process(worker.pid), options.seconds, attacks)


if __name__ == "__main__":
    raise SystemExit(main())
