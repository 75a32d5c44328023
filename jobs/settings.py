"""Settings: the only reader of the environment and of `.env`."""

from __future__ import annotations

import hashlib
import ipaddress
import re
import tempfile
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import TypeAlias
from urllib.parse import quote

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network

QUESTIONS_QUEUE = "questions"
BATCH_QUEUE = "batch"
INDEXING_QUEUE = "indexing"
QUEUE_NAMES = (QUESTIONS_QUEUE, BATCH_QUEUE, INDEXING_QUEUE)

# As they stand in a Host header, without the port.
LOOPBACK_HOSTS = ("localhost", "127.0.0.1", "[::1]")
HOST_NAME = re.compile(r"[\w.-]+|\[[0-9a-fA-F:.]+\]")

# A Unix socket's path must fit in sockaddr_un.sun_path: 104 bytes on macOS, 108 on Linux; and
# supervisord appends its process id while it creates its own.
MAX_SOCKET_PATH_BYTES = 94


class AuthMode(StrEnum):
    """How Askqueue knows who is asking."""

    ANONYMOUS = "anonymous"  # by a cookie of the browser
    OIDC = "oidc"  # by a login at an OpenID provider
    PROXY = "proxy"  # by a header of a reverse proxy


class Settings(BaseSettings):
    """Everything that can be set, by environment variable or in `.env`.

    An empty value means the default, except for `EMBEDDING_MODEL`, where it turns embeddings off.
    """

    model_config = SettingsConfigDict(
        env_file=".env", env_file_encoding="utf-8", extra="ignore", frozen=True
    )

    # Addresses and data of this installation
    port: int = Field(8501, ge=1, le=65535, description="Port of the pages and of the API.")
    dashboard_port: int = Field(9181, ge=1, le=65535, description="Port of rq-dashboard.")
    bind_address: str = Field(
        "127.0.0.1", description="Address that the pages, the API and rq-dashboard listen on."
    )
    allowed_hosts: str = Field(
        "",
        description="Names of the pages and the API besides those of this machine, separated by "
        "commas; `*` for any.",
    )
    data_dir: Path = Field(
        Path(".data"), description="Folder of the embedded Valkey and Qdrant, uploads and logs."
    )
    document_store: str = Field(
        "", description="Where uploaded files are kept: a folder or an fsspec URL such as s3://…"
    )
    secret_key: SecretStr = Field(
        SecretStr(""), description="Signs the browser cookie; the same on every web process."
    )

    # Who is asking
    auth_mode: AuthMode = Field(
        AuthMode.ANONYMOUS, description="Who is asking: anonymous, oidc or proxy."
    )
    operators: str = Field(
        "", description="Operators where people sign in: users or OpenID groups, with commas."
    )
    proxy_user_header: str = Field(
        "X-Forwarded-User", description="Header in which the proxy names the user."
    )
    trusted_proxies: str = Field(
        "", description="Addresses and networks of the proxies to believe, with commas."
    )
    proxy_sign_out_url: str = Field(
        "", description="Where the proxy signs people out; empty shows no such link."
    )

    # Services: empty means the embedded part
    redis_url: str = Field("", description="Valkey or Redis; empty starts the embedded Valkey.")
    valkey_appendfsync: str = Field(
        "everysec",
        description="When Valkey syncs its log to disk: everysec, or always, before it answers.",
    )
    qdrant_url: str = Field("", description="Qdrant 1.20 or later; empty uses the embedded one.")
    qdrant_api_key: SecretStr = Field(SecretStr(""), description="API key of the Qdrant server.")

    # Models: without a key and a base URL, answers are quoted from the documents
    openai_api_key: SecretStr = Field(
        SecretStr(""), description="Key of OpenAI or a compatible server."
    )
    openai_base_url: str = Field(
        "", description="Base URL of an OpenAI-compatible server, with /v1."
    )
    chat_model: str = Field("gpt-6-luna", description="Model that writes the answers.")
    chat_models: str = Field(
        "", description="Models that people may choose besides `CHAT_MODEL`, separated by commas."
    )
    embedding_model: str = Field(
        "text-embedding-3-small", description="Embedding model; empty means keyword search alone."
    )
    embedding_base_url: str = Field("", description="Base URL of embeddings, if another server's.")
    embedding_api_key: SecretStr = Field(SecretStr(""), description="Key of that server.")
    model_timeout_seconds: float = Field(
        60.0, gt=0, description="Longest silence of the model server, in seconds."
    )
    passages_per_answer: int = Field(
        6, ge=1, le=50, description="Passages given to the model for one answer."
    )
    cache: bool = Field(
        True,
        description="Answer a question that is asked again from its earlier answer: on or off.",
    )

    # Limits
    max_question_chars: int = Field(4000, ge=1, description="Longest question, in characters.")
    user_concurrency: int = Field(
        8, ge=1, description="Questions of one user queued or running at once; the rest wait."
    )
    indexing_concurrency: int = Field(
        4, ge=1, description="Documents of one user queued or indexed at once; the rest wait."
    )
    questions_per_minute: int = Field(
        60, ge=0, description="Questions that one user may ask in a minute; 0: any number."
    )
    urgent_per_minute: int = Field(
        5, ge=0, description="Questions that one user may make urgent in a minute; 0: none."
    )
    user_storage_mb: int = Field(
        1000, ge=0, description="Most that the documents of one user take up, in MB; 0: no limit."
    )
    batch_concurrency: int = Field(
        4, ge=1, description="Rows of one user's batches queued or running at once."
    )
    batch_max_rows: int = Field(
        5000, ge=1, le=20_000, description="Most rows of one batch, 20,000 at most."
    )
    max_upload_mb: int = Field(50, ge=1, description="Largest uploaded file, in MB.")
    extraction_timeout_seconds: int = Field(
        120, ge=1, description="Longest text extraction of one document, in seconds."
    )
    extraction_memory_mb: int = Field(
        2048, ge=256, description="Most memory for the extraction of one document, in MB."
    )
    retention_days: int = Field(
        30, ge=1, description="Days that questions, answers and failures are kept."
    )
    document_retention_days: int = Field(
        30,
        ge=0,
        description="Days that a document is kept after it was last added; 0: until it is deleted.",
    )

    # Webhooks
    public_url: str = Field(
        "", description="Address at which people find Askqueue, for links in webhooks."
    )
    webhook_allowed_hosts: str = Field(
        "",
        description="Hosts that webhooks may reach though not public or not HTTPS, with commas.",
    )

    # Worker
    worker_threads: str = Field(
        "questions:16,batch:4,indexing:2", description="Threads that serve each queue."
    )
    shutdown_grace_seconds: float = Field(
        25.0, ge=0, description="Seconds that running jobs get to finish when a worker stops."
    )
    log_level: str = Field("INFO", description="DEBUG, INFO, WARNING or ERROR.")
    log_format: str = Field("console", description="console or json.")
    index_samples: bool = Field(
        True, description="Index the documents in samples/ when there are none."
    )

    # Operators
    dashboard_url: str = Field(
        "", description="Address of rq-dashboard for operators, if it has another behind a proxy."
    )
    dashboard_username: str = Field(
        "", description="Operators' user: rq-dashboard, their pages and API."
    )
    dashboard_password: SecretStr = Field(
        SecretStr(""), description="Operators' password; required outside 127.0.0.1."
    )

    @field_validator("*", mode="before")
    @classmethod
    def _empty_means_default(cls, value: object, info: object) -> object:
        name = getattr(info, "field_name", "")
        if isinstance(value, str):
            value = value.strip()
            if value == "" and name != "embedding_model":
                return cls.model_fields[name].get_default()
        return value

    @field_validator("allowed_hosts")
    @classmethod
    def _hosts_are_names(cls, value: str) -> str:
        for name in filter(None, (part.strip() for part in value.split(","))):
            if name != "*" and not HOST_NAME.fullmatch(name):
                raise ValueError(
                    f"ALLOWED_HOSTS has names without a scheme, port or path, such as "
                    f"ask.example.com; {name!r} is none"
                )
        return value

    @field_validator("worker_threads")
    @classmethod
    def _threads_are_readable(cls, value: str) -> str:
        parse_threads(value)
        return value

    @field_validator("trusted_proxies")
    @classmethod
    def _proxies_are_readable(cls, value: str) -> str:
        parse_networks(value)
        return value

    @field_validator("proxy_user_header")
    @classmethod
    def _header_is_a_name(cls, value: str) -> str:
        if not re.fullmatch(r"[A-Za-z0-9-]+", value):
            raise ValueError("PROXY_USER_HEADER is the name of a header, such as X-Forwarded-User")
        return value

    @field_validator("public_url")
    @classmethod
    def _public_url_is_one(cls, value: str) -> str:
        if value and not re.fullmatch(r"https?://[^\s?#]+", value):
            raise ValueError("PUBLIC_URL is an address such as https://askqueue.example.com")
        return value.rstrip("/")

    @field_validator("valkey_appendfsync")
    @classmethod
    def _appendfsync_is_safe(cls, value: str) -> str:
        if value not in {"everysec", "always"}:
            raise ValueError("VALKEY_APPENDFSYNC is everysec or always")
        return value

    @field_validator("log_level")
    @classmethod
    def _log_level_is_known(cls, value: str) -> str:
        if value.upper() not in {"DEBUG", "INFO", "WARNING", "ERROR"}:
            raise ValueError("LOG_LEVEL is one of DEBUG, INFO, WARNING, ERROR")
        return value.upper()

    @field_validator("log_format")
    @classmethod
    def _log_format_is_known(cls, value: str) -> str:
        if value not in {"console", "json"}:
            raise ValueError("LOG_FORMAT is console or json")
        return value

    @property
    def operator_names(self) -> frozenset[str]:
        """Users and groups that are operators, where people sign in."""
        return frozenset(filter(None, (name.strip() for name in self.operators.split(","))))

    @cached_property
    def trusted_networks(self) -> tuple[Network, ...]:
        """The networks whose members are believed as proxies; a single address is one of one."""
        return parse_networks(self.trusted_proxies)

    @property
    def webhook_hosts(self) -> frozenset[str]:
        """The hosts, by name or address, that webhooks may reach wherever they are."""
        hosts = (host.strip().strip("[]").lower() for host in self.webhook_allowed_hosts.split(","))
        return frozenset(filter(None, hosts))

    @property
    def embedded_valkey(self) -> bool:
        """True if no `REDIS_URL` is set, so that `make run` starts its own server."""
        return not self.redis_url

    @property
    def embedded_qdrant(self) -> bool:
        """True if no `QDRANT_URL` is set: one worker process owns the index on disk."""
        return not self.qdrant_url

    @property
    def valkey_socket(self) -> Path:
        """The Unix socket of the embedded server."""
        return self._socket("valkey")

    @property
    def supervisor_socket(self) -> Path:
        """The Unix socket of the process manager of `make run`, for `supervisorctl`."""
        return self._socket("supervisor")

    def _socket(self, name: str) -> Path:
        """A socket in the data folder, or, where its path is too long for the kernel, elsewhere."""
        socket = self.data_dir.resolve() / f"{name}.sock"
        if len(str(socket).encode()) <= MAX_SOCKET_PATH_BYTES:
            return socket
        digest = hashlib.sha256(str(socket).encode()).hexdigest()[:16]
        return Path(tempfile.gettempdir()) / f"askqueue-{digest}.sock"

    @property
    def is_loopback(self) -> bool:
        """True if `BIND_ADDRESS` can be reached from this machine alone."""
        try:
            return ipaddress.ip_address(self.bind_address).is_loopback
        except ValueError:
            return self.bind_address == "localhost"

    @property
    def host_names(self) -> frozenset[str]:
        """By which names, in lower case and without a port, the pages and the API answer.

        No page elsewhere can have those of this machine. `*` stands for any.
        """
        bound = f"[{self.bind_address}]" if ":" in self.bind_address else self.bind_address
        named = (name.strip().rstrip(".").lower() for name in self.allowed_hosts.split(","))
        return frozenset(filter(None, (*LOOPBACK_HOSTS, bound.lower(), *named)))

    @property
    def dashboard_is_open(self) -> bool:
        """True if others can reach rq-dashboard and no user and password keep them out."""
        has_password = self.dashboard_username and self.dashboard_password.get_secret_value()
        return not self.is_loopback and not has_password

    @property
    def broker_url(self) -> str:
        """The URL of the Valkey in use, embedded or not."""
        return self.redis_url or f"unix://{quote(str(self.valkey_socket))}"

    @property
    def document_store_url(self) -> str:
        """Where uploaded files are kept."""
        return self.document_store or str(self.data_dir.resolve() / "documents")

    @property
    def has_chat_model(self) -> bool:
        """True if a model writes answers; False means that they are quoted from the passages."""
        return bool(self.openai_api_key.get_secret_value() or self.openai_base_url)

    @property
    def offered_models(self) -> tuple[str, ...]:
        """The models that people may choose from; the first is the one that answers otherwise."""
        others = (name.strip() for name in self.chat_models.split(","))
        return tuple(dict.fromkeys((self.chat_model, *filter(None, others))))

    @property
    def has_embeddings(self) -> bool:
        """True if an embedding server is configured (it may still turn out to have none)."""
        configured = self.has_chat_model or bool(
            self.embedding_base_url or self.embedding_api_key.get_secret_value()
        )
        return configured and bool(self.embedding_model)

    @property
    def retention_seconds(self) -> int:
        return self.retention_days * 24 * 60 * 60

    @property
    def document_retention_seconds(self) -> int:
        """How long a document is kept after it was last added; 0: until it is deleted."""
        return self.document_retention_days * 24 * 60 * 60

    @property
    def max_upload_bytes(self) -> int:
        return self.max_upload_mb * 1024 * 1024

    @property
    def user_storage_bytes(self) -> int:
        """Most that one user's documents take up; 0: no limit. MB are decimal, as on the page."""
        return self.user_storage_mb * 1_000_000

    @cached_property
    def threads_by_queue(self) -> dict[str, int]:
        """Threads for each queue, as in `WORKER_THREADS`; a queue that is not named has none."""
        return parse_threads(self.worker_threads)


