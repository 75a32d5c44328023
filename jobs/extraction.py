"""Text from files, by a child process with limits: a hostile file costs one job, not a worker.

What the child does is in `jobs.reading`. Nothing here parses a file.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePath

from jobs.errors import (
    EmptyDocument,
    ExtractionTooLarge,
    ExtractionTooLong,
    UnreadableDocument,
)
from jobs.reading import OUT_OF_MEMORY_EXIT, UNREADABLE_EXIT
from jobs.settings import Settings

POLL_SECONDS = 0.1
ROOT = Path(__file__).resolve().parent.parent
# How an OLE container begins: an Office file with a password, or of before 2007.
OLE_SIGNATURE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


@dataclass(frozen=True)
class ExtractedPassage:
    """A piece of the text with its pages, from 1, or None for formats without pages."""

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
    """Read a file in a child process; `check` is called while it runs, and may raise.

    Raises UnreadableDocument, EmptyDocument, ExtractionTooLong or ExtractionTooLarge.
    """
    _refuse_at_a_glance(path)
    child = subprocess.Popen(  # noqa: S603 (the command is ours; the file name is an argument)
        _command(path, name, settings),
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        env=_child_environment(),
    )
    try:
        output, errors = _wait(child, settings.extraction_timeout_seconds, check)
    finally:
        if child.poll() is None:
            os.killpg(child.pid, signal.SIGKILL)
            child.communicate()
    return _result(child.returncode, output, errors)


def _refuse_at_a_glance(path: Path) -> None:
    with path.open("rb") as file:
        start = file.read(len(OLE_SIGNATURE))
    if not start:
        raise EmptyDocument("This file is empty.")
    if start == OLE_SIGNATURE:
        raise UnreadableDocument(
            "This file is encrypted, or in the format of Office before 2007. "
            "Save a copy without a password, as DOCX, PPTX or XLSX, and upload that."
        )


def _command(path: Path, name: str, settings: Settings) -> list[str]:
    suffix = PurePath(name).suffix
    memory, seconds = settings.extraction_memory_mb, settings.extraction_timeout_seconds
    arguments = [str(path.resolve()), suffix, str(memory), str(seconds)]
    return [sys.executable, "-m", "jobs.reading", *arguments]


def _child_environment() -> dict[str, str]:
    # No key or password is handed to a process that parses foreign files.
    return {
        "PATH": os.defpath,
        "LANG": "C.UTF-8",
        "PYTHONPATH": str(ROOT),
        "RAYON_NUM_THREADS": "1",
    }


def _wait(
    child: subprocess.Popen[bytes], timeout_seconds: float, check: Callable[[], None]
) -> tuple[bytes, bytes]:
    deadline = time.monotonic() + timeout_seconds
    while True:
        check()
        try:
            return child.communicate(timeout=POLL_SECONDS)
        except subprocess.TimeoutExpired as error:
            if time.monotonic() > deadline:
                raise ExtractionTooLong() from error


def _result(code: int, output: bytes, errors: bytes) -> Extracted:
    if code == OUT_OF_MEMORY_EXIT or b"memory allocation" in errors:
        raise ExtractionTooLarge()
    if code == -signal.SIGXCPU:
        raise ExtractionTooLong()
    if code == UNREADABLE_EXIT:
        raise _unreadable(errors.decode(errors="replace"))
    if code != 0:
        # The parser crashed, or ran into its memory limit in native code.
        raise UnreadableDocument()
    data = json.loads(output)
    passages = tuple(
        ExtractedPassage(text.strip(), first, last)
        for text, first, last in data["passages"]
        if text.strip()
    )
    if not passages:
        raise EmptyDocument()
    return Extracted(data["media_type"], data["pages"], passages)


def _unreadable(reason: str) -> UnreadableDocument:
    reason = reason.lower()
    if "password" in reason or "encrypt" in reason:
        return UnreadableDocument(
            "This file is encrypted. Save a copy without a password and upload that."
        )
    if "security limit" in reason:
        return UnreadableDocument(
            "This file unpacks to far more than its size, so it was not read. "
            "Save it again with the program that made it, or split it."
        )
    return UnreadableDocument()
