"""Reads plain text and logs: paragraphs as they stand, headings where they are plain to see."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from jobs.extraction.blocks import Block, Item, Kind, Note
from jobs.extraction.readers.text_lines import line_groups
from jobs.extraction.text_encoding import decode_text

MAX_HEADING_CHARS = 100
UNDERLINE = re.compile(r"=+|-+|~+|\*+|_+|#+")
MIN_UNDERLINE_CHARS = 3
NUMBERED = re.compile(
    r"(?:(?P<number>\d{1,3}(?:\.\d{1,3}){0,4})[.)]?|[IVX]{1,5}[.)]"
    r"|(?:§|Art\.|Article|Artikel|Artículo|Articolo|Chapter|Kapitel|Chapitre|Capítulo|Capitolo"
    r"|Section|Abschnitt|Part|Teil|Annex|Anhang|Глава|Раздел|Статья)\s?\d{1,4}[a-z]?[.:)]?"
    r"|第[\d一二三四五六七八九十百]{1,5}[章条條節节部編篇款])[ \t　]+(?=[^\W\d_]|[“\"(])",
    re.IGNORECASE,
)
ENDS_SENTENCE = re.compile(r"[.!?;:,…。！？；：、，]$")
# A line is wrapped if it is nearly as long as the longest; no line of prose is shorter.
MIN_WRAPPED_CHARS = 45
WRAPPED_SHARE = 0.7
# Bullets and numbers of lists, quotes of mails, cells.
KEEPS_LINE = re.compile(
    r"[ \t]{2,}|\s{0,40}(?:[-*•–>|+#]|\(?\w{1,3}[.)]\s|\S{1,40}:\s|\d{4}-\d\d|\t)"
)
# How the lines of logs begin: with a time, after brackets or the name of a month.
LOG_LINE = re.compile(
    r"\W{0,2}(?:[A-Z][a-z]{2},? [ \d]\d |<\d{1,3}>)?"
    r"(?:\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}[T ,]{0,2}|\d{2}/[A-Z][a-z]{2}/\d{4}:)?\d{1,2}:\d{2}:\d{2}"
)
# Letters after which no blank stood where the line was wrapped.
UNSPACED = re.compile(r"[\u0e00-\u0e7f\u3000-\u30ff\u3400-\u9fff\uff00-\uffef]")


def read(data: bytes) -> Iterator[Item]:
    """Yield the paragraphs and headings of the text."""
    decoded = decode_text(data)
    if decoded.note:
        yield Note(decoded.note)
    yield from text_items(decoded.text)


def text_items(text: str) -> Iterator[Item]:
    """Yield the paragraphs and headings of a text."""
    paragraphs = [*_paragraphs(text), []]
    before: list[str] = []
    for lines, following in pairwise(paragraphs):
        heading, level = _heading(lines, following)
        if heading and len(lines) == 1 and len(before) == 1 and NUMBERED.match(before[0].strip()):
            heading = ""  # the last of a list
        before = [] if heading else lines
        if heading:
            yield Block(heading, Kind.HEADING, level=level)
            lines = lines[2:]
        if lines:
            for group in line_groups(joined(lines)):
                yield Block(group)


def _paragraphs(text: str) -> Iterator[list[str]]:
    """Yield the lines between empty ones."""
    lines: list[str] = []
    for line in text.replace("\f", "\n\n").splitlines():
        if line.strip():
            lines.append(line.rstrip())
        elif lines:
            yield lines
            lines = []
    if lines:
        yield lines


def _heading(lines: list[str], following: list[str]) -> tuple[str, int]:
    """Return the heading that a paragraph begins with or is, and its level; "" for none.

    There must be text below: else it is all that there is to find.
    """
    first = lines[0].strip() if lines else ""
    if not first or len(first) > MAX_HEADING_CHARS:
        return "", 0
    line = lines[1].strip() if len(lines) > 1 else ""
    if len(line) >= MIN_UNDERLINE_CHARS and UNDERLINE.fullmatch(line):
        has_text = len(lines) > 2 or bool(following)
        is_column = "  " in first or "|" in first or "\t" in first
        return (first, 1 if line[0] == "=" else 2) if has_text and not is_column else ("", 0)
    number = NUMBERED.match(first)
    if len(lines) > 1 or not following or not number or ENDS_SENTENCE.search(first):
        return "", 0
    # One of a list has its like below; a heading may have one with a longer number.
    below = following[0].strip()
    other = NUMBERED.match(below) if len(following) == 1 else None
    level = (number["number"] or "").count(".") + 1
    is_item = other is not None and (other["number"] or "").count(".") + 1 <= level
    return ("", 0) if is_item else (first, level)


def joined(lines: list[str]) -> str:
    """Return the lines as one text: those that were wrapped on one line, others as they are."""
    if any(map(LOG_LINE.match, lines)):
        return "\n".join(lines)
    longest = max(map(len, lines))
    parts = [lines[0]]
    for before, line in pairwise(lines):
        long_enough = max(MIN_WRAPPED_CHARS, WRAPPED_SHARE * longest)
        is_wide = UNSPACED.search(before[-1]) is not None
        wrapped = len(before) >= (long_enough if not is_wide else 0.8 * longest)
        is_prose = not KEEPS_LINE.match(line) and "\t" not in before and "   " not in before.strip()
        if wrapped and is_prose and longest <= 2 * MIN_WRAPPED_CHARS + 60:
            joint = "" if is_wide and UNSPACED.match(line.lstrip()) else " "
            parts += [joint, line.strip()]
        else:
            parts += ["\n", line]
    return "".join(parts)
