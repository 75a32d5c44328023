"""Attacks from within the process that reads a file, as if the file had taken it over.

What the kernel lacks is no secret: `probe_confinement` reports it, and here it says what must hold.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from jobs.extraction import sandbox
from jobs.extraction.confinement import Confinement
from tests.waiting import HANG_SECONDS, until

ROOT = Path(__file__).resolve().parents[3]
PRELUDE = """
import ctypes, json, os, resource, signal, socket, sys, threading
from pathlib import Path
from jobs.extraction.confinement import confine
from jobs.extraction.resource_limits import limit_resources
def attempt(attack):
    try:
        return repr(attack())
    except (OSError, MemoryError) as error:
        return "refused " + type(error).__name__
limit_resources(1024, 30)
confine([sys.argv[1]])
"""


@pytest.fixture(scope="module")
def holds() -> Confinement:
    return sandbox.probe_confinement()


@pytest.fixture
def attack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Run code in a confined child, which may read one file; returns what it makes of `result`."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    own = tmp_path / "own.pdf"
    own.write_text("own words")

    def run(code: str) -> Any:
        lines: list[bytes] = []
        script = f"{PRELUDE}\nowner = {os.getpid()}\n{code}\nprint(json.dumps(result))"
        ended = sandbox.run(
            [sys.executable, "-c", script, str(own)],
            timeout_seconds=HANG_SECONDS,
            on_line=lines.append,
        )
        assert ended.exit_code == 0, ended.stderr
        return json.loads(lines[-1])

    return run


def test_report_says_what_holds_and_what_does_not() -> None:
    """An operator reads one line, of what this kernel has."""
    everything = Confinement(True, True, True, 7, True).described()
    nothing = Confinement(False, False, False, 0, False).described()
    assert everything == (
        "without keys, in a folder of its own, no other files, no network, no other programs"
    )
    assert nothing == (
        "without keys, in a folder of its own; "
        "not here: no other files, no network, no other programs"
    )


def test_kernel_is_asked_for_all_that_it_has(holds: Confinement) -> None:
    """Privileges can be given up on every Linux; filters if the kernel knows them."""
    is_linux = sys.platform == "linux"
    assert holds.no_new_privileges == is_linux
    assert holds.no_capabilities == is_linux
    actions = Path("/proc/sys/kernel/seccomp/actions_avail")
    assert holds.seccomp == (actions.exists() and "errno" in actions.read_text())


def test_no_key_is_in_reach(attack: Callable[..., Any], holds: Confinement) -> None:
    """Neither in its own environment, nor in that of who started it, where the kernel can."""
    own, others, before = attack(
        "result = [dict(os.environ), attempt(lambda: open(f'/proc/{owner}/environ').read()),"
        " attempt(lambda: open('/proc/self/environ').read())]"
    )
    assert "sk-secret" not in json.dumps(own)
    assert "sk-secret" not in before
    assert set(own) <= {
        *("PATH", "LANG", "HOME", "TMPDIR", "PYTHONPATH", "PYTHONSAFEPATH", "LC_CTYPE"),
        *("RAYON_NUM_THREADS", "OMP_THREAD_LIMIT", "OPENBLAS_NUM_THREADS", "MALLOC_ARENA_MAX"),
    }
    if holds.hides_files:
        assert others.startswith("refused")


def test_it_has_a_folder_of_its_own(attack: Callable[..., Any]) -> None:
    """Empty, for nobody else, its home and its place for temporary files; it goes with it."""
    folder, home, temporary, mode, entries = attack(
        "result = [os.getcwd(), os.environ['HOME'], os.environ['TMPDIR'],"
        " os.stat('.').st_mode & 0o777, attempt(lambda: os.listdir('.'))]"
    )
    assert folder == home == temporary
    assert mode == 0o700
    assert entries in ("[]", "refused PermissionError")
    assert not Path(folder).exists()


def test_nothing_else_is_open(attack: Callable[..., Any]) -> None:
    """Of what its parent has open, it has its three pipes."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        os.set_inheritable(server.fileno(), True)
        result = attack(
            "def is_open(fd):\n"
            "    try: os.fstat(fd)\n"
            "    except OSError: return False\n"
            "    return True\n"
            "result = [fd for fd in range(64) if is_open(fd)]"
        )
    assert result == [0, 1, 2]


