"""The one API of these tests, and what signs the cookies of its browsers."""

from __future__ import annotations

from jobs.settings import Settings
from ui.api.application import create_app
from ui.clients import build_clients
from ui.identity.browser_cookie import Signer

SECRET = "test"
SIGNER = Signer(SECRET)
# Building it takes a third of a second. Each test gives it clients of its own, see `use_clients`.
API = create_app(
    build_clients(
        Settings(
            _env_file=None,  # type: ignore[call-arg]
            allowed_hosts="*",  # the test client calls by any name
            auth_mode="anonymous",
            redis_url="redis://127.0.0.1:1/0",  # nobody is there
        )
    )
)
