"""Reads texts of OpenDocument: ODT and OTT, as LibreOffice and others save them."""

from __future__ import annotations

from collections.abc import Iterator

from jobs.extraction.blocks import Block, Item, Note
from jobs.extraction.readers.odf_story import Shared, Story
from jobs.extraction.readers.opendocument import STYLE, OpenDocument

_SIDES = ("", "-left", "-first")


def read(data: bytes) -> Iterator[Item]:
    """Yield the text of a document, and notes of what was left out."""
    file = OpenDocument(data)
    shared = Shared(file)
    body = file.body("text")
    yield from _margins(shared, "header")
    yield from Story(shared, file.styles).blocks(body)
    yield from _margins(shared, "footer")
    yield from map(Note, shared.counts.sentences())


def _margins(shared: Shared, name: str) -> Iterator[Block]:
    """Yield the headers or the footers of all kinds of pages, each text once."""
    seen = set()
    pictures = shared.counts.pictures
    for master in shared.file.masters():
        for side in _SIDES:
            margin = master.find(f"{STYLE}{name}{side}")
            if margin is None or margin.get(f"{STYLE}display") == "false":
                continue
            blocks = list(Story(shared, shared.file.master_styles).blocks(margin))
            text = "\n".join(block.text for block in blocks)
            if text not in seen and any(map(str.isalpha, text)):
                seen.add(text)
                yield from blocks
    # A picture here is a logo.
    shared.counts.pictures = pictures
