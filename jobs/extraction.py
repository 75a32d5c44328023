"""Text from files, in a child process with limits: a hostile file costs one job, not a worker.

`extract` runs in the worker; `python -m jobs.extraction FILE` is the child, which prints JSON.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any

import charset_normalizer

from jobs.errors import (
    EmptyDocument,
    ExtractionTooLarge,
    ExtractionTooLong,
    UnreadableDocument,
)
from jobs.settings import Settings

PASSAGE_CHARS = 1200
OVERLAP_CHARS = 150
POLL_SECONDS = 0.1
ROOT = Path(__file__).resolve().parent.parent
SNIFFED_BYTES = 8192
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
# The extensions that may be uploaded.
MEDIA_TYPES = {
    ".pdf": "application/pdf",
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    ".xlsx": XLSX,
    ".html": "text/html",
    ".htm": "text/html",
    ".md": "text/markdown",
    ".markdown": "text/markdown",
    ".txt": "text/plain",
    ".csv": "text/csv",
}
SHEET_TYPES = (XLSX, "text/csv")
TEXT_TYPES = ("text/plain", "text/markdown", "text/csv", "text/html")
# Contents that could be several formats: the name decides.
VAGUE_TYPES = ("text/plain", "application/zip", "application/octet-stream")
OUT_OF_MEMORY_EXIT = 3
UNREADABLE_EXIT = 4


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
    if path.stat().st_size == 0:
        raise EmptyDocument("This file is empty.")
    child = subprocess.Popen(  # noqa: S603 (the command is ours; the file name is an argument)
        [sys.executable, "-m", "jobs.extraction", str(path.resolve()), name],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        env=_child_environment(settings),
    )
    try:
        output, errors = _wait(child, settings.extraction_timeout_seconds, check)
    finally:
        if child.poll() is None:
            os.killpg(child.pid, signal.SIGKILL)
            child.communicate()
    return _result(child.returncode, output, errors)


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
    if "password" in reason.lower() or "encrypt" in reason.lower():
        return UnreadableDocument(
            "This file is encrypted. Save a copy without a password and upload that."
        )
    return UnreadableDocument()


def _child_environment(settings: Settings) -> dict[str, str]:
    # No key or password is handed to a process that parses foreign files.
    return {
        "PATH": os.defpath,
        "LANG": "C.UTF-8",
        "PYTHONPATH": str(ROOT),
        "RAYON_NUM_THREADS": "1",
        "EXTRACTION_MEMORY_MB": str(settings.extraction_memory_mb),
        "EXTRACTION_TIMEOUT_SECONDS": str(settings.extraction_timeout_seconds),
    }


def _limit_resources() -> None:
    settings = Settings(_env_file=None)
    memory = settings.extraction_memory_mb * 1024 * 1024
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    seconds = settings.extraction_timeout_seconds
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 5))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _read(path: Path, name: str) -> dict[str, Any]:
    import kreuzberg  # in the child alone

    config = kreuzberg.ExtractionConfig(
        chunking=kreuzberg.ChunkingConfig(max_chars=PASSAGE_CHARS, max_overlap=OVERLAP_CHARS),
        use_cache=False,
    )
    try:
        media_type = _media_type(path, name)
        if media_type in TEXT_TYPES:
            result = kreuzberg.extract_bytes_sync(_as_utf8(path), media_type, config)
        else:
            result = kreuzberg.extract_file_sync(path, media_type, config)
    except MemoryError:
        sys.exit(OUT_OF_MEMORY_EXIT)
    # RuntimeError: what its type detection raises
    except (kreuzberg.KreuzbergError, RuntimeError, ValueError) as error:
        sys.stderr.write(str(error))
        sys.exit(UNREADABLE_EXIT)
    pages = int(((result.metadata or {}).get("pages") or {}).get("total_count") or 0)
    passages: list[tuple[str, int | None, int | None]]
    if result.mime_type in SHEET_TYPES and result.tables:
        passages = [(text, None, None) for table in result.tables for text in _rows(table.cells)]
    else:
        # Without a count of pages, as for DOCX, every chunk claims to be on page 1.
        passages = [
            (
                chunk.content.replace("\r\n", "\n"),
                chunk.metadata.get("first_page") if pages else None,
                chunk.metadata.get("last_page") if pages else None,
            )
            for chunk in result.chunks or []
        ]
    return {
        "media_type": result.mime_type,
        "pages": pages,
        "passages": passages,
    }


def _rows(cells: list[list[str]]) -> Iterator[str]:
    """Passages of a table in which each row names its columns, so that it stands for itself.

    The first row with most cells filled has the headings; what stands above it is the title.
    """
    filled = [[cell.strip() for cell in row] for row in cells if any(map(str.strip, row))]
    if not filled:
        return
    widest = max(sum(map(bool, row)) for row in filled)
    heads = next(index for index, row in enumerate(filled) if 2 * sum(map(bool, row)) > widest)
    title = ". ".join(" ".join(filter(None, row)) for row in filled[:heads])
    names = filled[heads]
    lines = ["; ".join(_named_cells(names, row)) for row in filled[heads + 1 :]]
    passage = title
    for line in lines or ["; ".join(filter(None, names))]:
        if len(passage) + len(line) > PASSAGE_CHARS and passage != title:
            yield passage
            passage = title
        passage = f"{passage}\n\n{line}" if passage else line
    yield passage


def _named_cells(names: list[str], row: list[str]) -> Iterator[str]:
    for name, cell in zip_longest(names, row[: len(names)], fillvalue=""):
        if cell:
            yield f"{name}: {cell}" if name else cell


def _as_utf8(path: Path) -> bytes:
    """The bytes of a text file as UTF-8, whatever it was written in."""
    data = path.read_bytes()
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        best = charset_normalizer.from_bytes(data).best()
        return str(best).encode() if best else data.decode("cp1252", "replace").encode()
    return data


def _media_type(path: Path, name: str) -> str:
    """By content where the content says it, else by the name."""
    import kreuzberg

    by_name = MEDIA_TYPES.get(Path(name).suffix.lower(), "text/plain")
    with path.open("rb") as file:
        head = file.read(SNIFFED_BYTES)
    try:
        by_content: str = kreuzberg.detect_mime_type_from_bytes(head)  # type: ignore[attr-defined] # in __all__, not typed
    except RuntimeError:
        return by_name  # such as text that is no UTF-8
    return by_name if by_content in VAGUE_TYPES else by_content


def main() -> None:
    _limit_resources()
    path, name = Path(sys.argv[1]), sys.argv[2]
    sys.stdout.write(json.dumps(_read(path, name)))


if __name__ == "__main__":
    main()
