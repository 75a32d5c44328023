"""Real processes for integration tests: started on free ports, and stopped."""

from __future__ import annotations

import os
import random
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from jobs.settings import Settings

ROOT = Path(__file__).resolve().parents[2]

# A process that a test no longer needs is killed if it does not stop by itself.
STOP_SECONDS = 15.0
# Below those that the kernel gives to outgoing connections, which could take one in the meantime.
PORTS = range(12_000, 32_000)


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on, at random: tests run side by side."""
    # Hypothesis gives the generator that all share the same seed in every process.
    for port in random.SystemRandom().sample(PORTS, 100):
        with socket.socket() as probe, suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as servers do
            probe.bind(("127.0.0.1", port))
            return port
    raise AssertionError("no free port among 100")


def environment(**values: object) -> dict[str, str]:
    """The environment of a process: of the test run, without its settings, with these."""
    blank = dict.fromkeys((name.upper() for name in Settings.model_fields), "")
    del blank["QUESTIONS_PER_MINUTE"]  # see `tests`
    blank["LOCAL_EMBEDDING_MODEL"] = "off"
    blank["CACHE"] = "off"  # tests and benchmarks ask the same again, and mean it
    return {**os.environ, **blank, **{name.upper(): str(value) for name, value in values.items()}}


@contextmanager
def running(
    command: list[str], log: Path, env: dict[str, str]
) -> Iterator[subprocess.Popen[bytes]]:
    """A process in the project's folder that writes to `log` and is stopped at the end."""
    with log.open("ab") as output:
        process = subprocess.Popen(
            command, cwd=ROOT, env=env, stdout=output, stderr=subprocess.STDOUT
        )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def module(name: str, *arguments: str) -> list[str]:
    """The command line of `python -m name`."""
    return [sys.executable, "-m", name, *arguments]
