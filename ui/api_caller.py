"""Who calls the HTTP API, and the client that answers: what every endpoint of a user takes."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from fastapi import Depends, Request

from jobs.client import JobClient
from ui.clients import get_clients
from ui.identity import get_signer

API_USER = "api"


def job_client() -> JobClient:
    return get_clients().jobs


def caller(request: Request) -> str:
    """The user of the browser's cookie, or else the user `api`."""
    return get_signer().user_of(request.cookies) or API_USER


Client = Annotated[JobClient, Depends(job_client)]
User = Annotated[str, Depends(caller)]
# By what an endpoint does for its user: it asks or changes, reads, or has to do with documents.
Asker: TypeAlias = User
Reader: TypeAlias = User
DocumentsUser: TypeAlias = User
