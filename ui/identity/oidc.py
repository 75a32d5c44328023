"""Sign-in at an OpenID provider: the claims of the ID token that `st.login` keeps in a cookie.

Pages and API read the same cookie. Streamlit checked the ID token when it came.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ui.streamlit_patches.login_cookie import login_claims

USER_PREFIX = "o-"
LATEST = 2.0**53  # beyond it, a float is no exact second


@dataclass(frozen=True)
class Login:
    """A login, which may have expired.

    `known_as` holds the names under which `OPERATORS` may list the user or their groups.
    """

    user: str
    name: str
    known_as: tuple[str, ...]
    expires_at: float  # Unix time

    @property
    def is_expired(self) -> bool:
        return self.expires_at <= time.time()


def login_of(cookies: Mapping[str, str]) -> Login | None:
    """Return the login of these cookies; None without one that a provider of ours confirmed."""
    claims = login_claims(cookies)
    issuer, subject, expires_at = (claims.get(name) for name in ("iss", "sub", "exp"))
    if not (isinstance(issuer, str) and isinstance(subject, str) and issuer and subject):
        return None
    if isinstance(expires_at, bool) or not isinstance(expires_at, int | float):
        return None
    # JSON, as Python reads it, has NaN, which no time is after, and numbers without end.
    if not 0 < expires_at < LATEST:
        return None
    user, email = user_of(issuer, subject), _verified_email(claims)
    names = (email, claims.get("name"), claims.get("preferred_username"), user)
    name = next(name for name in names if isinstance(name, str) and name)
    # A group that is called like somebody's user id is not that person.
    groups = (group for group in _groups(claims) if not group.startswith(USER_PREFIX))
    known_as = (user, *filter(None, (email,)), *groups)
    return Login(user, name, known_as, float(expires_at))


def user_of(issuer: str, subject: str) -> str:
    """Return the user of a subject, which is unique only within its issuer; 34 characters."""
    digest = hashlib.sha256(json.dumps([issuer, subject]).encode()).hexdigest()
    return f"{USER_PREFIX}{digest[:32]}"


def _verified_email(claims: Mapping[str, Any]) -> str:
    """Return the e-mail address if the provider has verified it; else ""."""
    email = claims.get("email")
    # Some providers send the string instead of the boolean.
    is_verified = claims.get("email_verified") in (True, "true")
    return email if is_verified and isinstance(email, str) else ""


def _groups(claims: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the claim `groups`: a list or, from some providers, a single name."""
    groups = claims.get("groups", ())
    if not isinstance(groups, list):
        groups = [groups]
    return tuple(group for group in groups if isinstance(group, str))
