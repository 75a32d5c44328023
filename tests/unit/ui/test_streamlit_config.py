"""What .streamlit/config.toml must not lose."""

from __future__ import annotations

import tomllib

from tests.integration.processes import ROOT

CONFIG = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text())


def test_pages_are_for_themselves_alone() -> None:
    """Other origins may neither call nor post, and no error shows more than a sentence."""
    assert CONFIG["server"]["enableCORS"] is True
    assert CONFIG["server"]["enableXsrfProtection"] is True
    assert "corsAllowedOrigins" not in CONFIG["server"]
    assert CONFIG["client"]["showErrorDetails"] == "none"


def test_nothing_is_reported_elsewhere() -> None:
    """No statistics of use leave the installation."""
    assert CONFIG["browser"]["gatherUsageStats"] is False
