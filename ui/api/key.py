"""The API key that a request carries, as `Authorization: Bearer askq_…`."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from jobs.access.api_keys import PREFIX, ApiKey, Scope
from jobs.access.operators import Access, access_of, are_operators
from jobs.errors import MissingScopeError, OperatorsOnlyError, WrongKeyError
from jobs.settings import AuthMode, Settings
from ui.clients import get_clients

_bearer = HTTPBearer(
    scheme_name="ApiKey",
    description="An API key, made on the page API keys or by `python -m jobs.cli keys`.",
    auto_error=False,
)


def key_of(
    given: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
) -> ApiKey | None:
    """The key of this request, None if it carries none; raises WrongKeyError and
    BrokerUnavailableError.

    Clients of OpenAI always send something. Where nobody signs in, what is no key of ours is
    taken for none.
    """
    if given is None:
        return None
    clients = get_clients()
    if given.credentials.startswith(PREFIX):
        return clients.keys.recognise(given.credentials)
    if clients.settings.auth_mode is AuthMode.ANONYMOUS:
        return None
    raise WrongKeyError()


GivenKey: TypeAlias = Annotated[ApiKey | None, Depends(key_of)]


def require_scope(key: ApiKey, scope: Scope) -> None:
    """Raise MissingScopeError unless the key has the scope."""
    if scope not in key.scopes:
        raise MissingScopeError(
            f"This API key may not do that: it lacks the scope {scope.value}. "
            "Make one that has it on the page API keys."
        )


def require_operators_key(key: ApiKey, request: Request, settings: Settings) -> None:
    """Raise MissingScopeError or OperatorsOnlyError unless this key may operate."""
    require_scope(key, Scope.OPERATE)
    if not may_operate(key, request, settings):
        raise OperatorsOnlyError()


def may_operate(key: ApiKey, request: Request, settings: Settings) -> bool:
    """True if the key has the scope, and its owner is an operator still."""
    if Scope.OPERATE not in key.scopes:
        return False
    if settings.auth_mode is AuthMode.ANONYMOUS:
        return access_of(settings, request.headers.get("host", "")) is Access.OPEN
    return are_operators(settings, key.known_as)
