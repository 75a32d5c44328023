"""Valkey, Qdrant and the file store: servers, or parts embedded in the data folder."""

from __future__ import annotations

import hashlib
import tempfile
from pathlib import Path
from typing import Literal
from urllib.parse import quote

from pydantic import BaseModel, Field, SecretStr

# A Unix socket's path must fit in sockaddr_un.sun_path: 104 bytes on macOS, 108 on Linux; and
# supervisord appends its process id while it creates its own.
MAX_SOCKET_PATH_BYTES = 94


class ServiceSettings(BaseModel):
    """Settings of where data is kept. An empty address means the embedded part."""

    data_dir: Path = Field(
        Path(".data"), description="Folder of the embedded Valkey and Qdrant, uploads and logs."
    )
    document_store: str = Field(
        "", description="Where uploaded files are kept: a folder or an fsspec URL such as s3://…"
    )
    redis_url: str = Field("", description="Valkey or Redis; empty starts the embedded Valkey.")
    valkey_appendfsync: Literal["everysec", "always"] = Field(
        "everysec",
        description="When Valkey syncs its log to disk: everysec, or always, before it answers.",
    )
    qdrant_url: str = Field("", description="Qdrant 1.20 or later; empty uses the embedded one.")
    qdrant_api_key: SecretStr = Field(SecretStr(""), description="API key of the Qdrant server.")

    @property
    def embedded_valkey(self) -> bool:
        """True if no `REDIS_URL` is set, so that `make run` starts its own server."""
        return not self.redis_url

    @property
    def embedded_qdrant(self) -> bool:
        """True if no `QDRANT_URL` is set: one worker process owns the index on disk."""
        return not self.qdrant_url

    @property
    def broker_url(self) -> str:
        """The URL of the Valkey in use, embedded or not."""
        return self.redis_url or f"unix://{quote(str(self.valkey_socket))}"

    @property
    def document_store_url(self) -> str:
        """Where uploaded files are kept."""
        return self.document_store or str(self.data_dir.resolve() / "documents")

    @property
    def valkey_socket(self) -> Path:
        """The Unix socket of the embedded server."""
        return self._socket("valkey")

    @property
    def supervisor_socket(self) -> Path:
        """The Unix socket of the process manager of `make run`, for `supervisorctl`."""
        return self._socket("supervisor")

    def _socket(self, name: str) -> Path:
        """A socket in the data folder, or in the temporary folder if its path would be too long."""
        socket = self.data_dir.resolve() / f"{name}.sock"
        if len(str(socket).encode()) <= MAX_SOCKET_PATH_BYTES:
            return socket
        digest = hashlib.sha256(str(socket).encode()).hexdigest()[:16]
        return Path(tempfile.gettempdir()) / f"askqueue-{digest}.sock"
