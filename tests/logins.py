"""Logins as Streamlit leaves them in the browser's cookies, signed by its own code."""

from __future__ import annotations

import time
from typing import Any

import pytest
from streamlit import auth_util
from streamlit.web.server import server_util
from streamlit.web.server.starlette.starlette_app_utils import create_signed_value
from streamlit.web.server.starlette.starlette_server_config import USER_COOKIE_NAME

SECRET = "a secret of this test"
ORIGIN = "https://ask.example"
ISSUER = "https://login.example"


def use_login_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the cookies below be those of this installation."""
    monkeypatch.setattr(server_util, "get_cookie_secret", lambda: SECRET)
    monkeypatch.setattr(auth_util, "get_origin_from_redirect_uri", lambda: ORIGIN)


def login_cookies(secret: str = SECRET, **claims: Any) -> dict[str, str]:
    """The cookies of a login that is good for an hour, with these claims first, in their order."""
    cookies: dict[str, str] = {}
    usual = {
        "iss": ISSUER,
        "sub": "1",
        "exp": time.time() + 3600,
        "origin": ORIGIN,
        "is_logged_in": True,
    }

    def sign(name: str, value: str) -> bytes:
        return create_signed_value(secret, name, value)

    auth_util.set_cookie_with_chunks(
        lambda name, value: cookies.update({name: sign(name, value).decode()}),
        sign,
        USER_COOKIE_NAME,
        {**claims, **usual, **claims},
        cookie_attr_size=80,
    )
    return cookies
