"""Read the login that `st.login` keeps in a signed cookie, and keep it in one cookie alone.

What: `get_origin_from_redirect_uri`, `get_secrets_auth_section` and `MAX_COOKIE_BYTES` of
    `streamlit.auth_util`, `get_cookie_secret` of `streamlit.web.server.server_util`, and from
    `streamlit.web.server.starlette` `decode_signed_value` and `USER_COOKIE_NAME`. Replaces
    `_set_auth_cookie` of its `starlette_auth_routes`, and there and in `starlette_websocket`
    `get_cookie_with_chunks`.
Why: the API knows who is signed in by the same cookie as the pages, but has no `st.user`. Format
    and signature are Streamlit's, and so is the code that checks them. But it splits a login above
    4 KB into chunks that are signed one by one: chunks of several logins make claims that no
    provider confirmed. So only the claims that we use are kept, and chunks are never read.
Until: Streamlit offers a function that reads the login of a request, and signs it as a whole.

Streamlit is imported when something is read, not before: the API alone runs without it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

# What `ui.identity.oidc` and signing out read. The others, such as a picture, only take room.
KEPT_CLAIMS = ("iss", "sub", "exp", "origin", "is_logged_in", "provider")
# Where a login is too large, names go first, in this order, and then groups, from the last.
NAMES = ("preferred_username", "name")
ADDRESS = ("email", "email_verified")
GROUPS = "groups"


def login_claims(cookies: Mapping[str, str]) -> Mapping[str, Any]:
    """Return the claims of the login; {} if missing, forged, over, in chunks or of another site."""
    from streamlit.auth_util import get_origin_from_redirect_uri
    from streamlit.web.server.server_util import get_cookie_secret
    from streamlit.web.server.starlette.starlette_app_utils import decode_signed_value
    from streamlit.web.server.starlette.starlette_server_config import USER_COOKIE_NAME

    value = cookies.get(USER_COOKIE_NAME, "").encode()
    try:
        claims = json.loads(decode_signed_value(get_cookie_secret(), USER_COOKIE_NAME, value) or "")
    except ValueError:  # also what stands for a login in chunks, which is not JSON
        return {}
    # Browsers share cookies between the ports of a host, and sites may share a secret.
    if not isinstance(claims, dict) or claims.get("origin") != get_origin_from_redirect_uri():
        return {}
    return claims if claims.get("is_logged_in") is True else {}


def keep_logins_whole(is_kept_group: Callable[[str], bool]) -> None:
    """Let each login fit into one cookie, with the groups that count here; read no chunks."""
    from streamlit.web.server.starlette import starlette_auth_routes, starlette_websocket

    store = starlette_auth_routes._set_auth_cookie
    if getattr(store, "keeps", False):
        return

    async def store_whole(response: Any, claims: dict[str, Any], tokens: dict[str, Any]) -> None:
        # The access token is for other services: nothing here uses it.
        hint = {name: tokens[name] for name in ("id_token",) if name in tokens}
        await store(response, fitting(claims, is_kept_group), hint if _fits(hint) else {})

    store_whole.keeps = True  # type: ignore[attr-defined]  # marks ours
    starlette_auth_routes._set_auth_cookie = store_whole  # type: ignore[assignment]
    for module in (starlette_auth_routes, starlette_websocket):
        module.get_cookie_with_chunks = _read_whole  # type: ignore[attr-defined]


def fitting(claims: Mapping[str, Any], is_kept_group: Callable[[str], bool]) -> dict[str, Any]:
    """Return the claims that are kept, as many as fit into one cookie."""
    kept = {name: claims[name] for name in (*KEPT_CLAIMS, *ADDRESS, *NAMES) if name in claims}
    groups = claims.get(GROUPS, ())
    named = groups if isinstance(groups, list) else [groups]
    kept[GROUPS] = [group for group in named if isinstance(group, str) and is_kept_group(group)]
    for name in NAMES:
        if not _fits(kept):
            kept.pop(name, None)
    while kept[GROUPS] and not _fits(kept):
        kept[GROUPS].pop()
    return kept


def _fits(value: Mapping[str, Any]) -> bool:
    """Return whether Streamlit stores this in one cookie, under the longer of its two names."""
    from streamlit.auth_util import MAX_COOKIE_BYTES
    from streamlit.web.server.starlette.starlette_app_utils import create_signed_value
    from streamlit.web.server.starlette.starlette_auth_routes import _get_auth_cookie_attribute_size
    from streamlit.web.server.starlette.starlette_server_config import TOKENS_COOKIE_NAME

    signed = create_signed_value("any", TOKENS_COOKIE_NAME, json.dumps(value))
    size = len(TOKENS_COOKIE_NAME) + 1 + len(signed) + _get_auth_cookie_attribute_size()
    return size <= MAX_COOKIE_BYTES


def _read_whole(read: Callable[[str], bytes | None], name: str) -> bytes | None:
    """Return the cookie if it is one; what stands for chunks is no login."""
    value = read(name)
    return None if value is None or value.startswith(b"chunks-") else value


def sign_in_secrets() -> Mapping[str, Any]:
    """Return the section `auth` of Streamlit's secrets; empty without one."""
    from streamlit.auth_util import get_secrets_auth_section

    return get_secrets_auth_section()
