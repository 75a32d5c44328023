"""How text is cut into passages and cleaned. Rules on text alone: nothing here reads a file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import zip_longest

PASSAGE_CHARS = 1200
# kreuzberg's time for chunks grows with the square of the text: 10 MB at once take 10 s, in blocks
# of this size 1 s.
BLOCK_BYTES = 256 * 1024


def without_marks(text: str) -> str:
    """Text without the marks of Markdown that kreuzberg leaves for bold, links and the like."""
    text = re.sub(r"!\[[^\]\n]*\]\([^\s]*\)", "", text)
    text = re.sub(r"\[([^\]\n]*)\]\((?:[^\s()]|\([^\s()]*\))*\)", r"\1", text)
    text = re.sub(r"\*\*(\S(?:[^\n]*?\S)?)\*\*", r"\1", text)
    text = re.sub(r"(?<![\w*])\*(\S(?:[^*\n]*\S)?)\*(?![\w*])", r"\1", text)
    return re.sub(r"`([^`\n]+)`", r"\1", text)


def table_texts(cells: list[list[str]], sheet: str = "") -> Iterator[str]:
    """Passages of a table in which each row names its columns, so that it stands for itself.

    The first row with most cells filled has the headings; what stands above it is the title.
    """
    # A date without a time comes as midnight.
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


def whole_sentences(content: bytes, spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Move the ends of overlapping spans to sentences, as far as the overlap allows.

    Spans are byte offsets, in order. What the spans cover together stays the same.
    """
    moved = list(spans)
    for index in range(1, len(moved)):
        start, end = moved[index][0], moved[index - 1][1]
        # Behind the previous span's own start, so that none becomes empty.
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
    """Offsets from start to end at which a sentence or a paragraph begins.

    The point of a numbered heading ("2. Impact") ends none.
    """
    window = max(0, start - 8)
    pattern = rb"(?m)(?<!^\d)(?<!^\d\d)[.!?][\"')\]]*\s+|\n\s*\n"
    found = [match.end() + window for match in re.finditer(pattern, content[window:end])]
    return [at for at in found if start <= at <= end]


def blocks(content: bytes) -> Iterator[tuple[int, int]]:
    """Cut a long text into blocks, where a paragraph, a line or a word ends if one does.

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
        while content[end] & 0xC0 == 0x80:  # inside a letter
            end -= 1
        yield start, end
        start = end
    yield start, len(content)


def _named_cells(names: list[str], row: list[str]) -> Iterator[str]:
    for name, cell in zip_longest(names, row, fillvalue=""):
        if cell:
            yield f"{name}: {cell}" if name else cell
