"""Webhooks over HTTP: addresses that are notified when a job of the caller is over."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal, TypeAlias

from fastapi import APIRouter, Depends
from pydantic import BaseModel, FailFast, Field

from jobs.access.api_keys import ApiKey, Scope
from jobs.errors import NotFoundError
from jobs.webhooks.client import UNKNOWN as NO_WEBHOOK
from jobs.webhooks.client import Event, Webhook
from jobs.webhooks.outbox import Delivery
from ui.api.dependencies import AppClients, Asker, GivenKey, refuse_other_sites, require_scope
from ui.api.errors import ERRORS
from ui.api.models import Text, moment

EXAMPLE_ID = "4be0d7a9c1f23e58"
EXAMPLE_URL = "https://example.com/hooks/askqueue"
UNKNOWN: dict[int | str, dict[str, Any]] = {
    404: {**ERRORS[404], "description": "Unknown webhook or delivery, or another user's"}
}
SEND: dict[int | str, dict[str, Any]] = {
    **UNKNOWN,
    409: {**ERRORS[409], "description": "Too many deliveries wait already"},
}


class WebhookRequest(BaseModel):
    url: Text = Field(
        description="An https:// address on the public internet, port 443 or 8443, or of a host "
        "that WEBHOOK_ALLOWED_HOSTS names.",
        examples=[EXAMPLE_URL],
    )
    events: Annotated[list[Event], FailFast()] = Field(
        list(Event),
        description="The events that it is notified of.",
        examples=[["job.finished", "job.failed"]],
    )
    include_answer: bool = Field(
        False,
        description="Include the text and citations of the answer. An API key also needs the scope "
        "`read` for that.",
    )


class WebhookInfo(BaseModel):
    id: str = Field(examples=[EXAMPLE_ID])
    url: str = Field(examples=[EXAMPLE_URL])
    events: list[Event]
    include_answer: bool
    created_at: datetime
    failing_since: datetime | None = Field(
        None, description="The first failure after the last success."
    )
    disabled: str | None = Field(
        None, description="Why the webhook is disabled; absent if it is not."
    )
    key_id: str | None = Field(
        None,
        description="The API key that made it, and with which it ends; absent if a person did.",
    )


class NewWebhook(WebhookInfo):
    secret: str = Field(
        description="Signs the deliveries. It is not shown again.",
        examples=["whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"],
    )


class WebhookList(BaseModel):
    webhooks: list[WebhookInfo]


class DeliveryInfo(BaseModel):
    """The notification of one event, delivered or still to be delivered."""

    id: str = Field(description="Also its header `webhook-id`.", examples=["msg_1f0c7a52b3e84c0e"])
    type: str = Field(examples=["job.finished"])
    job_id: str | None = Field(None, description="Absent for a test.")
    state: Literal["delivered", "waiting", "failed"]
    created_at: datetime
    attempts: int = Field(ge=0, description="Number of attempts so far.", examples=[1])
    tried_at: datetime | None = Field(None, description="When the latest attempt ended.")
    status: int | None = Field(None, description="HTTP status of the latest attempt's reply.")
    duration_seconds: float = Field(0, ge=0, description="How long the latest attempt took.")
    error: str | None = Field(None, description="Why the latest attempt failed.")
    next_at: datetime | None = Field(None, description="When the next attempt is due.")


class DeliveryList(BaseModel):
    """The 100 newest deliveries of the last seven days, newest first."""

    deliveries: list[DeliveryInfo]


class Sent(BaseModel):
    delivery_id: str


def may_see(key: ApiKey | None, webhook: Webhook) -> bool:
    """Return whether the caller sees a webhook of theirs.

    With a key that may not read, only those that it made: an address may be a secret by itself.
    """
    return key is None or Scope.READ in key.scopes or webhook.key_id == key.id


def named_webhook(webhook_id: str, clients: AppClients, user: Asker, key: GivenKey) -> Webhook:
    """Return the webhook of the address; raises NotFoundError."""
    webhook = clients.webhooks.get(user, webhook_id)
    if not may_see(key, webhook):
        raise NotFoundError(NO_WEBHOOK)
    return webhook


Named: TypeAlias = Annotated[Webhook, Depends(named_webhook)]
SAME_SITE = [Depends(refuse_other_sites)]

router = APIRouter(prefix="/webhooks", responses={503: ERRORS[503]}, tags=["webhooks"])


@router.post("", status_code=201, dependencies=SAME_SITE, response_model_exclude_none=True)
def create_webhook(
    clients: AppClients, user: Asker, key: GivenKey, body: WebhookRequest
) -> NewWebhook:
    """Notify an address when a job of yours is over; at most 10 addresses for each user.

    Each delivery is a POST of JSON, signed as in Standard Webhooks, tried up to 12 times over 19
    hours until a 2xx comes back within 10 seconds. It may arrive more than once: `webhook-id`
    tells. Rows of a batch are not told. What an API key makes ends with that key.
    """
    if key and body.include_answer:
        require_scope(key, Scope.READ)
    webhook, secret = clients.webhooks.create(
        user, body.url, body.events, include_answer=body.include_answer, key=key
    )
    return NewWebhook(**_info(webhook).model_dump(), secret=secret)


@router.get("", response_model_exclude_none=True)
def list_webhooks(clients: AppClients, user: Asker, key: GivenKey) -> WebhookList:
    """Return your webhooks, oldest first, without their secrets.

    An API key without the scope `read` has to do with those alone that it made.
    """
    webhooks = clients.webhooks.list_webhooks(user)
    return WebhookList(webhooks=[_info(each) for each in webhooks if may_see(key, each)])


@router.get("/{webhook_id}", responses=UNKNOWN, response_model_exclude_none=True)
def read_webhook(webhook: Named) -> WebhookInfo:
    """Return one webhook, without its secret."""
    return _info(webhook)


@router.delete("/{webhook_id}", status_code=204, dependencies=SAME_SITE, responses=UNKNOWN)
def delete_webhook(webhook: Named, clients: AppClients, user: Asker) -> None:
    """Remove a webhook, its log and its pending deliveries."""
    clients.webhooks.delete(user, webhook.id)


@router.get("/{webhook_id}/deliveries", responses=UNKNOWN, response_model_exclude_none=True)
def list_deliveries(webhook: Named, clients: AppClients, user: Asker) -> DeliveryList:
    """Return the deliveries with their outcome, including the pending ones."""
    return DeliveryList(deliveries=_infos(clients.webhooks.deliveries(user, webhook.id)))


@router.post(
    "/{webhook_id}/deliveries/{delivery_id}/resend",
    status_code=202,
    dependencies=SAME_SITE,
    responses=SEND,
    response_model_exclude_none=True,
)
def resend(webhook: Named, delivery_id: str, clients: AppClients, user: Asker) -> DeliveryInfo:
    """Send a delivery again at once, with the same `webhook-id`."""
    return _infos([clients.webhooks.resend(user, webhook.id, delivery_id)])[0]


@router.post("/{webhook_id}/test", status_code=202, dependencies=SAME_SITE, responses=SEND)
def test(webhook: Named, clients: AppClients, user: Asker) -> Sent:
    """Send one delivery of the type `webhook.test`; its outcome is in the log.

    If it arrives, a webhook that was switched off is on again.
    """
    return Sent(delivery_id=clients.webhooks.test(user, webhook.id))


def _info(webhook: Webhook) -> WebhookInfo:
    return WebhookInfo(
        id=webhook.id,
        url=webhook.url,
        events=[event for event in Event if event in webhook.events],
        include_answer=webhook.include_answer,
        created_at=moment(webhook.created_at),
        failing_since=moment(webhook.failing_since),
        disabled=webhook.disabled or None,
        key_id=webhook.key_id or None,
    )


def _infos(deliveries: Sequence[Delivery]) -> list[DeliveryInfo]:
    return [
        DeliveryInfo(
            id=each.id,
            type=each.type,
            job_id=each.job_id or None,
            state=each.state,
            created_at=moment(each.created_at),
            attempts=each.attempts,
            tried_at=moment(each.tried_at),
            status=each.status,
            duration_seconds=each.seconds,
            error=each.error or None,
            next_at=moment(each.next_at),
        )
        for each in deliveries
    ]