def test_other_documents_are_out_of_reach(
    attack: Callable[..., Any], holds: Confinement, tmp_path: Path
) -> None:
    """It reads its file, Python and our code; no other document, setting or folder."""
    other = tmp_path / "other.pdf"
    other.write_text("private words")
    own, *rest = attack(
        "paths = [sys.argv[1], "
        f"{str(other)!r}, {str(ROOT / 'README.md')!r}, '/etc/passwd', '/proc/self/maps']\n"
        "result = [attempt(lambda: open(path).read(100)) for path in paths]\n"
        f"result.append(attempt(lambda: os.listdir({str(tmp_path)!r})))\n"
        f"result.append(attempt(lambda: os.listdir('/')))"
    )
    assert own == "'own words'"
    if holds.hides_files:
        assert rest == ["refused PermissionError"] * 6


def attributes(path: Path) -> tuple[int, ...]:
    """Return what a writer could change of a file: not when it was last read, which we do."""
    status = path.stat()
    return (
        *(status.st_mode, status.st_ino, status.st_nlink, status.st_uid, status.st_gid),
        *(status.st_size, status.st_mtime_ns, status.st_ctime_ns),
    )


def test_nothing_is_written(attack: Callable[..., Any], holds: Confinement, tmp_path: Path) -> None:
    """No byte anywhere; where the kernel can, no name, mode, owner or time is changed either."""
    other = tmp_path / "other.pdf"
    other.write_text("private words")
    other.chmod(0o640)
    before = attributes(other)
    content, *changes = attack(
        f"other = {str(other)!r}\n"
        "result = [attempt(lambda: open(other + '2', 'wb', 0).write(b'x')),"
        " attempt(lambda: os.chmod(other, 0)), attempt(lambda: os.unlink(other)),"
        " attempt(lambda: os.rename(other, other + '3')), attempt(lambda: os.utime(other, (0, 0))),"
        " attempt(lambda: os.truncate(other, 0)), attempt(lambda: os.symlink('/', other + '4')),"
        " attempt(lambda: os.mkdir(other + '5')),"
        " attempt(lambda: os.setxattr(other, 'user.a', b'b')),"
        " attempt(lambda: os.chown(other, os.getuid(), os.getgid()))]"
    )
    assert content.startswith("refused")
    if holds.hides_files and holds.seccomp:
        assert all(change.startswith("refused") for change in changes), changes
        assert other.read_text() == "private words"
        assert attributes(other) == before


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[tuple[int, str, list[object]]]:
    """What listens on this machine, by a port and by a file, as Valkey does; and who came."""
    came: list[object] = []
    path = str(tmp_path / "socket")
    with socket.create_server(("127.0.0.1", 0)) as port, socket.socket(socket.AF_UNIX) as file:
        file.bind(path)
        file.listen()
        yield port.getsockname()[1], path, came
        for server in (port, file):
            server.setblocking(False)
            with pytest.raises(BlockingIOError):
                came.append(server.accept())


def test_no_network(
    attack: Callable[..., Any],
    holds: Confinement,
    servers: tuple[int, str, list[object]],
) -> None:
    """Neither Valkey's port, nor its socket, nor anything outside; nor does it listen."""
    if not holds.has_no_network:
        assert "not here: " in holds.described()
        return
    port, path, _ = servers
    results = attack(
        f"result = [attempt(lambda: socket.create_connection(('127.0.0.1', {port}), 1)),"
        f" attempt(lambda: socket.socket(socket.AF_UNIX).connect({path!r})),"
        " attempt(lambda: socket.create_connection(('192.0.2.1', 80), 1)),"
        " attempt(lambda: socket.getaddrinfo('example.com', 80)),"
        " attempt(lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM)"
        ".sendto(b'x', ('127.0.0.1', 9))),"
        " attempt(lambda: socket.create_server(('0.0.0.0', 0)))]"
    )
    assert all(each.startswith("refused") for each in results), results


