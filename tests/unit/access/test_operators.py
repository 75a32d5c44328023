"""Who is an operator."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from jobs.access.operators import Access, access_of, are_credentials
from jobs.settings import Settings

LOCAL = "127.0.0.1:8501"


@pytest.mark.parametrize(
    ("values", "host", "access"),
    [
        ({"redis_url": ""}, LOCAL, Access.OPEN),
        ({"redis_url": ""}, "LOCALHOST:8501", Access.OPEN),
        ({"redis_url": ""}, "[::1]", Access.OPEN),
        # a name that somebody lets point here, or that of a proxy
        ({"redis_url": ""}, "evil.example:8501", Access.CLOSED),
        ({"redis_url": ""}, "127.0.0.1.evil.example", Access.CLOSED),
        ({"redis_url": ""}, "", Access.CLOSED),
        ({"redis_url": "", "bind_address": "0.0.0.0"}, LOCAL, Access.CLOSED),
        ({"redis_url": "", "dashboard_username": "ops"}, LOCAL, Access.CLOSED),
        ({}, LOCAL, Access.CLOSED),  # a server, which several people share
        ({"dashboard_password": "x"}, "ask.example", Access.PASSWORD),
        ({"redis_url": "", "dashboard_password": "x"}, LOCAL, Access.PASSWORD),
    ],
)
def test_access_is_open_to_one_person_at_this_machine_alone(
    make_settings: Callable[..., Settings], values: dict[str, str], host: str, access: Access
) -> None:
    """Anybody else needs the password; where none is set, nobody gets in."""
    assert access_of(make_settings(**values), host) is access


def test_user_and_password_must_both_be_right(make_settings: Callable[..., Settings]) -> None:
    """Letters of any alphabet count."""
    settings = make_settings(dashboard_username="ops", dashboard_password="pä:ss")
    assert are_credentials(settings, "ops", "pä:ss")
    for username, password in [("ops", ""), ("", "pä:ss"), ("other", "pä:ss"), ("ops", "pa:ss")]:
        assert not are_credentials(settings, username, password)
