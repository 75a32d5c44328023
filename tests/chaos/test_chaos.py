"""The short form of the chaos run; `make test-chaos` runs the long one."""

from __future__ import annotations

import json
from pathlib import Path

from tests.chaos.plan import Kind, make_short_plan
from tests.chaos.run import run

SEED = 1
QUESTIONS = 40
LOAD_SECONDS = 10.0


def test_questions_survive_faults_of_every_process(tmp_path: Path) -> None:
    """Under kills, a pause and a deploy, each accepted question gets one whole answer in time."""
    plan = make_short_plan(SEED)
    report = run(tmp_path, SEED, QUESTIONS, LOAD_SECONDS, plan)
    told = json.dumps(report.to_dict(), indent=2)
    assert not report.problems, told
    # What this stands on: the load was there, and the faults hit questions at work.
    assert (report.accepted, report.faults) == (QUESTIONS, len(plan)), told
    assert Kind.KILL in report.recovery_seconds, told
    assert report.refusals, told
