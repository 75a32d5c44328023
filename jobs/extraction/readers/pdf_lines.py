"""The text of a PDF's page, from PDFium: lines, parted where there are gaps between their words."""

from __future__ import annotations

import ctypes
import re
from collections import deque
from collections.abc import Iterator, Sequence
from itertools import pairwise, repeat
from operator import sub
from typing import Any

import pypdfium2.raw as pdfium

from jobs.extraction.readers.bidi import RIGHT_TO_LEFT, is_right_to_left
from jobs.extraction.readers.pdf_rtl import rtl_pieces
from jobs.extraction.readers.pdf_text import (
    ASKEW,
    SOFT_HYPHEN,
    WIDEST_SPACE,
    Area,
    Box,
    PageText,
    Piece,
)

# A page of more is no page that people read.
MAX_CHARACTERS = 1_000_000
# PDFium's marks for a hyphen at the end of a line; in a font without Unicode they may be any code.
HYPHENS = "\x02\ufffe"
# The widest space between two numbers, in heights of the line: more than between their thousands.
NUMBERS_SPACE = 0.33
# Equal spaces differ by so little: those of a line that is justified, however wide.
EQUAL_SPACES = 0.15
# Narrow letters are this wide, in heights of the line. A word that takes more room up to the next
# one may have a gap behind it.
LETTER_WIDTH = 0.4
# So many characters of a page are asked whether their font says what they are.
SAMPLED_CHARACTERS = 32
BOLD_WEIGHT = 600
FORCE_BOLD = 1 << 18
# Twice the distance between the middles of its ends, from which on a word can be called askew.
MIN_ASKEW_POINTS = 30.0

_WORD = re.compile(r"\S+")
_DIGIT = re.compile(r"\d")
_DIGITS = frozenset("0123456789")
_LINE_END = re.compile(rf"[\r\n]+|[{HYPHENS}][\r\n]*")
_BOLD_NAME = re.compile(rb"bold|black|heavy|demi", re.IGNORECASE)

# The prototype of pypdfium2 checks each argument, which takes longer than the answer.
_ask_box = ctypes.PYFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p)(
    ctypes.cast(pdfium.FPDFText_GetLooseCharBox, ctypes.c_void_p).value or 0
)
_RECT_BYTES = ctypes.sizeof(pdfium.FS_RECTF)

Span = tuple[int, int]
_Group = tuple[list[Span], Box]


def page_text(page: Any) -> PageText:
    """Return the visible text of a page of pypdfium2."""
    area = visible_area(page)
    width, height = area.size
    text = page.get_textpage()
    try:
        content = characters(text)
        pieces = list(_pieces(text, content, area))
        unmapped = _unmapped_share(text, content)
    finally:
        text.close()
    seen = [piece for piece in pieces if _is_within(piece, width, height)]
    return PageText(seen, width, height, content, len(pieces) - len(seen), unmapped)


