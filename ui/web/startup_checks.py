"""Refuse to start with settings under which nobody could sign in, or anybody as somebody else."""

from __future__ import annotations

import sys

import uvicorn

from jobs.access.sign_in_config import SignInConfigError, check_authentication
from jobs.settings import AuthMode, Settings
from ui.streamlit_patches.login_cookie import sign_in_secrets

# Values of FORWARDED_ALLOW_IPS with which uvicorn trusts no peer.
NOBODY = ("", "none")


def check_start(settings: Settings) -> None:
    """End the process with a message if the sign-in cannot work, or would not be safe."""
    try:
        check_authentication(settings, sign_in_secrets())
        _check_peers(settings, uvicorn.Config("", log_config=None).forwarded_allow_ips)
    except SignInConfigError as problem:
        sys.exit(f"Askqueue cannot start. {problem}")


def _check_peers(settings: Settings, believed: list[str] | str) -> None:
    """Raise SignInConfigError if the server would believe others who their peer is.

    From the peers in FORWARDED_ALLOW_IPS, by default those on this machine, uvicorn takes the
    address in X-Forwarded-For for that of the peer: they could say that they are a trusted proxy.
    """
    if settings.auth_mode is AuthMode.PROXY and believed not in NOBODY:
        raise SignInConfigError(
            "AUTH_MODE is proxy: set FORWARDED_ALLOW_IPS=none in the environment of the web "
            "process, or else who is on this machine could pass for the proxy."
        )
