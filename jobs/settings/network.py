"""Addresses and ports, and the names by which the pages and the API answer."""

from __future__ import annotations

import ipaddress
import re

from pydantic import BaseModel, Field, field_validator

# As they stand in a Host header, without the port.
LOOPBACK_HOSTS = ("localhost", "127.0.0.1", "[::1]")
HOST_NAME = re.compile(r"[\w.-]+|\[[0-9a-fA-F:.]+\]")


class NetworkSettings(BaseModel):
    """Settings of where an installation listens."""

    port: int = Field(8501, ge=1, le=65535, description="Port of the pages and of the API.")
    dashboard_port: int = Field(9181, ge=1, le=65535, description="Port of rq-dashboard.")
    bind_address: str = Field(
        "127.0.0.1", description="Address that the pages, the API and rq-dashboard listen on."
    )
    allowed_hosts: str = Field(
        "",
        description="Names of the pages and the API besides those of this machine, separated by "
        "commas; `*` for any.",
    )

    @field_validator("allowed_hosts")
    @classmethod
    def _hosts_are_names(cls, value: str) -> str:
        for name in filter(None, (part.strip() for part in value.split(","))):
            if name != "*" and not HOST_NAME.fullmatch(name):
                raise ValueError(
                    f"ALLOWED_HOSTS has names without a scheme, port or path, such as "
                    f"ask.example.com; {name!r} is none"
                )
        return value

    @property
    def is_loopback(self) -> bool:
        """True if `BIND_ADDRESS` can be reached from this machine alone."""
        try:
            return ipaddress.ip_address(self.bind_address).is_loopback
        except ValueError:
            return self.bind_address == "localhost"

    @property
    def host_names(self) -> frozenset[str]:
        """The names that the pages and the API answer to, in lower case and without a port.

        The names of this machine are always among them: no foreign page can have one of those. `*`
        stands for any name.
        """
        bound = f"[{self.bind_address}]" if ":" in self.bind_address else self.bind_address
        named = (name.strip().rstrip(".").lower() for name in self.allowed_hosts.split(","))
        return frozenset(filter(None, (*LOOPBACK_HOSTS, bound.lower(), *named)))
