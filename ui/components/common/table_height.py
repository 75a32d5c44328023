"""How high a table is: as high as its rows, up to a number beyond which it scrolls."""

from __future__ import annotations

ROW_PIXELS = 35  # of the header as well, borders included


def table_height(rows: int, most: int | None = None) -> int:
    """The height in pixels of a table whose rows are `ROW_PIXELS` high."""
    shown = rows if most is None else min(rows, most)
    return (shown + 1) * ROW_PIXELS
