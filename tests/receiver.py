"""A receiver of webhooks: a real HTTP server on 127.0.0.1 that keeps what it gets."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from jobs.webhooks.delivery import sign


@dataclass(frozen=True)
class Received:
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def message(self) -> dict[str, Any]:
        message: dict[str, Any] = json.loads(self.body)
        return message

    def is_signed_with(self, secret: str) -> bool:
        timestamp = int(self.headers["webhook-timestamp"])
        expected = sign(secret, self.headers["webhook-id"], timestamp, self.body)
        return self.headers["webhook-signature"] == expected


@dataclass
class Receiver:
    """Answers with `status`, or whatever `answer` writes to the socket; `with` starts and stops."""

    status: int = 204
    port: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    answer: Callable[[BaseHTTPRequestHandler], None] | None = None
    received: list[Received] = field(default_factory=list)
    delay_seconds: float = 0.0
    most_at_once: int = 0

    def __enter__(self) -> Receiver:
        receiver, lock = self, threading.Lock()
        busy = 0

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                nonlocal busy
                with lock:
                    busy += 1
                    receiver.most_at_once = max(receiver.most_at_once, busy)
                body = self.rfile.read(int(self.headers["Content-Length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                receiver.received.append(Received(self.path, headers, body))
                time.sleep(receiver.delay_seconds)
                with lock:  # before the reply, upon which the next may come at once
                    busy -= 1
                if receiver.answer is not None:
                    receiver.answer(self)
                    return
                self.send_response(receiver.status)
                for name, value in receiver.headers.items():
                    self.send_header(name, value)
                self.end_headers()

            def log_message(self, *_words: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook?from=askqueue"
