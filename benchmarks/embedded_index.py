"""What the embedded index takes for many passages: to store, to search, to open again, in memory.

python -m benchmarks.embedded_index [--passages N] [--dimensions D] [--kills N]

The passages have words as often as words are in a language (Zipf), 200 each, in documents of 500.
With --kills, a process that writes is killed so many times instead, each time at some moment.
"""

from __future__ import annotations

import argparse
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate
from pathlib import Path

import psutil

from jobs.models import Passage
from jobs.search.edge_engine import EdgeEngine
from jobs.search.engine import Entry, Scope
from jobs.search.points import passage_id
from tests.integration.test_embedded_index import kill_while_it_writes

NAME = "passages2-benchmark"
VOCABULARY = [f"word{number}" for number in range(60_000)]
WEIGHTS = [*accumulate(1 / rank for rank in range(1, len(VOCABULARY) + 1))]
TERMS, OF_DOCUMENT, SEARCHES = 200, 500, 200


def entries(count: int, dimensions: int, rng: random.Random) -> Iterator[Entry]:
    for number in range(count):
        document = f"document{number // OF_DOCUMENT}"
        terms = rng.choices(VOCABULARY, cum_weights=WEIGHTS, k=TERMS)
        vector = [rng.gauss(0, 1) for _ in range(dimensions)] if dimensions else None
        passage = Passage(passage_id(document, number), document, document, " ".join(terms))
        yield Entry(passage, terms, vector)


def show_times(what: str, search: Callable[[], Sequence[Passage]]) -> None:
    """Print the median and the 95th percentile of so many searches, in ms."""
    taken = []
    for _ in range(SEARCHES):
        began = time.perf_counter()
        search()
        taken.append((time.perf_counter() - began) * 1000)
    points = statistics.quantiles(taken, n=20)
    print(f"{what}: p50 {points[9]:.1f} ms, p95 {points[18]:.1f} ms")


def search_all(engine: EdgeEngine, dimensions: int, count: int, rng: random.Random) -> None:
    def terms() -> dict[str, float]:
        return dict.fromkeys(rng.choices(VOCABULARY, cum_weights=WEIGHTS, k=10), 1.0)

    def one() -> Scope:
        return Scope("ann", (f"document{rng.randrange(max(1, count // OF_DOCUMENT))}",))

    show_times("by words, all", lambda: engine.by_words(NAME, terms(), Scope("ann"), 48))
    show_times("by words, one document", lambda: engine.by_words(NAME, terms(), one(), 48))
    if dimensions:
        vector = [rng.gauss(0, 1) for _ in range(dimensions)]
        show_times("by vector, all", lambda: engine.by_vector(NAME, vector, Scope("ann"), 48))
        show_times("by vector, one document", lambda: engine.by_vector(NAME, vector, one(), 48))


def build_and_search(folder: Path, count: int, dimensions: int) -> None:
    rng, process = random.Random(1), psutil.Process()
    engine = EdgeEngine(folder)
    engine.create(NAME, dimensions or None)
    began, cpu = time.perf_counter(), process.cpu_times().user
    engine.upsert(NAME, entries(count, dimensions, rng))
    print(
        f"{count} passages stored in {time.perf_counter() - began:.1f} s, "
        f"{process.cpu_times().user - cpu:.1f} s of processor with the making of them"
    )
    search_all(engine, dimensions, count, rng)
    engine.close()
    used = subprocess.run(["du", "-sm", folder], capture_output=True, text=True, check=True)
    print(f"{used.stdout.split()[0]} MB on disk")


def open_and_search(folder: Path, count: int, dimensions: int) -> None:
    """In a process of its own, as after a restart."""
    rng, process = random.Random(2), psutil.Process()
    before = process.memory_info().rss
    began, cpu = time.perf_counter(), process.cpu_times().user
    engine = EdgeEngine(folder)
    print(
        f"opened in {time.perf_counter() - began:.1f} s, "
        f"{process.cpu_times().user - cpu:.1f} s of processor"
    )
    search_all(engine, dimensions, count, rng)
    print(f"{(process.memory_info().rss - before) / 2**20:.0f} MB of memory more")
    engine.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--passages", type=int, default=36_000)
    parser.add_argument("--dimensions", type=int, default=0)
    parser.add_argument("--kills", type=int, default=0)
    parser.add_argument("--folder", type=Path)
    options = parser.parse_args()
    if options.folder:
        open_and_search(options.folder, options.passages, options.dimensions)
        return
    with tempfile.TemporaryDirectory() as folder:
        if options.kills:
            stored = kill_while_it_writes(Path(folder), options.kills, random.Random())
            print(f"killed {options.kills} times: none of {stored} documents is lost or half there")
            return
        build_and_search(Path(folder) / "index", options.passages, options.dimensions)
        again = ["--passages", str(options.passages), "--dimensions", str(options.dimensions)]
        again += ["--folder", str(Path(folder) / "index")]
        subprocess.run([sys.executable, "-m", "benchmarks.embedded_index", *again], check=True)


if __name__ == "__main__":
    main()
