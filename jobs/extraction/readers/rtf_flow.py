"""Paragraphs and tables of one destination of RTF: the body, a header, a note or a text box."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field

from jobs.extraction.blocks import Block, Kind
from jobs.extraction.readers.cell_grid import CellGrid
from jobs.extraction.readers.shown_text import clean
from jobs.extraction.readers.tables import table_blocks

# Right edges of cells closer than this, in twentieths of a point, are one.
_SAME_EDGE = 40
# A table of more edges than columns fit on a page has none that count.
_MAX_EDGES = 100


@dataclass(slots=True)
class Cell:
    """Where a cell ends, and whether it goes on from the one above or to its left."""

    right: int = 0
    from_above: bool = False
    from_left: bool = False


@dataclass(slots=True)
class _Row:
    texts: list[str]
    cells: list[Cell]
    is_heading: bool


@dataclass(slots=True)
class Flow:
    """Collects the blocks of a destination."""

    blocks: list[Block] = field(default_factory=list)
    later: list[Block] = field(default_factory=list)
    """What the paragraph refers to, which stands below it."""
    _parts: list[str] = field(default_factory=list)
    _cell: list[str] = field(default_factory=list)
    _texts: list[str] = field(default_factory=list)
    _rows: list[_Row] = field(default_factory=list)
    _caption: str = ""

    def add(self, text: str) -> None:
        """Add characters to the paragraph."""
        self._parts.append(text)

    def add_apart(self, text: str) -> None:
        """Add a mark that must not become one with a number or a word before it."""
        if self._parts and self._parts[-1][-1:].isalnum():
            self._parts.append(" ")
        self._parts.append(text)

    def end_paragraph(self, *, in_table: bool, level: int = 0, is_caption: bool = False) -> None:
        """End the paragraph; `level` is that of a heading."""
        text = self._taken()
        if in_table:
            self._cell.append(text)
            return
        self._end_table()
        if text:
            self.blocks.append(Block(text, Kind.HEADING, level) if level else Block(text))
            self._caption = text if is_caption else ""
        self._flush_later()

    def end_cell(self) -> None:
        """End the cell of a table."""
        self._cell.append(self._taken())
        self._texts.append("\n".join(filter(None, self._cell)))
        self._cell = []

    def end_row(self, cells: list[Cell], *, is_heading: bool) -> None:
        """End the row of a table, whose cells are as the definition of the row says."""
        if self._texts:
            self._rows.append(_Row(self._texts, cells, is_heading))
        self._texts = []

    def finish(self) -> list[Block]:
        """Return all blocks, with what was not ended."""
        self.end_paragraph(in_table=bool(self._cell or self._texts))
        if self._cell:
            self.end_cell()
        self.end_row([], is_heading=False)
        self._end_table()
        self._flush_later()
        return self.blocks

    def take(self) -> list[Block]:
        """Return the blocks that are complete, once."""
        blocks, self.blocks = self.blocks, []
        return blocks

    def _taken(self) -> str:
        text = "".join(self._parts)
        self._parts = []
        # Two halves of a character arrive one by one.
        return clean(text.encode("utf-16", "surrogatepass").decode("utf-16", "replace"))

    def _flush_later(self) -> None:
        self.blocks += self.later
        self.later = []

    def _end_table(self) -> None:
        rows, self._rows = self._rows, []
        if not rows:
            return
        if all(len(row.texts) == 1 for row in rows):
            # One column: a frame around texts.
            lines = (line for row in rows for line in row.texts[0].split("\n"))
            self.blocks += [Block(line) for line in lines if line]
            return
        heads = next((at for at, row in enumerate(rows) if not row.is_heading), 0)
        self.blocks += table_blocks(_grid(rows), title=self._caption, heading_rows=heads or None)
        self._caption = ""


def _grid(rows: list[_Row]) -> list[list[str]]:
    """Place the cells in the columns that the edges of all rows make."""
    edges: list[int] = []
    for edge in sorted({cell.right for row in rows for cell in row.cells}):
        if not edges or edge - edges[-1] > _SAME_EDGE:
            edges.append(edge)
    grid = CellGrid()
    for row in rows:
        grid.start_row()
        for text, columns, from_above in _placed(row, edges if len(edges) <= _MAX_EDGES else []):
            if from_above:
                grid.continue_above(columns)
            else:
                grid.add(text, columns)
    return grid.rows


def _placed(row: _Row, edges: list[int]) -> Iterator[tuple[str, int, bool]]:
    """Yield each cell's text, its columns, and whether it goes on from above."""
    found: list[tuple[str, int, bool]] = []
    first = 0
    for at, text in enumerate(row.texts):
        cell = row.cells[at] if at < len(row.cells) else Cell()
        end = bisect_left(edges, cell.right - _SAME_EDGE) + 1 if edges and cell.right else 0
        columns = max(1, end - first)
        first += columns
        if cell.from_left and found:
            before = found.pop()
            found.append((before[0], before[1] + columns, before[2]))
        else:
            found.append((text, columns, cell.from_above))
    yield from found
