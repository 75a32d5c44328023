"""Where uploaded files are kept: a folder, or any fsspec URL such as s3://…"""

from __future__ import annotations

import errno
import re
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from upath import UPath

from jobs.errors import DocumentStoreUnavailable

SAFE_NAME_CHARS = 120


class DocumentStore:
    """Files by document id and name. Writing is atomic: a file is there whole, or not at all."""

    def __init__(self, url: str) -> None:
        self._root = UPath(url)

    def save(self, document_id: str, name: str, data: bytes) -> None:
        """Store a file. Raises DocumentStoreUnavailable, with its own sentence for a full disk."""
        target = self._path(document_id, name)
        with _store_errors():
            target.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(target, Path):
                partial = target.with_name(f".{uuid.uuid4().hex}.part")
                try:
                    partial.write_bytes(data)
                    partial.replace(target)
                finally:
                    partial.unlink(missing_ok=True)
            else:
                target.write_bytes(data)  # object stores write whole objects

    def exists(self, document_id: str, name: str) -> bool:
        with _store_errors():
            return bool(self._path(document_id, name).exists())

    def read(self, document_id: str, name: str) -> bytes:
        with _store_errors():
            return bytes(self._path(document_id, name).read_bytes())

    @contextmanager
    def local_copy(self, document_id: str, name: str) -> Iterator[Path]:
        """A path on this machine for as long as the block runs; do not write to it."""
        stored = self._path(document_id, name)
        if isinstance(stored, Path):
            if not self.exists(document_id, name):
                raise DocumentStoreUnavailable("The stored file is gone. Upload it again.")
            yield stored
            return
        with tempfile.TemporaryDirectory() as folder:
            copy = Path(folder) / _safe(name)
            copy.write_bytes(self.read(document_id, name))
            yield copy

    def delete(self, document_id: str) -> None:
        """Remove what is stored of a document, if anything."""
        folder = self._root / document_id
        with _store_errors():
            if not folder.exists():
                return
            for file in list(folder.iterdir()):
                file.unlink()
            if isinstance(folder, Path):
                folder.rmdir()

    def _path(self, document_id: str, name: str) -> UPath:
        return self._root / document_id / _safe(name)


def _safe(name: str) -> str:
    """A file name that no file system takes for anything else; the extension stays."""
    base = re.split(r"[/\\]", name)[-1]
    cleaned = re.sub(r"[^\w.() -]+", "_", base).strip(". ") or "document"
    return cleaned[-SAFE_NAME_CHARS:]


@contextmanager
def _store_errors() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise DocumentStoreUnavailable(
                "There is no space left where documents are stored. Nothing was added; "
                "ask the operator to free some."
            ) from error
        raise DocumentStoreUnavailable() from error
