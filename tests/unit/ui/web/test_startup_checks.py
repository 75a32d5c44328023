"""What the web process refuses to start with."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from jobs.settings import Settings
from ui.web import startup_checks

MakeSettings = Callable[..., Settings]


@pytest.mark.parametrize("believed", [None, "127.0.0.1", "*"])
def test_server_that_would_believe_others_does_not_start(
    make_settings: MakeSettings, monkeypatch: pytest.MonkeyPatch, believed: str | None
) -> None:
    """By default, uvicorn believes the headers of anyone on this machine; the message says so."""
    proxied = make_settings(auth_mode="proxy", trusted_proxies="10.0.0.2")
    monkeypatch.setenv("FORWARDED_ALLOW_IPS", "none")
    startup_checks.check_start(proxied)
    if believed is None:
        monkeypatch.delenv("FORWARDED_ALLOW_IPS")
    else:
        monkeypatch.setenv("FORWARDED_ALLOW_IPS", believed)
    with pytest.raises(SystemExit, match="set FORWARDED_ALLOW_IPS=none"):
        startup_checks.check_start(proxied)
    startup_checks.check_start(make_settings())
