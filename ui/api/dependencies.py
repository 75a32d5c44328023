"""What endpoints depend on: the clients, who is calling, and what the caller may do."""

from __future__ import annotations

import binascii
from base64 import b64decode
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager
from typing import Annotated, TypeAlias, TypeVar, cast

import anyio.to_thread
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
from jobs.access.operators import Access, are_operators
from jobs.errors import (
    AmbiguousProxyUserError,
    MissingScopeError,
    NotSignedInError,
    OperatorsClosedError,
    OperatorsOnlyError,
    UntrustedProxyError,
    WrongCredentialsError,
    WrongKeyError,
)
from jobs.settings import AuthMode, Settings
from ui.clients import Clients
from ui.identity.people import access_by, address_of, who_is
from ui.web.allowed_hosts import is_same_origin
from ui.web.turns import REQUESTS_OF_ALL_WITHOUT_A_NAME, RequestTurns

API_USER = "api"
T = TypeVar("T")


async def app_clients(request: Request) -> Clients:
    """Return the clients that `create_app` was given. Tests put others in their place."""
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


# What waits for nothing is a coroutine: for a function, the framework waits for a thread.


async def given_key(
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
        return await anyio.to_thread.run_sync(clients.keys.recognise, credentials.credentials)
    if clients.settings.auth_mode is AuthMode.ANONYMOUS:
        return None
    raise WrongKeyError()


GivenKey: TypeAlias = Annotated[ApiKey | None, Depends(given_key)]


async def caller(request: Request, clients: AppClients, key: GivenKey) -> str:
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


# How many requests of one caller are worked on at once

_turns = RequestTurns()


async def request_turns() -> RequestTurns:
    """Return the places of this process."""
    return _turns


Turns: TypeAlias = Annotated[RequestTurns, Depends(request_turns)]


def turn_of(user: str, turns: RequestTurns) -> AbstractAsyncContextManager[None]:
    """Return the block in which a request of this user is worked on."""
    return turns.taken(user, REQUESTS_OF_ALL_WITHOUT_A_NAME if user == API_USER else 0)


async def take_turn(user: User, turns: Turns) -> AsyncIterator[None]:
    """Hold a place of the caller until the reply begins; raises TooManyRequestsError."""
    async with turn_of(user, turns):
        yield


async def in_turn(pieces: Iterator[T], user: str, turns: RequestTurns) -> AsyncGenerator[T]:
    """Yield the same pieces. Each is made in its caller's turn, which ends before it is sent.

    So whoever receives slowly does not keep their own other requests waiting.
    """
    end = object()
    while True:
        async with turn_of(user, turns):
            piece = await anyio.to_thread.run_sync(next, pieces, end)
        if piece is end:
            return
        yield cast("T", piece)


# What the caller may do


def require_scope(key: ApiKey, scope: Scope) -> None:
    """Raise MissingScopeError, which names the scope, if the key lacks it."""
    if scope not in key.scopes:
        raise MissingScopeError(
            f"This API key may not do that: it lacks the scope {scope.value}. "
            "Make one that has it on the page API keys."
        )


def _user_with(scope: Scope) -> Callable[..., Awaitable[str]]:
    """Return a dependency: the caller, whose API key, if there is one, must have the scope."""

    async def user(user: User, key: GivenKey) -> str:
        if key:
            require_scope(key, scope)
        return user

    return user


# For endpoints that ask or change, that read, and that have to do with documents.
Asker: TypeAlias = Annotated[str, Depends(_user_with(Scope.ASK))]
Reader: TypeAlias = Annotated[str, Depends(_user_with(Scope.READ))]
DocumentsUser: TypeAlias = Annotated[str, Depends(_user_with(Scope.DOCUMENTS))]


async def refuse_other_sites(request: Request) -> None:
    """Refuse pages of other sites, which would ask in the name of the browser's user.

    Programs send neither header. Browsers send only Origin where the address is not HTTPS.
    """
    site = request.headers.get("sec-fetch-site")
    origin = request.headers.get("origin")
    if site is not None:
        is_foreign = site not in ("same-origin", "none")
    else:
        is_foreign = not is_same_origin(origin, request.headers.get("host", ""))
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
    TooManySignInsError after too many wrong passwords, WrongCredentialsError or
    OperatorsClosedError where nobody signs in, and NotSignedInError or
    OperatorsOnlyError elsewhere.
    """
    settings = clients.settings
    if key:
        require_scope(key, Scope.OPERATE)
        if not may_operate(key, request, settings):
            raise OperatorsOnlyError()
        return
    if credentials and _are_right(credentials, request, clients):
        return
    if settings.auth_mode is not AuthMode.ANONYMOUS:
        _require_operator_by_name(request, settings)
        return
    access = access_by(request, settings)
    if access is Access.CLOSED:
        raise OperatorsClosedError()
    if access is Access.PASSWORD:
        raise WrongCredentialsError()


def may_operate(key: ApiKey, request: Request, settings: Settings) -> bool:
    """Return whether the key has the scope, and its owner is still an operator."""
    if Scope.OPERATE not in key.scopes:
        return False
    if settings.auth_mode is AuthMode.ANONYMOUS:
        return access_by(request, settings) is Access.OPEN
    return are_operators(settings, key.known_as)


def _are_right(credentials: HTTPBasicCredentials, request: Request, clients: Clients) -> bool:
    settings = clients.settings
    if not settings.dashboard_password.get_secret_value() or _is_operator_by_name(
        request, settings
    ):
        return False  # a proxy may sign people in by the same header: theirs are no guesses
    given = (credentials.username, credentials.password)
    return clients.sign_ins.are_right(settings, address_of(request, settings), *given)


def _is_operator_by_name(request: Request, settings: Settings) -> bool:
    if settings.auth_mode is AuthMode.ANONYMOUS:
        return False
    try:
        person = who_is(request, settings)
    except (UntrustedProxyError, AmbiguousProxyUserError):
        return False  # the password still counts
    return person is not None and person.is_operator


def _require_operator_by_name(request: Request, settings: Settings) -> None:
    person = who_is(request, settings)
    if person is None:
        raise NotSignedInError()
    if not person.is_operator:
        raise OperatorsOnlyError()
