"""The short form of the chaos run; `make test-chaos` runs the long one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.chaos import run as chaos
from tests.chaos.plan import Kind, make_short_plan
from tests.waiting import HANG_SECONDS

SEED = 1
QUESTIONS = 40
LOAD_SECONDS = 10.0


def test_questions_survive_faults_of_every_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Under kills, a pause and a deploy, each accepted question gets one whole answer."""
    for bound in ("LIMIT_SECONDS", "RECOVERY_SECONDS", "END_SECONDS", "STOP_SECONDS"):
        monkeypatch.setattr(chaos, bound, float(HANG_SECONDS))
    plan = make_short_plan(SEED)
    report = chaos.run(tmp_path, SEED, QUESTIONS, LOAD_SECONDS, plan)
    told = json.dumps(report.to_dict(), indent=2)
    # How soon all is well again is for `make test-chaos` to measure.
    problems = [line for line in report.problems if not line.startswith("recovery: ")]
    assert not problems, told
    # What this stands on: the load was there, and the faults hit questions at work.
    assert (report.accepted, report.faults) == (QUESTIONS, len(plan)), told
    assert Kind.KILL in report.recovery_seconds, told
    assert report.refusals, told
