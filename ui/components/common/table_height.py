"""The height of a table: that of its rows, up to a number beyond which it scrolls."""

from __future__ import annotations

ROW_PIXELS = 35  # of the header as well, borders included


def table_height(rows: int, most: int | None = None) -> int:
    """Return the height in pixels of a table with rows of `ROW_PIXELS`, at most `most` of them."""
    shown = rows if most is None else min(rows, most)
    return (shown + 1) * ROW_PIXELS
