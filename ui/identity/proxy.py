"""Who is asking by the word of a reverse proxy: a name in a header, believed of its peer alone."""

from __future__ import annotations

import ipaddress
from urllib.parse import quote

from starlette.requests import HTTPConnection

from jobs.errors import AmbiguousProxyUserError, UntrustedProxyError
from jobs.settings import Settings

MAX_NAME_CHARS = 200


def name_from(connection: HTTPConnection, settings: Settings) -> str | None:
    """The name of the user in the proxy's header; None without one.

    Raises UntrustedProxyError if the direct peer is none of `TRUSTED_PROXIES`, and
    AmbiguousProxyUserError if there are several names, as when a proxy adds to a header that its
    client sent.
    """
    names = connection.headers.getlist(settings.proxy_user_header)
    if not names:
        return None
    if not _is_trusted(connection, settings):
        raise UntrustedProxyError()
    if len(names) > 1 or len(names[0]) > MAX_NAME_CHARS:
        raise AmbiguousProxyUserError()
    return _decoded(names[0]).strip() or None


def user_of(name: str) -> str:
    """The user of this name: readable, of characters that mean nothing in a key or a pattern."""
    return f"p-{quote(name, safe='@+')}"


def _is_trusted(connection: HTTPConnection, settings: Settings) -> bool:
    """True if the peer itself, not whom it speaks for, is a trusted proxy."""
    if connection.client is None:
        return False
    try:
        peer = ipaddress.ip_address(connection.client.host)
    except ValueError:
        return False
    # A server that listens on both families sees peers of the older one by such an address.
    mapped = peer.ipv4_mapped if isinstance(peer, ipaddress.IPv6Address) else None
    return any((mapped or peer) in network for network in settings.trusted_networks)


def _decoded(value: str) -> str:
    """The header's words, which servers read byte by byte, and most proxies send in UTF-8."""
    try:
        return value.encode("latin-1").decode()
    except UnicodeDecodeError:
        return value
