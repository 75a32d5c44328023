"""Webhooks: the address that they link to, and the hosts that they may reach."""

from __future__ import annotations

import re

from pydantic import BaseModel, Field, field_validator


class WebhookSettings(BaseModel):
    """Settings of webhooks."""

    public_url: str = Field(
        "", description="Address at which people find Askqueue, for links in webhooks."
    )
    webhook_allowed_hosts: str = Field(
        "",
        description="Hosts that webhooks may reach though not public or not HTTPS, with commas.",
    )

    @field_validator("public_url")
    @classmethod
    def _public_url_is_one(cls, value: str) -> str:
        if value and not re.fullmatch(r"https?://[^\s?#]+", value):
            raise ValueError("PUBLIC_URL is an address such as https://askqueue.example.com")
        return value.rstrip("/")

    @property
    def webhook_hosts(self) -> frozenset[str]:
        """The hosts, by name or address, that webhooks may reach wherever they are."""
        hosts = (host.strip().strip("[]").lower() for host in self.webhook_allowed_hosts.split(","))
        return frozenset(filter(None, hosts))
