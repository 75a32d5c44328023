"""Who is an operator: where people sign in, those of `OPERATORS`; elsewhere, and for programs,
whoever has the user and password of rq-dashboard, or sits at this machine.

The dashboard, the API and the pages ask here; each says no in its own way.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterable
from enum import StrEnum

from jobs.settings import LOOPBACK_HOSTS, Settings


class Access(StrEnum):
    """How operators get in, over the pages and the API."""

    OPEN = "open"  # everybody is one: a personal installation
    PASSWORD = "password"  # noqa: S105 - the word for it, none itself
    CLOSED = "closed"  # nobody is, until a password is set


def access_of(settings: Settings, host: str) -> Access:
    """Return how an operator who came by this Host header gets in.

    Without a password, only to the installation of one person: an embedded Valkey, on 127.0.0.1.
    The name in the header must be of this machine as well, because a page elsewhere may let its
    own name point at 127.0.0.1 (DNS rebinding), and because a proxy lets others in.
    """
    if settings.dashboard_password.get_secret_value():
        return Access.PASSWORD
    is_personal = settings.embedded_valkey and settings.is_loopback
    is_local = re.sub(r":\d+$", "", host).lower() in LOOPBACK_HOSTS
    if is_personal and is_local and not settings.dashboard_username:
        return Access.OPEN
    return Access.CLOSED


def are_credentials(settings: Settings, username: str, password: str) -> bool:
    """Return whether these are the operators' user and password, even empty ones."""
    # Both are compared in full, so that the time taken says nothing about either.
    is_user = hmac.compare_digest(username.encode(), settings.dashboard_username.encode())
    is_password = hmac.compare_digest(
        password.encode(), settings.dashboard_password.get_secret_value().encode()
    )
    return is_user and is_password


def are_operators(settings: Settings, names: Iterable[str]) -> bool:
    """Return whether `OPERATORS` has one of a person's names and groups."""
    operators = {_same(name) for name in settings.operator_names}
    return any(_same(name) in operators for name in names)


def _same(name: str) -> str:
    """Of e-mail addresses alone, the case does not matter."""
    return name.lower() if "@" in name else name
