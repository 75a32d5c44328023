"""The files within a file, as the child process hands them over, in temporary files.

The child may be in the hands of the file that it reads: names are labels, and sizes are checked.
"""

from __future__ import annotations

import binascii
from base64 import b64decode
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from jobs.errors import DocumentStoreFullError
from jobs.extraction.attachment_limits import (
    MAX_ATTACHMENTS,
    MAX_ATTACHMENTS_BYTES,
    MAX_NAME_CHARS,
)
from jobs.extraction.sandbox import BrokenOutputError


@dataclass(frozen=True)
class ExtractedFile:
    """A file within a file: its name there, which may be anything, and where its content is."""

    name: str
    path: Path


class AttachmentFiles:
    """Writes files to a folder as their data arrives; without a folder, to nowhere.

    Those that are empty, larger than `max_bytes`, or beyond what is taken of one file are left out,
    and counted.
    """

    def __init__(self, folder: Path | None, max_bytes: int) -> None:
        self._folder = folder
        self._max_bytes = max_bytes
        self._count = 0
        self._bytes = 0
        self._missing = 0  # bytes of the latest file
        self._left_out: Counter[str] = Counter()
        self._path: Path | None = None
        self._files: list[ExtractedFile] = []

    def begin(self, name: str, size: int) -> None:
        """Expect a file; raises BrokenOutputError for what our program does not hand over."""
        if not self.is_complete:
            raise BrokenOutputError
        if size < 0 or len(name) > MAX_NAME_CHARS:
            raise BrokenOutputError
        self._missing, self._path = size, None
        if not size:
            self._left_out["empty"] += 1
        elif size > self._max_bytes:
            self._left_out[
                f"larger than {self._max_bytes // 2**20} MB, the most of one document"
            ] += 1
        elif self._count >= MAX_ATTACHMENTS or self._bytes + size > MAX_ATTACHMENTS_BYTES:
            self._left_out["beyond what is taken of one file"] += 1
        elif self._folder is not None:
            self._count += 1
            self._bytes += size
            self._path = self._folder / str(self._count)
            self._files.append(ExtractedFile(name, self._path))

    def add(self, encoded: str) -> None:
        """Take a piece of the file, in Base64; raises as `begin`, or DocumentStoreFullError."""
        try:
            data = b64decode(encoded, validate=True)
        except binascii.Error as error:
            raise BrokenOutputError from error
        self._missing -= len(data)
        if not data or self._missing < 0:
            raise BrokenOutputError
        if self._path is not None:
            try:
                with self._path.open("ab") as file:
                    file.write(data)
            except OSError as error:
                raise DocumentStoreFullError(
                    "There is no space left for temporary files. "
                    "Ask the operator to free some space, then try again."
                ) from error

    @property
    def files(self) -> tuple[ExtractedFile, ...]:
        """The files that arrived."""
        return tuple(self._files)

    @property
    def is_complete(self) -> bool:
        """Whether the latest file is there as a whole."""
        return not self._missing

    def notes(self) -> tuple[str, ...]:
        """Return what to say of those that were left out."""
        return tuple(
            f"{number:,} file{'' if number == 1 else 's'} in it "
            f"{'was' if number == 1 else 'were'} not added: {reason}."
            for reason, number in self._left_out.items()
        )
