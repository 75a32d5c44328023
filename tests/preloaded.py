"""Processes of ours that have imported what they use before they start, which spares most of it.

They are forked from one process of the test run that has run nothing; apart from that and their
command line they are as `python -m NAME`. Tests of a command itself, of its environment or its
memory start it with `subprocess`.
"""

from __future__ import annotations

import multiprocessing
import os
import runpy
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[1]
_context = multiprocessing.get_context("forkserver")
# What the worker and the web server import before they do anything, or with their first question.
_context.set_forkserver_preload(
    ["jobs.worker.process", "jobs.tasks", "streamlit.web.bootstrap", "streamlit.web.cli", "pandas"]
)


class PreloadedProcess:
    """`python -m NAME ARGUMENT…` with the methods of `subprocess.Popen`; it writes to `log`."""

    def __init__(self, command: Sequence[str], env: Mapping[str, str], log: Path) -> None:
        # A daemon: what a failed test leaves behind ends with the run.
        values = (list(command), dict(env), log)
        self._process = _context.Process(target=_run, args=values, daemon=True)
        with _nameless_main():
            self._process.start()

    @property
    def pid(self) -> int:
        assert self._process.pid is not None
        return self._process.pid

    @property
    def returncode(self) -> int | None:
        return self.poll()

    def poll(self) -> int | None:
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        self._process.join(timeout)
        code = self.poll()
        if code is None:
            raise subprocess.TimeoutExpired("a preloaded process", timeout or 0)
        return code

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


@contextmanager
def _nameless_main() -> Iterator[None]:
    """Have a process that starts run no main module: Streamlit's tests leave a page as that."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "__main__", ModuleType("__main__"))
        yield


def _run(command: list[str], env: dict[str, str], log: Path) -> None:
    os.chdir(ROOT)
    os.environ.clear()
    os.environ.update(env)
    output = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    os.dup2(output, 1)
    os.dup2(output, 2)
    sys.argv = command
    runpy.run_module(command[0], run_name="__main__", alter_sys=True)
