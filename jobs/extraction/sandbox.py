"""Runs the process that reads a foreign file: line by line, within limits, never longer than asked.

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
# The longest line by far is a passage of letters that JSON writes in twelve characters each.
MAX_LINE_BYTES = 256 * 1024
KEPT_ERROR_BYTES = 8 * 1024

ROOT = Path(__file__).resolve().parents[2]


class BrokenOutputError(Exception):
    """The process wrote what it never writes, so it is no longer ours."""


@dataclass(frozen=True)
class Ended:
    """How a process ended: its code as `subprocess` gives it, and the end of what it complained.

    `peak_mb` is the most address space it was seen with, which is what its limit is on; 0 where
    /proc does not tell.
    """

    code: int
    peak_mb: float
    errors: bytes


def run(
    command: Sequence[str],
    *,
    seconds: float,
    take_line: Callable[[bytes], None],
    check: Callable[[], None] = lambda: None,
    given: bytes = b"",
    temporary: Path | None = None,
) -> Ended:
    """Run a command and hand over each line that it prints.

    It reads `given` from its standard input, no more than a pipe holds, 64 KB: its arguments can
    be seen by other users of the machine. `temporary` is its folder for temporary files, of the
    machine if None. Nothing but the line in the making is held. Raises
    TimeoutError after `seconds`, BrokenOutputError, and what `take_line` and `check` raise, which
    is called at least every 0.05 s. Whatever ends it, the process and those it started are gone
    then.
    """
    child = subprocess.Popen(  # noqa: S603 (the command is ours; the file name is an argument)
        command,
        cwd=ROOT,
        stdin=subprocess.PIPE if given else subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        env=_environment(temporary),
    )
    with child:
        try:
            if child.stdin is not None:
                with suppress(BrokenPipeError), child.stdin:
                    child.stdin.write(given)
            return _watch(child, time.monotonic() + seconds, take_line, check)
        finally:
            if child.poll() is None:
                with suppress(ProcessLookupError):
                    os.killpg(child.pid, signal.SIGKILL)


def _environment(temporary: Path | None) -> dict[str, str]:
    # No key or password is handed to a process that parses foreign files.
    folder = {} if temporary is None else {"TMPDIR": str(temporary)}
    return folder | {
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
    take_line: Callable[[bytes], None],
    check: Callable[[], None],
) -> Ended:
    lines, complaints, peak = _Lines(take_line), _Tail(), 0.0
    with selectors.DefaultSelector() as selector:
        # Both are pipes, as `run` asked for, though their type allows for none.
        selector.register(child.stdout, selectors.EVENT_READ, lines)  # type: ignore[arg-type]
        selector.register(child.stderr, selectors.EVENT_READ, complaints)  # type: ignore[arg-type]
        while selector.get_map() or child.poll() is None:
            check()
            if time.monotonic() > deadline:
                raise TimeoutError
            peak = max(peak, _address_space_mb(child.pid))
            # Without a pipe to read it is a wait for the end.
            for key, _ in selector.select(POLL_SECONDS):
                data = os.read(key.fd, READ_BYTES)
                if data:
                    key.data(data)
                else:
                    selector.unregister(key.fileobj)
    return Ended(child.wait(), peak, bytes(complaints.data))


class _Lines:
    """Cuts what arrives into lines."""

    def __init__(self, take: Callable[[bytes], None]) -> None:
        self._take = take
        self._rest = b""

    def __call__(self, data: bytes) -> None:
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._take(line)
        if len(self._rest) > MAX_LINE_BYTES:
            raise BrokenOutputError


class _Tail:
    """Keeps the end of what arrives."""

    def __init__(self) -> None:
        self.data = bytearray()

    def __call__(self, data: bytes) -> None:
        self.data += data
        del self.data[:-KEPT_ERROR_BYTES]


def _address_space_mb(pid: int) -> float:
    try:
        status = Path(f"/proc/{pid}/status").read_bytes()
    except OSError:
        return 0.0
    found = re.search(rb"VmPeak:\s+(\d+) kB", status)
    return int(found.group(1)) / 1024 if found else 0.0
