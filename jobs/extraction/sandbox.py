"""Runs the child process that reads a foreign file, and hands over its output line by line.

What the lines mean is for `jobs.extraction.extract` and `jobs.documents.page_images` to say.
"""

from __future__ import annotations

import os
import re
import selectors
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

POLL_SECONDS = 0.05
READ_BYTES = 64 * 1024
# By far the longest line is a passage of characters that JSON escapes in twelve bytes each.
MAX_LINE_BYTES = 256 * 1024
MAX_STDERR_BYTES = 8 * 1024

ROOT = Path(__file__).resolve().parents[2]


class BrokenOutputError(Exception):
    """The output is not what our program prints: the file may have taken the process over."""


@dataclass(frozen=True)
class ProcessResult:
    """How a process ended: its exit code as `subprocess` gives it, and the end of its stderr.

    `peak_mb` is the most address space that it had, in MiB, which is what its limit is on; 0 where
    there is no /proc.
    """

    exit_code: int
    peak_mb: float
    stderr: bytes


def run(
    command: Sequence[str],
    *,
    timeout_seconds: float,
    on_line: Callable[[bytes], None],
    check: Callable[[], None] = lambda: None,
    stdin: bytes = b"",
    temp_dir: Path | None = None,
) -> ProcessResult:
    """Run a command, and call `on_line` with each line that it prints.

    `stdin` is at most what a pipe holds, 64 KB; unlike arguments, it is hidden from other users of
    the machine. `temp_dir` is its folder for temporary files, the machine's if None. `check` is
    called at least every 0.05 s. At most one unfinished line is held in memory.

    Raises TimeoutError after `timeout_seconds`, BrokenOutputError, and what `on_line` and `check`
    raise. In any case the process and those that it started are gone afterwards.
    """
    child = subprocess.Popen(  # noqa: S603 (the command is ours; the file name is an argument)
        command,
        cwd=ROOT,
        stdin=subprocess.PIPE if stdin else subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        env=_environment(temp_dir),
    )
    with child:
        try:
            if child.stdin is not None:
                with suppress(BrokenPipeError), child.stdin:
                    child.stdin.write(stdin)
            return _watch(child, time.monotonic() + timeout_seconds, on_line, check)
        finally:
            if child.poll() is None:
                with suppress(ProcessLookupError):
                    os.killpg(child.pid, signal.SIGKILL)


def _environment(temp_dir: Path | None) -> dict[str, str]:
    # No key or password is handed to a process that parses foreign files.
    own = {} if temp_dir is None else {"TMPDIR": str(temp_dir)}
    return own | {
        "PATH": os.defpath,
        "LANG": "C.UTF-8",
        "PYTHONPATH": str(ROOT),
        "RAYON_NUM_THREADS": "1",
        # Each arena reserves 64 MB of what the process may have, used or not.
        "MALLOC_ARENA_MAX": "1",
    }


def _watch(
    child: subprocess.Popen[bytes],
    deadline: float,
    on_line: Callable[[bytes], None],
    check: Callable[[], None],
) -> ProcessResult:
    stdout, stderr, peak = _LineSplitter(on_line), _Tail(), 0.0
    with selectors.DefaultSelector() as selector:
        # Both are pipes, as `run` asked for, though their type allows for none.
        selector.register(child.stdout, selectors.EVENT_READ, stdout)  # type: ignore[arg-type]
        selector.register(child.stderr, selectors.EVENT_READ, stderr)  # type: ignore[arg-type]
        while selector.get_map() or child.poll() is None:
            check()
            if time.monotonic() > deadline:
                raise TimeoutError
            peak = max(peak, _address_space_mb(child.pid))
            # Once both pipes are closed, this waits for the process to end.
            for key, _ in selector.select(POLL_SECONDS):
                data = os.read(key.fd, READ_BYTES)
                if data:
                    key.data(data)
                else:
                    selector.unregister(key.fileobj)
    return ProcessResult(child.wait(), peak, bytes(stderr.data))


class _LineSplitter:
    """Splits what arrives into lines."""

    def __init__(self, on_line: Callable[[bytes], None]) -> None:
        self._on_line = on_line
        self._rest = b""

    def __call__(self, data: bytes) -> None:
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._on_line(line)
        if len(self._rest) > MAX_LINE_BYTES:
            raise BrokenOutputError


class _Tail:
    """Keeps the end of what arrives."""

    def __init__(self) -> None:
        self.data = bytearray()

    def __call__(self, data: bytes) -> None:
        self.data += data
        del self.data[:-MAX_STDERR_BYTES]


def _address_space_mb(pid: int) -> float:
    try:
        status = Path(f"/proc/{pid}/status").read_bytes()
    except OSError:
        return 0.0
    found = re.search(rb"VmPeak:\s+(\d+) kB", status)
    return int(found.group(1)) / 1024 if found else 0.0
