"""What a child process denies itself, for good, before it looks at a foreign file.

Linux alone has these: each that the kernel refuses is left out, and `Confinement` says which hold.
`python -m jobs.extraction.confinement` confines itself and prints that. It imports nothing but the
standard library, and no native code that could have started threads.
"""

from __future__ import annotations

import ctypes
import errno
import json
import os
import platform
import signal
import struct
import sys
import sysconfig
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

# linux/prctl.h
PR_SET_PDEATHSIG = 1
PR_SET_NO_NEW_PRIVS = 38
# linux/sched.h
CLONE_THREAD = 0x00010000
CLONE_NEWIPC = 0x08000000
CLONE_NEWUSER = 0x10000000
CLONE_NEWNET = 0x40000000
# linux/landlock.h; the numbers are the same on all architectures.
LANDLOCK_CREATE_RULESET, LANDLOCK_ADD_RULE, LANDLOCK_RESTRICT_SELF = 444, 445, 446
LANDLOCK_CREATE_RULESET_VERSION = 1
LANDLOCK_RULE_PATH_BENEATH = 1
READ_FILE, READ_DIR = 1 << 2, 1 << 3
# All rights to files that a version of Landlock knows, by version.
FILE_RIGHTS = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 5: (1 << 16) - 1}
# TCP bind and connect, from version 4; abstract sockets and signals, from version 6.
NET_RIGHTS = (1 << 2) - 1
SCOPES = (1 << 2) - 1
O_PATH = getattr(os, "O_PATH", 0)
# linux/capability.h
CAPABILITY_VERSION_3 = 0x20080522
# linux/seccomp.h, linux/filter.h
SECCOMP_SET_MODE_FILTER = 1
SECCOMP_FILTER_FLAG_TSYNC = 1
SECCOMP_RET_ALLOW = 0x7FFF0000
SECCOMP_RET_ERRNO = 0x00050000
SECCOMP_RET_KILL_PROCESS = 0x80000000
LOAD, JUMP_EQUAL, JUMP_AT_LEAST, JUMP_BITS, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
NUMBER_OFFSET, ARCH_OFFSET, ARGUMENT_OFFSET = 0, 4, 16
X32_BIT = 0x40000000

ARCHES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}
# System calls by their numbers on x86_64 and aarch64; None where there is none.
SECCOMP = (317, 277)
CAPSET = (126, 91)
CLONE = (56, 220)
CLONE3 = (435, 435)
TGKILL = (234, 131)
PRLIMIT64 = (302, 261)
DENIED: tuple[tuple[int | None, int | None], ...] = (
    # network: socket, connect, bind, listen, accept, accept4; io_uring_setup, which passes by these
    *((41, 198), (42, 203), (49, 200), (50, 201), (43, 202), (288, 242), (425, 425)),
    # other programs: fork, vfork, execve, execveat
    *((57, None), (58, None), (59, 221), (322, 281)),
    # other processes: ptrace, process_vm_readv and _writev, kill, tkill, rt_sigqueueinfo,
    # rt_tgsigqueueinfo, pidfd_send_signal, pidfd_open, pidfd_getfd, kcmp, process_madvise,
    # process_mrelease
    *((101, 117), (310, 270), (311, 271), (62, 129), (200, 130), (129, 138), (297, 240)),
    *((424, 424), (434, 434), (438, 438), (312, 272), (440, 440), (448, 448)),
    # their shares: setpriority, ioprio_set, sched_setaffinity, _setscheduler, _setparam, _setattr
    *((141, 140), (251, 30), (203, 122), (144, 119), (142, 118), (314, 274)),
    # leaving the group that is killed: setsid, setpgid
    *((112, 157), (109, 154)),
    # shared memory and queues: shmget, shmat, msgget, semget, mq_open
    *((29, 194), (30, 196), (68, 186), (64, 190), (240, 180)),
    # what Landlock leaves open: chmod, fchmod, fchmodat, fchmodat2, chown, fchown, lchown,
    # fchownat, setxattr, lsetxattr, fsetxattr, removexattr, lremovexattr, fremovexattr, utime,
    # utimes, futimesat, utimensat
    *((90, None), (91, 52), (268, 53), (452, 452), (92, None), (93, 55), (94, None), (260, 54)),
    *((188, 5), (189, 6), (190, 7), (197, 14), (198, 15), (199, 16)),
    *((132, None), (235, None), (261, None), (280, 88)),
    # truncate, which Landlock knows from version 3
    (76, 45),
    # the kernel's less tried parts: unshare, setns, mount, umount2, open_tree, move_mount, fsopen,
    # fsconfig, fsmount, fspick, mount_setattr, pivot_root, chroot, bpf, perf_event_open,
    # userfaultfd, add_key, request_key, keyctl, open_by_handle_at
    *((272, 97), (308, 268), (165, 40), (166, 39), (428, 428), (429, 429), (430, 430)),
    *((431, 431), (432, 432), (433, 433), (442, 442), (155, 41), (161, 51), (321, 280)),
    *((298, 241), (323, 282), (248, 217), (249, 218), (250, 219), (304, 265)),
)

