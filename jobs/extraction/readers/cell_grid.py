"""Tables in which cells span columns or rows, as rows of equal cells for `tables.table_blocks`."""

from __future__ import annotations

from jobs.extraction.readers.merged_cells import Across, Below

# Word takes 63 columns and PowerPoint 75; a span may claim a thousand million.
MAX_COLUMNS = 500
MAX_ROWS_DOWN = 100_000


class CellGrid:
    """Collects the cells of a table row by row; what a cell covers repeats its text, marked."""

    def __init__(self) -> None:
        self.rows: list[list[str]] = []
        # The text that reaches down into the next rows, and into how many, by column.
        self._down: dict[int, tuple[str, int]] = {}

    def start_row(self) -> None:
        """Begin the next row."""
        self.rows.append([])

    def add(self, text: str, columns: int = 1, rows: int = 1) -> None:
        """Add a cell at the next place of the row that no cell from above covers."""
        self.fill()
        first = len(self.rows[-1])
        covered = self._put(text, columns)
        if rows > 1 and covered:
            left = min(rows, MAX_ROWS_DOWN) - 1
            self._down[first] = (Below(text), left)
            across = (Across(text), left)
            self._down.update(dict.fromkeys(range(first + 1, first + covered), across))

    def continue_above(self, columns: int = 1) -> None:
        """Add a cell that is one with the cell above it."""
        first = len(self.rows[-1])
        above = self.rows[-2] if len(self.rows) > 1 else []
        self._put(Below(above[first]) if first < len(above) else "", columns)

    def skip(self, columns: int) -> None:
        """Leave places empty."""
        self._put("", columns)

    def fill(self) -> None:
        """Fill the next places of the row that cells from above cover."""
        row = self.rows[-1]
        while (reaching := self._down.pop(len(row), None)) is not None:
            text, left = reaching
            if left > 1:
                self._down[len(row)] = (text, left - 1)
            row.append(text)

    def _put(self, text: str, columns: int) -> int:
        row = self.rows[-1]
        columns = min(columns, MAX_COLUMNS - len(row))
        if columns > 0:
            row.append(text)
            row.extend([Across(text)] * (columns - 1))
        return max(0, columns)
