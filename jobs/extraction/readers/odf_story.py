"""Reads the texts, lists, tables and drawings of OpenDocument, in reading order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from lxml import etree

from jobs.extraction.blocks import Block, Kind
from jobs.extraction.readers import sentences
from jobs.extraction.readers.cell_grid import CellGrid
from jobs.extraction.readers.mathml import formula
from jobs.extraction.readers.odf_inline import Inline
from jobs.extraction.readers.odf_lists import Counters, Lists
from jobs.extraction.readers.opendocument import (
    CHART,
    DC,
    DRAW,
    OFFICE,
    SVG,
    TABLE,
    TEXT,
    XLINK,
    OpenDocument,
    Styles,
    centimetres,
    integer,
)
from jobs.extraction.readers.shown_text import clean
from jobs.extraction.readers.tables import table_blocks

# What is in a frame, in the order of what says most: the others show the same.
_FRAMED = ("text-box", "object", "object-ole", "image")
_UNREAD = tuple(f"{DRAW}{name}" for name in ("page-thumbnail", "control", "glue-point"))
# In centimetres: a smaller picture is a logo or an icon.
_PICTURE_WIDTH, _PICTURE_HEIGHT = 5, 3
_MAX_REPEATED = 1000


@dataclass(slots=True)
class Counts:
    """How much of each kind was not read, or not as it stands there."""

    insertions: int = 0
    deletions: int = 0
    hidden: int = 0
    pictures: int = 0
    embedded: int = 0

    def sentences(self) -> Iterator[str]:
        """Yield a sentence for each kind of which there is any."""
        yield from sentences.tracked(self.insertions, self.deletions)
        yield from sentences.hidden(self.hidden)
        yield from sentences.left(self.pictures, "picture")
        yield from sentences.left(self.embedded, "embedded file")


@dataclass(slots=True)
class Shared:
    """What all stories of a file share."""

    file: OpenDocument
    counts: Counts = field(default_factory=Counts)
    read_objects: set[str] = field(default_factory=set)
    has_title: bool = False
    """Whether the document began with its title, below which all headings stand."""


class Story:
    """Yields the blocks of a body, a cell or a text box. `prefix` stands before the first."""

    def __init__(
        self,
        shared: Shared,
        styles: Styles,
        *,
        lists: Lists | None = None,
        page: int | None = None,
        prefix: str = "",
    ) -> None:
        self._shared = shared
        self._styles = styles
        self._lists = lists or Lists(styles)
        self._page = page
        self._prefix = prefix
        self._cell_depth = 0
        # What cells refer to, which is read after the table.
        self._later: list[Block] = []
        self._caption = ""

    def blocks(self, container: etree._Element) -> Iterator[Block]:
        """Yield what stands in an element."""
        for element in container:
            yield from self._element(element)

    def _element(self, element: etree._Element, label: str = "") -> Iterator[Block]:
        tag = element.tag
        if tag == f"{TEXT}p":
            yield from self._paragraph(element, label, 0)
        elif tag == f"{TEXT}h":
            yield from self._heading(element, label)
        elif tag == f"{TEXT}list":
            yield from self._list(element, self._lists.begin(element), 0)
        elif tag == f"{TABLE}table":
            yield from self._table(element)
        elif tag == f"{OFFICE}annotation":
            yield from self._comment(element)
        elif tag.startswith(DRAW):
            yield from self._drawing(element)
        elif tag == f"{TEXT}tracked-changes":
            self._shared.counts.deletions += len(list(element.iter(f"{TEXT}deletion")))
            self._shared.counts.insertions += len(list(element.iter(f"{TEXT}insertion")))
        elif tag in (f"{TEXT}section", f"{TEXT}index-title"):
            if element.get(f"{TEXT}display") == "none":
                self._shared.counts.hidden += 1
            else:
                yield from self.blocks(element)
        elif (body := element.find(f"{TEXT}index-body")) is not None:
            yield from self.blocks(body)
        elif tag == f"{TEXT}numbered-paragraph":
            yield from self.blocks(element)

    # Paragraphs and lists

    def _heading(self, element: etree._Element, label: str) -> Iterator[Block]:
        level = max(1, integer(element.get(f"{TEXT}outline-level"), 1))
        if not label and element.get(f"{TEXT}is-list-header") != "true":
            start = element.get(f"{TEXT}start-value")
            label = self._lists.outline.next_label(
                level - 1, None if start is None else integer(start, 1)
            )
        yield from self._paragraph(element, label, level)

    def _paragraph(self, element: etree._Element, label: str, level: int) -> Iterator[Block]:
        style = self._styles.get("paragraph", element.get(f"{TEXT}style-name"))
        if style.is_hidden:
            self._shared.counts.hidden += bool("".join(element.itertext()).strip())
            return
        inline = Inline(self._styles)
        inline.read(element)
        self._shared.counts.hidden += inline.hidden
        if text := clean(inline.text):
            self._caption = text if style.is_caption else ""
            level = level or style.heading
            if level and not style.is_title:
                level += self._shared.has_title
            elif style.is_title:
                level, self._shared.has_title = 1, True
            yield self._block(label + text, level)
        called = [block for each in inline.called for block in self._called(each)]
        if self._cell_depth:
            self._later += called
        else:
            yield from called

    def _block(self, text: str, level: int) -> Block:
        text, self._prefix = self._prefix + text, ""
        kind = Kind.HEADING if level else Kind.TEXT
        return Block(text, kind, level, page=self._page)

    def _list(self, element: etree._Element, counters: Counters, at: int) -> Iterator[Block]:
        if at and element.get(f"{TEXT}continue-numbering") != "true":
            counters.restart(at)
        for item in element:
            own = item.find(f"{TEXT}number")
            label = None
            for child in item:
                if child.tag == f"{TEXT}list":
                    style = child.get(f"{TEXT}style-name")
                    if style and style in self._styles.lists:
                        counters.levels = self._lists.levels(style)
                    yield from self._list(child, counters, at + 1)
                elif child.tag in (f"{TEXT}p", f"{TEXT}h") and label is None:
                    label = ""
                    if item.tag == f"{TEXT}list-item":
                        start = item.get(f"{TEXT}start-value")
                        label = counters.next_label(
                            at, None if start is None else integer(start, 1)
                        )
                    if own is not None:
                        label = f"{clean(''.join(own.itertext()))} "
                    yield from self._element(child, label)
                elif child is not own:
                    yield from self._element(child)

    # What a paragraph refers to

    def _called(self, element: etree._Element) -> Iterator[Block]:
        if element.tag == f"{TEXT}note":
            citation = element.find(f"{TEXT}note-citation")
            mark = "" if citation is None else clean("".join(citation.itertext()))
            kind = element.get(f"{TEXT}note-class", "footnote").capitalize()
            body = element.find(f"{TEXT}note-body")
            if body is not None:
                yield from self._inner(f"{kind} {mark}: ".replace(" :", ":")).blocks(body)
        elif element.tag == f"{OFFICE}annotation":
            yield from self._comment(element)
        else:
            yield from self._drawing(element)

    def _comment(self, element: etree._Element) -> Iterator[Block]:
        author = clean(element.findtext(f"{DC}creator") or "")
        prefix = f"Comment by {author}: " if author else "Comment: "
        yield from self._inner(prefix).blocks(element)

    def _inner(self, prefix: str = "") -> Story:
        return Story(self._shared, self._styles, page=self._page, prefix=prefix)

    # Drawings

    def _drawing(self, element: etree._Element) -> Iterator[Block]:
        if element.tag in _UNREAD:
            return
        if element.tag == f"{DRAW}frame":
            yield from self._frame(element)
        elif element.tag in (f"{DRAW}g", f"{DRAW}a"):
            yield from self.blocks(element)
        else:
            yield from self._inner().blocks(element)

    def _frame(self, frame: etree._Element) -> Iterator[Block]:
        table = frame.find(f"{TABLE}table")
        if table is not None:
            yield from self._inner()._table(table)
            return
        found = (frame.find(DRAW + name) for name in _FRAMED)
        content = next((each for each in found if each is not None), None)
        if content is None:
            return
        if content.tag == f"{DRAW}text-box":
            yield from self._inner().blocks(content)
        elif content.tag == f"{DRAW}image":
            width, height = (centimetres(frame.get(SVG + name)) for name in ("width", "height"))
            is_large = not width or (width >= _PICTURE_WIDTH and height >= _PICTURE_HEIGHT)
            self._shared.counts.pictures += is_large
            if text := clean(frame.findtext(f"{SVG}desc") or frame.findtext(f"{SVG}title") or ""):
                yield Block(f"Picture: {' '.join(text.split())}", page=self._page)
        else:
            yield from self._object(content)

    def _object(self, element: etree._Element) -> Iterator[Block]:
        """Read an equation or a chart, or count what else is embedded."""
        name = element.get(f"{XLINK}href", "").removeprefix("./")
        if name in self._shared.read_objects:
            return
        self._shared.read_objects.add(name)
        root = self._shared.file.archive.xml(f"{name}/content.xml") if name else None
        chart = None if root is None else root.find(f"{OFFICE}body/{OFFICE}chart/{CHART}chart")
        if root is not None and root.tag.endswith("}math"):
            if text := clean(formula(root)):
                yield Block(text, page=self._page)
        elif chart is not None:
            yield from self._chart(chart)
        else:
            self._shared.counts.embedded += 1

    def _chart(self, chart: etree._Element) -> Iterator[Block]:
        titles = [chart.find(f"{CHART}title"), *chart.iterfind(f".//{CHART}axis/{CHART}title")]
        texts = [clean(" ".join(each.itertext())) for each in titles if each is not None]
        for table in chart.iterfind(f"{TABLE}table"):
            cells = [
                [clean(" ".join(cell.itertext())) for cell in row.iterfind(f"{TABLE}table-cell")]
                for row in table.iter(f"{TABLE}table-row")
            ]
            yield from table_blocks(
                cells, title=". ".join(filter(None, texts)), page=self._page, heading_rows=1
            )

    # Tables

    def _table(self, table: etree._Element) -> Iterator[Block]:
        caption, self._caption = self._caption, ""
        rows = list(_rows(table))
        cells = [cell for row in rows for cell in row.iterfind(f"{TABLE}table-cell")]
        nested = sum(cell.find(f"{TABLE}table") is not None for cell in cells)
        widest = max((len(row.findall(f"{TABLE}table-cell")) for row in rows), default=0)
        if widest <= 1 or (nested and (len(rows) == 1 or 3 * nested >= len(cells))):
            # It only places texts beside each other.
            for cell in cells:
                yield from self.blocks(cell)
            return
        grid = CellGrid()
        self._cell_depth += 1
        for row in rows:
            grid.start_row()
            for cell in row.iterfind(f"{TABLE}table-cell"):
                text = "\n".join(block.text for block in self.blocks(cell) if block.text)
                columns = integer(cell.get(f"{TABLE}number-columns-spanned"), 1)
                for _ in range(min(integer(cell.get(f"{TABLE}number-columns-repeated"), 1), 100)):
                    grid.add(text, columns, integer(cell.get(f"{TABLE}number-rows-spanned"), 1))
            grid.fill()
        self._cell_depth -= 1
        heads = len(list(table.iterfind(f"{TABLE}table-header-rows/{TABLE}table-row")))
        heading_rows = heads if 0 < heads < len(rows) else None
        yield from table_blocks(
            grid.rows, title=caption, page=self._page, heading_rows=heading_rows
        )
        if not self._cell_depth:
            later, self._later = self._later, []
            yield from later


def _rows(table: etree._Element) -> Iterator[etree._Element]:
    """Yield the rows of a table, not those of tables in it."""
    for element in table:
        if element.tag == f"{TABLE}table-row":
            yield element
        elif element.tag in (
            f"{TABLE}table-header-rows",
            f"{TABLE}table-rows",
            f"{TABLE}table-row-group",
        ):
            yield from _rows(element)
