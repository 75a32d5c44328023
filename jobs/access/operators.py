"""Who is an operator: where people sign in, those of `OPERATORS`; elsewhere, and for programs,
whoever has the user and password of rq-dashboard, or sits at this machine.

The dashboard, the API and the pages ask here; each says no in its own way.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import string
from collections.abc import Iterable
from enum import StrEnum

from jobs.settings import LOOPBACK_HOSTS, Settings

ASCII_LOWER = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)

# Of nginx, Apache, HAProxy, Caddy, Traefik, Envoy, and what stands in front of them.
PROXY_PREFIXES = ("x-forwarded", "x-original-", "x-envoy-", "x-proxy", "x-auth-request-", "cf-")
PROXY_HEADERS = frozenset(
    (
        *("forwarded", "via", "x-real-ip", "x-client-ip", "x-cluster-client-ip", "x-remote-ip"),
        *("x-remote-addr", "client-ip", "true-client-ip", "fastly-client-ip", "x-azure-clientip"),
        *(
            "x-host",
            "x-scheme",
            "x-remote-user",
            "remote-user",
            "x-amzn-trace-id",
            "front-end-https",
        ),
    )
)


class Access(StrEnum):
    """How operators get in, over the pages and the API."""

    OPEN = "open"  # everybody is one: a personal installation
    PASSWORD = "password"  # noqa: S105 - the word for it, none itself
    CLOSED = "closed"  # nobody is, until a password is set


def access_of(settings: Settings, host: str, *, is_forwarded: bool = False) -> Access:
    """Return how an operator who came by this Host header, or by way of a proxy, gets in.

    Without a password, only to the installation of one person: an embedded Valkey, on 127.0.0.1.
    The name in the header must be of this machine as well, because a page elsewhere may let its
    own name point at 127.0.0.1 (DNS rebinding), and because a proxy lets others in. Some proxies,
    nginx among them, replace the name by this machine's; see `was_forwarded`.
    """
    if settings.dashboard_password.get_secret_value():
        return Access.PASSWORD
    is_personal = settings.embedded_valkey and settings.is_loopback
    is_local = re.sub(r":\d+$", "", host).lower() in LOOPBACK_HOSTS
    if is_personal and is_local and not is_forwarded and not settings.dashboard_username:
        return Access.OPEN
    return Access.CLOSED


def was_forwarded(header_names: Iterable[str], http_version: str = "") -> bool:
    """Return whether a request came by way of a proxy, as far as it shows.

    Browsers and programs on this machine send none of these headers, and nothing but HTTP/1.1;
    nginx, which adds no header by itself, speaks HTTP/1.0 to the server behind it.
    """
    names = {name.lower().replace("_", "-") for name in header_names}
    return (
        http_version == "1.0"
        or not names.isdisjoint(PROXY_HEADERS)
        or any(name.startswith(PROXY_PREFIXES) for name in names)
    )


def are_credentials(settings: Settings, username: str, password: str) -> bool:
    """Return whether these are the operators' user and password, even empty ones."""
    # Both are compared in full and at the same length, so that the time taken says nothing.
    is_user = _is_same(username, settings.dashboard_username)
    is_password = _is_same(password, settings.dashboard_password.get_secret_value())
    return is_user and is_password


def _is_same(given: str, expected: str) -> bool:
    digests = (hashlib.sha256(text.encode()).digest() for text in (given, expected))
    return hmac.compare_digest(*digests)


def are_operators(settings: Settings, names: Iterable[str]) -> bool:
    """Return whether `OPERATORS` has one of a person's names and groups."""
    operators = {_same(name) for name in settings.operator_names}
    return any(_same(name) in operators for name in names)


def _same(name: str) -> str:
    """Of e-mail addresses alone, the case does not matter, and of ASCII letters only.

    In Unicode, the lower case of some other signs, such as that of kelvin, is a letter of ASCII.
    """
    return name.translate(ASCII_LOWER) if "@" in name else name
