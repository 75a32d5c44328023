"""What `make run` prints on the console: the addresses once everything is up, or which part is not.

jobs/local/launcher.py starts it as a child of the process that becomes supervisord. It ends with
that process.
"""

from __future__ import annotations

import http.client
import os
import signal
import sys
import time
import urllib.error
import urllib.request
import xmlrpc.client
from collections import deque
from collections.abc import Callable
from pathlib import Path

from supervisor.xmlrpc import SupervisorTransport

from jobs.extraction import sandbox
from jobs.local.parent_death import die_with_parent
from jobs.settings import Settings

STARTUP_TIMEOUT_SECONDS = 60.0
POLL_SECONDS = 0.2
TAIL_LINES = 15


def responds(url: str) -> bool:
    """Return whether an HTTP server responds there, even with an error."""
    try:
        with urllib.request.urlopen(url, timeout=2):  # noqa: S310 - an http:// URL of our own
            return True
    except urllib.error.HTTPError:
        return True
    except (OSError, http.client.HTTPException):
        return False


def is_healthy(url: str) -> bool:
    """Return whether the HTTP server there responds with status 200."""
    try:
        with urllib.request.urlopen(url, timeout=2) as response:  # noqa: S310 - as above
            return bool(response.status == 200)
    except (OSError, http.client.HTTPException):
        return False


def running_programs(settings: Settings) -> set[str]:
    """Return the names of the programs that supervisord sees running; none while it is not up."""
    transport = SupervisorTransport(serverurl=f"unix://{settings.supervisor_socket}")
    server = xmlrpc.client.ServerProxy("http://localhost", transport=transport)
    try:
        programs = server.supervisor.getAllProcessInfo()
    except (OSError, http.client.HTTPException, xmlrpc.client.Error):
        return set()
    finally:
        transport.close()
    if not isinstance(programs, list):
        return set()
    return {str(item["name"]) for item in programs if item["statename"] == "RUNNING"}


def missing_programs(settings: Settings) -> list[str]:
    """Return the programs that are not up yet, each after those that it needs."""
    running = running_programs(settings)
    host = host_of(settings)
    checks: dict[str, Callable[[], bool]] = {
        "worker": lambda: "worker" in running,
        "web": lambda: is_healthy(f"http://{host}:{settings.port}/_stcore/health"),
        "dashboard": lambda: responds(f"http://{host}:{settings.dashboard_port}/"),
    }
    if settings.embedded_valkey:
        checks = {"valkey": lambda: "valkey" in running, **checks}
    return [name for name, is_up in checks.items() if not is_up()]


def host_of(settings: Settings) -> str:
    """Return the host for URLs: this machine for a wildcard address."""
    wildcards = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}  # noqa: S104 - read, not bound
    address = settings.bind_address
    return wildcards.get(address) or (f"[{address}]" if ":" in address else address)


def success(settings: Settings, logs: Path, confinement: str) -> str:
    """Return the message with the addresses, and what the processes that read files cannot do."""
    host = host_of(settings)
    return (
        "\nAskqueue is running.\n\n"
        f"  Pages          http://{host}:{settings.port}\n"
        f"  API            http://{host}:{settings.port}/api/docs\n"
        f"  rq-dashboard   http://{host}:{settings.dashboard_port}\n"
        f"  Logs           {logs}\n\n"
        f"Files are read by a process of their own: {confinement}.\n"
        "Press Ctrl-C to stop.\n"
    )


def failure(missing: list[str], logs: Path) -> str:
    """Return the message that names the missing programs and shows the end of their logs."""
    parts = [
        f"\nNot up after {STARTUP_TIMEOUT_SECONDS:.0f} seconds: {', '.join(missing)}. "
        "Askqueue keeps trying; press Ctrl-C to stop.\n"
    ]
    for name in missing:
        path = logs / f"{name}.log"
        parts.append(f"\nThe end of {path}:\n{tail(path)}")
    return "".join(parts)


def tail(path: Path) -> str:
    """Return the last lines of a log, indented."""
    try:
        with path.open(encoding="utf-8", errors="replace") as lines:
            return "".join(f"  {line.rstrip()}\n" for line in deque(lines, TAIL_LINES))
    except OSError:
        return "  (there is none)\n"


def write_console(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


def main(supervisor_pid: int) -> None:
    """Wait until everything is up, and report it; report once what is missing after a minute."""
    die_with_parent(signal.SIGKILL)
    # Ctrl-C reaches all processes of the console. supervisord acts on it, and this ends with it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    settings = Settings()
    logs = settings.data_dir.resolve() / "logs"
    write_console("Starting Askqueue…\n")
    deadline, has_reported = time.monotonic() + STARTUP_TIMEOUT_SECONDS, False
    while os.getppid() == supervisor_pid:
        missing = missing_programs(settings)
        if not missing:
            write_console(success(settings, logs, sandbox.probe_confinement().described()))
            return
        if time.monotonic() > deadline and not has_reported:
            write_console(failure(missing, logs))
            has_reported = True
        time.sleep(POLL_SECONDS)


if __name__ == "__main__":
    main(int(sys.argv[1]))
