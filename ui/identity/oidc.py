"""Who is asking by a login at an OpenID provider, which Streamlit's `st.login` keeps in a cookie.

The cookie is read here for pages and API alike. Its format is Streamlit's, and so is the code that
checks its signature; the claims in it are those of the ID token, checked when it came.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Login:
    """A login, which may be over. `known_as` is what `OPERATORS` may call its user or groups."""

    user: str
    name: str
    known_as: tuple[str, ...]
    expires_at: float  # Unix time

    @property
    def is_expired(self) -> bool:
        return self.expires_at <= time.time()


def login_of(cookies: Mapping[str, str]) -> Login | None:
    """The login of these cookies; None without one that a provider of ours has confirmed."""
    claims = _claims_in(cookies)
    issuer, subject, expires_at = (claims.get(name) for name in ("iss", "sub", "exp"))
    if not (isinstance(issuer, str) and isinstance(subject, str) and issuer and subject):
        return None
    if isinstance(expires_at, bool) or not isinstance(expires_at, int | float):
        return None
    user, email = user_of(issuer, subject), _verified_email(claims)
    names = (email, claims.get("name"), claims.get("preferred_username"), user)
    name = next(name for name in names if isinstance(name, str) and name)
    known_as = (user, *filter(None, (email,)), *_groups(claims))
    return Login(user, name, known_as, float(expires_at))


def user_of(issuer: str, subject: str) -> str:
    """The user of a subject, which is unique within its issuer alone; of a fixed length."""
    digest = hashlib.sha256(json.dumps([issuer, subject]).encode()).hexdigest()
    return f"o-{digest[:32]}"


def _claims_in(cookies: Mapping[str, str]) -> Mapping[str, Any]:
    """The claims of Streamlit's signed cookie, {} if it is missing, forged or of another site."""
    from streamlit.auth_util import get_cookie_with_chunks, get_origin_from_redirect_uri
    from streamlit.web.server.server_util import get_cookie_secret
    from streamlit.web.server.starlette.starlette_app_utils import decode_signed_value
    from streamlit.web.server.starlette.starlette_server_config import USER_COOKIE_NAME

    secret = get_cookie_secret()

    def read(name: str) -> bytes | None:
        return decode_signed_value(secret, name, cookies.get(name, "").encode())

    try:
        claims = json.loads(get_cookie_with_chunks(read, USER_COOKIE_NAME) or b"{}")
    except ValueError:
        return {}
    # Browsers share cookies between the ports of a host, and sites may share a secret.
    if not isinstance(claims, dict) or claims.get("origin") != get_origin_from_redirect_uri():
        return {}
    return claims if claims.get("is_logged_in") is True else {}


def _verified_email(claims: Mapping[str, Any]) -> str:
    """The e-mail address, if the provider says that it is this user's; else ""."""
    email = claims.get("email")
    # Some providers send the word instead of the value.
    is_verified = claims.get("email_verified") in (True, "true")
    return email if is_verified and isinstance(email, str) else ""


def _groups(claims: Mapping[str, Any]) -> tuple[str, ...]:
    """The claim `groups`, a list or, of some providers, a single name."""
    groups = claims.get("groups", ())
    if not isinstance(groups, list):
        groups = [groups]
    return tuple(group for group in groups if isinstance(group, str))
