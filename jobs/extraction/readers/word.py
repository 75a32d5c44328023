"""Reads Word documents: DOCX, DOCM, DOTX and DOTM, transitional and strict (ECMA-376)."""

from __future__ import annotations

from collections.abc import Iterator

from lxml import etree

from jobs.extraction.blocks import Block, Item, Note
from jobs.extraction.file_types import UnreadableFileError
from jobs.extraction.readers.ooxml import Package, R, W, is_on
from jobs.extraction.readers.word_document import Document
from jobs.extraction.readers.word_story import SECTION_END, Story


def read(data: bytes) -> Iterator[Item]:
    """Yield the text of a document, and notes of what was left out."""
    package = Package(data)
    part = package.main_part()
    root = package.xml(part)
    body = None if root is None else root.find(f"{W}body")
    if body is None:
        raise UnreadableFileError("an Office file that is no Word document")
    document = Document(package, part)
    yield from _sections(document, part, body)
    yield from map(Note, document.counts.sentences())


def _sections(document: Document, part: str, body: etree._Element) -> Iterator[Item]:
    """Yield the body, each section between its headers and its footers."""
    margins = _Margins(document, part)
    sections = [
        element
        for element in body.iter(f"{W}sectPr")
        if element.getparent().tag != f"{W}sectPrChange"
    ]
    at = 0
    yield from margins.read(sections[:1], "header")
    for item in Story(document, part, body).blocks():
        if item is SECTION_END:
            yield from margins.read(sections[at : at + 1], "footer")
            at += 1
            yield from margins.read(sections[at : at + 1], "header")
        else:
            yield item
    yield from margins.read(sections[at : at + 1], "footer")


class _Margins:
    """Reads headers and footers; what says the same as an earlier one is read once."""

    def __init__(self, document: Document, part: str) -> None:
        self._document = document
        self._part = part
        self._seen: set[str] = set()
        # A section that says nothing of a kind has the one of the section before.
        self._parts: dict[tuple[str, str], str] = {}

    def read(self, sections: list[etree._Element], name: str) -> Iterator[Item]:
        """Yield the headers or the footers that the first of some sections shows, if any."""
        relations = self._document.package.relations(self._part)
        for section in sections:
            for reference in section.iterfind(f"{W}{name}Reference"):
                relation = relations.get(reference.get(f"{R}id", ""))
                if relation is not None:
                    self._parts[name, reference.get(f"{W}type", "default")] = relation.target
            shown = ["default"]
            shown += ["first"] * is_on(section.find(f"{W}titlePg"))
            shown += ["even"] * self._document.has_even_pages
            for kind in shown:
                if part := self._parts.get((name, kind)):
                    yield from self._read_part(part)

    def _read_part(self, name: str) -> Iterator[Item]:
        root = self._document.package.xml(name) if self._document.is_new(name) else None
        if root is None:
            return
        # A picture here is a logo.
        pictures = self._document.counts.pictures
        items = list(Story(self._document, name, root).blocks())
        self._document.counts.pictures = pictures
        text = "\n".join(item.text for item in items if isinstance(item, Block))
        # A number of a page says nothing: it is that of the page that was printed last.
        if text not in self._seen and any(map(str.isalpha, text)):
            self._seen.add(text)
            yield from items