def visible_area(page: Any) -> Area:
    """Return the part of a page that people see."""
    left, bottom, right, top = page.get_bbox()
    return Area(left, bottom, right, top, page.get_rotation() // 90 % 4)


def characters(text: Any) -> str:
    """Return the characters of a text page, one for each of PDFium's indexes."""
    count = min(text.count_chars(), MAX_CHARACTERS)
    quick: str = text.get_text_range(0, count) if count else ""
    if len(quick) == count:
        return quick
    # PDFium leaves some out of the text that have an index all the same.
    codes = (pdfium.FPDFText_GetUnicode(text, index) for index in range(count))
    return "".join(chr(code) if 0 < code < 0x110000 else " " for code in codes)


def _is_within(piece: Piece, width: float, height: float) -> bool:
    return 0 <= (piece.left + piece.right) / 2 <= width and 0 <= piece.middle <= height


def _unmapped_share(text: Any, content: str) -> float:
    sample = range(0, len(content), max(1, len(content) // SAMPLED_CHARACTERS))
    asked = [index for index in sample if not content[index].isspace()]
    errors = [index for index in asked if pdfium.FPDFText_HasUnicodeMapError(text.raw, index) == 1]
    return len(errors) / max(1, len(asked))


def _pieces(text: Any, content: str, area: Area) -> Iterator[Piece]:
    boxes = _Boxes(text, area)
    is_rtl = is_right_to_left(content)
    # PDFium takes words that are drawn from right to left for lines of their own.
    held: list[Span] = []
    for start, end, has_hyphen in _lines(text, content):
        words = [match.span() for match in _WORD.finditer(content, start, end)]
        if not words:
            continue
        span = (words[0][0], words[-1][1])
        if is_rtl:
            if held and not _share_a_line(boxes.of(held[0][0]), boxes.of(span[0])):
                yield from rtl_pieces(boxes, content, held, is_rtl=True)
                held = []
            held.append(span)
            continue
        if not content.isascii() and RIGHT_TO_LEFT.search(content, *span):
            yield from rtl_pieces(boxes, content, [span], is_rtl=False)
            continue
        pieces = _line_pieces(boxes, content, words)
        if has_hyphen:
            pieces[-1].text += SOFT_HYPHEN
        yield from pieces
    if held:
        yield from rtl_pieces(boxes, content, held, is_rtl=True)


def _share_a_line(one: Box, other: Box) -> bool:
    overlap = min(one[3], other[3]) - max(one[1], other[1])
    return overlap > 0.5 * min(one[3] - one[1], other[3] - other[1])


def _lines(text: Any, content: str) -> Iterator[tuple[int, int, bool]]:
    """Yield start and end of each line, and whether a hyphen stood at its end."""
    start = 0
    for match in _LINE_END.finditer(content):
        is_hyphen = match.group()[0] in HYPHENS
        if is_hyphen and pdfium.FPDFText_IsHyphen(text, match.start()) != 1:
            continue
        yield start, match.start(), is_hyphen
        start = match.end()
    yield start, len(content), False


class _Boxes:
    """Where characters stand on the visible page, and whether they are bold."""

    def __init__(self, text: Any, area: Area) -> None:
        self.area = area
        self._text = text.raw
        self._address = ctypes.cast(text.raw, ctypes.c_void_p).value
        self._name = ctypes.create_string_buffer(128)
        self._flags = ctypes.c_int()
        self._make_room(256)

    def _make_room(self, characters: int) -> None:
        self._rects = (pdfium.FS_RECTF * characters)()
        self._numbers = memoryview(self._rects).cast("B").cast("f")

    def of(self, index: int) -> Box:
        return self.place(self.edges([index]), 0)

    def edges(self, indexes: Sequence[int]) -> list[float]:
        """Return left, top, right and bottom of each character on the page, one after another.

        No line of Python runs for a character: it is the most frequent question by far.
        """
        count = len(indexes)
        if count > len(self._rects):
            self._make_room(2 * count)
        first = ctypes.addressof(self._rects)
        rects = range(first, first + _RECT_BYTES * count, _RECT_BYTES)
        deque(map(_ask_box, repeat(self._address), indexes, rects), maxlen=0)
        return list(self._numbers[: 4 * count])

    def place(self, edges: list[float], number: int) -> Box:
        """Return where one of these characters stands on the visible page."""
        left, top, right, bottom = edges[4 * number : 4 * number + 4]
        return self.area.box(left, bottom, right, top)

    def lefts(self, edges: list[float]) -> list[float]:
        """Return how far right these characters begin, from wherever one counts."""
        if self.area.quarters:
            return [self.place(edges, number)[0] for number in range(len(edges) // 4)]
        return edges[::4]

    def is_bold(self, index: int) -> bool:
        if pdfium.FPDFText_GetFontWeight(self._text, index) >= BOLD_WEIGHT:
            return True
        pdfium.FPDFText_GetFontInfo(self._text, index, self._name, 128, self._flags)
        return bool(self._flags.value & FORCE_BOLD or _BOLD_NAME.search(self._name.value))


def _line_pieces(boxes: _Boxes, content: str, words: list[Span]) -> list[Piece]:
    start, end = words[0][0], words[-1][1]
    at, longest = 0, words[0]
    if longest[1] - longest[0] == 1:
        at, longest = max(enumerate(words), key=_length)
    edges = boxes.edges([*[word[0] for word in words], longest[1] - 1, end - 1])
    first, last = boxes.place(edges, 0), boxes.place(edges, len(words) + 1)
    is_bold = boxes.is_bold(start) and boxes.is_bold(end - 1)
    line = content[start:end]
    turn = 0
    if longest[1] - longest[0] > 1:
        turn = _turn(boxes.place(edges, at), boxes.place(edges, len(words)))
    if len(words) == 1:
        groups = [(words, _union(first, last))]
    elif turn:
        groups = _groups_by_place(boxes, words, turn)
    else:
        lefts = boxes.lefts(edges[: 4 * len(words)])
        groups = _groups_in_order(boxes, content, words, lefts, first, last)
        if len(groups) == len(words) >= 3 and _is_justified(line, groups):
            groups = [(words, _union(first, last))]
    return [
        Piece(
            " ".join(content[start:end] for start, end in group)
            if turn
            else " ".join(content[group[0][0] : group[-1][1]].split()),
            *box,
            is_bold,
            group[0][0],
            group[-1][1],
            turn,
        )
        for group, box in groups
    ]


def _length(word: tuple[int, Span]) -> int:
    return word[1][1] - word[1][0]


def _turn(first: Box, last: Box) -> int:
    """Return by how many quarter turns a word is read, by its first and last character."""
    across = last[0] + last[2] - first[0] - first[2]
    down = last[1] + last[3] - first[1] - first[3]
    if 2 * abs(down) <= abs(across):
        return 2 if across < 0 else 0
    if abs(down) <= 2 * abs(across):
        return ASKEW if abs(across) > MIN_ASKEW_POINTS else 0
    return 1 if down > 0 else 3


def _groups_in_order(
    boxes: _Boxes, content: str, words: list[Span], lefts: list[float], first: Box, last: Box
) -> list[_Group]:
    """Part the words of a line from left to right at its gaps; asks for few other places.

    `lefts` are how far right the words begin, from wherever one counts.
    """
    height = first[3] - first[1]
    letters = words[-1][1] - words[0][0]
    letter = min(LETTER_WIDTH * height, (last[2] - first[0]) / letters)
    narrowest, usual = NUMBERS_SPACE * height, WIDEST_SPACE * height
    groups: list[_Group] = []
    at = 0
    rooms = map(sub, lefts[1:], lefts)
    for number, ((start, end), room) in enumerate(zip(words, rooms, strict=False), 1):
        is_number = content[end - 1] in _DIGITS
        if 0 <= room <= letter * (end - start) + (narrowest if is_number else usual):
            continue
        # Numbers beside each other are cells.
        are_numbers = is_number and content[words[number][0]] in _DIGITS
        widest = narrowest if are_numbers else usual
        if room > letter * (end - start) + widest or room < 0:
            right = boxes.of(end - 1)
            if room < 0 or boxes.of(words[number][0])[0] - right[2] > widest:
                groups.append((words[at:number], _union(boxes.of(words[at][0]), right)))
                at = number
    groups.append((words[at:], _union(boxes.of(words[at][0]) if at else first, last)))
    return groups


def _is_justified(line: str, groups: list[_Group]) -> bool:
    """Return whether single words have equal spaces between them, unlike the cells of a table."""
    spaces = [after[0] - before[2] for (_, before), (_, after) in pairwise(groups)]
    height = groups[0][1][3] - groups[0][1][1]
    return max(spaces) - min(spaces) <= EQUAL_SPACES * height and not _DIGIT.search(line)


def _groups_by_place(boxes: _Boxes, words: list[Span], turn: int) -> list[_Group]:
    """Part the words of a line at its gaps, wherever each stands; a group keeps their order."""
    axis = turn % 2 if turn != ASKEW else 0
    placed = [(number, _union(boxes.of(s), boxes.of(e - 1))) for number, (s, e) in enumerate(words)]
    placed.sort(key=lambda item: item[1][axis])
    clusters: list[list[int]] = []
    reach = 0.0
    unions: list[Box] = []
    for number, box in placed:
        height = box[3 - axis] - box[1 - axis]
        if clusters and box[axis] - reach <= WIDEST_SPACE * height:
            clusters[-1].append(number)
            unions[-1] = _union(unions[-1], box)
        else:
            clusters.append([number])
            unions.append(box)
        reach = max(reach, box[axis + 2])
    groups = [
        ([words[number] for number in sorted(cluster)], box)
        for cluster, box in zip(clusters, unions, strict=True)
    ]
    return sorted(groups, key=lambda group: group[0][0])


def _union(one: Box, other: Box) -> Box:
    return (
        min(one[0], other[0]),
        min(one[1], other[1]),
        max(one[2], other[2]),
        max(one[3], other[3]),
    )
