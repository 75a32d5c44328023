"""Limits that a child process sets itself before it reads a foreign file, and its exit codes."""

from __future__ import annotations

import resource
from contextlib import suppress
from pathlib import Path

OUT_OF_MEMORY_EXIT = 3
UNREADABLE_EXIT = 4


def limit_resources(memory_mb: int, seconds: int) -> None:
    """Limit the address space, in MiB, and the processor time; forbid files and core dumps."""
    memory = memory_mb * 1024 * 1024
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 5))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))  # it only writes to its pipes
    # Where the machine runs out of memory first, let this process be killed, not its parent.
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000")
