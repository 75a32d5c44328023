"""How text is cut into passages and cleaned. Works on text alone: nothing here reads a file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import zip_longest

PASSAGE_CHARS = 1200
# kreuzberg's time for chunking grows with the square of the text: 10 MB take 10 s at once, and 1 s
# in blocks of this size.
BLOCK_BYTES = 256 * 1024


def strip_markdown(text: str) -> str:
    """Remove the Markdown that kreuzberg writes for bold, italics, code, links and images."""
    text = re.sub(r"!\[[^\]\n]*\]\([^\s]*\)", "", text)
    text = re.sub(r"\[([^\]\n]*)\]\((?:[^\s()]|\([^\s()]*\))*\)", r"\1", text)
    text = re.sub(r"\*\*(\S(?:[^\n]*?\S)?)\*\*", r"\1", text)
    text = re.sub(r"(?<![\w*])\*(\S(?:[^*\n]*\S)?)\*(?![\w*])", r"\1", text)
    return re.sub(r"`([^`\n]+)`", r"\1", text)


def table_texts(cells: list[list[str]], sheet: str = "") -> Iterator[str]:
    """Yield passages of a table in which each row names its columns, so that it can stand alone.

    The first row with more than half as many cells as the widest has the headings; what stands
    above it is the title.
    """
    # A date without a time arrives as midnight.
    rows = [[cell.strip().removesuffix(" 00:00:00") for cell in row] for row in cells]
    filled = [row for row in rows if any(row)]
    if not filled:
        return
    widest = max(sum(map(bool, row)) for row in filled)
    heads = next(index for index, row in enumerate(filled) if 2 * sum(map(bool, row)) > widest)
    titles = [sheet, *(" ".join(filter(None, row)) for row in filled[:heads])]
    title = ". ".join(filter(None, dict.fromkeys(titles)))
    names = filled[heads]
    lines = ["; ".join(_named_cells(names, row)) for row in filled[heads + 1 :]]
    passage = title
    for line in lines or ["; ".join(filter(None, names))]:
        if len(passage) + len(line) > PASSAGE_CHARS and passage != title:
            yield passage
            passage = title
        passage = f"{passage}\n\n{line}" if passage else line
    yield passage


def align_to_sentences(content: bytes, spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Move the ends of overlapping spans to sentence boundaries, as far as the overlap allows.

    Spans are byte offsets, in order. Together they cover the same text as before.
    """
    moved = list(spans)
    for index in range(1, len(moved)):
        start, end = moved[index][0], moved[index - 1][1]
        # After the start of the span before, so that none becomes empty.
        ends = [
            at
            for at in _sentence_starts(content, start, end)
            if moved[index - 1][0] < at < moved[index][1]
        ]
        if ends:
            moved[index - 1] = (moved[index - 1][0], ends[-1])
            moved[index] = (ends[0], moved[index][1])
    return moved


def _sentence_starts(content: bytes, start: int, end: int) -> list[int]:
    """Return the offsets from start to end at which a sentence or a paragraph begins.

    The full stop of a numbered heading ("2. Impact") ends no sentence.
    """
    window = max(0, start - 8)
    pattern = rb"(?m)(?<!^\d)(?<!^\d\d)[.!?][\"')\]]*\s+|\n\s*\n"
    found = [match.end() + window for match in re.finditer(pattern, content[window:end])]
    return [at for at in found if start <= at <= end]


def split_blocks(content: bytes) -> Iterator[tuple[int, int]]:
    """Split a long text into blocks, at the end of a paragraph, a line or a word where possible.

    Yields byte offsets, in order and without gaps; each block is valid UTF-8.
    """
    start = 0
    while len(content) - start > BLOCK_BYTES:
        end = start + BLOCK_BYTES
        for mark in (b"\n\n", b"\n", b" "):
            at = content.rfind(mark, start + BLOCK_BYTES // 2, end)
            if at >= 0:
                end = at + len(mark)
                break
        while content[end] & 0xC0 == 0x80:  # within a character
            end -= 1
        yield start, end
        start = end
    yield start, len(content)


def _named_cells(names: list[str], row: list[str]) -> Iterator[str]:
    for name, cell in zip_longest(names, row, fillvalue=""):
        if cell:
            yield f"{name}: {cell}" if name else cell
