"""Fakes that stand at the edge: a real HTTP server that speaks the OpenAI protocol.

    python -m tests.fakes --port 9999 --tokens 50 --token-delay 0.014

runs it by itself, for benchmarks and for looking at the pages.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import math
import re
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

# What `behave` takes, and the reply it makes: status, error type, error code, message.
ERRORS: dict[str, tuple[int, str, str, str]] = {
    "bad_key": (401, "invalid_request_error", "invalid_api_key", "Incorrect API key provided."),
    "rate_limited": (429, "requests", "rate_limit_exceeded", "Rate limit reached."),
    "no_quota": (429, "insufficient_quota", "insufficient_quota", "You exceeded your quota."),
    "server_error": (500, "server_error", "", "The server had an error."),
    "unknown_model": (404, "invalid_request_error", "model_not_found", "No such model."),
    "too_long": (
        400,
        "invalid_request_error",
        "context_length_exceeded",
        "This model's maximum context length is 8192 tokens.",
    ),
    "bad_request": (400, "invalid_request_error", "", "Unsupported value."),
    "not_implemented": (501, "server_error", "", "Not implemented."),
}
# Status, content type and body.
RawReply = tuple[int, str, bytes]
BEHAVIOURS = ("normal", "cut", "hang", *ERRORS)


def events(*choices: dict[str, Any] | str, done: bool = True) -> RawReply:
    """A stream of these events: choices of one event each, or lines as they are."""
    lines = [
        choice
        if isinstance(choice, str)
        else f"data: {json.dumps({'choices': [{'index': 0, **choice}]})}\n\n"
        for choice in choices
    ]
    return 200, "text/event-stream", "".join([*lines, "data: [DONE]\n\n" * done]).encode()


def says(text: object, **more: object) -> dict[str, Any]:
    """The choice of an event that adds this content."""
    return {"delta": {"content": text}, "finish_reason": None, **more}


class FakeModelServer:
    """An OpenAI-compatible server on 127.0.0.1, for chat completions and embeddings.

    The answer is `answer` if set; else `tokens` words and a citation if `tokens` is set; else a
    sentence that quotes the first passage of the prompt and cites it. A request that does not
    stream gets `rewritten`, or the last line of its prompt after the colon. Vectors are bags of
    hashed words: texts that share words are near each other.
    """

    def __init__(self, port: int = 0, dimensions: int = 64) -> None:
        self.dimensions = dimensions
        self.answer = ""
        self.rewritten = ""
        self.finish_reason = "stop"
        self.tokens = 0
        self.token_delay_seconds = 0.0
        self.first_token_delay_seconds = 0.0
        self.embedding_delay_seconds = 0.0
        self.embeddings_status = 200
        self.knows_stream_options = True
        # Status, content type and body that every request gets, of a server of another kind.
        self.raw_reply: RawReply | None = None
        # What a request with this body gets instead of the normal reply, if it gives any.
        self.reply_to: Callable[[dict[str, Any]], RawReply | None] = lambda _request: None
        # Headers of the raw replies, and whether they are left open when all is sent.
        self.raw_headers: dict[str, str] = {}
        self.raw_hangs = False
        self.requests: list[dict[str, Any]] = []
        # Called with the body of each chat request before anything is answered.
        self.on_chat: Callable[[dict[str, Any]], None] = lambda _request: None
        # How many answers are being streamed, to clients that have not hung up.
        self.streams = 0
        self.stopping = threading.Event()
        self._lock = threading.Lock()
        self._scheme = "http"
        self._behaviour, self._times, self._retry_after = "normal", 0, 0
        handler = type("Handler", (_Handler,), {"fake": self})
        self._server = _Server(("127.0.0.1", port), handler)
        # It looks this often whether to stop; the default would cost each test half a second.
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.02,), daemon=True
        )

    @property
    def base_url(self) -> str:
        return f"{self._scheme}://127.0.0.1:{self._server.server_address[1]}/v1"

    def use_tls(self, certificate: Path) -> None:
        """Speak TLS from now on, with this certificate and its key."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self._scheme = "https"

    def behave(self, behaviour: str, times: int = -1, retry_after: int = 0) -> None:
        """What the next chat requests get; after `times` of them, normal again (-1: for good)."""
        assert behaviour in BEHAVIOURS, behaviour
        with self._lock:
            self._behaviour, self._times, self._retry_after = behaviour, times, retry_after

    def next_behaviour(self) -> tuple[str, int]:
        with self._lock:
            current = self._behaviour, self._retry_after
            if self._times > 0:
                self._times -= 1
                if self._times == 0:
                    self._behaviour = "normal"
            return current

    @contextmanager
    def streaming(self) -> Iterator[None]:
        with self._lock:
            self.streams += 1
        try:
            yield
        finally:
            with self._lock:
                self.streams -= 1

    @contextmanager
    def holding(self) -> Iterator[threading.Semaphore]:
        """Answer no chat request before the end of the block.

        Each `release()` of what this gives lets one of them go before that.
        """
        turns, before = threading.Semaphore(0), self.on_chat

        def hold(request: dict[str, Any]) -> None:
            before(request)
            turns.acquire()

        self.on_chat = hold
        try:
            yield turns
        finally:
            self.on_chat = before
            turns.release(1000)

    def words_of(self, request: dict[str, Any]) -> list[str]:
        """The tokens of the answer to a chat request."""
        if self.answer:
            return re.findall(r"\S+\s*", self.answer)
        if self.tokens:
            return ["word "] * (self.tokens - 1) + ["[1]."]
        prompt = request["messages"][-1]["content"]
        passage = re.search(r"\[1\][^\n]*\n(.+)", prompt)
        quote = passage.group(1).strip().lstrip("# ") if passage else "Nothing was found"
        return re.findall(r"\S+\s*", f"The documents say: {quote} [1]")

    def vector(self, text: str) -> list[float]:
        values = [0.0] * self.dimensions
        for word in re.findall(r"\w+", text.lower()) or [""]:  # no model gives only zeros
            digest = hashlib.blake2b(word.encode(), digest_size=4).digest()
            values[int.from_bytes(digest, "big") % self.dimensions] += 1.0
        length = math.sqrt(sum(value * value for value in values)) or 1.0
        return [value / length for value in values]

    def start(self) -> FakeModelServer:
        self._thread.start()
        return self

    def stop(self) -> None:
        self.stopping.set()
        self._server.shutdown()
        self._server.server_close()

    def __enter__(self) -> FakeModelServer:
        return self.start()

    def __exit__(self, *_error: object) -> None:
        self.stop()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that hang up in the middle are what many tests are about."""


class _Handler(BaseHTTPRequestHandler):
    fake: FakeModelServer
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""

    def do_GET(self) -> None:
        self._json(200, {"object": "list", "data": [{"id": "stub", "object": "model"}]})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        request = json.loads(body)
        authorization = self.headers.get("Authorization", "")
        self.fake.requests.append(
            {"path": self.path, "body": request, "authorization": authorization}
        )
        raw_reply = self.fake.raw_reply or self.fake.reply_to(request)
        if raw_reply is not None and self.fake.raw_hangs:
            self._leave_open(*raw_reply)
        elif raw_reply is not None:
            self._reply(*raw_reply, self.fake.raw_headers)
        elif self.path.endswith("/embeddings"):
            self._embed(request)
        elif self.path.endswith("/chat/completions"):
            self._chat(request)
        else:
            self._error(404, "invalid_request_error", "", "Unknown path.")

    def _leave_open(self, status: int, content_type: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self._send_chunk(body)
        self.fake.stopping.wait()
        self.close_connection = True

    def _embed(self, request: dict[str, Any]) -> None:
        if self.fake.embeddings_status != 200:
            self._error(self.fake.embeddings_status, "server_error", "", "No embeddings here.")
            return
        time.sleep(self.fake.embedding_delay_seconds)
        texts = request["input"] if isinstance(request["input"], list) else [request["input"]]
        vectors: list[Any] = [self.fake.vector(text) for text in texts]
        if request.get("encoding_format") == "base64":
            vectors = [
                base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode()
                for vector in vectors
            ]
        data = [
            {"object": "embedding", "index": index, "embedding": vector}
            for index, vector in enumerate(vectors)
        ]
        usage = {"prompt_tokens": len(texts), "total_tokens": len(texts)}
        self._json(200, {"object": "list", "data": data, "model": request["model"], "usage": usage})

    def _chat(self, request: dict[str, Any]) -> None:
        if "stream_options" in request and not self.fake.knows_stream_options:
            self._error(400, "invalid_request_error", "", "Unknown parameter: stream_options.")
            return
        self.fake.on_chat(request)
        behaviour, retry_after = self.fake.next_behaviour()
        if behaviour in ERRORS:
            self._error(*ERRORS[behaviour], retry_after=retry_after)
            return
        if behaviour == "hang":
            self.fake.stopping.wait()
            self.close_connection = True
            return
        if not request.get("stream"):
            self._complete(request)
            return
        with self.fake.streaming():
            self._stream(request, behaviour)

    def _complete(self, request: dict[str, Any]) -> None:
        last_line = request["messages"][-1]["content"].rpartition("\n")[2]
        text = self.fake.rewritten or last_line.partition(": ")[2]
        choice = {
            "index": 0,
            "message": {"role": "assistant", "content": text},
            "finish_reason": "stop",
        }
        usage = {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110}
        body = {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "created": 0,
            "model": request["model"],
            "choices": [choice],
            "usage": usage,
        }
        self._json(200, body)

    def _stream(self, request: dict[str, Any], behaviour: str) -> None:
        words = self.fake.words_of(request)
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        time.sleep(self.fake.first_token_delay_seconds)
        for number, chunk in enumerate(self._chunks(request, words)):
            if behaviour == "cut" and number == max(1, len(words) // 2):
                self.connection.shutdown(socket.SHUT_RDWR)
                self.close_connection = True
                return
            self._send_chunk(f"data: {json.dumps(chunk)}\n\n".encode())
            if number < len(words):
                self._pause()
        self._send_chunk(b"data: [DONE]\n\n")
        self._send_chunk(b"")

    def _pause(self) -> None:
        """Wait for the delay of a token, which a test may change meanwhile."""
        began = time.monotonic()
        while (left := began + self.fake.token_delay_seconds - time.monotonic()) > 0:
            time.sleep(min(left, 0.1))

    def _chunks(self, request: dict[str, Any], words: Sequence[str]) -> Iterator[dict[str, Any]]:
        base = {
            "id": "chatcmpl-1",
            "object": "chat.completion.chunk",
            "created": 0,
            "model": request["model"],
        }
        for word in words:
            delta = {"role": "assistant", "content": word}
            yield {**base, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]}
        yield {
            **base,
            "choices": [{"index": 0, "delta": {}, "finish_reason": self.fake.finish_reason}],
        }
        if request.get("stream_options", {}).get("include_usage"):
            prompt = sum(len(message["content"]) // 4 for message in request["messages"])
            usage = {
                "prompt_tokens": prompt,
                "completion_tokens": len(words),
                "total_tokens": prompt + len(words),
            }
            yield {**base, "choices": [], "usage": usage}

    def _send_chunk(self, data: bytes) -> None:
        self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
        self.wfile.flush()

    def _error(self, status: int, kind: str, code: str, message: str, retry_after: int = 0) -> None:
        error = {"message": message, "type": kind, "code": code or None, "param": None}
        headers = {"Retry-After": str(retry_after)} if retry_after else {}
        self._json(status, {"error": error}, headers)

    def _json(
        self, status: int, data: dict[str, Any], headers: dict[str, str] | None = None
    ) -> None:
        self._reply(status, "application/json", json.dumps(data).encode(), headers)

    def _reply(
        self, status: int, content_type: str, body: bytes, headers: dict[str, str] | None = None
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


def main() -> None:
    parser = argparse.ArgumentParser(description="Run the stub model server by itself.")
    parser.add_argument("--port", type=int, default=9999)
    parser.add_argument("--tokens", type=int, default=0, help="0: quote the first passage")
    parser.add_argument("--token-delay", type=float, default=0.0, help="seconds")
    parser.add_argument("--embedding-delay", type=float, default=0.0, help="seconds")
    options = parser.parse_args()
    server = FakeModelServer(options.port)
    server.tokens = options.tokens
    server.token_delay_seconds = options.token_delay
    server.embedding_delay_seconds = options.embedding_delay
    server.start()
    threading.Event().wait()


if __name__ == "__main__":
    main()
