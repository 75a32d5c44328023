"""Who is an operator."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from jobs.access.operators import Access, access_of, are_credentials, are_operators, was_forwarded
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


@pytest.mark.parametrize(
    "name",
    [
        *("X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-FORWARDED-Server"),
        *("Forwarded", "Via", "X-Real-IP", "X_Real_IP", "X-Original-URL", "CF-Connecting-IP"),
        *("True-Client-IP", "X-Client-IP", "Remote-User", "X-Envoy-External-Address"),
    ],
)
def test_what_came_by_a_proxy_is_closed(make_settings: Callable[..., Settings], name: str) -> None:
    """A proxy on this machine lets others in, even where it replaces the Host header by ours."""
    settings = make_settings(redis_url="")
    assert was_forwarded(["host", name], "1.1")
    assert access_of(settings, LOCAL, is_forwarded=True) is Access.CLOSED
    with_password = make_settings(dashboard_password="x")
    assert access_of(with_password, LOCAL, is_forwarded=True) is Access.PASSWORD


def test_what_came_by_nginx_without_any_header_is_closed() -> None:
    """As it is installed, it adds none, but speaks HTTP/1.0, which no browser does."""
    names = ["host", "connection", "user-agent", "accept", "cookie", "origin", "sec-fetch-site"]
    assert was_forwarded(names, "1.0")
    assert not was_forwarded(names, "1.1")


def test_user_and_password_must_both_be_right(make_settings: Callable[..., Settings]) -> None:
    """Letters of any alphabet count."""
    settings = make_settings(dashboard_username="ops", dashboard_password="pä:ss")
    assert are_credentials(settings, "ops", "pä:ss")
    for username, password in [("ops", ""), ("", "pä:ss"), ("other", "pä:ss"), ("ops", "pa:ss")]:
        assert not are_credentials(settings, username, password)


def test_case_of_addresses_alone_does_not_matter(make_settings: Callable[..., Settings]) -> None:
    """Not that of groups, nor of signs such as that of kelvin, whose lower case is a plain k."""
    settings = make_settings(operators="Kim@x.org, ops")
    assert are_operators(settings, ["kIM@X.org"])
    for name in ("\u212aim@x.org", "Ops", "OPS", "ops ", "kim@x.org.", ""):
        assert not are_operators(settings, [name]), name
