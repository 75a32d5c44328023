"""Extracts the text of a file in a sandbox: a hostile file costs one job, not a worker.

The child process runs `jobs.extraction.read_text`. Nothing here parses a file.
"""

from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePath
from types import NoneType
from typing import Any, TypeAlias

from jobs.errors import (
    EmptyDocumentError,
    ExtractionTooLargeError,
    ExtractionTooLongError,
    UnreadableDocumentError,
)
from jobs.extraction import sandbox
from jobs.extraction.attachment_files import AttachmentFiles, ExtractedFile
from jobs.extraction.chunking import PASSAGE_CHARS, Piece
from jobs.extraction.file_types import MEDIA_TYPES, OLE_SIGNATURE, OUTLOOK, PDF, is_outlook
from jobs.extraction.resource_limits import (
    OUT_OF_MEMORY_EXIT,
    PICTURES_SECONDS,
    UNREADABLE_EXIT,
    WAITING_TIMES,
)
from jobs.settings import Settings

# About 1 KB of text each; the worker holds all passages of a document while it indexes it.
MAX_PASSAGES = 50_000
# Native code that is refused memory crashes in many ways, few of which say so. A process that came
# to this share of its limit was refused the rest: buffers grow by doubling.
MEMORY_EXHAUSTED_SHARE = 0.5
# Our program prints none that is half as long: this one is not ours any more.
MAX_PASSAGE_CHARS = 4 * PASSAGE_CHARS
# A sheet's name has 31 characters, a heading 120; see `jobs.extraction.chunking`.
MAX_PLACE_CHARS = 4000
MAX_NOTES = 12
MAX_NOTE_CHARS = 300
_NUMBER = (int, NoneType)

Report: TypeAlias = Callable[[int, int], None]


@dataclass(frozen=True)
class Extracted:
    """The text of a file in passages, in reading order, and what to say about it, in sentences.

    `pages` is 0 for formats without pages.
    """

    media_type: str
    pages: int
    passages: tuple[Piece, ...]
    notes: tuple[str, ...] = ()
    attachments: tuple[ExtractedFile, ...] = ()


def extract(
    path: Path,
    name: str,
    settings: Settings,
    check: Callable[[], None] = lambda: None,
    report: Report = lambda done, total: None,
    attachments_to: Path | None = None,
) -> Extracted:
    """Extract the text of a file in a child process.

    `name` is the file's own name, for its extension. `check` is called while the child runs, and
    may raise to stop it. `report` is called with the pages that are done, and with all that are to
    do, while pictures are read. Files within the file go to the folder `attachments_to`, if any.

    Raises UnreadableDocumentError, EmptyDocumentError, ExtractionTooLongError or
    ExtractionTooLargeError.
    """
    _check_start(path, PurePath(name).suffix.lower())
    clock = _Clock(WAITING_TIMES * settings.extraction_timeout_seconds)

    def on_page(done: int, total: int) -> None:
        clock.restart(done, total)
        report(done, total)

    def on_check() -> None:
        clock.check()
        check()

    files = AttachmentFiles(attachments_to, settings.max_upload_bytes)
    output = _Output(on_page, files)
    try:
        result = sandbox.run(
            _command(path, name, settings),
            timeout_seconds=WAITING_TIMES
            * (settings.extraction_timeout_seconds + PICTURES_SECONDS),
            on_line=output.add_line,
            check=on_check,
        )
    except TimeoutError as error:
        raise ExtractionTooLongError() from error
    except sandbox.BrokenOutputError as error:
        raise _reader_crashed() from error
    _raise_for_failure(result, settings.extraction_memory_mb)
    return output.extracted()


