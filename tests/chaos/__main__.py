"""Kill processes at random while questions come in, and check that each got one answer.

    python -m tests.chaos --seed 1 --questions 300

The same seed gives the same faults at the same moments. What they hit differs a little from run
to run, as the machine does: a seed that failed may have to be run more than once.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from pathlib import Path

from tests.chaos.plan import Fault, make_plan
from tests.chaos.run import run
from tests.chaos.verdict import COLUMNS, Report

QUESTIONS_PER_SECOND = 2.0


def main(arguments: list[str]) -> int:
    """0 if every promise was kept, 1 if not."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--questions", type=int, default=300)
    parser.add_argument("--seconds", type=float, help="of the load; 2 questions a second if unset")
    parser.add_argument("--json", action="store_true", help="print nothing but the report as JSON")
    options = parser.parse_args(arguments)
    seconds = options.seconds or options.questions / QUESTIONS_PER_SECOND
    folder = Path(tempfile.mkdtemp(prefix=f"askqueue-chaos-{options.seed}-"))
    plan = make_plan(options.seed, seconds)
    if not options.json:
        _say(f"{_describe(plan)}\nData and logs while it runs: {folder}")
    report = run(folder, options.seed, options.questions, seconds, plan)
    _keep(folder, report, plan)
    if options.json:
        _say(json.dumps(_to_dict(report, plan), indent=2))
    else:
        _say(json.dumps(report.to_dict(), indent=2))
        _say(f"\n| {' | '.join(COLUMNS)} |\n|{' --- |' * len(COLUMNS)}\n{report.to_markdown()}\n")
        _say("\n".join(report.problems))
        _say(f"Report{' and logs' if report.problems else ''}: {folder}")
    return 1 if report.problems else 0


def _describe(plan: list[Fault]) -> str:
    lines = [
        f"{fault.at:7.2f} s  {fault.kind.value}  {fault.target}, for {fault.seconds} s"
        for fault in plan
    ]
    return "\n".join([*lines, json.dumps([fault.to_dict() for fault in plan])])


def _keep(folder: Path, report: Report, plan: list[Fault]) -> None:
    """Leave the report; the data never, the logs only if something went wrong."""
    for path in folder.iterdir():
        if path.name != "logs" or not report.problems:
            shutil.rmtree(path)
    (folder / "report.json").write_text(json.dumps(_to_dict(report, plan), indent=2))
    (folder / "report.md").write_text(report.to_markdown() + "\n")


def _to_dict(report: Report, plan: list[Fault]) -> dict[str, object]:
    return {**report.to_dict(), "plan": [fault.to_dict() for fault in plan]}


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
