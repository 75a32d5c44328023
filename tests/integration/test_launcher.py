"""`python -m jobs.local.launcher`, which is `make run`: all processes for real, on free ports."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from jobs.local.launcher import MAX_GRACE_SECONDS
from tests.integration.processes import ROOT, environment, free_port, module
from tests.waiting import HANG_SECONDS, until

# A stop of the machine gives a program about so long.
STOP_SECONDS = 30.0
FINISHED = {"finished", "failed"}


class Installation:
    """Askqueue as one person would start it, on a data folder of its own."""

    def __init__(self, folder: Path) -> None:
        # Such names have broken process managers before.
        self.data_dir = folder / "data 100% mine"
        self.console = folder / "console.txt"
        self.port = free_port()
        self.env = environment(
            data_dir=self.data_dir,
            port=self.port,
            dashboard_port=free_port(),
            index_samples=False,
        )

    @contextmanager
    def started(self) -> Iterator[subprocess.Popen[bytes]]:
        """The running launcher, once it has said that all is up; killed with all it started."""
        with self.console.open("wb") as console:
            process = subprocess.Popen(
                module("jobs.local.launcher"),
                cwd=ROOT,
                env=self.env,
                stdout=console,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            until(lambda: "Press Ctrl-C" in self.said(), "a start")
            yield process
        finally:
            for pid in session_of(process):
                os.kill(pid, signal.SIGKILL)
            process.wait()
            until(lambda: not session_of(process), "an end of all processes")

    def refused(self, **settings: object) -> str:
        """What the launcher says with these settings, with which it must not start."""
        env = {**self.env, **{name.upper(): str(value) for name, value in settings.items()}}
        result = subprocess.run(
            module("jobs.local.launcher"),
            cwd=ROOT,
            env=env,
            capture_output=True,
            text=True,
            timeout=HANG_SECONDS,
            check=False,
        )
        assert result.returncode == 1
        assert result.stdout == ""
        return result.stderr

    def said(self) -> str:
        return self.console.read_text()

    def is_healthy(self) -> bool:
        try:
            url = f"http://127.0.0.1:{self.port}/_stcore/health"
            return httpx.get(url, timeout=HANG_SECONDS).status_code == 200
        except httpx.TransportError:
            return False

    def ask(self) -> str:
        """Ask a question over the API, wait until it is over, and return its id."""
        url = f"http://127.0.0.1:{self.port}/api/chat"
        reply = httpx.post(url, params={"query": "Who pays?"}, timeout=HANG_SECONDS)
        job_id = reply.json()["job_id"]
        until(lambda: self.status(job_id) in FINISHED, "an end of the job")
        return str(job_id)

    def status(self, job_id: str) -> str:
        url = f"http://127.0.0.1:{self.port}/api/job-status/{job_id}"
        return str(httpx.get(url, timeout=HANG_SECONDS).json()["status"])


def session_of(process: subprocess.Popen[bytes]) -> dict[int, str]:
    """The live processes of the launcher's session, itself included: process id to command."""
    listing = subprocess.run(
        ["ps", "-e", "-o", "pid=,sess=,stat=,args="], capture_output=True, text=True, check=True
    ).stdout
    rows = (line.split(None, 3) for line in listing.splitlines())
    return {
        int(row[0]): row[3]
        for row in rows
        if row[1] == str(process.pid) and not row[2].startswith("Z")
    }


def pid_of(process: subprocess.Popen[bytes], program: str) -> int | None:
    """The process id of one of the supervised programs."""
    return next((pid for pid, args in session_of(process).items() if program in args), None)


@pytest.fixture
def installation(tmp_path: Path) -> Installation:
    return Installation(tmp_path)


def test_installation_lives_and_its_data_outlives_each_end(installation: Installation) -> None:
    """It restarts a killed program; a stop, a killed manager and Ctrl-C lose nothing."""
    with installation.started() as process:
        assert installation.is_healthy()
        assert f"http://127.0.0.1:{installation.port}/api/docs" in installation.said()
        assert installation.data_dir.stat().st_mode & 0o077 == 0
        assert "already running" in installation.refused(port=free_port())
        job_id = installation.ask()
        status = installation.status(job_id)

        web = pid_of(process, "streamlit run")
        assert web is not None
        os.kill(web, signal.SIGKILL)
        until(lambda: pid_of(process, "streamlit run") not in (web, None), "a restart of web")
        until(installation.is_healthy, "an answer of web")

        process.send_signal(signal.SIGTERM)
        until(lambda: not session_of(process), "an end of all processes")
        assert process.wait() == 0

    with installation.started() as process:
        assert installation.status(job_id) == status
        process.kill()
        until(lambda: not session_of(process), "an end of all that it started")

    with installation.started() as process:
        # The start says nothing about the last end, nor does Ctrl-C, which reaches all processes.
        assert installation.said().startswith("Starting Askqueue")
        assert installation.status(job_id) == status
        os.killpg(process.pid, signal.SIGINT)
        until(lambda: not session_of(process), "an end of all processes")
    assert installation.said().rstrip().endswith("Press Ctrl-C to stop.")


def test_launcher_names_the_port_that_is_taken(installation: Installation) -> None:
    """It is refused in a sentence that says what to change."""
    with socket.create_server(("127.0.0.1", installation.port)):
        said = installation.refused()
    assert f"Port {installation.port} is used by another program. Set PORT " in said
    dashboard_port = int(installation.env["DASHBOARD_PORT"])
    with socket.create_server(("127.0.0.1", dashboard_port)):
        assert "Set DASHBOARD_PORT " in installation.refused()


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"log_level": "LOUD"}, "LOG_LEVEL"),
        ({"bind_address": "0.0.0.0"}, "DASHBOARD_PASSWORD"),
        (
            {"bind_address": "192.0.2.1", "dashboard_username": "u", "dashboard_password": "p"},
            "BIND_ADDRESS",
        ),
        ({"data_dir": "/proc/askqueue"}, "DATA_DIR"),
    ],
)
def test_launcher_refuses_wrong_settings(
    installation: Installation, settings: dict[str, str], sentence: str
) -> None:
    """What cannot work is refused before anything starts, by the name of its setting."""
    said = installation.refused(**settings)
    assert said.startswith("Askqueue cannot start.")
    assert sentence in said
    assert "Traceback" not in said


def test_launcher_refuses_one_port_for_two(installation: Installation) -> None:
    """The pages and rq-dashboard cannot share a port."""
    assert "are the same" in installation.refused(dashboard_port=installation.port)


def test_supervisor_gives_the_worker_less_grace_than_a_stop_may_take() -> None:
    """The worker's own grace, and then the manager's patience, end within the time of a stop."""
    text = (ROOT / "supervisord.conf").read_text()
    patience = [int(line.split("=")[1]) for line in text.splitlines() if "stopwaitsecs" in line]
    assert max(patience) > MAX_GRACE_SECONDS
    assert max(patience) + min(patience) < STOP_SECONDS
