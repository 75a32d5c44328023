"""Reads JSON and JSON lines: each value with its path, lists of objects as tables."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from jobs.extraction.blocks import Block, Item, Note
from jobs.extraction.readers.html import DATA_URI
from jobs.extraction.readers.plain_text import text_items
from jobs.extraction.readers.tables import table_blocks
from jobs.extraction.readers.text_lines import line_groups
from jobs.extraction.text_encoding import decode_text

# Objects with more keys than this are no rows of a table.
MAX_COLUMNS = 60
# So many of the cells of a table are filled.
MIN_FILLED = 0.4
# Long strings without blanks are data of programs, such as pictures and keys.
BASE64 = re.compile(r"[A-Za-z0-9+/_-]{400,}={0,2}")
# Lines are put together up to this length.
BLOCK_CHARS = 600


def read(data: bytes) -> Iterator[Item]:
    """Yield the values; a file that is no JSON is read as text."""
    decoded = decode_text(data)
    if decoded.note:
        yield Note(decoded.note)
    try:
        value = parse(decoded.text)
    except (ValueError, RecursionError):
        yield Note("This file is no valid JSON and was read as plain text.")
        yield from text_items(decoded.text)
        return
    yield from items(value)


def parse(text: str) -> Any:
    """Return the value of JSON, or the list of those of JSON lines; numbers as they are written.

    Raises ValueError or RecursionError.
    """
    parser = json.JSONDecoder(parse_float=str, parse_int=str, parse_constant=str, strict=False)
    try:
        return parser.decode(text)
    except json.JSONDecodeError:
        lines = [line for line in text.splitlines() if line.strip()]
        if len(lines) < 2:
            raise
        return [parser.decode(line) for line in lines]


def items(value: Any) -> Iterator[Item]:
    """Yield a value as blocks: tables, and lines of “path: value”."""
    lines: list[str] = []
    size = 0
    left: list[tuple[str, Any]] = [("", value)]
    while left:
        path, each = left.pop()
        table = _table(each) if isinstance(each, list) else None
        if table is not None or size > BLOCK_CHARS:
            if lines:
                yield Block("\n".join(lines))
            lines, size = [], 0
        if table is not None:
            yield from table_blocks(table, title=path, heading_rows=1)
        elif isinstance(each, dict):
            left += [(f"{path}.{key}" if path else str(key), each[key]) for key in reversed(each)]
        elif isinstance(each, list) and any(isinstance(one, dict | list) for one in each):
            numbered = [(f"{path}[{number}]", one) for number, one in enumerate(each, 1)]
            left += reversed(numbered)
        elif text := _text(each):
            if len(text) > BLOCK_CHARS:
                for group in line_groups(f"{path}: {text}" if path else text):
                    yield Block(group)
                continue
            lines.append(f"{path}: {text}" if path else text)
            size += len(lines[-1])
    if lines:
        yield Block("\n".join(lines))


def _table(values: list[Any]) -> list[list[str]] | None:
    """Return objects with the same keys as rows below these keys, or None for other lists."""
    if len(values) < 2 or not all(isinstance(each, dict) for each in values):
        return None
    rows = []
    names: dict[str, None] = {}
    for each in values:
        row = _flat(each)
        if row is None:
            return None
        rows.append(row)
        names |= dict.fromkeys(row)
        if len(names) > MAX_COLUMNS:
            return None
    if not names or sum(map(len, rows)) < MIN_FILLED * len(names) * len(rows):
        return None
    return [list(names), *([row.get(name, "") for name in names] for row in rows)]


def _flat(value: dict[str, Any]) -> dict[str, str] | None:
    """Return the values of an object by their paths; None if it holds lists of objects."""
    flat: dict[str, str] = {}
    left = [("", value)]
    while left:
        path, each = left.pop()
        for key, one in each.items():
            name = f"{path}.{key}" if path else str(key)
            if isinstance(one, dict):
                left.append((name, one))
            elif isinstance(one, list) and any(isinstance(part, dict | list) for part in one):
                return None
            elif text := _text(one):
                flat[name] = text
            if len(flat) > MAX_COLUMNS:
                return None
    return flat


def _text(value: Any) -> str:
    """Return a value as text; "" for null and for what only programs read."""
    if isinstance(value, list):
        return ", ".join(filter(None, map(_text, value)))
    if isinstance(value, dict) or value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return BASE64.sub("", DATA_URI.sub("", str(value))).strip()