class _Clock:
    """The time limit of a document, which begins anew with each page read from a picture."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._deadline = time.monotonic() + seconds
        self._done = 0

    def restart(self, done: int, total: int) -> None:
        """Begin anew; raises BrokenOutputError if the pages do not come in their order."""
        if not self._done < done <= total:
            raise sandbox.BrokenOutputError
        self._done = done
        self._deadline = time.monotonic() + self._seconds

    def check(self) -> None:
        """Raise TimeoutError once it is over."""
        if time.monotonic() > self._deadline:
            raise TimeoutError


def _check_start(path: Path, suffix: str) -> None:
    """Raise for what needs no process of its own: an empty file, and OLE that is no message."""
    with path.open("rb") as file:
        start = file.read(len(OLE_SIGNATURE))
    if not start:
        raise EmptyDocumentError("This file is empty.")
    if start.startswith(OLE_SIGNATURE) and not is_outlook(path.read_bytes()):
        if MEDIA_TYPES.get(suffix) == OUTLOOK:
            raise UnreadableDocumentError()
        raise UnreadableDocumentError(
            "This file is encrypted, or in the format of Office before 2007. "
            "Save a copy without a password, as DOCX, PPTX or XLSX, and upload that."
        )


def _command(path: Path, name: str, settings: Settings) -> list[str]:
    suffix = PurePath(name).suffix
    memory, seconds = settings.extraction_memory_mb, settings.extraction_timeout_seconds
    arguments = [
        *(str(path.resolve()), suffix, str(memory), str(seconds)),
        settings.ocr_languages,
    ]
    return [sys.executable, "-m", "jobs.extraction.read_text", *arguments]


class _Output:
    """Collects what the child prints, see `jobs.extraction.read_text`."""

    def __init__(self, report: Report, files: AttachmentFiles) -> None:
        self._report = report
        self._files = files
        self._media_type = ""
        self._pages = 0
        self._passages: list[Piece] = []
        self._notes: dict[str, None] = {}

    def add_line(self, line: bytes) -> None:
        """Take one line; raises BrokenOutputError for what our program does not print."""
        kind, *values = _parsed(line)
        if not self._media_type and kind != "type":
            raise sandbox.BrokenOutputError
        match kind, values:
            case "type", [str(media_type)]:
                self._media_type = media_type
            case "pages", [int(pages)]:
                self._pages = pages
            case "progress", [int(done), int(total)]:
                self._report(done, total)
            case "note", [str(note)]:
                if len(self._notes) < MAX_NOTES:
                    self._notes[note[:MAX_NOTE_CHARS]] = None
            case "attachment", [str(name), int(size)]:
                self._files.begin(name, size)
            case "data", [str(data)]:
                self._files.add(data)
            case "passage", _ if _are(values, str, _NUMBER, _NUMBER, str, str, _NUMBER):
                self._add(Piece(*values))
            case _:
                raise sandbox.BrokenOutputError

    def _add(self, piece: Piece) -> None:
        if (
            len(piece.text) > MAX_PASSAGE_CHARS
            or len(piece.place + piece.section) > MAX_PLACE_CHARS
        ):
            raise sandbox.BrokenOutputError
        if text := piece.text.strip():
            self._passages.append(piece._replace(text=text))
        if len(self._passages) > MAX_PASSAGES:
            raise ExtractionTooLargeError(
                f"This file makes more than {MAX_PASSAGES:,} passages, the most of one document. "
                "Split it."
            )

    def extracted(self) -> Extracted:
        if not self._media_type or not self._files.is_complete:
            raise _reader_crashed()
        files, notes = self._files.files, (*self._notes, *self._files.notes())
        if not self._passages and not files:
            raise _no_text(self._media_type, notes)
        return Extracted(self._media_type, self._pages, tuple(self._passages), notes, files)


def _parsed(line: bytes) -> list[Any]:
    """Return the list in a line of JSON; raises BrokenOutputError."""
    try:
        values = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise sandbox.BrokenOutputError from error
    if not isinstance(values, list) or not values:
        raise sandbox.BrokenOutputError
    return values


def _are(values: list[Any], *types: type | tuple[type, ...]) -> bool:
    return len(values) == len(types) and all(map(isinstance, values, types))


def _raise_for_failure(result: sandbox.ProcessResult, memory_mb: int) -> None:
    """Raise the error that the end of the child process stands for; nothing on success."""
    if result.exit_code == 0:
        return
    if _names_memory(result.stderr):
        raise ExtractionTooLargeError()
    if result.exit_code == UNREADABLE_EXIT:
        raise _unreadable(result.stderr.decode(errors="replace"))
    if result.is_out_of_time:
        raise ExtractionTooLongError()
    # Nobody else sends SIGKILL but the system, when it is out of memory.
    is_exhausted = result.was_killed or result.peak_mb > MEMORY_EXHAUSTED_SHARE * memory_mb
    if result.exit_code == OUT_OF_MEMORY_EXIT or is_exhausted:
        raise ExtractionTooLargeError()
    raise _reader_crashed()


def _names_memory(stderr: bytes) -> bool:
    return re.search(rb"memory allocation|(cannot allocate|out of) memory", stderr) is not None


def _no_text(media_type: str, notes: tuple[str, ...]) -> EmptyDocumentError:
    if notes:
        return EmptyDocumentError(" ".join(["This file holds no text that could be read.", *notes]))
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
    if "binary workbook" in lower:
        return UnreadableDocumentError(
            "This file is a binary workbook (XLSB). Save it as XLSX, and upload that."
        )
    if "copy protection" in lower:
        return UnreadableDocumentError(
            "This book has copy protection (DRM), so that only the reader it was sold for can open "
            "it. Upload a copy without protection, or another document with the same text."
        )
    if lower.startswith("not a document: "):
        return UnreadableDocumentError(
            f"This file holds {reason.partition(': ')[2]}, not what its name says. "
            "Upload the document itself: a PDF, an Office file, or text."
        )
    return UnreadableDocumentError()
