"""Waiting for other processes and threads, in one place and with one bound.

The bound tells a hang from slowness and nothing else: no test fails because the machine is busy.
How long things take is measured in benchmarks/.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

# `HANG_SECONDS=20 pytest …` fails sooner while a test is being written.
HANG_SECONDS = int(os.environ.get("HANG_SECONDS", "300"))
POLL_SECONDS = 0.02


def until(probe: Callable[[], T], what: str = "") -> T:
    """Call `probe` until it returns something true, and return that.

    Raises AssertionError, with `what` was waited for, after `HANG_SECONDS`.
    """
    deadline = time.monotonic() + HANG_SECONDS
    while not (value := probe()):
        assert time.monotonic() < deadline, f"{what or probe}: not within {HANG_SECONDS} s"
        time.sleep(POLL_SECONDS)
    return value
