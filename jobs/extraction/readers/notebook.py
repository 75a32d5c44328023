"""Reads Jupyter notebooks (IPYNB): their text, code, and what the code printed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from jobs.extraction.blocks import Block, Item, Note
from jobs.extraction.file_types import UnreadableFileError
from jobs.extraction.readers.html import html_items
from jobs.extraction.readers.json_data import parse
from jobs.extraction.readers.markdown import markdown_items
from jobs.extraction.readers.text_lines import line_groups
from jobs.extraction.text_encoding import decode_text

TERMINAL_COLOURS = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


def read(data: bytes) -> Iterator[Item]:
    """Yield the cells in their order, each followed by its outputs."""
    try:
        book = parse(decode_text(data).text)
    except (ValueError, RecursionError) as error:
        raise UnreadableFileError("a notebook that is damaged") from error
    cells = _list(book, "cells")
    for sheet in _list(book, "worksheets"):  # before 2015
        cells += _list(sheet, "cells")
    pictures = 0
    for cell in cells:
        kind = cell.get("cell_type") if isinstance(cell, dict) else None
        text = _joined(cell, "source") or _joined(cell, "input")
        if kind == "heading":
            text = "#" * int(str(cell.get("level", "1"))[:1]) + " " + text
        if kind in ("markdown", "heading"):
            yield from markdown_items(text)
        else:
            yield from map(Block, line_groups(text.rstrip()))
        for output in _list(cell, "outputs"):
            pictures += any(str(name).startswith("image/") for name in _kinds(output))
            yield from _output(output)
    if pictures:
        what = "1 picture was" if pictures == 1 else f"{pictures:,} pictures were"
        yield Note(f"{what} not read among the results of this notebook.")


def _output(output: Any) -> Iterator[Item]:
    """Yield what one output shows: a table as such, else its text."""
    kinds = _kinds(output)
    page = _joined(kinds, "text/html") or _joined(output, "html")
    if "<table" in page:
        yield from html_items(page)
        return
    text = _joined(output, "text") or _joined(kinds, "text/plain")
    if not text and (name := _joined(output, "ename")):
        text = f"{name}: {_joined(output, 'evalue')}"
    if markdown := _joined(kinds, "text/markdown"):
        yield from markdown_items(markdown)
    elif text := TERMINAL_COLOURS.sub("", text).strip("\n"):
        yield from map(Block, line_groups(text))
    elif page:
        yield from html_items(page)


def _kinds(output: Any) -> dict[str, Any]:
    kinds = output.get("data") if isinstance(output, dict) else None
    return kinds if isinstance(kinds, dict) else {}


def _list(value: Any, key: str) -> list[Any]:
    found = value.get(key) if isinstance(value, dict) else None
    return list(found) if isinstance(found, list) else []


def _joined(value: Any, key: str) -> str:
    """Return a text that may be a list of its lines."""
    found = value.get(key) if isinstance(value, dict) else None
    if isinstance(found, list):
        return "".join(each for each in found if isinstance(each, str))
    return found if isinstance(found, str) else ""