CODE = Path(__file__).resolve().parents[1]
# Of the system: libraries, fonts and time zones.
SYSTEM_FILES = (
    *("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib", "/usr/share"),
    *("/etc/ld.so.cache", "/etc/localtime", "/etc/fonts", "/dev/null", "/dev/urandom"),
)


class Confinement(NamedTuple):
    """Which of the measures hold; all are False where the system is not Linux."""

    no_new_privileges: bool
    no_capabilities: bool
    network_namespace: bool
    landlock_version: int
    """0 without Landlock. With it, no file but Python and our code can be opened."""
    seccomp: bool
    """No sockets, no other processes and programs."""

    @property
    def hides_files(self) -> bool:
        return self.landlock_version > 0

    @property
    def has_no_network(self) -> bool:
        return self.seccomp or self.network_namespace

    @property
    def has_no_processes(self) -> bool:
        return self.seccomp

    def described(self) -> str:
        """Return one sentence of what holds and what this kernel lacks."""
        rules = {
            "no other files": self.hides_files,
            "no network": self.has_no_network,
            "no other programs": self.has_no_processes,
        }
        always = "without keys, in a folder of its own"
        holds = ", ".join([always, *(rule for rule, is_held in rules.items() if is_held)])
        lacks = ", ".join(rule for rule, is_held in rules.items() if not is_held)
        return f"{holds}; not here: {lacks}" if lacks else holds


def confine(readable: Iterable[str | Path] = ()) -> Confinement:
    """Take from this process all but Python, our code and these files to read; for good.

    It dies with its parent. What is open already, such as its pipes, stays. Call it while the
    process has one thread: some of it holds for the calling thread and those it starts.
    """
    if sys.platform != "linux":
        return Confinement(False, False, False, 0, False)
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    return Confinement(
        no_new_privileges=libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0,
        # First, while the others still allow it; its capabilities go with the next.
        network_namespace=_leave_network(libc),
        no_capabilities=_drop_capabilities(libc),
        landlock_version=_restrict_files(libc, [*_own_files(), *readable]),
        seccomp=_restrict_calls(libc),
    )


def _leave_network(libc: ctypes.CDLL) -> bool:
    """Enter namespaces without network and shared memory; False if this user may not."""
    apart = CLONE_NEWNET | CLONE_NEWIPC
    return any(libc.unshare(flags) == 0 for flags in (CLONE_NEWUSER | apart, apart))


def _drop_capabilities(libc: ctypes.CDLL) -> bool:
    arch = _arch()
    if arch is None:
        return False
    header = struct.pack("II", CAPABILITY_VERSION_3, 0)
    return bool(libc.syscall(CAPSET[arch[0]], header, bytes(24)) == 0)


def _own_files() -> Iterator[str | Path]:
    """Yield what Python needs: its libraries, the packages and our code; no folder of data."""
    yield CODE
    yield from SYSTEM_FILES
    paths = sysconfig.get_paths()
    for name in ("stdlib", "platstdlib", "purelib", "platlib"):
        yield paths[name]


