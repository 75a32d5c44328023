"""What kill -9 of Valkey loses of what it acknowledged, and what `appendfsync always` costs.

    python -m benchmarks.durability [--kills 20] [--folder DIR]

The server runs with the options of `jobs.local.valkey_server`, and with `always` in place of
`everysec`. 16 clients write; it is killed at a random moment and started again on the same folder;
each write that it had acknowledged must be there. Under `everysec` the server holds its log back
while an fsync is in progress, so the disk matters: quiet; busy, with a neighbour that writes and
fsyncs; slow, where each fsync is made to take 0.3 s (needs a C compiler). Beside that the two
policies are timed: a write, a submitted question, WAITAOF after a write, and the rate of events.
The folder must be on a real disk, not in memory.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import statistics
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import redis

from benchmarks.mortal import SLOW_FSYNC_MS, Server, busy_disk, compile_slow_fsync, server
from benchmarks.stack import QUESTION, spread_ms, timed
from jobs.models import Question
from jobs.questions.client import JobClient
from jobs.queue.broker import Broker
from jobs.queue.connection import connect

POLICIES = ("everysec", "always")
CLIENTS = 16
PAYLOAD = "x" * 200
# A kill comes this long after the clients began: fsyncs of `everysec` come once a second.
KILL_AFTER_SECONDS = (1.0, 3.0)
RATE_SECONDS = 3.0
WRITES, SUBMITS, WAITS, FSYNCS = 300, 100, 20, 50
WAITAOF_TIMEOUT_MS = 10_000


Write = Callable[[redis.Redis, int, int], object]
Read = Callable[[redis.Redis, int, list[int]], list[bool]]


def set_key(client: redis.Redis, writer: int, number: int) -> object:
    return client.set(f"key:{writer}:{number}", PAYLOAD)


def has_keys(client: redis.Redis, writer: int, numbers: list[int]) -> list[bool]:
    pipeline = client.pipeline(transaction=False)
    for number in numbers:
        pipeline.exists(f"key:{writer}:{number}")
    return [bool(reply) for reply in pipeline.execute()]


def add_event(client: redis.Redis, writer: int, number: int) -> object:
    return client.xadd(f"stream:{writer}", {"t": PAYLOAD}, id=f"{number + 1}-0")


def has_events(client: redis.Redis, writer: int, numbers: list[int]) -> list[bool]:
    there = {entry_id for entry_id, _ in client.xrange(f"stream:{writer}")}
    return [f"{number + 1}-0".encode() in there for number in numbers]


def submit(client: redis.Redis, writer: int, number: int) -> object:
    """A transaction like that of a submitted question."""
    pipeline = client.pipeline()
    pipeline.hset(f"job:{writer}:{number}", mapping={"user": "ann", "question": PAYLOAD})
    pipeline.zadd(f"jobs:{writer}", {str(number): number})
    pipeline.rpush(f"queue:{writer}", number)
    return pipeline.execute()


def has_submitted(client: redis.Redis, writer: int, numbers: list[int]) -> list[bool]:
    pipeline = client.pipeline(transaction=False)
    for number in numbers:
        pipeline.exists(f"job:{writer}:{number}")
    hashes = pipeline.execute()
    indexed = set(client.zrange(f"jobs:{writer}", 0, -1))
    queued = set(client.lrange(f"queue:{writer}", 0, -1))
    both = indexed & queued
    return [bool(h) and str(n).encode() in both for h, n in zip(hashes, numbers, strict=True)]


KINDS: tuple[tuple[Write, Read], ...] = (
    (set_key, has_keys),
    (add_event, has_events),
    (submit, has_submitted),
)


@dataclass
class Writer:
    """One client: it writes until the server is gone, and knows when each write was confirmed."""

    number: int
    confirmed: list[float] = field(default_factory=list)

    def run(self, client: redis.Redis) -> None:
        write, _ = KINDS[self.number % len(KINDS)]
        with contextlib.suppress(redis.exceptions.RedisError, OSError):
            while True:
                write(client, self.number, len(self.confirmed))
                self.confirmed.append(time.monotonic())

    def lost(self, client: redis.Redis) -> list[float]:
        """When the writes were confirmed that are not there."""
        _, read = KINDS[self.number % len(KINDS)]
        there = read(client, self.number, list(range(len(self.confirmed))))
        return [at for at, is_there in zip(self.confirmed, there, strict=True) if not is_there]


@dataclass
class Kills:
    """What the kills of one policy came to."""

    kills: int = 0
    confirmed: int = 0
    lost: list[int] = field(default_factory=list)  # for each kill
    window_seconds: list[float] = field(default_factory=list)
    during_fsync: int = 0

    def report(self) -> dict[str, object]:
        return {
            "kills": self.kills,
            "confirmed_writes": self.confirmed,
            "kills_during_fsync": self.during_fsync,
            "kills_that_lost": sum(count > 0 for count in self.lost),
            "lost_writes": sum(self.lost),
            "most_lost_by_one_kill": max(self.lost, default=0),
            "oldest_lost_ms": round(max(self.window_seconds, default=0) * 1000, 1),
        }


def kill_once(
    parent: Path, policy: str, preload: Path | None, seconds: float, kills: Kills
) -> None:
    with server(parent, policy, preload) as it:
        writers = [Writer(number) for number in range(CLIENTS)]
        threads = [threading.Thread(target=w.run, args=(it.client(),)) for w in writers]
        control = it.client()
        for thread in threads:
            thread.start()
        time.sleep(seconds)
        during_fsync = control.info("persistence")["aof_pending_bio_fsync"]
        killed = time.monotonic()
        it.kill()
        for thread in threads:
            thread.join()
        it.start()
        lost = [at for writer in writers for at in writer.lost(it.client())]
    kills.kills += 1
    kills.confirmed += sum(len(writer.confirmed) for writer in writers)
    kills.during_fsync += during_fsync > 0
    kills.lost.append(len(lost))
    kills.window_seconds += [killed - at for at in lost]


def measure_kills(
    parent: Path, count: int, moments: random.Random, preload: Path | None = None
) -> dict[str, object]:
    kills = {policy: Kills() for policy in POLICIES}
    for _ in range(count):
        for policy in POLICIES:  # in turn, so that both meet the same noise
            seconds = moments.uniform(*KILL_AFTER_SECONDS)
            kill_once(parent, policy, preload, seconds, kills[policy])
    return {policy: tally.report() for policy, tally in kills.items()}


@dataclass
class Costs:
    """Seconds of a write, of a submitted question and of WAITAOF; events for each second."""

    write: list[float] = field(default_factory=list)
    submit: list[float] = field(default_factory=list)
    waitaof: list[float] = field(default_factory=list)
    events_per_second: list[float] = field(default_factory=list)

    def report(self) -> dict[str, object]:
        return {
            "write_ms": spread_ms(self.write),
            "submit_question_ms": spread_ms(self.submit),
            "waitaof_ms": spread_ms(self.waitaof),
            "events_per_second": round(statistics.median(self.events_per_second)),
        }


def measure_costs(parent: Path, rounds: int) -> dict[str, object]:
    costs = {policy: Costs() for policy in POLICIES}
    with contextlib.ExitStack() as stack:
        servers = [stack.enter_context(server(parent, policy)) for policy in POLICIES]
        for _ in range(rounds):
            for it in servers:
                cost_once(it, costs[it.policy])
    fsync = spread_ms([fsync_once(parent) for _ in range(FSYNCS)])
    return {"fsync_ms": fsync} | {policy: cost.report() for policy, cost in costs.items()}


def cost_once(it: Server, costs: Costs) -> None:
    client = it.client()
    client.ping()
    costs.write += [timed(lambda n=n: client.set(f"key:{n}", PAYLOAD)) for n in range(WRITES)]
    jobs = JobClient(Broker(connect(it.settings.broker_url), it.settings))
    jobs.workers()  # connected
    costs.submit += [
        timed(lambda n=n: jobs.submit(f"user-{n}", Question(QUESTION))) for n in range(SUBMITS)
    ]
    costs.waitaof += waitaof_times(it, WAITS)
    costs.events_per_second.append(event_rate(it))


def waitaof_times(it: Server, count: int) -> list[float]:
    """Seconds from after a write until WAITAOF says that it is on the disk."""
    client, seconds = it.client(), []
    for number in range(count):
        time.sleep(random.uniform(0, 0.2))  # no fixed phase of the server's second
        client.set(f"key:{number}", PAYLOAD)
        started = time.perf_counter()
        reply = client.waitaof(1, 0, WAITAOF_TIMEOUT_MS)
        seconds.append(time.perf_counter() - started)
        assert reply == [1, 0], reply
    return seconds


def measure_waitaof(parent: Path, preload: Path) -> dict[str, object]:
    """WAITAOF under `everysec` where an fsync takes long: a reply before that came too early."""
    with server(parent, "everysec", preload) as it:
        seconds = waitaof_times(it, 3 * WAITS)
    early = sum(value < SLOW_FSYNC_MS / 1000 for value in seconds)
    return {"waitaof_ms": spread_ms(seconds), "replies": len(seconds), "before_an_fsync": early}


def event_rate(it: Server) -> float:
    """Events of as many clients as above, each for each second."""
    ends = time.monotonic() + RATE_SECONDS
    counts = [0] * CLIENTS

    def add(number: int) -> None:
        client = it.client()
        while time.monotonic() < ends:
            client.xadd(f"stream:{number}", {"t": PAYLOAD}, maxlen=20_000, approximate=True)
            counts[number] += 1

    threads = [threading.Thread(target=add, args=(number,)) for number in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts) / RATE_SECONDS


def fsync_once(folder: Path) -> float:
    """Append a little to a file and fsync it; seconds."""
    with (folder / "probe").open("ab") as file:
        file.write(PAYLOAD.encode())
        file.flush()
        return timed(lambda: os.fsync(file.fileno()))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=20, help="of each policy, on each disk")
    parser.add_argument("--rounds", type=int, default=3, help="turns of each policy, for the costs")
    parser.add_argument("--folder", type=Path, default=None, help="where; else the temporary one")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    moments = random.Random(options.seed)
    with tempfile.TemporaryDirectory(prefix="askqueue-durability-", dir=options.folder) as name:
        folder = Path(name)
        for disk, neighbour in (("quiet", contextlib.nullcontext()), ("busy", busy_disk(folder))):
            with neighbour:
                show(f"{disk} disk, costs", measure_costs(folder, options.rounds))
                show(f"{disk} disk, kills", measure_kills(folder, options.kills, moments))
        if preload := compile_slow_fsync(folder):
            show("slow disk, WAITAOF", measure_waitaof(folder, preload))
            kills = measure_kills(folder, options.kills, moments, preload)
            show("slow disk, kills", kills)


def show(name: str, report: dict[str, object]) -> None:
    print(json.dumps({name: report}, indent=2), flush=True)


if __name__ == "__main__":
    main()
