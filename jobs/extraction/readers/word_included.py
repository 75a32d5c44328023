"""Documents that a Word document includes as they are (`w:altChunk`), as its makers' tools do."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath

from jobs.extraction.blocks import Block, Item
from jobs.extraction.readers.word_document import Document

_WORD = (".docx", ".docm", ".dotx", ".dotm")


def included_items(document: Document, part: str) -> Iterator[Item] | None:
    """Return the items of an included part, or None if it is of a kind that is not read here."""
    suffix = PurePosixPath(part).suffix.lower()
    data = document.package.archive.read(part)
    if data is None:
        return None
    if suffix in _WORD:
        from jobs.extraction.readers import word

        return word.read(data)
    if suffix == ".rtf":
        from jobs.extraction.readers import rtf

        return rtf.read(data)
    if suffix == ".txt":
        text = data.decode("utf-8-sig", errors="replace")
        return (Block(line) for line in text.splitlines() if line.strip())
    return None