def _restrict_files(libc: ctypes.CDLL, readable: Iterable[str | Path]) -> int:
    """Let these files and folders be read and nothing else; returns the version of Landlock."""
    version = libc.syscall(
        LANDLOCK_CREATE_RULESET, None, ctypes.c_size_t(0), LANDLOCK_CREATE_RULESET_VERSION
    )
    if version < 1:
        return 0
    files = FILE_RIGHTS[max(known for known in FILE_RIGHTS if known <= version)]
    attributes = struct.pack(
        "QQQ", files, NET_RIGHTS if version >= 4 else 0, SCOPES if version >= 6 else 0
    )
    size = 24 if version >= 6 else 16 if version >= 4 else 8
    ruleset = libc.syscall(LANDLOCK_CREATE_RULESET, attributes, ctypes.c_size_t(size), 0)
    if ruleset < 0:
        return 0
    try:
        for path in readable:
            with suppress(FileNotFoundError, NotADirectoryError):
                _allow_reading(libc, ruleset, path)
        return int(version) if libc.syscall(LANDLOCK_RESTRICT_SELF, ruleset, 0) == 0 else 0
    finally:
        os.close(ruleset)


def _allow_reading(libc: ctypes.CDLL, ruleset: int, path: str | Path) -> None:
    handle = os.open(path, O_PATH | os.O_CLOEXEC)
    try:
        rights = READ_FILE | READ_DIR if os.path.isdir(path) else READ_FILE
        rule = struct.pack("=Qi", rights, handle)
        libc.syscall(LANDLOCK_ADD_RULE, ruleset, LANDLOCK_RULE_PATH_BENEATH, rule, 0)
    finally:
        os.close(handle)


def _restrict_calls(libc: ctypes.CDLL) -> bool:
    """Deny the system calls of `DENIED` to all threads; they fail with EPERM."""
    arch = _arch()
    if arch is None:
        return False
    program = b"".join(_filter(*arch))
    buffer = ctypes.create_string_buffer(program, len(program))
    # struct sock_fprog: the number of instructions of eight bytes, then where they are
    fprog = struct.pack("HxxxxxxQ", len(program) // 8, ctypes.addressof(buffer))
    result = libc.syscall(
        SECCOMP[arch[0]], SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, fprog
    )
    return bool(result == 0)


def _arch() -> tuple[int, int] | None:
    """Return the place of this machine's numbers in a pair, and what the kernel calls it."""
    return ARCHES.get(platform.machine()) if sys.maxsize > 2**32 else None


def _filter(place: int, arch: int) -> Iterator[bytes]:
    """Yield the instructions of the filter, for the kernel's BPF machine."""
    yield _instruction(LOAD, ARCH_OFFSET)
    yield _instruction(JUMP_EQUAL, arch, 1, 0)
    yield _instruction(RETURN, SECCOMP_RET_KILL_PROCESS)
    yield _instruction(LOAD, NUMBER_OFFSET)
    if place == 0:  # the second set of numbers of x86_64
        yield _instruction(JUMP_AT_LEAST, X32_BIT, 0, 1)
        yield _instruction(RETURN, SECCOMP_RET_KILL_PROCESS)
    for numbers in DENIED:
        yield from _deny(numbers[place], errno.EPERM)
    # The C library then tries the older call, whose flags can be seen: threads yes, processes no.
    yield from _deny(CLONE3[place], errno.ENOSYS)
    yield from _allow_only_if(CLONE[place], JUMP_BITS, CLONE_THREAD)
    yield from _allow_only_if(TGKILL[place], JUMP_EQUAL, os.getpid())  # abort() signals itself
    yield from _allow_only_if(PRLIMIT64[place], JUMP_EQUAL, 0)  # of itself
    yield _instruction(RETURN, SECCOMP_RET_ALLOW)


def _deny(number: int | None, error: int) -> Iterator[bytes]:
    if number is not None:
        yield _instruction(JUMP_EQUAL, number, 0, 1)
        yield _instruction(RETURN, SECCOMP_RET_ERRNO | error)


def _allow_only_if(number: int, test: int, value: int) -> Iterator[bytes]:
    """Yield the instructions that allow a call only if its first argument passes the test."""
    yield _instruction(JUMP_EQUAL, number, 0, 4)
    yield _instruction(LOAD, ARGUMENT_OFFSET)
    yield _instruction(test, value, 0, 1)
    yield _instruction(RETURN, SECCOMP_RET_ALLOW)
    yield _instruction(RETURN, SECCOMP_RET_ERRNO | errno.EPERM)


def _instruction(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("HBBI", code, if_true, if_false, value)


def main() -> None:
    """Confine this process, and print what holds."""
    sys.stdout.write(json.dumps(confine()) + "\n")


if __name__ == "__main__":
    main()
