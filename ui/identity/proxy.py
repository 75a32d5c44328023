"""Sign-in by a reverse proxy: a user name in a header, trusted from known peers alone."""

from __future__ import annotations

import unicodedata
from urllib.parse import quote

from starlette.requests import HTTPConnection

from jobs.access.throttle import is_trusted_proxy
from jobs.errors import AmbiguousProxyUserError, UntrustedProxyError
from jobs.settings import Settings

MAX_NAME_BYTES = 200
USER_PREFIX = "p-"
# Letters, marks and signs that are drawn as nothing; spaces and controls are known by their class.
BLANKS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0\u180b\u180c\u180d\u180f") | {
    chr(code)
    for code in (*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0))  # variation selectors
}


def name_from(connection: HTTPConnection, settings: Settings) -> str | None:
    """Return the user's name from the proxy's header; None without one.

    Raises UntrustedProxyError if the direct peer is not in `TRUSTED_PROXIES`, and
    AmbiguousProxyUserError for several names (a proxy that appends to its client's header) and for
    one that could be taken for another: too long, not in UTF-8, or with characters that nobody
    sees.
    """
    names = connection.headers.getlist(settings.proxy_user_header)
    if not names:
        return None
    peer = connection.client.host if connection.client else ""
    if not is_trusted_proxy(peer, settings):
        raise UntrustedProxyError()
    if len(names) > 1 or len(names[0]) > MAX_NAME_BYTES:
        raise AmbiguousProxyUserError()
    # Servers read a header as Latin-1. A name is never repaired: what is left out, or guessed, is
    # what told it from another one.
    name = names[0].strip(" \t")
    try:
        name = name.encode("latin-1").decode()
    except UnicodeDecodeError as error:
        raise AmbiguousProxyUserError() from error
    if not _is_plain(name):
        raise AmbiguousProxyUserError()
    return name or None


def _is_plain(name: str) -> bool:
    """Return whether people see all of a name, and it is written in the usual way (NFC).

    Other spaces than the usual one and invisible characters make names that only programs can
    tell apart.
    """
    return name == unicodedata.normalize("NFC", name) and not any(
        character != " " and (unicodedata.category(character)[0] in "CZ" or character in BLANKS)
        for character in name
    )


def user_of(name: str) -> str:
    """Return the user of this name: readable, without special characters of keys and patterns."""
    return f"{USER_PREFIX}{quote(name, safe='@+')}"
