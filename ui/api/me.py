"""The part of the HTTP API that says who the caller is."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, Field

from jobs.settings import Settings
from ui.api.dependencies import User
from ui.api.guards import settings
from ui.api.key import GivenKey, may_operate
from ui.identity.people import who_is

router = APIRouter(tags=["service"])


class Me(BaseModel):
    """Who the caller is."""

    user: str = Field(description="The owner of what the caller asks.")
    name: str = Field(description="The name for people to read; empty where nobody signs in.")
    is_operator: bool


@router.get("/me")
def read_me(
    request: Request, user: User, key: GivenKey, settings: Annotated[Settings, Depends(settings)]
) -> Me:
    """Whose questions and documents the caller sees."""
    if key:  # whoever else is signed in in this browser
        return Me(user=user, name="", is_operator=may_operate(key, request, settings))
    person = who_is(request)
    return Me(
        user=user,
        name=person.name if person else "",
        is_operator=person is not None and person.is_operator,
    )
