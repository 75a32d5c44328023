"""Which of our processes goes first."""

from __future__ import annotations

import subprocess
import sys

from jobs.niceness import READER_NICENESS, WORKER_NICENESS

# It has a session of its own, as a reader has.
PROGRAM = """
import os
from pathlib import Path
from jobs.extraction.resource_limits import limit_resources
from jobs.niceness import WORKER_NICENESS, give_way

before = os.nice(0)
give_way(WORKER_NICENESS)
worker = os.nice(0)
limit_resources(1024, 10)
print(worker - before, os.nice(0) - worker)
group = Path("/proc/self/autogroup")
try:
    print(group.read_text().endswith(f"nice {os.nice(0)}\\n"))
except OSError:  # this system has no such groups
    print(True)
"""


def test_worker_comes_after_web_and_its_readers_after_it() -> None:
    """By steps from where it started; those of its session too, where the system weighs them."""
    ran = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        capture_output=True,
        check=True,
        text=True,
        start_new_session=True,
    )
    assert ran.stdout.split() == [str(WORKER_NICENESS), str(READER_NICENESS), "True"]
    assert WORKER_NICENESS > 0
    assert READER_NICENESS > 0
