"""Who calls the HTTP API, and the client that answers: what every endpoint of a user takes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, TypeAlias

from fastapi import Depends, Request

from jobs.access.api_keys import Scope
from jobs.errors import (
    AmbiguousProxyUserError,
    AskqueueError,
    MissingScopeError,
    NotSignedInError,
    UntrustedProxyError,
    WrongCredentialsError,
    WrongKeyError,
)
from jobs.questions.client import JobClient
from ui.api.key import GivenKey, require_scope
from ui.clients import get_clients
from ui.identity.people import is_anonymous, who_is

API_USER = "api"
# What is said to a caller who is not known, or may not; every endpoint can.
CALLER_STATUS_CODES: dict[type[AskqueueError], int] = {
    WrongKeyError: 401,
    NotSignedInError: 401,
    MissingScopeError: 403,
    UntrustedProxyError: 403,
    AmbiguousProxyUserError: 403,
}
# By kind, because a browser asks for a password of its own where the scheme is Basic.
CHALLENGES = {
    WrongCredentialsError.kind: {"WWW-Authenticate": 'Basic realm="Askqueue", charset="UTF-8"'},
    NotSignedInError.kind: {"WWW-Authenticate": 'Bearer realm="Askqueue"'},
    WrongKeyError.kind: {"WWW-Authenticate": 'Bearer realm="Askqueue", error="invalid_token"'},
}


def job_client() -> JobClient:
    return get_clients().jobs


def caller(request: Request, key: GivenKey) -> str:
    """The owner of the key, whoever is signed in, or, where nobody can sign in, the user `api`.

    Raises WrongKeyError, NotSignedInError, and what `who_is` does.
    """
    if key:
        return key.user
    person = who_is(request)
    if person:
        return person.user
    if is_anonymous():
        return API_USER
    raise NotSignedInError()


Client = Annotated[JobClient, Depends(job_client)]
User = Annotated[str, Depends(caller)]


def _with(scope: Scope) -> Callable[..., Awaitable[str]]:
    """The caller, whose key, if they come with one, has the scope; or raises MissingScopeError."""

    async def user(user: User, key: GivenKey) -> str:
        if key:
            require_scope(key, scope)
        return user

    return user


# By what an endpoint does for its user: it asks or changes, reads, or has to do with documents.
Asker: TypeAlias = Annotated[str, Depends(_with(Scope.ASK))]
Reader: TypeAlias = Annotated[str, Depends(_with(Scope.READ))]
DocumentsUser: TypeAlias = Annotated[str, Depends(_with(Scope.DOCUMENTS))]
