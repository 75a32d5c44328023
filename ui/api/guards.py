"""Who may call the HTTP API: no page of another site, and to some endpoints operators alone."""

from __future__ import annotations

import binascii
from base64 import b64decode
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends, Request
from fastapi.security import HTTPBasic, HTTPBasicCredentials
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection

from jobs.access.operators import Access, access_of, are_credentials
from jobs.errors import (
    NotSignedInError,
    OperatorsClosedError,
    OperatorsOnlyError,
    WrongCredentialsError,
)
from jobs.settings import AuthMode, Settings
from ui.api.key import GivenKey, require_operators_key
from ui.clients import get_clients
from ui.identity.people import who_is


class _Credentials(HTTPBasic):
    """Basic authentication in UTF-8, as our challenge asks for; the framework's is ASCII."""

    async def __call__(  # type: ignore[override]  # so does the framework's
        self, request: HTTPConnection
    ) -> HTTPBasicCredentials | None:
        """What the header says; None if there is none that can be read."""
        scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "basic":
            return None
        try:
            username, colon, password = b64decode(encoded, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return None
        return HTTPBasicCredentials(username=username, password=password) if colon else None


def refuse_other_sites(request: Request) -> None:
    """A page of another site must not ask in the name of this browser's user, or of `api`.

    Programs send neither header. Browsers send Origin alone where the address is not HTTPS.
    """
    site = request.headers.get("sec-fetch-site")
    origin = request.headers.get("origin")
    if site is not None:
        foreign = site not in ("same-origin", "none")
    else:
        foreign = origin is not None and urlsplit(origin).netloc != request.headers.get("host")
    if foreign:
        raise HTTPException(403, "Requests from pages of other sites are refused.")


def settings() -> Settings:
    return get_clients().settings


def require_operator(
    request: Request,
    settings: Annotated[Settings, Depends(settings)],
    given: Annotated[
        HTTPBasicCredentials | None,
        Depends(_Credentials(scheme_name="Operator", auto_error=False)),
    ],
    key: GivenKey,
) -> None:
    """Raise an error unless an operator calls: a program by key or password, a person who is one.

    WrongKeyError, MissingScopeError or OperatorsOnlyError for a key; without one,
    WrongCredentialsError or OperatorsClosedError where nobody signs in, NotSignedInError or
    OperatorsOnlyError else.
    """
    if key:
        require_operators_key(key, request, settings)
        return
    has_password = bool(settings.dashboard_password.get_secret_value())
    if has_password and given and are_credentials(settings, given.username, given.password):
        return
    if settings.auth_mode is not AuthMode.ANONYMOUS:
        _require_operator_by_name(request)
        return
    access = access_of(settings, request.headers.get("host", ""))
    if access is Access.CLOSED:
        raise OperatorsClosedError()
    if access is Access.PASSWORD:
        raise WrongCredentialsError()


def _require_operator_by_name(request: Request) -> None:
    person = who_is(request)
    if person is None:
        raise NotSignedInError()
    if not person.is_operator:
        raise OperatorsOnlyError()
