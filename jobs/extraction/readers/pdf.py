"""Reads PDFs with PDFium: text in reading order, values of forms, comments and attached files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import pypdfium2
import pypdfium2.raw as pdfium

from jobs.extraction.blocks import Block, Item, Note, Pages, Progress
from jobs.extraction.readers.garbled import MAX_UNMAPPED_SHARE, looks_garbled
from jobs.extraction.readers.hyphens import Hyphens
from jobs.extraction.readers.page_notes import page_sentence
from jobs.extraction.readers.pdf_annotations import Annotations, attached, beside, page_annotations
from jobs.extraction.readers.pdf_blocks import all_text, line_heights, page_blocks
from jobs.extraction.readers.pdf_lines import page_text
from jobs.extraction.readers.pdf_running import RunningLines
from jobs.extraction.readers.pdf_scans import drawn, is_stamped_scan, shows_more
from jobs.extraction.readers.pdf_text import PageText, readable

if TYPE_CHECKING:
    from jobs.extraction.readers.scans import Scans

# So many pages are held at once, to see what repeats on them.
PAGES_AT_ONCE = 50
MAX_ATTACHMENTS = 1000
# A page without text is looked at in this size. What differs so little from the paper is not seen,
# and on so few rows there are rules alone.
LOOK_PIXELS = 300
FAINT = 24
RULE_ROWS = 6


@dataclass(frozen=True, slots=True)
class _Page:
    """What was read of one page. `number` counts from 1; `confidence` is of a picture's text."""

    number: int
    label: str
    text: PageText
    found: Annotations
    confidence: int | None


def read(data: bytes) -> Iterator[Item]:
    """Yield the text of a PDF page by page, its attached files, and notes of what was not read.

    Raises ValueError if no page can be loaded, and what pypdfium2 raises, such as for a password.
    """
    with closing(pypdfium2.PdfDocument(data)) as document:
        # Before anything asks for pages, as PDFium wants it.
        document.init_forms()
        yield from _Reader(document).items()


class _Reader:
    """Reads one document. Its pages are closed at once: each keeps all that PDFium parsed."""

    def __init__(self, document: Any) -> None:
        self._document = document
        self._count = len(document)
        self._running = RunningLines()
        # By whether they are those of pictures, which are of the letters themselves.
        self._heights: tuple[Counter[float], Counter[float]] = (Counter(), Counter())
        self._notes = _Notes()

    def items(self) -> Iterator[Item]:
        yield Pages(self._count)
        for start in range(0, self._count, PAGES_AT_ONCE):
            numbers = range(start + 1, min(start + PAGES_AT_ONCE, self._count) + 1)
            pages = []
            for page in filter(None, map(self._page, numbers)):
                pages.append(page)
                if page.confidence is not None:
                    yield Progress(page.number, self._count)
            yield from self._blocks(pages)
            if len(self._notes.unreadable) == numbers[-1]:
                raise ValueError("no page can be loaded")
        for index in range(min(self._document.count_attachments(), MAX_ATTACHMENTS)):
            yield from attached(pdfium.FPDFDoc_GetAttachment(self._document, index))
        if self._document.get_formtype() == pdfium.FORMTYPE_XFA_FULL:
            yield Note("The fields of this XFA form were not read. Print it to a new PDF.")
        yield from self._notes.items()
        if "_scans" in self.__dict__:
            yield from self._scans.notes()

    @cached_property
    def _scans(self) -> Scans:
        """Reads pictures; made for the first, for what it imports costs a tenth of a second."""
        from jobs.extraction.readers.scans import Scans

        return Scans()

    def _page(self, number: int) -> _Page | None:
        try:
            page = self._document[number - 1]
        except pypdfium2.PdfiumError:
            self._notes.unreadable.append(number)
            return None
        try:
            text, found = page_text(page), page_annotations(page)
            if text.hidden:
                self._notes.cropped.append(number)
            text, confidence = self._as_seen(number, page, text)
        finally:
            page.close()
        label = self._document.get_page_label(number - 1)
        label = "" if label == str(number) else label
        return _Page(number, label, text, found, confidence)

    def _as_seen(self, number: int, page: Any, text: PageText) -> tuple[PageText, int | None]:
        """Return a page's text; or that of its picture, with the confidence, if that says more."""
        is_garbled = text.unmapped > MAX_UNMAPPED_SHARE or looks_garbled(" ".join(all_text([text])))
        if text.pieces and not is_garbled and not is_stamped_scan(page, text):
            return text, None
        if not text.pieces and _is_blank(page):
            return text, None
        picture = self._scans.read(number, lambda: drawn(page, text), text.width)
        if is_garbled:
            text = replace(text, pieces=[])
        if picture is not None and shows_more(picture, text):
            return picture.page, picture.confidence
        if is_garbled:
            self._notes.garbled.append(number)
        return text, None

    def _blocks(self, pages: list[_Page]) -> Iterator[Item]:
        """Yield what stands on pages that follow each other."""
        for page in pages:
            self._heights[page.confidence is not None].update(line_heights(page.text))
        texts = [page.text for page in pages]
        usual = [max(heights, key=heights.__getitem__, default=0.0) for heights in self._heights]
        hyphens = Hyphens(lambda: all_text(texts))
        left_out = self._running.left_out([(page.number, page.label, page.text) for page in pages])
        for page, dropped in zip(pages, left_out, strict=True):
            kept = [piece for piece in page.text.pieces if id(piece) not in dropped]
            kept += beside(page.found.values, kept)
            height = usual[page.confidence is not None]
            for block in page_blocks(replace(page.text, pieces=kept), height, hyphens):
                yield replace(block, page=page.number, label=page.label, confidence=page.confidence)
            for text in page.found.texts:
                yield Block(readable(text), page=page.number, label=page.label)
            yield from page.found.files


@dataclass(slots=True)
class _Notes:
    """The numbers of pages of which something is to be said."""

    unreadable: list[int] = field(default_factory=list)
    garbled: list[int] = field(default_factory=list)
    cropped: list[int] = field(default_factory=list)

    def items(self) -> Iterator[Note]:
        if pages := self.unreadable:
            yield Note(
                page_sentence(pages, "is broken and was not read", "are broken and were not read")
            )
        if pages := self.garbled:
            yield Note(
                page_sentence(
                    pages,
                    "holds text that looks garbled, which was left out",
                    "hold text that looks garbled, which was left out",
                )
            )
        if pages := self.cropped:
            yield Note(
                page_sentence(
                    pages,
                    "holds text outside of its visible part, which was left out",
                    "hold text outside of their visible part, which was left out",
                )
            )


def _is_blank(page: Any) -> bool:
    """Return whether there is nothing to see on a page but rules."""
    if pdfium.FPDFPage_CountObjects(page) == 0:
        return True
    width, height = page.get_size()
    scale = LOOK_PIXELS / max(width, height, 1.0)
    image = page.render(scale=scale, grayscale=True).to_pil()
    paper = max(image.getcolors(), default=(0, 255))[1]
    ink = image.point(lambda value: 255 * (abs(value - paper) > FAINT))
    rows = ink.reduce((ink.width, 1)).tobytes()
    return bool(sum(value > 0 for value in rows) <= RULE_ROWS)
