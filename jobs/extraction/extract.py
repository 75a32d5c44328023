"""Extracts the text of a file in a sandbox: a hostile file costs one job, not a worker.

The child process runs `jobs.extraction.read_text`. Nothing here parses a file.
"""

from __future__ import annotations

import json
import re
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path, PurePath

from jobs.errors import (
    EmptyDocumentError,
    ExtractionTooLargeError,
    ExtractionTooLongError,
    UnreadableDocumentError,
)
from jobs.extraction import sandbox
from jobs.extraction.file_types import OLE_SIGNATURE, PDF
from jobs.extraction.resource_limits import OUT_OF_MEMORY_EXIT, UNREADABLE_EXIT
from jobs.settings import Settings

# About 1 KB of text each; the worker holds all passages of a document while it indexes it.
MAX_PASSAGES = 50_000
# The embedded Qdrant scans every passage for every question: 1 s for this many, 10 s for 40,000.
MAX_PASSAGES_EMBEDDED = 10_000
# Native code that is refused memory crashes in many ways, few of which say so. A process that came
# to this share of its limit was refused the rest: buffers grow by doubling.
MEMORY_EXHAUSTED_SHARE = 0.5


@dataclass(frozen=True)
class ExtractedPassage:
    """A piece of the text. Its pages count from 1 and are None for formats without pages."""

    text: str
    first_page: int | None
    last_page: int | None


@dataclass(frozen=True)
class Extracted:
    """The text of a file in passages, in reading order."""

    media_type: str
    pages: int
    passages: tuple[ExtractedPassage, ...]


def extract(
    path: Path, name: str, settings: Settings, check: Callable[[], None] = lambda: None
) -> Extracted:
    """Extract the text of a file in a child process.

    `name` is the file's own name, for its extension. `check` is called while the child runs, and
    may raise to stop it.

    Raises UnreadableDocumentError, EmptyDocumentError, ExtractionTooLongError or
    ExtractionTooLargeError.
    """
    _check_start(path)
    output = _Output(is_embedded=settings.embedded_qdrant)
    try:
        result = sandbox.run(
            _command(path, name, settings),
            timeout_seconds=settings.extraction_timeout_seconds,
            on_line=output.add_line,
            check=check,
            temp_dir=_library_folder(settings.data_dir),
        )
    except TimeoutError as error:
        raise ExtractionTooLongError() from error
    except (sandbox.BrokenOutputError, json.JSONDecodeError) as error:
        raise _reader_crashed() from error
    _raise_for_failure(result, settings.extraction_memory_mb)
    return output.extracted()


def _check_start(path: Path) -> None:
    """Raise for a file that is empty or an OLE container, before a process is started for it."""
    with path.open("rb") as file:
        start = file.read(len(OLE_SIGNATURE))
    if not start:
        raise EmptyDocumentError("This file is empty.")
    if start == OLE_SIGNATURE:
        raise UnreadableDocumentError(
            "This file is encrypted, or in the format of Office before 2007. "
            "Save a copy without a password, as DOCX, PPTX or XLSX, and upload that."
        )


def _library_folder(data_dir: Path) -> Path:
    """Return the folder to which kreuzberg unpacks its native library for PDFs, to load it there.

    In the machine's temporary folder, anybody could put another library in its place.
    """
    folder = data_dir.resolve() / f"kreuzberg-{version('kreuzberg')}"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def _command(path: Path, name: str, settings: Settings) -> list[str]:
    suffix = PurePath(name).suffix
    memory, seconds = settings.extraction_memory_mb, settings.extraction_timeout_seconds
    arguments = [str(path.resolve()), suffix, str(memory), str(seconds)]
    return [sys.executable, "-m", "jobs.extraction.read_text", *arguments]


class _Output:
    """Collects what the child prints: a line about the file, then one for each passage."""

    def __init__(self, *, is_embedded: bool) -> None:
        self._is_embedded = is_embedded
        self._limit = MAX_PASSAGES_EMBEDDED if is_embedded else MAX_PASSAGES
        self._media_type: str | None = None
        self._pages = 0
        self._passages: list[ExtractedPassage] = []

    def add_line(self, line: bytes) -> None:
        if self._media_type is None:
            self._media_type, self._pages = json.loads(line)
            return
        text, first, last = json.loads(line)
        if text := text.strip():
            self._passages.append(ExtractedPassage(text, first, last))
        if len(self._passages) > self._limit:
            raise _too_many_passages(self._limit, is_embedded=self._is_embedded)

    def extracted(self) -> Extracted:
        if self._media_type is None:
            raise _reader_crashed()
        if not self._passages:
            raise _no_text(self._media_type)
        return Extracted(self._media_type, self._pages, tuple(self._passages))


def _raise_for_failure(result: sandbox.ProcessResult, memory_mb: int) -> None:
    """Raise the error that the end of the child process stands for; nothing on success."""
    if result.exit_code == 0:
        return
    if _names_memory(result.stderr):
        raise ExtractionTooLargeError()
    if result.exit_code == UNREADABLE_EXIT:
        raise _unreadable(result.stderr.decode(errors="replace"))
    if result.exit_code == -signal.SIGXCPU:
        raise ExtractionTooLongError()
    # Nobody else sends SIGKILL but the system, when it is out of memory.
    was_killed = result.exit_code == -signal.SIGKILL
    is_exhausted = was_killed or result.peak_mb > MEMORY_EXHAUSTED_SHARE * memory_mb
    if result.exit_code == OUT_OF_MEMORY_EXIT or is_exhausted:
        raise ExtractionTooLargeError()
    raise _reader_crashed()


def _names_memory(stderr: bytes) -> bool:
    return re.search(rb"memory allocation|(cannot allocate|out of) memory", stderr) is not None


def _too_many_passages(limit: int, *, is_embedded: bool) -> ExtractionTooLargeError:
    if is_embedded:
        return ExtractionTooLargeError(
            f"This file makes more than {limit:,} passages, the most that the embedded index takes "
            "of one document. Split it, or set QDRANT_URL to a Qdrant server."
        )
    return ExtractionTooLargeError(
        f"This file makes more than {limit:,} passages, the most of one document. Split it."
    )


def _no_text(media_type: str) -> EmptyDocumentError:
    if media_type == PDF:
        return EmptyDocumentError()
    return EmptyDocumentError(
        "This file holds no text that can be read. If it shows text when you open it, save it "
        "again with the program that made it, and upload that."
    )


def _reader_crashed() -> UnreadableDocumentError:
    return UnreadableDocumentError(
        "This file broke the program that reads it. Save it again with the program that made it, "
        "or print it to a new PDF, and upload that."
    )


def _unreadable(reason: str) -> UnreadableDocumentError:
    lower = reason.lower()
    if "password" in lower or "encrypt" in lower:
        return UnreadableDocumentError(
            "This file is encrypted. Save a copy without a password and upload that."
        )
    if "security limit" in lower:
        return UnreadableDocumentError(
            "This file unpacks to far more than its size, so it was not read. "
            "Save it again with the program that made it, or split it."
        )
    if lower.startswith("not a document: "):
        return UnreadableDocumentError(
            f"This file holds {reason.partition(': ')[2]}, not what its name says. "
            "Upload the document itself: a PDF, an Office file, or text."
        )
    return UnreadableDocumentError()
