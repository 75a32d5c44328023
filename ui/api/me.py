"""Who the caller of the HTTP API is."""

from __future__ import annotations

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field

from ui.api.dependencies import AppClients, GivenKey, User, may_operate
from ui.identity.people import who_is

router = APIRouter(tags=["service"])


class Me(BaseModel):
    """Who the caller is."""

    user: str = Field(description="The owner of the questions that the caller asks.")
    name: str = Field(description="The name for display; empty where nobody signs in.")
    is_operator: bool


@router.get("/me")
def read_me(request: Request, clients: AppClients, user: User, key: GivenKey) -> Me:
    """Say whose questions and documents the caller sees."""
    if key:  # whoever else is signed in in this browser
        return Me(user=user, name="", is_operator=may_operate(key, request, clients.settings))
    person = who_is(request, clients.settings)
    return Me(
        user=user,
        name=person.name if person else "",
        is_operator=person is not None and person.is_operator,
    )
