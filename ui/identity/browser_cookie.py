"""The cookie that tells browsers apart in the mode `anonymous`: random, signed, HttpOnly.

`Signer` makes and reads it, with a secret that is configured, or made once for this installation;
`set_cookie` is how it, and any other cookie of ours, is sent.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import tempfile
from collections.abc import Mapping
from pathlib import Path

from itsdangerous import BadSignature, URLSafeSerializer
from starlette.requests import HTTPConnection

from jobs.settings import Settings

TOKEN_BYTES = 16
SECRET_BYTES = 32
SECRET_FILE = "secret_key"  # noqa: S105 - the name of a file


class Signer:
    """Makes and checks the cookie's value.

    The cookie is named after the secret, because browsers share cookies between the ports of a
    host: two installations on one machine must not overwrite each other's.
    """

    def __init__(self, secret: str) -> None:
        self._serializer = URLSafeSerializer(secret, salt="askqueue.browser")
        digest = hashlib.sha256(f"askqueue.cookie-name:{secret}".encode()).hexdigest()
        self.cookie_name = f"askqueue_{digest[:8]}"

    def new_cookie(self) -> str:
        """A value for a browser that was never here."""
        return str(self._serializer.dumps(secrets.token_hex(TOKEN_BYTES)))

    def user_of(self, cookies: Mapping[str, str]) -> str | None:
        """The user of these cookies; None if ours is missing or was not signed by us."""
        value = cookies.get(self.cookie_name)
        if not value:
            return None
        try:
            token = self._serializer.loads(value)
        except BadSignature:
            return None
        return f"b-{token}" if isinstance(token, str) else None


def set_cookie(request: HTTPConnection, name: str, value: str, seconds: int) -> str:
    """The Set-Cookie header for the browser that makes this request; 0 seconds forget a cookie."""
    # Believed of any proxy: whoever forges it hides the cookie from nobody but himself.
    forwarded = request.headers.get("x-forwarded-proto", "").split(",")[0].strip()
    secure = "; Secure" if "https" in (request.scope.get("scheme"), forwarded) else ""
    return f"{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}"


def secret_of(settings: Settings) -> str:
    """`SECRET_KEY`, or one that is made once and kept in the data folder, readable by us alone.

    Raises OSError if that file cannot be made, and ValueError if it is empty.
    """
    configured = settings.secret_key.get_secret_value()
    if configured:
        return configured
    path = settings.data_dir.resolve() / SECRET_FILE
    if not path.exists():
        _create_once(path, secrets.token_hex(SECRET_BYTES))
    secret = path.read_text().strip()
    if not secret:
        raise ValueError(f"{path} is empty: anybody could sign a cookie. Delete it and restart.")
    return secret


def _create_once(path: Path, secret: str) -> None:
    """Write a file that appears whole; of two processes at once, the first wins."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor, partial = tempfile.mkstemp(dir=path.parent)  # readable by us alone
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(secret)
        os.link(partial, path)
    except FileExistsError:
        return
    finally:
        Path(partial).unlink()
