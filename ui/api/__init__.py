"""The HTTP API, one file for each resource. `uvicorn ui.api:app` serves it alone."""

from __future__ import annotations

from typing import Any


def __getattr__(name: str) -> Any:
    """Build `app` when a server asks for it, not when a module of this package is imported."""
    if name == "app":
        from ui.api.application import create_app
        from ui.clients import get_clients

        app = globals()["app"] = create_app(get_clients())
        return app
    raise AttributeError(name)
