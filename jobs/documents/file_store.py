"""Where uploaded files are kept: a folder, or any fsspec URL such as s3://…"""

from __future__ import annotations

import errno
import os
import re
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from upath import UPath

from jobs.errors import (
    DocumentStoreFullError,
    DocumentStoreUnavailableError,
    UnreadableDocumentError,
)

# Most file systems allow 255 bytes a name, and some stores less.
SAFE_NAME_BYTES = 180
LOCAL_PROTOCOLS = ("", "file", "local")
# EFBIG is how a limit on the size of files looks; MAX_UPLOAD_MB is far below what it is meant for.
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
NO_TEMPORARY_SPACE = (
    "The disk is full: there is no space left for temporary files of the worker. "
    "Ask the operator to free some space, then try again."
)


class FileStore:
    """Files by document id and name. Writing is atomic: a file is there whole, or not at all.

    Each method raises DocumentStoreUnavailableError, with a sentence of its own for a full disk.
    """

    def __init__(self, url: str) -> None:
        self._url = url

    def save(self, document_id: str, name: str, data: bytes) -> None:
        """Store a file, over one of the same id and name."""
        with _store_errors():
            target = self._folder(document_id) / _safe(name)
            target.parent.mkdir(parents=True, exist_ok=True)
            if not isinstance(target, Path):
                target.write_bytes(data)  # object stores write whole objects
                return
            partial = target.with_name(f".{uuid.uuid4().hex}.part")
            try:
                partial.write_bytes(data)
                partial.replace(target)
            except BaseException:  # an interrupt too must leave no part of a file
                partial.unlink(missing_ok=True)
                with suppress(OSError):  # not empty: an older file stays
                    target.parent.rmdir()
                raise

    def check(self) -> None:
        """Nothing if the store answers and, a folder, can be written to or be made."""
        with _store_errors():
            root = self._folder("")
            if not isinstance(root, Path):
                root.exists()
                return
            there = next(path for path in (root, *root.absolute().parents) if path.exists())
            if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
                raise NotADirectoryError(there)

    def exists(self, document_id: str, name: str) -> bool:
        with _store_errors():
            return bool((self._folder(document_id) / _safe(name)).exists())

    def read(self, document_id: str, name: str) -> bytes:
        """The content of a file. Raises UnreadableDocumentError if it is gone."""
        with _store_errors():
            return bytes((self._folder(document_id) / _safe(name)).read_bytes())

    @contextmanager
    def local_copy(self, document_id: str, name: str) -> Iterator[Path]:
        """A path on this machine for as long as the block runs; do not write to it.

        Raises UnreadableDocumentError if the file is gone.
        """
        with _store_errors():
            stored = self._folder(document_id) / _safe(name)
            if isinstance(stored, Path):
                stored.stat()
        if isinstance(stored, Path):
            yield stored
            return
        with ExitStack() as stack:
            with _store_errors(full=NO_TEMPORARY_SPACE):
                folder = stack.enter_context(tempfile.TemporaryDirectory())
                copy = Path(folder) / _safe(name)
                with stored.open("rb") as source, copy.open("wb") as target:
                    shutil.copyfileobj(source, target)  # piece by piece: it may be large
            yield copy

    def delete(self, document_id: str) -> None:
        """Remove what is stored of a document, if anything."""
        with _store_errors():
            folder = self._folder(document_id)
            if not folder.exists():
                return
            for file in [folder / path.name for path in folder.iterdir()]:
                file.unlink(missing_ok=True)
            if isinstance(folder, Path):
                folder.rmdir()

    def _folder(self, document_id: str) -> Path | UPath:
        root = UPath(self._url)
        if root.protocol in LOCAL_PROTOCOLS:
            return Path(root.path) / document_id
        return root / document_id


def _safe(name: str) -> str:
    """A file name that no file system takes for anything else; the extension stays."""
    base = re.split(r"[/\\]", name)[-1]
    cleaned = re.sub(r"[^\w.() -]+", "_", base)
    short = cleaned.encode(errors="replace")[-SAFE_NAME_BYTES:].decode(errors="ignore")
    return short.strip(". ") or "document"


@contextmanager
def _store_errors(full: str = "") -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:
        raise UnreadableDocumentError("The stored file is gone. Upload it again.") from error
    except ImportError as error:
        raise DocumentStoreUnavailableError(
            f"DOCUMENT_STORE needs a package that is not installed. {error}."
        ) from error
    except OSError as error:
        if error.errno in FULL:
            raise DocumentStoreFullError(full) from error
        raise DocumentStoreUnavailableError() from error
    except Exception as error:  # each kind of store has errors of its own, with no common base
        raise DocumentStoreUnavailableError() from error
