"""An OpenID provider over real HTTP: discovery, keys, the code flow with PKCE, signed tokens.

Its sign-in page is a form with the name of one of its people.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

CLIENT_ID, CLIENT_SECRET = "askqueue", "the client's secret"
PAGE = """<!doctype html><title>Sign in</title><form method="post">
<label>Name <input name="name" autofocus></label><button>Continue</button></form>"""


@dataclass
class OpenIdProvider:
    """Runs on a free port of this machine while its block lasts. `people` are claims by name."""

    people: dict[str, dict[str, Any]]
    token_seconds: float = 3600.0
    _codes: dict[str, dict[str, Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._key = RSAKey.generate_key(2048, {"use": "sig", "alg": "RS256"}, auto_kid=True)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    @property
    def issuer(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> OpenIdProvider:
        self._thread.start()
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def secrets_toml(self, address: str) -> str:
        """`.streamlit/secrets.toml` for pages at this address."""
        return f"""
[auth]
redirect_uri = "{address}/oauth2callback"
cookie_secret = "{secrets.token_hex(32)}"
client_id = "{CLIENT_ID}"
client_secret = "{CLIENT_SECRET}"
server_metadata_url = "{self.issuer}/.well-known/openid-configuration"
"""

    def metadata(self) -> dict[str, Any]:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "code_challenge_methods_supported": ["S256"],
        }

    def keys(self) -> dict[str, Any]:
        return {"keys": [self._key.as_dict(private=False)]}

    def authorize(self, asked: dict[str, str], name: str) -> str:
        """Where the browser goes with its code, after this person signed in."""
        code = secrets.token_urlsafe()
        self._codes[code] = {**asked, "name": name}
        return f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state']})}"

    def token(self, asked: dict[str, str]) -> dict[str, Any] | None:
        """The tokens for a code, which is good once, for whoever can prove that he asked for it."""
        known = self._codes.pop(asked.get("code", ""), None)
        verifier = hashlib.sha256(asked.get("code_verifier", "").encode()).digest()
        if known is None or known["code_challenge"] != _base64url(verifier):
            return None
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "aud": CLIENT_ID,
            "iat": now,
            "exp": int(now + self.token_seconds),
            "nonce": known["nonce"],
            **self.people[known["name"]],
        }
        header = {"alg": "RS256", "kid": self._key.kid}
        return {
            "access_token": secrets.token_urlsafe(),
            "token_type": "Bearer",
            "expires_in": int(self.token_seconds),
            "id_token": jwt.encode(header, claims, self._key),
        }


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _handler(provider: OpenIdProvider) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            pages = {
                "/.well-known/openid-configuration": provider.metadata,
                "/keys": provider.keys,
            }
            path = urlsplit(self.path).path
            if path == "/authorize":
                self._send(200, PAGE.encode(), "text/html")
            elif path in pages:
                self._send(200, json.dumps(pages[path]()).encode(), "application/json")
            else:
                self._send(404, b"", "text/plain")

        def do_POST(self) -> None:
            address = urlsplit(self.path)
            form = _single(self.rfile.read(int(self.headers["Content-Length"])).decode())
            if address.path == "/authorize":
                self.send_response(303)
                self.send_header(
                    "Location", provider.authorize(_single(address.query), form["name"])
                )
                self.end_headers()
                return
            expected = base64.b64encode(f"{CLIENT_ID}:{CLIENT_SECRET}".encode()).decode()
            is_client = self.headers.get("Authorization") == f"Basic {expected}"
            tokens = provider.token(form) if is_client else None
            reply = tokens or {"error": "invalid_grant"}
            self._send(200 if tokens else 400, json.dumps(reply).encode(), "application/json")

        def _send(self, status: int, body: bytes, kind: str) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    return Handler


def _single(query: str) -> dict[str, str]:
    return {name: values[-1] for name, values in parse_qs(query).items()}
