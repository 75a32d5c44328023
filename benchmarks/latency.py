"""What a millisecond or two between worker and Valkey costs.

    python -m benchmarks.latency [--rounds 5] [--threads 64]

The worker reaches Valkey through a proxy that adds 0, 1 or 2 ms to each round trip; everything
else reaches it directly. The three take turns in one run with one worker, so that all meet the
same noise. Read the ratios to 0 ms. How many round trips a question makes explains them.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from dataclasses import dataclass, field

import httpx
import redis

from benchmarks.proxy import Proxy, running_proxy
from benchmarks.stack import (
    DURABLE,
    DirectModel,
    Stack,
    ask_through_api,
    http_api,
    local_stack,
    median_ms,
    run_many,
    spread_ms,
    stub_model,
    timed,
)
from jobs.queue.connection import connect

TOKENS = 50
STREAM_SECONDS = 0.7
ADDED_MS = (0, 1, 2)
PINGS = 200
# Several turns of the blocking pops and of the watchers of a worker.
IDLE_SECONDS = 20.0
COUNTED_QUESTIONS = 30


@dataclass
class Tally:
    """What was measured at one added latency; seconds, and counts for all questions together."""

    pings: list[float] = field(default_factory=list)
    direct: list[float] = field(default_factory=list)
    queued: list[float] = field(default_factory=list)
    at_once: list[float] = field(default_factory=list)
    finished: int = 0
    late: list[dict[str, float]] = field(default_factory=list)

    @property
    def overhead_ms(self) -> float:
        """Median of the pairs: through the queue less directly."""
        pairs = zip(self.direct, self.queued, strict=True)
        return statistics.median(queued - direct for direct, queued in pairs) * 1000

    @property
    def per_second(self) -> float:
        return 1 / statistics.median(self.at_once)


@dataclass
class Bench:
    """The parts of one run."""

    stack: Stack
    proxy: Proxy
    model: DirectModel
    api: httpx.Client
    through_proxy: redis.Redis
    options: argparse.Namespace

    def one_by_one(self, tally: Tally) -> None:
        """Some questions, each after a direct one."""
        for _ in range(self.options.questions):
            tally.direct.append(self.model.ask())
            tally.queued.append(ask_through_api(self.api))

    def many_at_once(self, tally: Tally) -> None:
        seconds, states = run_many(self.stack.jobs(), self.options.at_once)
        tally.at_once.append(seconds / self.options.at_once)
        tally.finished += states.count("finished")


def measure(bench: Bench) -> dict[str, object]:
    tallies = {added: Tally() for added in ADDED_MS}
    for _ in range(bench.options.rounds):
        for added, tally in tallies.items():
            bench.proxy.set_round_trip(added / 1000)
            bench.proxy.count()
            tally.pings += [timed(bench.through_proxy.ping) for _ in range(PINGS)]
            bench.one_by_one(tally)
            bench.many_at_once(tally)
            tally.late.append(bench.proxy.count().late_ms)
    direct = connect(bench.stack.settings.broker_url)
    direct.ping()
    base = tallies[0]
    return {
        "ping_without_proxy_ms": round(median_ms([timed(direct.ping) for _ in range(PINGS)]), 3),
        "direct_at_once_per_second": round(
            bench.options.at_once / bench.model.ask_at_once(bench.options.at_once), 1
        ),
        "added_ms": {added: report_of(tally, base) for added, tally in tallies.items()},
    }


def trips_in_the_way(tally: Tally, base: Tally) -> float | None:
    """Round trips that a question waits for: what it takes longer for each ms that PING does.

    The others go on while the model is silent, and cost nothing.
    """
    longer_ping = median_ms(tally.pings) - median_ms(base.pings)
    if tally is base or longer_ping <= 0:
        return None
    return round((tally.overhead_ms - base.overhead_ms) / longer_ping, 1)


def report_of(tally: Tally, base: Tally) -> dict[str, object]:
    return {
        "ping_ms": spread_ms(tally.pings),
        "proxy_late_ms": {
            name: round(statistics.median(late[name] for late in tally.late), 3)
            for name in ("p50", "p95")
        },
        "direct_median_ms": round(median_ms(tally.direct), 1),
        "queued_median_ms": round(median_ms(tally.queued), 1),
        "queued_to_0_ms": round(median_ms(tally.queued) / median_ms(base.queued), 3),
        "overhead_median_ms": round(tally.overhead_ms, 1),
        "overhead_to_0_ms": round(tally.overhead_ms / base.overhead_ms, 2),
        "trips_in_the_way": trips_in_the_way(tally, base),
        "at_once_per_second": round(tally.per_second, 1),
        "at_once_to_0_ms": round(tally.per_second / base.per_second, 2),
        "at_once_finished": tally.finished,
    }


def count_round_trips(bench: Bench) -> dict[str, object]:
    """What one thread of a worker sends for a question, and what an idle worker does anyway.

    The commands are those of the worker and of whoever asked and waits, by name.
    """
    connection = connect(bench.stack.settings.broker_url)
    bench.proxy.count()
    time.sleep(IDLE_SECONDS)
    idle = bench.proxy.count().round_trips / IDLE_SECONDS
    connection.config_resetstat()
    seconds = sum(ask_through_api(bench.api) for _ in range(COUNTED_QUESTIONS))
    counted = bench.proxy.count().round_trips
    stats = connection.info("commandstats")
    calls = {name.removeprefix("cmdstat_"): values["calls"] for name, values in stats.items()}
    common = sorted(calls.items(), key=lambda item: -item[1])
    return {
        "idle_per_second": round(idle, 1),
        "per_question": round((counted - idle * seconds) / COUNTED_QUESTIONS, 1),
        "per_question_with_idle": round(counted / COUNTED_QUESTIONS, 1),
        "commands_per_question": {
            name: round(number / COUNTED_QUESTIONS, 1)
            for name, number in common
            if number >= COUNTED_QUESTIONS
        },
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5, help="turns of each latency")
    parser.add_argument("--questions", type=int, default=10, help="one at a time, in each turn")
    parser.add_argument("--at-once", type=int, default=64)
    parser.add_argument("--threads", type=int, default=64, help="question threads of the worker")
    options = parser.parse_args()
    with (
        stub_model(TOKENS, STREAM_SECONDS) as base_url,
        local_stack("latency", base_url, **DURABLE) as stack,
        running_proxy(stack.valkey.host, stack.valkey.port) as proxy,
        http_api(stack.env) as api_url,
        httpx.Client(base_url=api_url, timeout=60) as api,
    ):
        url = f"redis://127.0.0.1:{proxy.port}/0"
        bench = Bench(stack, proxy, DirectModel(base_url), api, connect(url), options)
        with stack.worker("questions:1,indexing:1", REDIS_URL=url):
            ask_through_api(api)  # warm
            counts = count_round_trips(bench)
        with stack.worker(f"questions:{options.threads},indexing:1", REDIS_URL=url):
            bench.model.ask(), ask_through_api(api), bench.through_proxy.ping()  # all warm
            report = measure(bench)
        print(json.dumps({"round_trips": counts} | report, indent=2))


if __name__ == "__main__":
    main()
