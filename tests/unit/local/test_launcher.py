"""What `make run` checks before it starts, and what it hands on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from jobs.access.sign_in_config import SECRETS_FILE, providers_of, read_auth_section
from jobs.local import launcher
from jobs.settings import Settings
from ui.web import startup_checks

MakeSettings = Callable[..., Settings]
SECRETS = """\
[auth]
redirect_uri = "https://ask.example/oauth2callback"
cookie_secret = "00000000000000000000000000000000"
client_id = "a"
client_secret = "b"
server_metadata_url = "https://x.example"
"""


def test_make_run_says_what_to_do(
    make_settings: MakeSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without usable secrets it does not start a web server that could only fail."""
    monkeypatch.setattr(launcher, "ROOT", tmp_path)
    with pytest.raises(launcher.StartupError, match=r"secrets\.toml"):
        launcher.check_sign_in(make_settings(auth_mode="oidc"))
    path = tmp_path / SECRETS_FILE
    path.parent.mkdir()
    path.write_text("[auth\n")
    with pytest.raises(launcher.StartupError, match="cannot be read"):
        launcher.check_sign_in(make_settings(auth_mode="oidc"))
    path.write_text(SECRETS)
    launcher.check_sign_in(make_settings(auth_mode="oidc"))
    assert providers_of(read_auth_section(path)) == ("default",)


def test_make_run_keeps_the_peers_of_connections_as_they_are(make_settings: MakeSettings) -> None:
    """Where a proxy is trusted by its address, no header may replace that address."""
    proxied = make_settings(auth_mode="proxy", trusted_proxies="127.0.0.1")
    assert launcher.environment_of(proxied)["FORWARDED_ALLOW_IPS"] in startup_checks.NOBODY
    assert launcher.environment_of(make_settings()).get("FORWARDED_ALLOW_IPS") != "none"