def parse_networks(text: str) -> tuple[Network, ...]:
    """Read `10.0.0.2, 172.16.0.0/12, ::1` into networks, in this order.

    Raises ValueError for what is neither an address nor a network, and for one that holds all.
    """
    networks = []
    for part in filter(None, (part.strip() for part in text.split(","))):
        try:
            network = ipaddress.ip_network(part)
        except ValueError:
            raise ValueError(
                f"{part!r} is no address or network, such as 10.0.0.2 or 172.16.0.0/12"
            ) from None
        if network.prefixlen == 0:
            raise ValueError(f"{part} is everybody: name the addresses of the proxies alone")
        networks.append(network)
    return tuple(networks)


def parse_threads(text: str) -> dict[str, int]:
    """Read `questions:16,batch:4` into {"questions": 16, "batch": 4}.

    Raises ValueError for an unknown queue, a count that is no positive number, or nothing at all.
    """
    threads: dict[str, int] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, _, count = part.partition(":")
        if name not in QUEUE_NAMES:
            raise ValueError(f"unknown queue {name!r}: use {', '.join(QUEUE_NAMES)}")
        if not count.isdigit() or int(count) < 1:
            raise ValueError(f"{name} needs a number of threads, such as {name}:4")
        threads[name] = int(count)
    if not threads:
        raise ValueError("name at least one queue, such as questions:16")
    return threads
