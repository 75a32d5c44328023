"""What endpoints depend on: the clients, who is calling, and what the caller may do."""

from __future__ import annotations

import binascii
from base64 import b64decode
from collections.abc import Awaitable, Callable
from typing import Annotated, TypeAlias
from urllib.parse import urlsplit

from fastapi import Depends, Request
from fastapi.security import (
    HTTPAuthorizationCredentials,
    HTTPBasic,
    HTTPBasicCredentials,
    HTTPBearer,
)
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection

from jobs.access.api_keys import PREFIX, ApiKey, Scope
from jobs.access.operators import Access, access_of, are_credentials, are_operators
from jobs.errors import (
    MissingScopeError,
    NotSignedInError,
    OperatorsClosedError,
    OperatorsOnlyError,
    WrongCredentialsError,
    WrongKeyError,
)
from jobs.settings import AuthMode, Settings
from ui.clients import Clients
from ui.identity.people import who_is

API_USER = "api"


async def app_clients(request: Request) -> Clients:
    """Return the clients that `create_app` was given. Tests override this, and nothing else."""
    clients: Clients = request.app.state.clients
    return clients


AppClients: TypeAlias = Annotated[Clients, Depends(app_clients)]


# Who is calling

_bearer = HTTPBearer(
    scheme_name="ApiKey",
    description="An API key, made on the page API keys or by `python -m jobs.cli keys`.",
    auto_error=False,
)


class _Basic(HTTPBasic):
    """Basic authentication in UTF-8, as our challenge asks for; the framework's is ASCII."""

    async def __call__(  # type: ignore[override]  # so does the framework's
        self, request: HTTPConnection
    ) -> HTTPBasicCredentials | None:
        """Return the credentials of the header; None without any that can be read."""
        scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "basic":
            return None
        try:
            username, colon, password = b64decode(encoded, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return None
        return HTTPBasicCredentials(username=username, password=password) if colon else None


_basic = _Basic(scheme_name="Operator", auto_error=False)


def given_key(
    clients: AppClients,
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
) -> ApiKey | None:
    """Return the API key of this request, None if it carries none.

    Clients of OpenAI always send a token. Where nobody signs in, one that is not ours is ignored.
    Raises WrongKeyError and BrokerUnavailableError.
    """
    if credentials is None:
        return None
    if credentials.credentials.startswith(PREFIX):
        return clients.keys.recognise(credentials.credentials)
    if clients.settings.auth_mode is AuthMode.ANONYMOUS:
        return None
    raise WrongKeyError()


GivenKey: TypeAlias = Annotated[ApiKey | None, Depends(given_key)]


def caller(request: Request, clients: AppClients, key: GivenKey) -> str:
    """Return the owner of the key, or whoever is signed in, or the user `api` where nobody can be.

    Raises WrongKeyError, NotSignedInError, and what `who_is` raises.
    """
    if key:
        return key.user
    person = who_is(request, clients.settings)
    if person:
        return person.user
    if clients.settings.auth_mode is AuthMode.ANONYMOUS:
        return API_USER
    raise NotSignedInError()


User: TypeAlias = Annotated[str, Depends(caller)]


# What the caller may do


def _require_scope(key: ApiKey, scope: Scope) -> None:
    if scope not in key.scopes:
        raise MissingScopeError(
            f"This API key may not do that: it lacks the scope {scope.value}. "
            "Make one that has it on the page API keys."
        )


def _user_with(scope: Scope) -> Callable[..., Awaitable[str]]:
    """Return a dependency: the caller, whose API key, if there is one, must have the scope."""

    async def user(user: User, key: GivenKey) -> str:
        if key:
            _require_scope(key, scope)
        return user

    return user


# For endpoints that ask or change, that read, and that have to do with documents.
Asker: TypeAlias = Annotated[str, Depends(_user_with(Scope.ASK))]
Reader: TypeAlias = Annotated[str, Depends(_user_with(Scope.READ))]
DocumentsUser: TypeAlias = Annotated[str, Depends(_user_with(Scope.DOCUMENTS))]


def refuse_other_sites(request: Request) -> None:
    """Refuse pages of other sites, which would ask in the name of the browser's user.

    Programs send neither header. Browsers send only Origin where the address is not HTTPS.
    """
    site = request.headers.get("sec-fetch-site")
    origin = request.headers.get("origin")
    if site is not None:
        is_foreign = site not in ("same-origin", "none")
    else:
        is_foreign = origin is not None and urlsplit(origin).netloc != request.headers.get("host")
    if is_foreign:
        raise HTTPException(403, "Requests from pages of other sites are refused.")


def require_operator(
    request: Request,
    clients: AppClients,
    credentials: Annotated[HTTPBasicCredentials | None, Depends(_basic)],
    key: GivenKey,
) -> None:
    """Require an operator: by API key, by the operators' password, or by name.

    With a key, raises WrongKeyError, MissingScopeError or OperatorsOnlyError; without one,
    WrongCredentialsError or OperatorsClosedError where nobody signs in, and NotSignedInError or
    OperatorsOnlyError elsewhere.
    """
    settings = clients.settings
    if key:
        _require_scope(key, Scope.OPERATE)
        if not may_operate(key, request, settings):
            raise OperatorsOnlyError()
        return
    has_password = bool(settings.dashboard_password.get_secret_value())
    if has_password and credentials and _are_right(credentials, settings):
        return
    if settings.auth_mode is not AuthMode.ANONYMOUS:
        _require_operator_by_name(request, settings)
        return
    access = access_of(settings, request.headers.get("host", ""))
    if access is Access.CLOSED:
        raise OperatorsClosedError()
    if access is Access.PASSWORD:
        raise WrongCredentialsError()


def may_operate(key: ApiKey, request: Request, settings: Settings) -> bool:
    """Return whether the key has the scope, and its owner is still an operator."""
    if Scope.OPERATE not in key.scopes:
        return False
    if settings.auth_mode is AuthMode.ANONYMOUS:
        return access_of(settings, request.headers.get("host", "")) is Access.OPEN
    return are_operators(settings, key.known_as)


def _are_right(credentials: HTTPBasicCredentials, settings: Settings) -> bool:
    return are_credentials(settings, credentials.username, credentials.password)


def _require_operator_by_name(request: Request, settings: Settings) -> None:
    person = who_is(request, settings)
    if person is None:
        raise NotSignedInError()
    if not person.is_operator:
        raise OperatorsOnlyError()
