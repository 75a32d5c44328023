"""Which of our processes goes first where they share processors."""

from __future__ import annotations

import os
import threading
from contextlib import suppress
from pathlib import Path

# Each five steps leave two thirds of a busy processor to whoever has not taken them. Web and Valkey
# go first, as all wait for them. Then comes the worker, and then each file that it reads, which one
# user waits for; these steps are on top of those of the process that has started the reader.
WORKER_NICENESS = 5
READER_NICENESS = 5
# What nobody waits for comes after that. It is not the lowest: a thread may have to wait for a
# processor while it holds the interpreter's lock, and then all others of its process wait too.
BACKGROUND_NICENESS = 10


def give_way(steps: int) -> None:
    """Lower the priority of this process by so many steps, for good."""
    niceness = os.nice(steps)
    # Linux may weigh sessions rather than processes; this process should have one of its own.
    with suppress(OSError):
        if os.getsid(0) == os.getpid():
            Path("/proc/self/autogroup").write_text(str(niceness))


def thread_gives_way() -> None:
    """Lower the priority of the calling thread for good, where the system can (Linux)."""
    with suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), BACKGROUND_NICENESS)
