"""A Valkey server to be killed, with the product's options, and disks of three kinds for it."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import redis

from benchmarks.stack import wait_for
from jobs.local.valkey_server import valkey_command
from jobs.settings import Settings

NEIGHBOUR_BYTES = 16 * 2**20
SLOW_FSYNC_MS = 300
SLOW_FSYNC = Path(__file__).with_name("slow_fsync.c")


class Server:
    """A Valkey server on a folder, with the product's options but for the fsync policy."""

    def __init__(self, folder: Path, policy: str, preload: Path | None) -> None:
        self.settings = Settings(_env_file=None, data_dir=folder, redis_url="")
        (folder / "valkey").mkdir(parents=True, exist_ok=True)
        self._command = [*valkey_command(self.settings), "--appendfsync", policy]
        self.policy = policy
        self._env = dict(os.environ)
        if preload is not None:
            self._env |= {"LD_PRELOAD": str(preload), "FSYNC_DELAY_MS": str(SLOW_FSYNC_MS)}
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self._process = subprocess.Popen(
            self._command, env=self._env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        wait_for(self._is_up, 30, "the start of Valkey", poll_seconds=0.01)
        assert self.client().config_get("appendfsync")["appendfsync"] == self.policy

    def kill(self) -> None:
        """SIGKILL: no handler runs, nothing is flushed."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def client(self) -> redis.Redis:
        """A client that never sends a command twice."""
        return redis.Redis(
            unix_socket_path=str(self.settings.valkey_socket), socket_timeout=30, retry=None
        )

    def _is_up(self) -> bool:
        try:
            return bool(self.client().ping())
        except redis.exceptions.RedisError:  # not there yet, or still loading its log
            return False


@contextlib.contextmanager
def server(parent: Path, policy: str, preload: Path | None = None) -> Iterator[Server]:
    """A running server in a new folder, both gone at the end."""
    folder = Path(tempfile.mkdtemp(dir=parent))
    it = Server(folder, policy, preload)
    it.start()
    try:
        yield it
    finally:
        it.kill()
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def busy_disk(folder: Path) -> Iterator[None]:
    """A neighbour process that writes and fsyncs on the same disk without a pause."""
    child = multiprocessing.get_context("spawn").Process(
        target=_write_and_fsync, args=(folder / "neighbour",), daemon=True
    )
    child.start()
    try:
        yield
    finally:
        child.terminate()
        child.join()
        (folder / "neighbour").unlink(missing_ok=True)


def _write_and_fsync(path: Path) -> None:
    block = os.urandom(NEIGHBOUR_BYTES)
    with path.open("wb") as file:
        while True:
            file.seek(0)
            file.write(block)
            file.flush()
            os.fsync(file.fileno())


def compile_slow_fsync(folder: Path) -> Path | None:
    """The library that makes fsync slow; None without a C compiler."""
    compiler = shutil.which("cc")
    if compiler is None:
        return None
    library = folder / "slow_fsync.so"
    arguments = ["-shared", "-fPIC", "-O2", "-o", str(library), str(SLOW_FSYNC), "-ldl"]
    subprocess.run([compiler, *arguments], check=True)
    return library
