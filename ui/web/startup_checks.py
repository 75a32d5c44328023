"""What the web process refuses to start with: a configuration by which nobody could sign in."""

from __future__ import annotations

import sys

import uvicorn

from jobs.access.sign_in_config import SignInConfigError, check_authentication
from jobs.settings import AuthMode, Settings

# Values of FORWARDED_ALLOW_IPS by which uvicorn leaves the peer of a connection as it is.
NOBODY = ("", "none")


def check_start(settings: Settings) -> None:
    """End the process with a sentence, if nobody could sign in, or anybody as somebody else."""
    from streamlit.auth_util import get_secrets_auth_section  # not before the API starts

    try:
        check_authentication(settings, get_secrets_auth_section())
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
