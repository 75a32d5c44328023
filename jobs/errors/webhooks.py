"""Webhooks that cannot be made."""

from __future__ import annotations

from jobs.errors.base import AskqueueError


class InvalidWebhookError(AskqueueError):
    kind = "invalid_webhook"
    message = "No webhook can be made from this."


class AddressNotAllowedError(InvalidWebhookError):
    """Not public, or not HTTPS: a webhook must not reach what its owner could not."""

    kind = "address_not_allowed"
    message = "A webhook may not be sent to this address."
