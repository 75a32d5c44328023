"""Who calls the HTTP API, and the client that answers: what every endpoint of a user takes."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from fastapi import Depends, Request

from jobs.client import JobClient
from jobs.errors import NotSignedIn
from jobs.settings import AuthMode
from ui.clients import get_clients
from ui.identity import get_settings, who_is

API_USER = "api"


def job_client() -> JobClient:
    return get_clients().jobs


def caller(request: Request) -> str:
    """Whoever is signed in, or else, where nobody can sign in, the user `api`.

    Raises NotSignedIn, and what `who_is` does.
    """
    person = who_is(request)
    if person:
        return person.user
    if get_settings().auth_mode is AuthMode.ANONYMOUS:
        return API_USER
    raise NotSignedIn()


Client = Annotated[JobClient, Depends(job_client)]
User = Annotated[str, Depends(caller)]
# By what an endpoint does for its user: it asks or changes, reads, or has to do with documents.
Asker: TypeAlias = User
Reader: TypeAlias = User
DocumentsUser: TypeAlias = User
