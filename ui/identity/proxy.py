"""Sign-in by a reverse proxy: a user name in a header, trusted from known peers alone."""

from __future__ import annotations

import ipaddress
from urllib.parse import quote

from starlette.requests import HTTPConnection

from jobs.errors import AmbiguousProxyUserError, UntrustedProxyError
from jobs.settings import Settings

MAX_NAME_CHARS = 200


def name_from(connection: HTTPConnection, settings: Settings) -> str | None:
    """Return the user's name from the proxy's header; None without one.

    Raises UntrustedProxyError if the direct peer is not in `TRUSTED_PROXIES`, and
    AmbiguousProxyUserError for several names (a proxy that appends to its client's header) or one
    that is too long.
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
    """Return the user of this name: readable, without special characters of keys and patterns."""
    return f"p-{quote(name, safe='@+')}"


def _is_trusted(connection: HTTPConnection, settings: Settings) -> bool:
    """Return whether the direct peer is a trusted proxy."""
    if connection.client is None:
        return False
    try:
        peer = ipaddress.ip_address(connection.client.host)
    except ValueError:
        return False
    # A dual-stack server sees IPv4 peers as ::ffff:a.b.c.d.
    mapped = peer.ipv4_mapped if isinstance(peer, ipaddress.IPv6Address) else None
    return any((mapped or peer) in network for network in settings.trusted_networks)


def _decoded(value: str) -> str:
    """Decode a header that servers read as Latin-1 and most proxies send in UTF-8."""
    try:
        return value.encode("latin-1").decode()
    except UnicodeDecodeError:
        return value
