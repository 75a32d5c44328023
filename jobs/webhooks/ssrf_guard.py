"""Which addresses a webhook may be sent to: public ones, unless an operator allows the host.

A user chooses the address and a worker connects to it, from inside the network. So what is checked
is the very address that is then connected to, at each delivery: a name may lead elsewhere by then.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from jobs.errors import AddressNotAllowedError, InvalidWebhookError

MAX_URL_CHARS = 2000
# Where HTTPS is served to others. What listens elsewhere is rarely meant to be called by strangers.
PORTS = (443, 8443)
IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
# Host and port to addresses; raises OSError.
Resolve = Callable[[str, int], Iterable[str]]

# https://www.iana.org/assignments/ipv6-address-space: all that is assigned for use across networks.
GLOBAL_IPV6 = ipaddress.ip_network("2000::/3")
# Global by their numbers, but they lead to an IPv4 address within, or to the cloud's own services.
REFUSED_NETWORKS = tuple(
    ipaddress.ip_network(text)
    for text in (
        "2001::/23",  # protocol assignments, Teredo among them
        "2002::/16",  # 6to4
        "3fff::/20",  # documentation
        "192.0.0.0/24",  # protocol assignments, and the platform's own services, on Oracle's cloud
        "192.88.99.0/24",  # relays of 6to4
        "168.63.129.16/32",  # the platform's own services, on Azure
    )
)


@dataclass(frozen=True)
class Target:
    """Where a webhook goes. `host` is in ASCII and lower case, without brackets."""

    host: str
    port: int
    path: str
    is_tls: bool
    is_allowed: bool  # by the operator, wherever it is

    @property
    def host_header(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        usual = 443 if self.is_tls else 80
        return host if self.port == usual else f"{host}:{self.port}"


def parse_target(url: str, allowed_hosts: Collection[str]) -> Target:
    """Read the address of a webhook, without looking its name up.

    Raises InvalidWebhookError for what is no address, AddressNotAllowedError for one that is none
    of ours.
    """
    parts, host, port = _split(url)
    is_tls = parts.scheme == "https"
    is_allowed = host in allowed_hosts
    if not is_allowed and not is_tls:
        raise AddressNotAllowedError(
            "The address must begin with https://, so that nobody reads along."
        )
    port = port or (443 if is_tls else 80)
    if not is_allowed and port not in PORTS:
        raise AddressNotAllowedError(f"Port {port} is not allowed. Use 443 or 8443.")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(host, port, path, is_tls, is_allowed)


def lookup(host: str, port: int) -> list[str]:
    """The addresses of a host, as this machine sees them; raises OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def checked_addresses(target: Target, resolve: Resolve = lookup) -> list[str]:
    """The addresses to connect to, each of them public unless the host is allowed.

    Raises InvalidWebhookError if there are none, AddressNotAllowedError if any is not public: then
    somebody mixes them.
    """
    try:
        addresses = list(resolve(target.host, target.port))
    except (OSError, UnicodeError):
        addresses = []
    if not addresses:
        raise InvalidWebhookError(
            f"The host {target.host} cannot be found. Check how it is spelled."
        )
    if not target.is_allowed and not all(is_public(address) for address in addresses):
        raise AddressNotAllowedError(
            f"The host {target.host} is not on the public internet. "
            "Ask the operator to name it in WEBHOOK_ALLOWED_HOSTS, if it is to be reached."
        )
    return addresses


def is_public(text: str) -> bool:
    """True if an address, in digits, belongs to one host on the public internet."""
    try:
        address: IpAddress = ipaddress.ip_address(text)
    except ValueError:  # such as one with a zone, which is of this machine's network
        return False
    if isinstance(address, ipaddress.IPv6Address) and address not in GLOBAL_IPV6:
        return False  # mapped, compatible and NAT64 addresses, which hold one of IPv4, among them
    if address.is_multicast or address.is_reserved or not address.is_global:
        return False
    return not any(
        address in network for network in REFUSED_NETWORKS if network.version == address.version
    )


def _split(url: str) -> tuple[SplitResult, str, int | None]:
    """The parts of an address, with its host and port; raises InvalidWebhookError."""
    if len(url) > MAX_URL_CHARS:
        raise InvalidWebhookError(f"The address is longer than {MAX_URL_CHARS:,} characters.")
    # `urlsplit` drops some of these silently, so that what is checked would not be what is meant.
    if not url.isascii() or any(letter <= " " or letter in '\\"<>\x7f' for letter in url):
        raise InvalidWebhookError(
            "The address may have letters, digits and signs of ASCII alone: "
            "write others as %… in the path, and as xn--… in the host."
        )
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").removesuffix("."), parts.port
    except ValueError:
        raise InvalidWebhookError(
            "This is no address. Give one such as https://example.com/hook"
        ) from None
    if parts.scheme not in ("http", "https") or not host or port == 0:
        raise InvalidWebhookError("This is no address. Give one such as https://example.com/hook")
    if "@" in parts.netloc:
        raise InvalidWebhookError(
            "Leave user and password out of the address: it is shown as it is."
        )
    if parts.fragment:
        raise InvalidWebhookError("Leave out what follows the # in the address: it is never sent.")
    return parts, host, port
