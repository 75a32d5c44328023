"""How often an address may do something, and all addresses together: in this process, in memory.

A client of IPv6 has a network of its own, so that its 64 first bits count as one address.
"""

from __future__ import annotations

import ipaddress
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from jobs.settings import Settings

# More addresses than these are not remembered; `Throttle` bounds all of them together as well.
MOST_ADDRESSES = 10_000
MOST_ADDRESS_CHARS = 64
CLIENT_BITS = 64


@dataclass(frozen=True)
class Allowance:
    """`burst` at once, and then one more each `seconds`."""

    burst: int
    seconds: float


class Throttle:
    """Count by address and in all. For threads; both counts refill by themselves.

    Each count is one number: the time when it is full again (GCRA).
    """

    def __init__(
        self,
        each: Allowance,
        in_all: Allowance,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._each, self._in_all, self._clock = each, in_all, clock
        self._lock = threading.Lock()
        self._full_at: OrderedDict[str, float] = OrderedDict()
        self._all_full_at = 0.0

    def take(self, address: str, *, alone: bool = False) -> float:
        """Count one and return 0; if none is left, count nothing and return the seconds to wait.

        With `alone`, the count of all does not matter.
        """
        with self._lock:
            now = self._clock()
            each = max(self._full_at.get(address, now), now) + self._each.seconds
            in_all = max(self._all_full_at, now) + self._in_all.seconds
            wait = each - now - self._each.burst * self._each.seconds
            if not alone:
                wait = max(wait, in_all - now - self._in_all.burst * self._in_all.seconds)
            if wait > 0:
                return wait
            self._full_at[address] = each
            self._full_at.move_to_end(address)
            if len(self._full_at) > MOST_ADDRESSES:
                self._full_at.popitem(last=False)
            if not alone:
                self._all_full_at = in_all
            return 0.0

    def give_back(self, address: str, *, alone: bool = False) -> None:
        """Undo what `take` counted."""
        with self._lock:
            if address in self._full_at:
                self._full_at[address] -= self._each.seconds
            if not alone:
                self._all_full_at -= self._in_all.seconds


def is_trusted_proxy(peer: str, settings: Settings) -> bool:
    """Return whether this address is one of `TRUSTED_PROXIES`."""
    try:
        address = ipaddress.ip_address(peer)
    except ValueError:
        return False
    return any(_plain(address) in network for network in settings.trusted_networks)


def client_address(peer: str, forwarded_for: Iterable[str], settings: Settings) -> str:
    """Return the address that counts: the peer's, or the one for which trusted proxies speak.

    `forwarded_for` are the values of X-Forwarded-For. Each proxy adds its own peer at the end, so
    the last one that is no proxy of ours is the client; what stands before is hearsay.
    """
    hops = [hop.strip() for value in forwarded_for for hop in value.split(",")]
    client = peer
    while hops and is_trusted_proxy(client, settings):
        client = hops.pop()
    return _network_of(client)


def _network_of(client: str) -> str:
    try:
        address = _plain(ipaddress.ip_address(client))
    except ValueError:
        return client[:MOST_ADDRESS_CHARS]
    if isinstance(address, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((int(address), CLIENT_BITS), strict=False))
    return str(address)


def _plain(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    # A dual-stack server sees IPv4 peers as ::ffff:a.b.c.d.
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address