def test_no_processes(attack: Callable[..., Any], holds: Confinement) -> None:
    """It starts none, signals none, and does not leave the group that is killed; threads it may."""
    if not holds.has_no_processes:
        assert "no other programs" in holds.described().partition("not here: ")[2]
        return
    *results, thread = attack(
        "def start():\n"
        "    pids = []\n"
        "    for _ in range(50):\n"
        "        pid = os.fork()\n"
        "        if not pid: signal.pause()\n"
        "        pids.append(pid)\n"
        "    return pids\n"
        "ran = []\n"
        "thread = threading.Thread(target=ran.append, args=(1,))\n"
        "thread.start(); thread.join()\n"
        "result = [attempt(start), attempt(lambda: os.execv('/bin/true', ['true'])),"
        " attempt(lambda: os.kill(owner, 0)), attempt(os.setsid),"
        " attempt(lambda: resource.prlimit(owner, resource.RLIMIT_CPU)),"
        " attempt(lambda: os.pidfd_open(owner)), ran]"
    )
    assert all(each.startswith("refused") for each in results), results
    assert thread == [1]


def test_processes_that_it_starts_all_the_same_are_killed(tmp_path: Path) -> None:
    """Whatever the kernel has: when the reading ends, its group does."""
    pids = tmp_path / "pids"
    pids.touch()
    script = (
        "import os, signal\n"
        "for number in range(20):\n"
        "    if not os.fork():\n"
        "        signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        f"        open({str(pids)!r}, 'a').write(f'{{os.getpid()}}\\n')\n"
        "        os.close(1); os.close(2); signal.pause()\n"
        f"while len(open({str(pids)!r}, 'r').readlines()) < 20: pass"
    )
    sandbox.run(
        [sys.executable, "-c", script], timeout_seconds=HANG_SECONDS, on_line=lambda _: None
    )
    numbers = [int(line) for line in pids.read_text().split()]
    assert len(numbers) == 20
    until(lambda: not any(map(_is_running, numbers)), "they are gone")


def _is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def test_large_input_arrives_whole() -> None:
    """More than a pipe holds, while the process prints as much: neither waits for the other."""
    lines: list[bytes] = []
    data = b"0123456789abcde\n" * 100_000
    result = sandbox.run(
        [sys.executable, "-c", "import sys\nfor line in sys.stdin: sys.stdout.write(line)"],
        timeout_seconds=HANG_SECONDS,
        on_line=lines.append,
        stdin=data,
    )
    assert result.exit_code == 0
    assert b"\n".join(lines) + b"\n" == data


def test_input_that_is_not_read_holds_nobody_up() -> None:
    """A process may end, or never read."""
    ignoring = [sys.executable, "-c", "pass"]
    ended = sandbox.run(
        ignoring, timeout_seconds=HANG_SECONDS, on_line=lambda _: None, stdin=bytes(1_000_000)
    )
    assert ended.exit_code == 0
    waiting = [sys.executable, "-c", "import signal; signal.pause()"]
    with pytest.raises(TimeoutError):
        sandbox.run(waiting, timeout_seconds=1, on_line=lambda _: None, stdin=bytes(1_000_000))


def test_reader_dies_with_a_worker_that_is_killed(tmp_path: Path) -> None:
    """After kill -9 of its parent, no process reads on."""
    pid = tmp_path / "pid"
    child = (
        "import os, signal, sys, time; from jobs.extraction.confinement import confine; confine()\n"
        "print(os.getpid(), flush=True); signal.pause()"
    )
    parent = (
        "import os, signal, sys; from jobs.extraction import sandbox\n"
        "def die(line):\n"
        f"    open({str(pid)!r}, 'wb').write(line); os.kill(os.getpid(), signal.SIGKILL)\n"
        f"sandbox.run([sys.executable, '-c', {child!r}], timeout_seconds=600, on_line=die)"
    )
    subprocess.run([sys.executable, "-c", parent], cwd=ROOT, timeout=HANG_SECONDS)
    number = int(pid.read_text())
    until(lambda: not _is_running(number), "the reader is gone")
