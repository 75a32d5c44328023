"""Runs the child process that reads a foreign file, and hands over its output line by line.

What the lines mean is for its callers to say. What the child denies itself before it looks at the
file is in `jobs.extraction.confinement`.
"""

from __future__ import annotations

import json
import os
import re
import selectors
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from jobs.errors import DocumentStoreFullError
from jobs.extraction.confinement import Confinement

POLL_SECONDS = 0.05
READ_BYTES = 64 * 1024
# By far the longest line is a passage of characters that JSON escapes in twelve bytes each.
MAX_LINE_BYTES = 256 * 1024
MAX_STDERR_BYTES = 8 * 1024
PROBE_SECONDS = 60.0
FOLDER_PREFIX = "askqueue-reading-"
# No reading lasts as long, so that nobody uses an older folder.
FOLDER_SECONDS = 24 * 3600

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

    @property
    def is_out_of_time(self) -> bool:
        """Whether the process had used all of its processor time."""
        return self.exit_code == -signal.SIGXCPU

    @property
    def was_killed(self) -> bool:
        return self.exit_code == -signal.SIGKILL


def run(
    command: Sequence[str],
    *,
    timeout_seconds: float,
    on_line: Callable[[bytes], None],
    check: Callable[[], None] = lambda: None,
    stdin: bytes = b"",
    max_line_bytes: int = MAX_LINE_BYTES,
) -> ProcessResult:
    """Run a command in an empty folder of its own, and call `on_line` with each line it prints.

    `stdin` is, unlike arguments, hidden from other users of the machine. `check` is called at least
    every 0.05 s. At most one unfinished line is held in memory.

    Raises TimeoutError after `timeout_seconds`, BrokenOutputError, DocumentStoreFullError without
    space for a folder, and what `on_line` and `check` raise. In any case the process and its group
    are gone afterwards.
    """
    with own_folder() as folder:
        child = subprocess.Popen(  # noqa: S603 (the command is ours; the file name is an argument)
            command,
            cwd=folder,
            stdin=subprocess.PIPE if stdin else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
            env=_environment(folder),
        )
        with child:
            try:
                splitter = _LineSplitter(on_line, max_line_bytes)
                deadline = time.monotonic() + timeout_seconds
                return _watch(child, _Feed(stdin), splitter, deadline, check)
            finally:
                # Also when the child is gone: what it started may not be.
                with suppress(ProcessLookupError, PermissionError):
                    os.killpg(child.pid, signal.SIGKILL)


def probe_confinement() -> Confinement:
    """Return which measures hold here for the processes that read files, by starting one."""
    lines: list[bytes] = []
    result = run(
        [sys.executable, "-m", "jobs.extraction.confinement"],
        timeout_seconds=PROBE_SECONDS,
        on_line=lines.append,
    )
    if result.exit_code != 0:
        raise BrokenOutputError
    return Confinement(*json.loads(lines[0]))


def remove_left_folders() -> int:
    """Remove the old folders of readings whose process was killed; returns how many."""
    removed = 0
    for folder in Path(tempfile.gettempdir()).glob(f"{FOLDER_PREFIX}*"):
        with suppress(OSError):  # another process was quicker, or it is another user's
            found = folder.lstat()
            is_old = time.time() - found.st_mtime > FOLDER_SECONDS
            if is_old and found.st_uid == os.getuid():
                shutil.rmtree(folder)
                removed += 1
    return removed


@contextmanager
def own_folder() -> Iterator[Path]:
    """Make a folder for as long as the block runs; raises DocumentStoreFullError."""
    try:
        folder = tempfile.TemporaryDirectory(prefix=FOLDER_PREFIX, ignore_cleanup_errors=True)
    except OSError as error:
        raise DocumentStoreFullError(
            "There is no space left for temporary files. "
            "Ask the operator to free some space, then try again."
        ) from error
    with folder as path:
        yield Path(path)


def _environment(folder: Path) -> dict[str, str]:
    # No key or password is handed to a process that parses foreign files.
    return {
        "PATH": os.defpath,
        "LANG": "C.UTF-8",
        "HOME": str(folder),
        "TMPDIR": str(folder),
        "PYTHONPATH": str(ROOT),
        "PYTHONSAFEPATH": "1",
        # Several threads would wait for each other more than they do, and reserve memory.
        "OMP_THREAD_LIMIT": "1",
        "OPENBLAS_NUM_THREADS": "1",
        # Each arena reserves 64 MB of what the process may have, used or not.
        "MALLOC_ARENA_MAX": "1",
    }


def _watch(
    child: subprocess.Popen[bytes],
    feed: _Feed,
    stdout: _LineSplitter,
    deadline: float,
    check: Callable[[], None],
) -> ProcessResult:
    stderr, peak = _Tail(), 0.0
    with selectors.DefaultSelector() as selector:
        # Both are pipes, as `run` asked for, though their type allows for none.
        selector.register(child.stdout, selectors.EVENT_READ, stdout)  # type: ignore[arg-type]
        selector.register(child.stderr, selectors.EVENT_READ, stderr)  # type: ignore[arg-type]
        if child.stdin is not None:
            os.set_blocking(child.stdin.fileno(), False)
            selector.register(child.stdin, selectors.EVENT_WRITE, feed)
        while selector.get_map() or child.poll() is None:
            check()
            if time.monotonic() > deadline:
                raise TimeoutError
            peak = max(peak, _address_space_mb(child.pid))
            # Once all pipes are closed, this waits for the process to end.
            for key, _ in selector.select(POLL_SECONDS):
                if key.fileobj is child.stdin:
                    feed.write_to(child.stdin)
                    if child.stdin.closed:
                        selector.unregister(child.stdin)
                elif data := os.read(key.fd, READ_BYTES):
                    key.data(data)
                else:
                    selector.unregister(key.fileobj)
    return ProcessResult(child.wait(), peak, bytes(stderr.data))


class _Feed:
    """Writes the input to a pipe, as fast as the process reads it."""

    def __init__(self, data: bytes) -> None:
        self._rest = memoryview(data)

    def write_to(self, pipe: IO[bytes]) -> None:
        """Write what the pipe takes, and close it after the last."""
        try:
            self._rest = self._rest[os.write(pipe.fileno(), self._rest[:READ_BYTES]) :]
        except BlockingIOError:
            return
        except BrokenPipeError:
            self._rest = self._rest[:0]
        if not self._rest:
            pipe.close()


class _LineSplitter:
    """Splits what arrives into lines, in time that grows with its length alone."""

    def __init__(self, on_line: Callable[[bytes], None], max_line_bytes: int) -> None:
        self._on_line = on_line
        self._max_line_bytes = max_line_bytes
        self._rest = bytearray()

    def __call__(self, data: bytes) -> None:
        first, *others = data.split(b"\n")
        self._add(first)
        for part in others:
            line = bytes(self._rest)
            self._rest.clear()
            self._on_line(line)
            self._add(part)

    def _add(self, part: bytes) -> None:
        self._rest += part
        if len(self._rest) > self._max_line_bytes:
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
