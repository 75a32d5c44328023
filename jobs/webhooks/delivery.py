"""One delivery of a webhook: its body, its signature, and the request that carries it.

As in Standard Webhooks, https://github.com/standard-webhooks/standard-webhooks.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import ssl
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any

import httpcore2

from jobs.errors import InvalidWebhookError
from jobs.models import Answer
from jobs.settings import Settings
from jobs.webhooks.outbox import TEST_TYPE, Delivery
from jobs.webhooks.ssrf_guard import Resolve, checked_addresses, lookup, parse_target

SECRET_PREFIX = "whsec_"  # noqa: S105  # the mark by which people know one
SECRET_BYTES = 32
# For all of a request: connecting, sending, and the reply's status.
TIMEOUT_SECONDS = 10.0
USER_AGENT = "Askqueue-Webhooks/1"


@dataclass(frozen=True)
class Reply:
    """The outcome of a request; `error` is "" if the receiver accepted it."""

    status: int | None
    seconds: float
    error: str = ""
    retry_after_seconds: float = 0.0

    @property
    def is_gone(self) -> bool:
        """The receiver wants nothing more."""
        return self.status == 410


def sign(secret: str, message_id: str, timestamp: int, body: bytes) -> str:
    """Return the header `webhook-signature` of a message; raises ValueError for a broken secret."""
    key = base64.b64decode(secret.removeprefix(SECRET_PREFIX), validate=True)
    signed = f"{message_id}.{timestamp}.".encode() + body
    return f"v1,{base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()}"


def body_of(delivery: Delivery, public_url: str, answer: Answer | None = None) -> bytes:
    """Return the JSON of a delivery, the same at each attempt unless the answer has gone."""
    created = datetime.fromtimestamp(delivery.created_at, UTC)
    data: dict[str, Any] = {}
    if delivery.type != TEST_TYPE:
        data = {"job_id": delivery.job_id, "state": delivery.type.removeprefix("job.")}
        if public_url:
            data["links"] = {
                "page": f"{public_url}/?job={delivery.job_id}",
                "result": f"{public_url}/api/result/{delivery.job_id}",
            }
        if delivery.failure is not None:
            data["error"] = {"kind": delivery.failure.kind, "message": delivery.failure.message}
        if answer is not None:
            data["answer"] = _answer(answer)
    message = {"type": delivery.type, "timestamp": created.isoformat(), "data": data}
    return json.dumps(message, ensure_ascii=False).encode()


def post(
    url: str,
    secret: str,
    message_id: str,
    body: bytes,
    settings: Settings,
    resolve: Resolve = lookup,
) -> Reply:
    """Send a message to an address that is checked now; no failure of the receiver raises.

    Redirects are not followed, and nothing of the reply but its status and `Retry-After` is read.
    """
    began = time.monotonic()
    status, retry_after, error = None, 0.0, ""
    try:
        target = parse_target(url, settings.webhook_hosts)
        addresses = checked_addresses(target, resolve)
        timestamp = int(time.time())
        headers: dict[bytes | str, bytes | str] = {
            "Host": target.host_header,
            "Content-Type": "application/json",
            "Content-Length": str(len(body)),
            "User-Agent": USER_AGENT,
            "Connection": "close",
            "webhook-id": message_id,
            "webhook-timestamp": str(timestamp),
            "webhook-signature": sign(secret, message_id, timestamp, body),
        }
        address = httpcore2.URL(
            scheme=b"https" if target.is_tls else b"http",
            host=target.host.encode(),
            port=target.port,
            target=target.path.encode(),
        )
        network = _Pinned(addresses, time.monotonic() + TIMEOUT_SECONDS)
        with (
            httpcore2.ConnectionPool(ssl_context=_trust(), network_backend=network) as pool,
            pool.stream("POST", address, headers=headers, content=body) as response,
        ):
            status = response.status
            retry_after = _retry_after(response.headers)
    except InvalidWebhookError as refused:
        error = refused.message
    except httpcore2.TimeoutException:
        error = f"The receiver did not answer within {TIMEOUT_SECONDS:g} seconds."
    except (httpcore2.NetworkError, httpcore2.ProtocolError, OSError, ValueError) as problem:
        error = _sentence(problem)
    return Reply(status, time.monotonic() - began, error or _complaint(status), retry_after)


class _Pinned(httpcore2.SyncBackend):
    """Connects to the checked addresses alone, whatever the name leads to by now, in time."""

    def __init__(self, addresses: Sequence[str], deadline: float) -> None:
        self._addresses = addresses
        self._deadline = deadline

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.NetworkStream:
        problem: Exception = httpcore2.ConnectTimeout()
        for address in self._addresses:
            try:
                stream = super().connect_tcp(
                    address, port, _left(self._deadline), local_address, socket_options
                )
                return _Timed(stream, self._deadline)
            except httpcore2.ConnectError as error:
                problem = error
        raise problem


class _Timed(httpcore2.NetworkStream):
    """A stream with one deadline for all that is done with it, not one for each byte."""

    def __init__(self, stream: httpcore2.NetworkStream, deadline: float) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, _left(self._deadline))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, _left(self._deadline))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore2.NetworkStream:
        stream = self._stream.start_tls(ssl_context, server_hostname, _left(self._deadline))
        return _Timed(stream, self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise httpcore2.ReadTimeout
    return left


@cache
def _trust() -> ssl.SSLContext:
    """The certificates of this machine; reading them takes longer than a delivery."""
    return httpcore2.default_ssl_context()


def _answer(answer: Answer) -> dict[str, Any]:
    citations = [
        {"number": citation.number, "document": citation.document_name, "page": citation.page}
        for citation in answer.citations
    ]
    return {"text": answer.text, "citations": citations}


def _retry_after(headers: Iterable[tuple[bytes, bytes]]) -> float:
    """The seconds for which the receiver asks; 0 if it does not, or names a date."""
    value = next((value for name, value in headers if name.lower() == b"retry-after"), b"")
    return float(value) if value.isdigit() and len(value) < 7 else 0.0


def _complaint(status: int | None) -> str:
    """Why a status is no success; "" if it is one."""
    if status is None or 200 <= status < 300:
        return ""
    if 300 <= status < 400:
        return f"The receiver redirects ({status}), which is not followed. Use the final address."
    if status == 410:
        return "The receiver says that this address is gone (410)."
    return f"The receiver answered with status {status}."


def _sentence(problem: Exception) -> str:
    cause: BaseException | None = problem
    while cause is not None:
        if isinstance(cause, ssl.SSLError):
            return "No secure connection: the receiver's certificate or its TLS is not valid."
        cause = cause.__cause__ or cause.__context__
    if isinstance(problem, httpcore2.ConnectError):
        return "The receiver cannot be reached."
    return "The receiver broke the connection off, or its reply is no HTTP."
