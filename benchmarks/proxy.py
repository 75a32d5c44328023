"""A TCP proxy that makes the way to a server longer, in a process of its own.

It holds each piece of data back for half of the round trip, in both directions. One thread waits
in `select`, whose timeout counts microseconds: asyncio rounds its timers up to a millisecond. How
late it was over its own delay is measured, and so are the round trips: each read from a client
that follows a reply counts as one, so that a pipeline of any size is one.
"""

from __future__ import annotations

import contextlib
import ctypes
import multiprocessing
import select
import socket
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from multiprocessing.connection import Connection

from benchmarks.stack import free_port, spread_ms

READ_BYTES = 256 * 1024
MAX_SAMPLES = 200_000
# Linux: let timers fire up to 1 ns late instead of 50 us (prctl, <linux/prctl.h>).
PR_SET_TIMERSLACK, SLACK_NANOSECONDS = 29, 1


@dataclass(frozen=True)
class Counts:
    """Since the last count: round trips, and ms by which data left later than it was due."""

    round_trips: int
    late_ms: dict[str, float]


class Proxy:
    """The running proxy, as its parent sees it."""

    def __init__(self, port: int, control: Connection) -> None:
        self.port = port
        self._control = control

    def set_round_trip(self, seconds: float) -> None:
        """Add this much to each round trip from now on."""
        self._control.send(seconds)
        self._control.recv()

    def count(self) -> Counts:
        """What happened since the last call."""
        self._control.send(None)
        counts = self._control.recv()
        assert isinstance(counts, Counts)
        return counts


@contextlib.contextmanager
def running_proxy(host: str, port: int) -> Iterator[Proxy]:
    """A proxy to this server, without delay at first; gone when the block ends."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    own_port = free_port()
    child = context.Process(target=_serve, args=(own_port, host, port, theirs), daemon=True)
    child.start()
    try:
        if not ours.poll(30):
            raise SystemExit("the proxy did not start")
        ours.recv()
        yield Proxy(own_port, ours)
    finally:
        child.terminate()
        child.join()


def _serve(own_port: int, host: str, port: int, control: Connection) -> None:
    with contextlib.suppress(AttributeError, OSError):  # elsewhere the proxy is a little later
        ctypes.CDLL(None).prctl(PR_SET_TIMERSLACK, SLACK_NANOSECONDS, 0, 0, 0)
    with socket.create_server(("127.0.0.1", own_port), backlog=256) as listener:
        control.send("ready")
        _Loop(listener, (host, port), control).run()


@dataclass
class _Loop:
    """Everything that the proxy waits for. Every piece waits equally long, so one queue serves."""

    listener: socket.socket
    target: tuple[str, int]
    control: Connection
    delay_seconds: float = 0.0
    peers: dict[socket.socket, socket.socket] = field(default_factory=dict)
    clients: set[socket.socket] = field(default_factory=set)
    # Clients whose last data was not answered yet: what they add belongs to the same round trip.
    asking: set[socket.socket] = field(default_factory=set)
    waiting: deque[tuple[float, socket.socket, bytes]] = field(default_factory=deque)
    round_trips: int = 0
    late_seconds: list[float] = field(default_factory=list)

    def run(self) -> None:
        while True:
            timeout = max(0.0, self.waiting[0][0] - time.monotonic()) if self.waiting else None
            readable, _, _ = select.select(
                [self.listener, self.control, *self.peers], [], [], timeout
            )
            for source in readable:
                if source is self.listener:
                    self._accept()
                elif source is self.control:
                    self._obey()
                elif source in self.peers:
                    self._read(source)
            self._send_due()

    def _accept(self) -> None:
        client, _ = self.listener.accept()
        server = socket.create_connection(self.target)
        for end in (client, server):
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.peers |= {client: server, server: client}
        self.clients.add(client)

    def _obey(self) -> None:
        message = self.control.recv()
        if message is not None:
            self.delay_seconds = message / 2
            self.control.send("done")
            return
        self.control.send(Counts(self.round_trips, spread_ms(self.late_seconds or [0.0])))
        self.round_trips = 0
        self.late_seconds.clear()

    def _read(self, source: socket.socket) -> None:
        arrived = time.monotonic()
        try:
            data = source.recv(READ_BYTES)
        except OSError:
            data = b""
        # An end of data is passed on in its turn, after what came before it.
        self.waiting.append((arrived + self.delay_seconds, source, data))
        if not data:
            return
        if source in self.clients:
            self.round_trips += source not in self.asking
            self.asking.add(source)
        else:
            self.asking.discard(self.peers[source])

    def _send_due(self) -> None:
        while self.waiting and self.waiting[0][0] <= time.monotonic():
            due, source, data = self.waiting.popleft()
            peer = self.peers.get(source)
            if peer is None:
                continue
            if not data or not self._pass_on(peer, data):
                self._close(source, peer)
            elif len(self.late_seconds) < MAX_SAMPLES:
                self.late_seconds.append(time.monotonic() - due)

    def _pass_on(self, peer: socket.socket, data: bytes) -> bool:
        try:
            peer.sendall(data)
        except OSError:
            return False
        return True

    def _close(self, *ends: socket.socket) -> None:
        for end in ends:
            self.peers.pop(end, None)
            self.clients.discard(end)
            self.asking.discard(end)
            end.close()
