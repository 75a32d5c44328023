"""The processes of the chaos run: Valkey, the web server and two workers, to be killed at will."""

from __future__ import annotations

import shutil
import signal
import subprocess
from pathlib import Path
from types import TracebackType

import httpx

from jobs.documents.client import DocumentClient
from jobs.documents.file_store import FileStore
from jobs.documents.repository import DocumentRepository
from jobs.errors import AskqueueError
from jobs.local.valkey_server import valkey_command
from jobs.models import DocumentStatus
from jobs.questions.client import JobClient
from jobs.queue.broker import Broker
from jobs.queue.connection import connect
from jobs.settings import Settings
from tests.chaos.plan import VALKEY, WEB, WORKERS
from tests.integration.processes import ROOT, environment, free_port, module
from tests.waiting import until

STOP_SECONDS = 20.0
DOCUMENT = b"# Travel policy\n\nThe hotel limit is EUR 160 per night in every city.\n"
API_KEY = "sk-chaos-key-5d1f0c"
PASSWORD = "chaos-password-8a42"
SECRETS = (API_KEY, PASSWORD)


class Cluster:
    """Askqueue on free ports, with its data and logs in `folder`.

    The processes end with the thread that started them; so one thread does all the starting.
    """

    def __init__(self, folder: Path, model_url: str, shutdown_grace_seconds: float = 1.0) -> None:
        self.folder = folder
        self.unexpected: list[str] = []
        self._port, self._valkey_port = free_port(), free_port()
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._down: set[str] = set()
        self._shared = {
            "REDIS_URL": f"redis://:{PASSWORD}@127.0.0.1:{self._valkey_port}/0",
            "OPENAI_API_KEY": API_KEY,
            "OPENAI_BASE_URL": model_url,
            "EMBEDDING_MODEL": "stub-embedding",
            "INDEX_SAMPLES": "false",
            "WORKER_THREADS": "questions:8,indexing:1",
            "SHUTDOWN_GRACE_SECONDS": shutdown_grace_seconds,
            "USER_CONCURRENCY": 1000,
            "LOG_FORMAT": "json",
        }
        self._broker = Broker(
            connect(str(self._shared["REDIS_URL"])),
            Settings(_env_file=None, redis_url=str(self._shared["REDIS_URL"])),
        )
        self.jobs = JobClient(self._broker)
        self.valkey = self._broker.connection

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def __enter__(self) -> Cluster:
        (self.folder / VALKEY / "valkey").mkdir(parents=True)
        (self.folder / "logs").mkdir()
        try:
            self._prepare()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self.stop()

    def start(self, name: str) -> None:
        """Start a process that is not running."""
        values = {**self._shared, "DATA_DIR": self.folder / name, "CHAT_MODEL": name}
        with (self.folder / "logs" / f"{name}.log").open("ab") as log:
            self._processes[name] = subprocess.Popen(
                module("jobs.local.parent_death", *self._command(name)),
                cwd=ROOT,
                env=environment(**values) | {"PYTHONPATH": str(ROOT)},
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        self._down.discard(name)

    def send(self, name: str, number: signal.Signals) -> None:
        """Send a signal; after SIGKILL and SIGTERM the process is expected to be gone."""
        if number in (signal.SIGKILL, signal.SIGTERM):
            self._down.add(name)
        self._processes[name].send_signal(number)

    def is_running(self, name: str) -> bool:
        return self._processes[name].poll() is None

    def revive(self) -> None:
        """Start again what ended by itself, as a process manager does, and note that it did."""
        for name, process in list(self._processes.items()):
            if name not in self._down and process.poll() is not None:
                self.unexpected.append(f"{name} ended by itself with status {process.returncode}")
                self.start(name)

    def logs(self) -> dict[str, str]:
        """What each process has written, of all its lives."""
        return {
            path.stem: path.read_text(errors="replace")
            for path in sorted((self.folder / "logs").glob("*.log"))
        }

    def stop(self) -> None:
        """End all processes: Valkey last, because the others wait for it when it is away."""
        self._end(*(name for name in self._processes if name != VALKEY))
        self._end(*(name for name in self._processes if name == VALKEY))
        self.valkey.close()

    def _end(self, *names: str) -> None:
        running = [name for name in names if self.is_running(name)]
        for name in running:
            self.send(name, signal.SIGCONT)
            self.send(name, signal.SIGTERM)
        for name in running:
            try:
                self._processes[name].wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.unexpected.append(f"{name} did not end on SIGTERM")
                self.send(name, signal.SIGKILL)
                self._processes[name].wait()

    def _command(self, name: str) -> list[str]:
        if name == VALKEY:
            command = valkey_command(Settings(_env_file=None, data_dir=self.folder / VALKEY))
            command[command.index("--port") + 1] = str(self._valkey_port)
            return [*command, "--bind", "127.0.0.1", "--requirepass", PASSWORD]
        if name == WEB:
            where = ("--server.port", str(self._port), "--server.address", "127.0.0.1")
            return module("streamlit", "run", "ui/server.py", *where)
        return module("jobs.worker")

    def _prepare(self) -> None:
        """Start everything. One worker indexes, the others get copies of its index.

        An embedded Qdrant belongs to one process; the copies stand for a server that all share.
        """
        first, *others = WORKERS
        self.start(VALKEY)
        until(self._valkey_answers, "the start of Valkey")
        self.start(WEB)
        self.start(first)
        store = FileStore(str(self.folder / first / "documents"))
        documents = DocumentClient(self._broker, store, DocumentRepository(self.valkey))
        document, _ = documents.add("operator", "travel.md", DOCUMENT)
        until(
            lambda: documents.get(document.id).status is DocumentStatus.INDEXED,
            "the indexing of the document",
        )
        for name in others:  # nothing writes to the index any more
            shutil.copytree(self.folder / first, self.folder / name)
            self.start(name)
        until(self._is_ready, "the start of web and workers")

    def _valkey_answers(self) -> bool:
        try:
            self.jobs.workers()
        except AskqueueError:
            return False
        return True

    def _is_ready(self) -> bool:
        try:
            web = httpx.get(f"{self.url}/api/", timeout=1).is_success
        except httpx.HTTPError:
            web = False
        return web and len(self.jobs.workers()) == len(WORKERS)
