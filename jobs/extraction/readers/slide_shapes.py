"""What stands on one slide, in reading order: texts, tables, charts, diagrams, groups of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from lxml import etree

from jobs.extraction.blocks import Block, Kind
from jobs.extraction.readers.cell_grid import CellGrid
from jobs.extraction.readers.office_charts import chart_blocks
from jobs.extraction.readers.office_diagrams import diagram_texts
from jobs.extraction.readers.ooxml import (
    CX,
    DGM,
    MC,
    A,
    C,
    P,
    Package,
    R,
    alt_text,
    drawing_paragraphs,
    is_true,
)
from jobs.extraction.readers.reading_order import Box, in_reading_order
from jobs.extraction.readers.slide_text import paragraphs
from jobs.extraction.readers.tables import table_blocks

TITLES = ("title", "ctrTitle")
MARGINS = ("ftr", "dt", "hdr")
_SHAPES = tuple(f"{P}{name}" for name in ("sp", "pic", "graphicFrame", "grpSp", "cxnSp"))
# A picture that takes a smaller part of the slide is a logo or an icon.
_PICTURE_SHARE = 1 / 8


@dataclass(slots=True)
class Counts:
    """How much of each kind was not read."""

    hidden_slides: int = 0
    empty_slides: int = 0
    hidden: int = 0
    pictures: int = 0
    charts: int = 0
    media: int = 0
    embedded: int = 0


@dataclass(slots=True)
class Deck:
    """What all slides share."""

    package: Package
    slide_area: int
    counts: Counts = field(default_factory=Counts)
    seen_margins: set[str] = field(default_factory=set)
    seen_parts: set[str] = field(default_factory=set)
    _roots: dict[str, etree._Element | None] = field(default_factory=dict)

    def root(self, part: str) -> etree._Element | None:
        """Return the root of a layout or a master, which many slides share."""
        if part not in self._roots:
            self._roots[part] = self.package.xml(part)
        return self._roots[part]


class Shapes:
    """Reads the shapes of one part: a slide, a layout, a master or a page of notes.

    `above` are the layout and the master from which placeholders take their places.
    """

    def __init__(self, deck: Deck, part: str, above: list[str], page: int) -> None:
        self._deck = deck
        self._part = part
        self._placeholders = [
            shape
            for name in above
            if (root := deck.root(name)) is not None
            for shape in root.iter(f"{P}sp")
            if placeholder(shape) is not None
        ]
        self._page = page

    def blocks(self, tree: etree._Element) -> Iterator[Block]:
        """Yield what a tree of shapes says: the titles first, the rest by its place."""
        shapes = list(_shapes(tree))
        titles = [shape for shape in shapes if placeholder_type(shape) in TITLES]
        boxes = [self._box(shape) for shape in shapes if placeholder_type(shape) not in TITLES]
        for shape in (*titles, *in_reading_order(boxes)):
            yield from self._shape(shape)

    def _shape(self, shape: etree._Element) -> Iterator[Block]:
        properties = _own_properties(shape)
        if properties is not None and is_true(properties.get("hidden"), default=False):
            self._deck.counts.hidden += any(drawing_paragraphs(shape))
            return
        if shape.tag == f"{P}grpSp":
            yield from self.blocks(shape)
        elif shape.tag == f"{P}graphicFrame":
            yield from self._frame(shape)
        elif shape.tag == f"{P}pic":
            self._count_picture(shape)
            if text := alt_text(properties):
                yield Block(f"Picture: {text}", page=self._page)
        else:
            if shape.find(f"{P}spPr/{A}blipFill") is not None:
                self._count_picture(shape)
            yield from self._text(shape)

    def _text(self, shape: etree._Element) -> Iterator[Block]:
        body = shape.find(f"{P}txBody")
        kind = placeholder_type(shape)
        if body is None or kind == "sldNum":
            return
        texts = list(paragraphs(body, [each.find(f"{P}txBody") for each in self._models(shape)]))
        if kind in TITLES:
            if texts:
                yield Block(" ".join(" ".join(texts).split()), Kind.HEADING, 1, self._page)
            return
        for text in texts:
            if kind in MARGINS:
                if text in self._deck.seen_margins:
                    continue
                self._deck.seen_margins.add(text)
            yield Block(text, page=self._page)

    def _frame(self, frame: etree._Element) -> Iterator[Block]:
        """Read a table, a chart or a diagram, or count what is embedded."""
        deck = self._deck
        relations = deck.package.relations(self._part)
        for element in frame.iter(
            f"{A}tbl", f"{C}chart", f"{CX}chart", f"{DGM}relIds", f"{P}oleObj"
        ):
            if element.tag == f"{A}tbl":
                yield from table_blocks(_grid(element), page=self._page)
                return
            if element.tag == f"{P}oleObj":
                deck.counts.embedded += element.find(f"{P}link") is None
                return
            is_diagram = element.tag == f"{DGM}relIds"
            relation = relations.get(element.get(f"{R}dm" if is_diagram else f"{R}id", ""))
            if relation is None:
                continue
            if is_diagram:
                for text in diagram_texts(deck.package, self._part, relation.target):
                    yield Block(text, page=self._page)
                return
            blocks = list(chart_blocks(deck.package, relation.target, self._page))
            deck.counts.charts += not blocks
            yield from blocks
            return

    def _count_picture(self, shape: etree._Element) -> None:
        own = shape.find(f"{P}nvPicPr/{P}nvPr")
        is_media = own is not None and (
            own.find(f"{A}videoFile") is not None or own.find(f"{A}audioFile") is not None
        )
        box = self._box(shape)
        if is_media:
            self._deck.counts.media += 1
        elif box.width * box.height >= self._deck.slide_area * _PICTURE_SHARE:
            self._deck.counts.pictures += 1

    # Places

    def _box(self, shape: etree._Element) -> Box[etree._Element]:
        for each in (shape, *self._models(shape)):
            frame = _frame_of(each)
            if frame is None:
                continue
            offset, extent = frame.find(f"{A}off"), frame.find(f"{A}ext")
            if offset is not None and extent is not None:
                numbers = (offset.get("x"), offset.get("y"), extent.get("cx"), extent.get("cy"))
                return Box(shape, *map(_number, numbers))
        return Box(shape, 0, 0, 0, 0)

    def _models(self, shape: etree._Element) -> list[etree._Element]:
        """Return the placeholders of the layout and the master that a shape follows."""
        own = placeholder(shape)
        if own is None:
            return []
        kind, index = own.get("type", "obj"), own.get("idx")
        models = []
        for model in self._placeholders:
            other = placeholder(model)
            is_same = other is not None and (
                (index is not None and other.get("idx") == index)
                or other.get("type", "obj") == kind != "obj"
            )
            if is_same:
                models.append(model)
        return [model for model in models if model.find(f"{P}txBody") is not None]


def placeholder(shape: etree._Element) -> etree._Element | None:
    """Return the element that makes a shape a placeholder, or None."""
    properties = shape[0] if len(shape) else None
    return None if properties is None else properties.find(f"{P}nvPr/{P}ph")


def placeholder_type(shape: etree._Element) -> str:
    """Return the type of a placeholder, `obj` if it says none; "" for other shapes."""
    found = placeholder(shape)
    return "" if found is None else found.get("type", "obj")


def _own_properties(shape: etree._Element) -> etree._Element | None:
    return shape[0].find(f"{P}cNvPr") if len(shape) else None


def _shapes(tree: etree._Element) -> Iterator[etree._Element]:
    """Yield the shapes of a tree, of alternatives the first of a kind that is known."""
    for element in tree:
        if element.tag in _SHAPES:
            yield element
        elif element.tag == f"{MC}AlternateContent":
            for branch in element:
                if found := list(_shapes(branch)):
                    yield from found
                    break


def _frame_of(shape: etree._Element) -> etree._Element | None:
    for path in (f"{P}spPr/{A}xfrm", f"{P}grpSpPr/{A}xfrm", f"{P}xfrm"):
        found = shape.find(path)
        if found is not None:
            return found
    return None


def _grid(table: etree._Element) -> list[list[str]]:
    grid = CellGrid()
    for row in table.iterfind(f"{A}tr"):
        grid.start_row()
        for cell in row.iterfind(f"{A}tc"):
            # What a cell to the left or above covers.
            if is_true(cell.get("hMerge"), default=False) or is_true(
                cell.get("vMerge"), default=False
            ):
                continue
            text = "\n".join(drawing_paragraphs(cell.find(f"{A}txBody")))
            columns, rows = (
                max(1, _number(cell.get("gridSpan"), 1)),
                _number(cell.get("rowSpan"), 1),
            )
            grid.add(text, columns, rows)
        grid.fill()
    return grid.rows


def _number(text: str | None, default: int = 0) -> int:
    digits = (text or "").removeprefix("-")
    return int(text or 0) if digits.isdecimal() and len(digits) < 12 else default
