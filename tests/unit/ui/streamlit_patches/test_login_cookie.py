"""A login in one cookie: what is kept of it, and what Streamlit itself reads."""

from __future__ import annotations

import json
import secrets
import uuid
from typing import Any

import pytest
from starlette.requests import HTTPConnection
from starlette.responses import Response
from streamlit.web.server.starlette import starlette_auth_routes, starlette_websocket

from tests.coroutines import run_apart
from tests.logins import ISSUER, ORIGIN, login_cookies, use_login_secret
from ui.streamlit_patches import login_cookie

USER, TOKENS = "_streamlit_user", "_streamlit_user_tokens"
CLAIMS = {
    "iss": ISSUER,
    "sub": "1",
    "exp": 2.0**40,
    "origin": ORIGIN,
    "is_logged_in": True,
    "provider": "default",
}


@pytest.fixture(autouse=True)
def patched(monkeypatch: pytest.MonkeyPatch) -> None:
    """Streamlit as the web process has it, which counts the groups that begin with "ops"."""
    use_login_secret(monkeypatch)
    for module in (starlette_auth_routes, starlette_websocket):
        monkeypatch.setattr(module, "get_cookie_secret", lambda: "a secret of this test")
        monkeypatch.setattr(module, "get_cookie_with_chunks", module.get_cookie_with_chunks)
    store = starlette_auth_routes._set_auth_cookie
    monkeypatch.setattr(starlette_auth_routes, "_set_auth_cookie", store)
    login_cookie.keep_logins_whole(lambda group: group.startswith("ops"))


def cookies_after_login(claims: dict[str, Any], tokens: dict[str, Any]) -> dict[str, str]:
    """What a browser sends after a login with these claims and tokens."""
    response = Response()
    run_apart(starlette_auth_routes._set_auth_cookie(response, claims, tokens))
    cookies = "; ".join(
        value.decode().split(";")[0]
        for name, value in response.raw_headers
        if name == b"set-cookie"
    )
    return HTTPConnection({"type": "http", "headers": [(b"cookie", cookies.encode())]}).cookies


def test_login_of_many_groups_fits_into_one_cookie() -> None:
    """Of two hundred groups and a long picture, what counts here is kept, and read again."""
    groups = ["ops", *(str(uuid.uuid4()) for _ in range(200)), "ops-2"]
    many = {**CLAIMS, "picture": incompressible(6400), "name": "Ann", "groups": groups}
    cookies = cookies_after_login(many, {"id_token": incompressible(9000), "access_token": "a"})
    assert set(cookies) == {USER, TOKENS}
    claims = login_cookie.login_claims(cookies)
    assert claims == {**CLAIMS, "name": "Ann", "groups": ["ops", "ops-2"]}


def test_only_the_token_for_signing_out_is_kept() -> None:
    """A token for other services would lie readable in the browser for nothing."""
    cookies = cookies_after_login(CLAIMS, {"id_token": "i", "access_token": "secret"})
    tokens = starlette_websocket._get_signed_cookie_with_chunks(cookies, TOKENS)
    assert json.loads(tokens or b"") == {"id_token": "i"}


def test_login_that_is_too_large_loses_names_before_itself() -> None:
    """Whoever has an endless name, or is in endless groups that count, is still let in."""
    claims = {**CLAIMS, "email": "ann@x.org", "email_verified": True}
    groups = [f"ops {incompressible(100)}" for _ in range(99)]
    cookies = cookies_after_login({**claims, "name": incompressible(9000), "groups": groups}, {})
    assert set(cookies) == {USER, TOKENS}
    kept = login_cookie.login_claims(cookies)
    assert kept == {**claims, "groups": groups[: len(kept["groups"])]}
    assert 5 < len(kept["groups"]) < 99


def incompressible(length: int) -> str:
    return secrets.token_urlsafe(length)[:length]


def test_streamlit_reads_no_chunks_either() -> None:
    """What is left of a login in chunks is no user of a session, and nobody who signs out."""
    cookies = login_cookies(picture=incompressible(9000))
    assert len(cookies) > 2
    assert starlette_websocket._get_signed_cookie_with_chunks(cookies, USER) is None
    whole = login_cookies()
    assert starlette_websocket._get_signed_cookie_with_chunks(whole, USER)
