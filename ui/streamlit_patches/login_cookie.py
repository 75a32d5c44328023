"""Read the login that `st.login` keeps in a signed cookie, and the secrets of its providers.

What: `streamlit.auth_util`, `get_cookie_secret` of `streamlit.web.server.server_util`, and from
    `streamlit.web.server.starlette` `decode_signed_value` and `USER_COOKIE_NAME`.
Why: the API knows who is signed in by the same cookie as the pages, but has no `st.user`. Format
    and signature are Streamlit's, and so is the code that checks them.
Until: Streamlit offers a function that reads the login of a request.

Streamlit is imported when something is read, not before: the API alone runs without it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any


def login_claims(cookies: Mapping[str, str]) -> Mapping[str, Any]:
    """Return the claims of the login; {} if it is missing, forged, over or of another site."""
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


def sign_in_secrets() -> Mapping[str, Any]:
    """Return the section `auth` of Streamlit's secrets; empty without one."""
    from streamlit.auth_util import get_secrets_auth_section

    return get_secrets_auth_section()
