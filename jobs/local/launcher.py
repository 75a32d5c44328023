"""`make run`: checks what can go wrong, then becomes supervisord, which runs the processes.

supervisord.conf lists them. jobs/local/startup_report.py prints on the console what came of it.
"""

from __future__ import annotations

import errno
import fcntl
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import NoReturn

from pydantic import ValidationError

from jobs.access.sign_in_config import (
    SECRETS_FILE,
    SignInConfigError,
    check_authentication,
    read_auth_section,
)
from jobs.settings import AuthMode, Settings

ROOT = Path(__file__).resolve().parents[2]
CONFIGURATION = ROOT / "supervisord.conf"
# supervisord stops its programs within 10 seconds; a longer grace would end in a SIGKILL.
MAX_GRACE_SECONDS = 5.0
# supervisord keeps inherited descriptors below 5, but closes them from 3 on in its programs. So the
# lock is held exactly as long as supervisord lives, however it ends.
LOCK_FD = 3


class StartupError(Exception):
    """Askqueue cannot start; the message is for the person at the console."""


def read_settings() -> Settings:
    """Read the settings; raises StartupError, which names each one that is invalid."""
    try:
        return Settings()
    except ValidationError as error:
        problems = [
            f"{item['loc'][0]}".upper() + ": " + item["msg"].removeprefix("Value error, ")
            for item in error.errors(include_input=False)
        ]
        raise StartupError("These settings are invalid:\n  " + "\n  ".join(problems)) from error


def prepare_data_dir(settings: Settings) -> Path:
    """Create the data folder, for its owner alone, with one for logs in it; return its path."""
    data_dir = settings.data_dir.resolve()
    try:
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        data_dir.chmod(0o700)
        (data_dir / "logs").mkdir(exist_ok=True)
    except OSError as error:
        raise StartupError(
            f"The data folder {data_dir} cannot be used ({error.strerror}). "
            "Set DATA_DIR to a folder that you may write to."
        ) from error
    return data_dir


def lock_data_dir(data_dir: Path) -> None:
    """Hold a lock on the data folder through `LOCK_FD`; raises StartupError if another does."""
    descriptor = os.open(data_dir / "askqueue.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise StartupError(
            f"Askqueue is already running on {data_dir}. "
            "Stop it, or set DATA_DIR to another folder."
        ) from error
    if descriptor != LOCK_FD:
        os.dup2(descriptor, LOCK_FD)
        os.close(descriptor)
    os.set_inheritable(LOCK_FD, True)


def check_port(address: str, port: int, setting: str) -> None:
    """Raise StartupError, naming the setting to change, if the port cannot be listened on."""
    try:
        family, kind, protocol, _, where = socket.getaddrinfo(
            address, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(where)
            probe.listen()
    except socket.gaierror as error:
        raise StartupError(f"BIND_ADDRESS is not an address of this machine: {address}") from error
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            reason = f"Port {port} is used by another program. Set {setting} to another port."
        elif error.errno == errno.EACCES:
            reason = f"Port {port} needs more privileges. Set {setting} to a port above 1023."
        else:
            reason = (
                f"Nothing can listen on {address}, port {port}: {error.strerror}. "
                f"Set BIND_ADDRESS or {setting}."
            )
        raise StartupError(reason) from error


def check_access(settings: Settings) -> None:
    """Raise StartupError if others could reach rq-dashboard without a password."""
    if settings.dashboard_is_open:
        raise StartupError(
            f"BIND_ADDRESS is {settings.bind_address}, which others can reach: set "
            "DASHBOARD_USERNAME and DASHBOARD_PASSWORD for rq-dashboard first."
        )


def check_sign_in(settings: Settings) -> None:
    """Raise StartupError if nobody could sign in as `AUTH_MODE` says."""
    try:
        check_authentication(settings, read_auth_section(ROOT / SECRETS_FILE))
    except SignInConfigError as problem:
        raise StartupError(str(problem)) from problem


def environment_of(settings: Settings) -> dict[str, str]:
    """Return the environment of supervisord and its programs, for supervisord.conf."""
    return {
        **os.environ,  # handed on as it is: what it means is for jobs/settings/ to read
        "PYTHONPATH": str(ROOT),
        "PYTHONUNBUFFERED": "1",
        "DATA_DIR": str(settings.data_dir.resolve()),
        "PORT": str(settings.port),
        "BIND_ADDRESS": settings.bind_address,
        "MAX_UPLOAD_MB": str(settings.max_upload_mb),
        "SHUTDOWN_GRACE_SECONDS": str(min(settings.shutdown_grace_seconds, MAX_GRACE_SECONDS)),
        # uvicorn must not replace the peer's address by a header: ui/identity/proxy.py needs it.
        **({"FORWARDED_ALLOW_IPS": "none"} if settings.auth_mode is AuthMode.PROXY else {}),
        "ASKQUEUE_PYTHON": sys.executable,
        "ASKQUEUE_ROOT": str(ROOT),
        "ASKQUEUE_SUPERVISOR_SOCKET": str(settings.supervisor_socket),
        "ASKQUEUE_EMBEDDED_VALKEY": "true" if settings.embedded_valkey else "false",
    }


def launch(settings: Settings) -> NoReturn:
    """Check, start the report, and become supervisord; raises StartupError."""
    check_access(settings)
    check_sign_in(settings)
    data_dir = prepare_data_dir(settings)
    lock_data_dir(data_dir)
    if settings.port == settings.dashboard_port:
        raise StartupError("PORT and DASHBOARD_PORT are the same. Set one of them to another port.")
    check_port(settings.bind_address, settings.port, "PORT")
    check_port(settings.bind_address, settings.dashboard_port, "DASHBOARD_PORT")
    environment = environment_of(settings)
    # Not a program of supervisord: their output goes to logs, and this one's to the console.
    report = [sys.executable, "-m", "jobs.local.startup_report", str(os.getpid())]
    subprocess.Popen(report, env=environment)  # noqa: S603 - fixed, without a shell
    # Left behind by a killed supervisord: the lock shows that it is not in use.
    settings.supervisor_socket.unlink(missing_ok=True)
    # supervisord expands the paths of logs twice, so they cannot contain a percent sign. They have
    # none if they are relative to the data folder.
    os.chdir(data_dir)
    supervisord = [sys.executable, "-m", "supervisor.supervisord", "-n", "-c", str(CONFIGURATION)]
    os.execve(supervisord[0], supervisord, environment)  # noqa: S606 - fixed, without a shell


def main() -> int:
    """Start Askqueue; print why it cannot start, and return 1."""
    # `.env`, `.streamlit/` and a relative DATA_DIR are relative to the project.
    os.chdir(ROOT)
    try:
        launch(read_settings())
    except StartupError as problem:
        sys.stderr.write(f"Askqueue cannot start. {problem}\n")
        return 1


if __name__ == "__main__":
    sys.exit(main())
