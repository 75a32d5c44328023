"""The cookie that tells browsers apart in the mode `anonymous`: random, signed, HttpOnly.

`Signer` makes and reads it, with a secret that is configured or generated once per installation.
`set_cookie` builds the header that sends this cookie and any other of ours.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import tempfile
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from itsdangerous import BadSignature, URLSafeSerializer
from starlette.requests import HTTPConnection

from jobs.settings import Settings

TOKEN_BYTES = 16
SECRET_BYTES = 32
SECRET_FILE = "secret_key"  # noqa: S105 - the name of a file


class Signer:
    """Sign and check the cookie's value.

    The cookie is named after the secret, because browsers share cookies between the ports of a
    host: two installations on one machine must not overwrite each other's.
    """

    def __init__(self, secret: str) -> None:
        self._serializer = URLSafeSerializer(secret, salt="askqueue.browser")
        digest = hashlib.sha256(f"askqueue.cookie-name:{secret}".encode()).hexdigest()
        self.cookie_name = f"askqueue_{digest[:8]}"

    def new_cookie(self) -> str:
        """Return a value for a new browser."""
        return str(self._serializer.dumps(secrets.token_hex(TOKEN_BYTES)))

    def user_of(self, cookies: Mapping[str, str]) -> str | None:
        """Return the user of these cookies; None if ours is missing or was not signed by us."""
        value = cookies.get(self.cookie_name)
        if not value:
            return None
        try:
            token = self._serializer.loads(value)
        except BadSignature:
            return None
        return f"b-{token}" if isinstance(token, str) else None


def set_cookie(request: HTTPConnection, name: str, value: str, seconds: int) -> str:
    """Return the Set-Cookie header for the client of this request; 0 seconds delete the cookie."""
    # Trusted from any peer: a client that forges it only hides the cookie from itself.
    forwarded = request.headers.get("x-forwarded-proto", "").split(",")[0].strip()
    secure = "; Secure" if "https" in (request.scope.get("scheme"), forwarded) else ""
    return f"{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}"


def signer_of(settings: Settings) -> Signer:
    """Return the signer of this installation; raises what `secret_of` does."""
    return _signer(settings.secret_key.get_secret_value(), settings.data_dir)


@lru_cache(maxsize=1)
def _signer(configured: str, data_dir: Path) -> Signer:
    # Every request needs it: the file with the secret is read once.
    return Signer(configured or _stored_secret(data_dir))


def secret_of(settings: Settings) -> str:
    """Return `SECRET_KEY`, or else the secret kept in the data folder, which is generated once.

    Raises OSError if its file cannot be created, and ValueError if it is empty.
    """
    return settings.secret_key.get_secret_value() or _stored_secret(settings.data_dir)


def _stored_secret(data_dir: Path) -> str:
    path = data_dir.resolve() / SECRET_FILE
    if not path.exists():
        _create_once(path, secrets.token_hex(SECRET_BYTES))
    secret = path.read_text().strip()
    if not secret:
        raise ValueError(f"{path} is empty: anybody could sign a cookie. Delete it and restart.")
    return secret


def _create_once(path: Path, secret: str) -> None:
    """Write the file atomically; of two processes at once, the first wins."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor, partial = tempfile.mkstemp(dir=path.parent)  # with mode 600
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(secret)
        os.link(partial, path)
    except FileExistsError:
        return
    finally:
        Path(partial).unlink()
