"""Paragraphs from the rows of a part of a page."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from jobs.extraction.readers.hyphens import Hyphens
from jobs.extraction.readers.pdf_columns import Row
from jobs.extraction.readers.pdf_text import SOFT_HYPHEN, readable

# A line is so much higher than another, or its step to the next so much longer, if it is apart.
HIGHER = 1.12
LONGER_STEP = 1.35
LONGEST_STEP = 2.6
INDENT = 0.7

_BULLET = re.compile(r"[•‣▪●○◦■□☐☒\u2043\u25aa\uf0a7\uf0b7]\s|[–—*-]\s(?=\w)")
_NUMBERED = re.compile(
    r"\(?(?:\d{1,3}|[a-zA-Z]|[ivxIVX]{1,5})[.)]\s|\d{1,4}(?:\.\d{1,4}){1,9}\.?\s|§+\s?\d"
)
_SENTENCE_END = re.compile(r"[.!?:;。！？]['\")\]’”»]*$")
_LINE_HYPHEN = re.compile(rf"(?<=\w)[{SOFT_HYPHEN}\u2010-]$")
_LEADERS = re.compile(r"(?:\s{0,8}[.·…_]){5,}\s*")
_IDEOGRAPH = re.compile("[\u3000-\u30ff\u3400-\u9fff\uf900-\ufaff\uff00-\uffef]")
_RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff]")


@dataclass(slots=True)
class Line:
    """The text of a row, and its place."""

    text: str
    left: float
    right: float
    top: float
    bottom: float
    height: float
    is_bold: bool
    has_gaps: bool


@dataclass(slots=True)
class Paragraph:
    """Lines that belong together; `height` is that of a line.

    `is_first` and `is_last` say whether it begins and ends its part of the page.
    """

    text: str
    height: float
    is_bold: bool
    lines: int
    is_first: bool = False
    is_last: bool = False


def paragraphs(rows: Sequence[Row], hyphens: Hyphens) -> Iterator[Paragraph]:
    """Yield the paragraphs of a part of a page."""
    lines = [line for row in rows if (line := _line(row)).text]
    if not lines:
        return
    steps = [below.top - above.top for above, below in pairwise(lines)]
    step = median(steps) if steps else 0.0
    left, right = min(line.left for line in lines), max(line.right for line in lines)
    groups = [[lines[0]]]
    for line in lines[1:]:
        if _is_apart(groups[-1], line, step, left, right):
            groups.append([])
        groups[-1].append(line)
    for group in groups:
        paragraph = _paragraph(group, left, right, hyphens)
        paragraph.is_first, paragraph.is_last = group is groups[0], group is groups[-1]
        yield paragraph


def _line(row: Row) -> Line:
    text = readable(" ".join(piece.text for piece in row))
    if "....." in text or ". . ." in text or not text.isascii():
        text = _LEADERS.sub(" … ", text)
    first = row[0]
    if len(row) == 1:
        place = first.left, first.right, first.top, first.bottom, first.height
        return Line(text.strip(), *place, first.is_bold, False)
    return Line(
        text.strip(),
        min(piece.left for piece in row),
        max(piece.right for piece in row),
        min(piece.top for piece in row),
        max(piece.bottom for piece in row),
        max(piece.height for piece in row),
        all(piece.is_bold for piece in row),
        True,
    )


def _is_apart(current: list[Line], line: Line, step: float, left: float, right: float) -> bool:
    """Return whether a line begins a paragraph."""
    last = current[-1]
    if line.is_bold != last.is_bold:
        return True
    smaller, larger = sorted((line.height, last.height))
    if larger > HIGHER * smaller:
        return True
    down = line.top - last.top
    if down < 0 or down > LONGEST_STEP * larger:
        return True
    if down > LONGER_STEP * step and down > LONGER_STEP * last.height:
        return True
    if _LINE_HYPHEN.search(last.text[-2:]):
        return False
    is_ended = bool(_SENTENCE_END.search(last.text[-6:]))
    if _BULLET.match(line.text):
        return True
    if _NUMBERED.match(line.text) and (is_ended or not _is_full(last, line, left, right)):
        return True
    if not is_ended:
        return False
    if not _is_full(last, line, left, right):
        return True
    return len(current) > 1 and line.left - last.left > INDENT * line.height


def _goes_on(line: Line, following: Line) -> bool:
    """Return whether a line goes on in the next, however much room there was behind it."""
    if line.has_gaps or following.has_gaps:
        return False
    return line.is_bold or (
        following.text[0].islower() and not _SENTENCE_END.search(line.text[-6:])
    )


def _is_full(line: Line, following: Line, left: float, right: float) -> bool:
    """Return whether the first word of the next line would not have fitted on a line."""
    if line.has_gaps or following.has_gaps:
        return False
    word = following.text.split(" ", 1)[0]
    width = (following.right - following.left) / max(1, len(following.text))
    if _IDEOGRAPH.match(word):
        word = word[:1]
    is_rtl = not line.text.isascii() and bool(_RIGHT_TO_LEFT.search(line.text))
    room = line.left - left if is_rtl else right - line.right
    return room < width * (len(word) + 1.5)


def _paragraph(lines: list[Line], left: float, right: float, hyphens: Hyphens) -> Paragraph:
    text = lines[0].text
    for last, line in pairwise(lines):
        if _LINE_HYPHEN.search(text[-2:]) and not last.has_gaps:
            text = hyphens.joined(text[:-1], line.text)
        elif _goes_on(last, line) or _is_full(last, line, left, right):
            is_spaced = not (_IDEOGRAPH.match(text[-1]) and _IDEOGRAPH.match(line.text))
            text += f" {line.text}" if is_spaced else line.text
        else:
            text += f"\n{line.text}"
    first = lines[0]
    text = text.removesuffix(SOFT_HYPHEN) + "-" if text.endswith(SOFT_HYPHEN) else text
    return Paragraph(text.replace(SOFT_HYPHEN, "-"), first.height, first.is_bold, len(lines))
