"""Reads pictures of text: photographs, screenshots, and scans of many pages."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from jobs.extraction.blocks import Block, Item, Note, Pages, Progress
from jobs.extraction.readers.hyphens import Hyphens
from jobs.extraction.readers.ocr import PictureText
from jobs.extraction.readers.ocr_image import LARGEST
from jobs.extraction.readers.page_notes import page_sentence
from jobs.extraction.readers.pdf_blocks import all_text, line_heights, page_blocks
from jobs.extraction.readers.picture_file import opened, page_count, page_image
from jobs.extraction.readers.scans import Scans


def read(data: bytes) -> Iterator[Item]:
    """Yield the text of a picture page by page, and notes of what was not read.

    Raises OSError or ValueError for what is no picture, or is broken.
    """
    image = opened(data)
    count = page_count(image)
    yield Pages(count)
    scans, broken = Scans(is_all=count == 1), []
    for number in range(1, count + 1):
        try:
            found = scans.read(number, lambda number=number: page_image(image, number, LARGEST))  # type: ignore[misc] # at once
        except OSError:
            if count == 1:
                raise
            broken.append(number)
            continue
        yield Progress(number, count)
        if found is not None:
            yield from _blocks(found, number)
    if broken:
        yield Note(
            page_sentence(broken, "is broken and was not read", "are broken and were not read")
        )
    yield from scans.notes()


def _blocks(found: PictureText, number: int) -> Iterator[Block]:
    heights = line_heights(found.page)
    usual = max(heights, key=lambda height: heights[height], default=0.0)
    hyphens = Hyphens(lambda: all_text([found.page]))
    for block in page_blocks(found.page, usual, hyphens):
        yield replace(block, page=number, confidence=found.confidence)
