"""Limits that a child process sets itself before it reads a foreign file, and its exit codes."""

from __future__ import annotations

import math
import resource
import time
from contextlib import suppress
from pathlib import Path

from jobs.niceness import READER_NICENESS, give_way

# A few libraries and fonts are open at once.
MAX_OPEN_FILES = 64
# What such a process may take is processor time. Where others go first, so many times that may
# pass before it is taken to hang.
WAITING_TIMES = 5
OUT_OF_MEMORY_EXIT = 3
UNREADABLE_EXIT = 4
# Pages that are pictures take a second or two each, and a document has many of them. So the time
# counts page by page there, up to this in all.
PICTURES_SECONDS = 30 * 60

# What this process had used when its time last began anew.
_counted_seconds = 0


def limit_resources(memory_mb: int, seconds: int, more_seconds: int = 0) -> None:
    """Limit the address space, in MiB, the processor time and its share; forbid files and dumps.

    `more_seconds` is how much `allow_more_time` can add.
    Before `confine`, which takes away the file that says who goes first when memory runs out.
    """
    memory = memory_mb * 1024 * 1024
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + more_seconds + 5))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))  # it only writes to its pipes
    resource.setrlimit(resource.RLIMIT_NOFILE, (MAX_OPEN_FILES, MAX_OPEN_FILES))
    give_way(READER_NICENESS)
    # Where the machine runs out of memory first, let this process be killed, not its parent.
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000")


def allow_more_time() -> None:
    """Let the processor time begin anew, for the next page that is a picture."""
    limit, most = resource.getrlimit(resource.RLIMIT_CPU)
    if limit != resource.RLIM_INFINITY:
        global _counted_seconds
        used = math.ceil(time.process_time())
        resource.setrlimit(resource.RLIMIT_CPU, (min(limit + used - _counted_seconds, most), most))
        _counted_seconds = used
