"""Whether people can sign in as it is configured; asked before anything starts.

`.streamlit/secrets.toml` is read here for `make run`, and by Streamlit for the pages.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from jobs.settings import AuthMode, Settings

SECRETS_FILE = Path(".streamlit") / "secrets.toml"
# The one provider whose keys stand in [auth] itself.
ONLY_PROVIDER = "default"
PROVIDER_KEYS = ("client_id", "client_secret", "server_metadata_url")
# As many as 16 random bytes have in hexadecimal: whoever guesses it can be anybody.
MIN_COOKIE_SECRET_CHARS = 32
CALLBACK = "/oauth2callback"  # where Streamlit takes people back


class SignInConfigError(ValueError):
    """Why nobody could sign in, as a sentence that says what to do."""


def check_authentication(settings: Settings, auth: Mapping[str, Any]) -> None:
    """Raise SignInConfigError if `AUTH_MODE` lacks something; `auth` is [auth] of the secrets."""
    if settings.auth_mode is AuthMode.PROXY and not settings.trusted_networks:
        raise SignInConfigError(
            "AUTH_MODE is proxy: set TRUSTED_PROXIES to the addresses of the reverse proxies that "
            "name the user, such as 127.0.0.1 or 172.16.0.0/12."
        )
    if settings.auth_mode is AuthMode.OIDC:
        _check_oidc(auth)


def read_auth_section(path: Path) -> Mapping[str, Any]:
    """The section [auth] of this file, {} if there is none; raises SignInConfigError."""
    try:
        auth = tomllib.loads(path.read_text(encoding="utf-8")).get("auth", {})
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise SignInConfigError(f"{path} cannot be read: {error}") from error
    return auth if isinstance(auth, dict) else {}


def providers_of(auth: Mapping[str, Any]) -> tuple[str, ...]:
    """The names of the providers in [auth], in its order, for `st.login`."""
    named = (name for name, value in auth.items() if isinstance(value, Mapping))
    ours = tuple(name for name in named if name != "client_kwargs")
    return ((ONLY_PROVIDER,) if "client_id" in auth else ()) + ours


def _check_oidc(auth: Mapping[str, Any]) -> None:
    if not auth:
        raise SignInConfigError(
            f"AUTH_MODE is oidc: describe your OpenID provider in the section [auth] of "
            f"{SECRETS_FILE}; docs/sign-in.md has an example."
        )
    if len(str(auth.get("cookie_secret", ""))) < MIN_COOKIE_SECRET_CHARS:
        raise SignInConfigError(
            f"cookie_secret in [auth] of {SECRETS_FILE} needs {MIN_COOKIE_SECRET_CHARS} characters "
            "or more, which nobody can guess: openssl rand -hex 32"
        )
    address = urlsplit(str(auth.get("redirect_uri", "")))
    if address.path != CALLBACK or address.scheme not in ("http", "https"):
        raise SignInConfigError(
            f"redirect_uri in [auth] of {SECRETS_FILE} has to be the address of the pages with "
            f"{CALLBACK}, such as https://ask.example.com{CALLBACK}"
        )
    providers = providers_of(auth)
    if not providers:
        raise SignInConfigError(f"[auth] of {SECRETS_FILE} lacks {_words(PROVIDER_KEYS)}.")
    for name in providers:
        section = auth if name == ONLY_PROVIDER else auth[name]
        missing = [key for key in PROVIDER_KEYS if not section.get(key)]
        if missing:
            place = "[auth]" if name == ONLY_PROVIDER else f"[auth.{name}]"
            raise SignInConfigError(f"{place} of {SECRETS_FILE} lacks {_words(missing)}.")
        if "_" in name:
            raise SignInConfigError(f"[auth.{name}] of {SECRETS_FILE}: use a name without _.")


def _words(keys: list[str] | tuple[str, ...]) -> str:
    return " and ".join(filter(None, (", ".join(keys[:-1]), keys[-1])))
