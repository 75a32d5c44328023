"""The HTTP API, one file a resource. `uvicorn ui.api:app` serves it alone."""

from __future__ import annotations

from typing import Any


def __getattr__(name: str) -> Any:
    """Build `app` when a server asks for it, so that other modules can be imported without it."""
    if name == "app":
        from ui.api.application import app

        return app
    raise AttributeError(name)
