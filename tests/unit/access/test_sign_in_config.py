"""What is refused before anything starts: ways to sign in that could not work."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from jobs.access.sign_in_config import (
    SignInConfigError,
    check_authentication,
    providers_of,
)
from jobs.settings import Settings, parse_networks

MakeSettings = Callable[..., Settings]
PROVIDER = {"client_id": "a", "client_secret": "b", "server_metadata_url": "https://x.example"}
COMMON = {"redirect_uri": "https://ask.example/oauth2callback", "cookie_secret": "0" * 32}


@pytest.mark.parametrize(
    ("auth", "said"),
    [
        ({}, "section [auth]"),
        ({**COMMON, **PROVIDER, "cookie_secret": "xxx"}, "cookie_secret"),
        ({**COMMON, **PROVIDER, "redirect_uri": "https://ask.example/"}, "redirect_uri"),
        (COMMON, "lacks client_id, client_secret and server_metadata_url"),
        ({**COMMON, **PROVIDER, "client_secret": ""}, "[auth] of .streamlit/secrets.toml lacks"),
        ({**COMMON, "google": {"client_id": "a"}}, "[auth.google]"),
        ({**COMMON, "my_idp": PROVIDER}, "without _"),
    ],
)
def test_oidc_that_lacks_something_is_refused(
    make_settings: MakeSettings, auth: dict[str, Any], said: str
) -> None:
    """The sentence says what is missing, and in which section."""
    with pytest.raises(SignInConfigError) as refused:
        check_authentication(make_settings(auth_mode="oidc"), auth)
    assert said in str(refused.value)


@pytest.mark.parametrize(
    ("auth", "providers"),
    [
        ({**COMMON, **PROVIDER, "client_kwargs": {"scope": "openid"}}, ("default",)),
        ({**COMMON, "google": PROVIDER, "okta": PROVIDER}, ("google", "okta")),
    ],
)
def test_one_provider_or_several_are_accepted(
    make_settings: MakeSettings, auth: dict[str, Any], providers: tuple[str, ...]
) -> None:
    """Keys in [auth] itself are the only provider; sections below it are one each."""
    check_authentication(make_settings(auth_mode="oidc"), auth)
    assert providers_of(auth) == providers


def test_proxy_needs_to_be_known(make_settings: MakeSettings) -> None:
    """Without TRUSTED_PROXIES, nobody could get in."""
    with pytest.raises(SignInConfigError, match="TRUSTED_PROXIES"):
        check_authentication(make_settings(auth_mode="proxy"), {})
    check_authentication(make_settings(auth_mode="proxy", trusted_proxies="10.0.0.2"), {})


@pytest.mark.parametrize("text", ["0.0.0.0/0", "::/0", "proxy.example", "10.0.0.1/8", "*"])
def test_networks_that_are_unclear_or_everybody_are_refused(text: str) -> None:
    """Names change, host bits are a slip, and a proxy is not everybody."""
    with pytest.raises(ValueError, match=r"network|everybody"):
        parse_networks(text)
