"""Who is asking, and who is an operator."""

from __future__ import annotations

import ipaddress
import re
from enum import StrEnum
from functools import cached_property
from typing import TypeAlias

from pydantic import BaseModel, Field, SecretStr, field_validator

Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network


class AuthMode(StrEnum):
    """How Askqueue knows who is asking."""

    ANONYMOUS = "anonymous"  # by a cookie of the browser
    OIDC = "oidc"  # by a login at an OpenID provider
    PROXY = "proxy"  # by a header of a reverse proxy


class SignInSettings(BaseModel):
    """Settings of signing in, and the credentials of operators."""

    secret_key: SecretStr = Field(
        SecretStr(""), description="Signs the browser cookie; the same on every web process."
    )
    auth_mode: AuthMode = Field(
        AuthMode.ANONYMOUS, description="Who is asking: anonymous, oidc or proxy."
    )
    operators: str = Field(
        "", description="Operators where people sign in: users or OpenID groups, with commas."
    )
    proxy_user_header: str = Field(
        "X-Forwarded-User", description="Header in which the proxy names the user."
    )
    trusted_proxies: str = Field(
        "", description="Addresses and networks of the proxies to believe, with commas."
    )
    proxy_sign_out_url: str = Field(
        "", description="Where the proxy signs people out; empty shows no such link."
    )
    dashboard_url: str = Field(
        "", description="Address of rq-dashboard for operators, if it has another behind a proxy."
    )
    dashboard_username: str = Field(
        "", description="Operators' user: rq-dashboard, their pages and API."
    )
    dashboard_password: SecretStr = Field(
        SecretStr(""), description="Operators' password; required outside 127.0.0.1."
    )

    @field_validator("trusted_proxies")
    @classmethod
    def _proxies_are_readable(cls, value: str) -> str:
        parse_networks(value)
        return value

    @field_validator("proxy_user_header")
    @classmethod
    def _header_is_a_name(cls, value: str) -> str:
        if not re.fullmatch(r"[A-Za-z0-9-]+", value):
            raise ValueError("PROXY_USER_HEADER is the name of a header, such as X-Forwarded-User")
        return value

    @property
    def operator_names(self) -> frozenset[str]:
        """Users and groups that are operators, where people sign in."""
        return frozenset(filter(None, (name.strip() for name in self.operators.split(","))))

    @cached_property
    def trusted_networks(self) -> tuple[Network, ...]:
        """The networks of trusted proxies; a single address is a network of one."""
        return parse_networks(self.trusted_proxies)


def parse_networks(text: str) -> tuple[Network, ...]:
    """Parse `10.0.0.2, 172.16.0.0/12, ::1` as networks, in this order.

    Raises ValueError for a part that is neither an address nor a network, and for a network that
    holds every address.
    """
    networks = []
    for part in filter(None, (part.strip() for part in text.split(","))):
        try:
            network = ipaddress.ip_network(part)
        except ValueError:
            raise ValueError(
                f"{part!r} is no address or network, such as 10.0.0.2 or 172.16.0.0/12"
            ) from None
        if network.prefixlen == 0:
            raise ValueError(f"{part} is everybody: name the addresses of the proxies alone")
        networks.append(network)
    return tuple(networks)
