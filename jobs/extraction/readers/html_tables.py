"""Tables of HTML: of data, as rows that name their columns, or for the layout alone, as text."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from lxml import etree

from jobs.extraction.blocks import Block, Item, Kind
from jobs.extraction.readers.html_flow import Flow
from jobs.extraction.readers.merged_cells import fill_merged
from jobs.extraction.readers.tables import table_blocks

# Deeper ones are read as if their cells were paragraphs.
MAX_TABLES_WITHIN = 30
# What HTML allows; a row may claim more.
MAX_SPAN = 1000
# A page may claim that each of its cells spans a thousand columns.
MAX_CELLS = 500_000
# A cell of data is no longer; one of a layout holds a whole text.
MAX_CELL_CHARS = 1000


@dataclass
class _Cell:
    flow: Flow
    is_heading: bool = False
    row_span: int = 1
    column_span: int = 1
    blocks: list[Item] = field(default_factory=list)

    @property
    def text(self) -> str:
        texts = (each.text for each in self.blocks if isinstance(each, Block))
        return " ".join(" ".join(texts).split())


class Table:
    """The rows of a table while it is read."""

    def __init__(self, element: etree._Element) -> None:
        self.element = element
        self.has_table = False
        self._rows: list[list[_Cell]] = []
        self._head_rows = 0
        self._caption: _Cell | None = None
        self._open: _Cell | None = None

    @property
    def is_cell_open(self) -> bool:
        return self._open is not None

    def add_row(self, element: etree._Element) -> None:
        parent = element.getparent()
        if parent is not None and parent.tag == "thead" and self._head_rows == len(self._rows):
            self._head_rows += 1
        self._rows.append([])

    def open_cell(self, element: etree._Element | None, flow: Flow) -> None:
        """Begin a cell; without an element, it is the caption."""
        if element is None:
            self._open = self._caption = _Cell(flow)
            return
        self._open = _Cell(
            flow,
            element.tag == "th",
            _span(element.get("rowspan")),
            _span(element.get("colspan")),
        )
        if not self._rows:
            self._rows.append([])
        self._rows[-1].append(self._open)

    def close_cell(self) -> None:
        if self._open is not None:
            self._open.blocks = list(self._open.flow.taken())
            self._open = None

    def blocks(self) -> Iterator[Item]:
        """Yield the rows of a table of data, or what stands in a layout's cells one by one."""
        rows = [row for row in self._rows if row]
        if self._is_layout(rows):
            for row in ([self._caption] if self._caption else [], *rows):
                for cell in row:
                    yield from cell.blocks
            return
        titles = [self._caption.text] if self._caption else []
        heads = self._head_rows
        while len(rows) > 1 and len(rows[0]) == 1 and rows[0][0].column_span > 1:
            titles.append(rows.pop(0)[0].text)  # it names no column
            heads = max(0, heads - 1)
        for row in rows:
            for cell in row:
                yield from (each for each in cell.blocks if not isinstance(each, Block))
        if not heads:
            heads = next((n for n, row in enumerate(rows) if not _is_heading(row)), len(rows))
        known = heads if 0 < heads < len(rows) else None
        yield from table_blocks(
            _grid(rows), title=". ".join(filter(None, titles)), heading_rows=known
        )

    def _is_layout(self, rows: list[list[_Cell]]) -> bool:
        if self.has_table or self.element.get("role") in ("presentation", "none"):
            return True
        if max(map(len, rows), default=0) < 2:
            return not any(cell.is_heading for row in rows for cell in row)
        cells = [cell for row in rows for cell in row]
        if any(cell.is_heading for cell in cells):
            return False
        filled = max((sum(1 for cell in row if cell.blocks) for row in rows), default=0)
        return filled < 2 or any(
            len(cell.text) > MAX_CELL_CHARS
            or any(isinstance(each, Block) and each.kind is not Kind.TEXT for each in cell.blocks)
            for cell in cells
        )


def _is_heading(row: list[_Cell]) -> bool:
    return all(cell.is_heading or not cell.blocks for cell in row)


def _grid(rows: list[list[_Cell]]) -> list[list[str]]:
    """Return the text of all cells, those that a merged cell covers too."""
    grid: list[list[str]] = [[] for _ in rows]
    starts: list[tuple[int, int, _Cell]] = []
    above: dict[int, int] = {}  # how many rows a merged cell still covers, by column
    left = MAX_CELLS
    for at, row in enumerate(rows):
        cells = grid[at]
        for cell in row:
            while len(cells) in above:
                cells.append("")
            column, width = len(cells), cell.column_span if left > 0 else 1
            starts.append((at, column, cell))
            cells += [cell.text, *[""] * (width - 1)]
            if left > 0:
                above |= dict.fromkeys(range(column, column + width), cell.row_span)
        while len(cells) in above:
            cells.append("")
        left -= len(cells)
        above = {each: rows - 1 for each, rows in above.items() if rows > 1} if left > 0 else {}
    # What claims to be wider than all others is as wide as they are.
    width = max((column for _, column, _ in starts), default=0) + 1
    grid = [cells[:width] for cells in grid]
    for at, column, cell in starts:
        if cell.row_span > 1 or cell.column_span > 1:
            fill_merged(grid, at, column, cell.row_span, cell.column_span)
    return grid


def _span(text: str | None) -> int:
    digits = (text or "").strip()[:9]
    value = int(digits) if digits.isascii() and digits.isdigit() else 1
    return min(max(value, 1), MAX_SPAN)
