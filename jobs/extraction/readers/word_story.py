"""Reads one part of a Word document, its body, a header or a note, in reading order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from lxml import etree

from jobs.extraction.blocks import Block, Item, Kind
from jobs.extraction.readers import word_tables
from jobs.extraction.readers.cell_grid import CellGrid
from jobs.extraction.readers.office_charts import chart_blocks
from jobs.extraction.readers.office_diagrams import diagram_texts
from jobs.extraction.readers.ooxml import R, W, is_on
from jobs.extraction.readers.shown_text import clean
from jobs.extraction.readers.tables import table_blocks
from jobs.extraction.readers.word_document import Document
from jobs.extraction.readers.word_included import included_items
from jobs.extraction.readers.word_runs import Called, Runs
from jobs.extraction.readers.word_styles import Style, heading_level

# Stands where a section of the document ends.
SECTION_END = Block("")
# A note may call a note, without end in a file that was made so.
MAX_DEPTH = 10


@dataclass(slots=True)
class _Paragraph:
    """A paragraph as it shows: of several elements, if the ends between them do not show."""

    label: str
    text: str
    style: Style
    level: int
    joint: str = ""
    called: list[Called] = field(default_factory=list)


class Story:
    """Yields the blocks of one part. `prefix` stands before the first."""

    def __init__(
        self, document: Document, part: str, root: etree._Element, *, prefix: str = ""
    ) -> None:
        self._document = document
        self._part = part
        self._root = root
        self._runs = Runs(document, root)
        self._prefix = prefix
        self._begun: _Paragraph | None = None
        self._cell_depth = 0
        # What cells refer to, which is read after the table.
        self._called_in_cells: list[Called] = []
        # The title of the table that may come next.
        self._caption = ""

    def blocks(self) -> Iterator[Item]:
        """Yield all of it."""
        yield from self._container(self._root)

    def _container(self, container: etree._Element) -> Iterator[Item]:
        for element in word_tables.unwrapped(container):
            if element.tag == f"{W}p":
                yield from self._paragraph(element)
            elif element.tag == f"{W}tbl":
                yield from self._end_paragraph()
                yield from self._table(element)
            elif element.tag == f"{W}altChunk":
                yield from self._included(element.get(f"{R}id", ""))
        yield from self._end_paragraph()

    # Paragraphs

    def _paragraph(self, element: etree._Element) -> Iterator[Item]:
        properties = element.find(f"{W}pPr")
        style = self._document.styles.of_paragraph(properties)
        text, called = self._runs.read(element, style)
        joint = _joint(properties)
        if self._begun is None:
            # A paragraph of which nothing shows, not even its end, has no number either.
            is_there = joint is None or bool(text.strip())
            level = heading_level(properties)
            self._begun = _Paragraph(
                label=self._label(properties, style) if is_there else "",
                text=text,
                style=style,
                level=style.heading if level is None else level,
            )
        else:
            self._begun.text = _joined(self._begun.text, self._begun.joint, text)
        self._begun.called += called
        if joint is None:
            yield from self._end_paragraph()
        else:
            self._begun.joint = joint
        if properties is not None and properties.find(f"{W}sectPr") is not None:
            yield from self._end_paragraph()
            yield SECTION_END

    def _label(self, properties: etree._Element | None, style: Style) -> str:
        """Return the automatic number of a paragraph, which counts it."""
        numbering = self._document.numbering
        own_id, own_level = word_tables.list_of(properties)
        number_id = own_id or style.number_id
        if number_id is None:
            return ""
        level = own_level
        if level is None and own_id is None:
            level = style.number_level
            if level is None:
                level = numbering.level_of_style(number_id, style.numbered_by)
        return numbering.next_label(number_id, level or 0)

    def _end_paragraph(self) -> Iterator[Item]:
        paragraph, self._begun = self._begun, None
        if paragraph is None:
            return
        if text := clean(paragraph.text):
            self._caption = text if paragraph.style.is_caption else ""
            text = self._prefix + paragraph.label + text
            self._prefix = ""
            if paragraph.style.is_title:
                self._document.has_title = True
                yield Block(text, Kind.HEADING, level=1)
            elif paragraph.level:
                yield Block(text, Kind.HEADING, paragraph.level + self._document.has_title)
            else:
                yield Block(text)
        if self._cell_depth:
            self._called_in_cells += paragraph.called
        else:
            yield from self._read_called(paragraph.called)

    # What a paragraph refers to

    def _read_called(self, called: list[Called]) -> Iterator[Item]:
        for call in called:
            if call.kind == "text":
                yield Block(call.label)
            elif call.element is not None:
                yield from Story(self._document, self._part, call.element).blocks()
            elif call.kind in ("chart", "diagram"):
                yield from self._graphic(call)
            else:
                yield from self._note(call)

    def _graphic(self, call: Called) -> Iterator[Item]:
        package = self._document.package
        relation = package.relations(self._part).get(call.id)
        if relation is None or not self._document.is_new(relation.target):
            return
        if call.kind == "diagram":
            yield from map(Block, diagram_texts(package, self._part, relation.target))
            return
        blocks = list(chart_blocks(package, relation.target))
        self._document.counts.charts += not blocks
        yield from blocks

    def _note(self, call: Called) -> Iterator[Item]:
        document = self._document
        if call.kind == "comment":
            part, elements = document.comments_part, document.comments
        else:
            part, elements = document.notes[call.kind].part, document.notes[call.kind].elements
        # Read once, however often it is called.
        element = elements.pop(call.id, None)
        if element is None or document.depth >= MAX_DEPTH:
            return
        label = call.label
        if call.kind == "comment":
            author = element.get(f"{W}author", "").strip()
            label = f"Comment by {author}" if author else "Comment"
        document.depth += 1
        yield from Story(document, part, element, prefix=f"{label}: ").blocks()
        document.depth -= 1

    def _included(self, relation_id: str) -> Iterator[Item]:
        document = self._document
        relation = document.package.relations(self._part).get(relation_id)
        if relation is None or not document.is_new(relation.target):
            return
        items = included_items(document, relation.target)
        if items is None:
            document.counts.included += 1
        else:
            yield from items

    # Tables

    def _table(self, element: etree._Element) -> Iterator[Item]:
        caption, self._caption = self._caption, ""
        rows = word_tables.rows_of(element, self._document.counts)
        if word_tables.is_layout(rows, self._document.styles):
            for row in rows:
                for cell in row.cells:
                    yield from self._container(cell)
            return
        grid = CellGrid()
        self._cell_depth += 1
        for row in rows:
            grid.start_row()
            grid.skip(row.skipped)
            for cell in row.cells:
                columns, continues = word_tables.span_of(cell)
                text = self._cell_text(cell)
                if continues:
                    grid.continue_above(columns)
                else:
                    grid.add(text, columns)
        self._cell_depth -= 1
        heading_rows = word_tables.heading_rows(rows)
        title = caption or word_tables.title_of(element)
        yield from table_blocks(grid.rows, title=title, heading_rows=heading_rows)
        if not self._cell_depth:
            called, self._called_in_cells = self._called_in_cells, []
            yield from self._read_called(called)

    def _cell_text(self, cell: etree._Element) -> str:
        items = list(self._container(cell))
        return "\n".join(item.text for item in items if isinstance(item, Block) and item.text)


def _joint(properties: etree._Element | None) -> str | None:
    """Return what stands between a paragraph and the next one that goes on in its line.

    None for a common paragraph, which ends. A mark that is deleted or hidden does not, nor does a
    large first letter.
    """
    if properties is None:
        return None
    frame = properties.find(f"{W}framePr")
    if frame is not None and frame.get(f"{W}dropCap", "none") != "none":
        return ""
    mark = properties.find(f"{W}rPr")
    if mark is None:
        return None
    is_deleted = mark.find(f"{W}del") is not None or mark.find(f"{W}moveFrom") is not None
    return " " if is_deleted or is_on(mark.find(f"{W}vanish")) else None


def _joined(text: str, joint: str, more: str) -> str:
    if not text or not more or text[-1].isspace() or more[0].isspace():
        return text + more
    return text + joint + more
