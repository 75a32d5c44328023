"""Starts a program of `make run` that must not outlive the process manager.

`python -m jobs.local.parent_death PROGRAM ARGUMENT…` becomes PROGRAM. To start quickly, it imports
nothing but the standard library.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1  # linux/prctl.h


def die_with_parent(signal_number: int) -> None:
    """Have the kernel send this process a signal when its parent ends, even after exec.

    Linux alone can do this; elsewhere a killed process manager leaves its programs behind.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal_number, 0, 0, 0)


def main(command: list[str]) -> None:
    """Replace this process with `command`, which is killed with its parent as in any crash."""
    die_with_parent(signal.SIGKILL)
    os.execvp(command[0], command)  # noqa: S606 - the command of supervisord.conf, without a shell


if __name__ == "__main__":
    main(sys.argv[1:])
