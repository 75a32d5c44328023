"""Reads presentations of OpenDocument: ODP and OTP."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from lxml import etree

from jobs.extraction.blocks import Block, Item, Kind, Note, Pages
from jobs.extraction.readers.odf_story import Shared, Story
from jobs.extraction.readers.opendocument import (
    DRAW,
    OFFICE,
    PRESENTATION,
    STYLE,
    SVG,
    OpenDocument,
    centimetres,
)
from jobs.extraction.readers.reading_order import Box, in_reading_order
from jobs.extraction.readers.sentences import counted, left
from jobs.extraction.readers.shown_text import clean

_MOVED = re.compile(r"translate\s*\(\s*(\S+?)[\s,]+(\S+?)\s*\)")
_NO_SHAPES = tuple(f"{DRAW}{name}" for name in ("layer-set", "page-thumbnail"))


def read(data: bytes) -> Iterator[Item]:
    """Yield the slides in order, and notes of what was left out."""
    file = OpenDocument(data)
    slides = file.body("presentation").findall(f"{DRAW}page")
    reader = _Reader(file)
    yield Pages(len(slides))
    for page, slide in enumerate(slides, 1):
        yield from reader.slide(slide, page)
    yield from map(Note, reader.sentences())


class _Reader:
    def __init__(self, file: OpenDocument) -> None:
        self._file = file
        self._shared = Shared(file)
        self._masters = {master.get(f"{STYLE}name", ""): master for master in file.masters()}
        self._read_masters: set[str] = set()
        self._seen_margins: set[str] = set()
        self._hidden_slides = self._empty_slides = 0
        self._declared = {
            element.get(f"{PRESENTATION}name", ""): clean("".join(element.itertext()))
            for name in ("footer-decl", "header-decl")
            for element in file.body("presentation").iterfind(PRESENTATION + name)
        }

    def sentences(self) -> Iterator[str]:
        yield from left(self._hidden_slides, "hidden slide", "left out")
        if self._empty_slides:
            verb = "holds" if self._empty_slides == 1 else "hold"
            yield f"{counted(self._empty_slides, 'slide')} {verb} no text."
        yield from self._shared.counts.sentences()

    def slide(self, slide: etree._Element, page: int) -> list[Block]:
        """Return what a slide says; nothing of a hidden one."""
        style = self._file.styles.get("drawing-page", slide.get(f"{DRAW}style-name"))
        if style.is_hidden_page:
            self._hidden_slides += 1
            return []
        blocks = list(self._shapes(slide, page))
        self._empty_slides += not blocks
        blocks += self._background(slide, page)
        notes = slide.find(f"{PRESENTATION}notes")
        if notes is not None:
            story = Story(self._shared, self._file.styles, page=page, prefix="Notes: ")
            for frame in notes.iterfind(f"{DRAW}frame"):
                if frame.get(f"{PRESENTATION}class") == "notes":
                    blocks += [block for box in frame for block in story.blocks(box)]
        for comment in slide.iterfind(f"{OFFICE}annotation"):
            blocks += self._story(page).blocks([comment])
        if all(block.kind is Kind.HEADING for block in blocks):
            # A title with nothing below it is what the slide says.
            blocks = [replace(block, kind=Kind.TEXT, level=0) for block in blocks]
        return blocks

    def _story(self, page: int) -> Story:
        return Story(self._shared, self._file.styles, page=page)

    def _shapes(self, slide: etree._Element, page: int) -> Iterator[Block]:
        shapes = [
            element
            for element in slide
            if element.tag.startswith(DRAW)
            and element.tag not in _NO_SHAPES
            and element.get(f"{PRESENTATION}placeholder") != "true"
        ]
        titles = [shape for shape in shapes if shape.get(f"{PRESENTATION}class") == "title"]
        for title in titles:
            texts = [block.text for block in self._story(page).blocks([title])]
            if text := " ".join(" ".join(texts).split()):
                yield Block(text, Kind.HEADING, 1, page)
        rest = [_box(shape) for shape in shapes if shape not in titles]
        for shape in in_reading_order(rest):
            yield from self._story(page).blocks([shape])

    def _background(self, slide: etree._Element, page: int) -> Iterator[Block]:
        """Yield what the master shows on each slide, and the footer, once."""
        name = slide.get(f"{DRAW}master-page-name", "")
        texts = [
            self._declared.get(slide.get(f"{PRESENTATION}use-{kind}-name", ""), "")
            for kind in ("header", "footer")
        ]
        master = self._masters.get(name)
        if master is not None and name not in self._read_masters:
            self._read_masters.add(name)
            story = Story(self._shared, self._file.master_styles, page=page)
            for shape in master:
                if shape.tag.startswith(DRAW) and not shape.get(f"{PRESENTATION}class"):
                    texts += [block.text for block in story.blocks([shape])]
        for text in texts:
            if text and text not in self._seen_margins:
                self._seen_margins.add(text)
                yield Block(text, page=page)


def _box(shape: etree._Element) -> Box[etree._Element]:
    """Return where a shape is, in hundredths of a millimetre."""
    x, y = shape.get(f"{SVG}x"), shape.get(f"{SVG}y")
    if moved := _MOVED.search(shape.get(f"{DRAW}transform", "")):
        x, y = moved.groups()
    sizes = (x, y, shape.get(f"{SVG}width"), shape.get(f"{SVG}height"))
    return Box(shape, *(round(centimetres(size) * 1000) for size in sizes))
