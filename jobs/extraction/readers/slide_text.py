"""Paragraphs on slides, with the automatic numbers that they show."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lxml import etree

from jobs.extraction.readers.list_numbers import format_number
from jobs.extraction.readers.ooxml import A, drawing_text

# The names of ST_TextAutonumberScheme are of a series and the marks around it.
_SCHEME = re.compile(r"(\w{1,20}?)(ParenBoth|ParenR|Period|Plain|Minus)")
_SERIES = {
    "alphaLc": "lowerLetter",
    "alphaUc": "upperLetter",
    "romanLc": "lowerRoman",
    "romanUc": "upperRoman",
    "arabicDb": "decimalFullWidth",
    "circleNumDb": "decimalEnclosedCircle",
    "circleNumWdWhite": "decimalEnclosedCircle",
    "circleNumWdBlack": "decimalEnclosedCircle",
    "ea1Chs": "chineseCounting",
    "ea1Cht": "taiwaneseCounting",
    "ea1JpnChsDb": "japaneseCounting",
    "ea1JpnKor": "koreanCounting",
    "arabic1": "arabicAlpha",
    "arabic2": "arabicAbjad",
    "hebrew2": "hebrew2",
    "thaiAlpha": "thaiLetters",
    "thaiNum": "thaiNumbers",
    "hindiNum": "hindiNumbers",
}
_MARKS = {"ParenBoth": "({})", "ParenR": "{})", "Period": "{}.", "Plain": "{}", "Minus": "{}-"}
_LEVELS = 9


def paragraphs(body: etree._Element, styles: list[etree._Element]) -> Iterator[str]:
    """Yield the paragraphs of a text that are not empty.

    `styles` are the texts of the placeholders that it follows, the nearest first.
    """
    # Of each level, the numbering that runs there and how far it came.
    running: list[tuple[str, int] | None] = [None] * _LEVELS
    lists = [style.find(f"{A}lstStyle") for style in (body, *styles)]
    for paragraph in body.iterfind(f"{A}p"):
        text = drawing_text(paragraph)
        if not text:
            continue
        properties = paragraph.find(f"{A}pPr")
        level = _level(properties)
        scheme, start = _numbering(properties, lists, level)
        running[level + 1 :] = [None] * (_LEVELS - level - 1)
        before = running[level]
        if not scheme:
            running[level] = None
            yield text
            continue
        key = f"{scheme} {start}"
        count = before[1] + 1 if before is not None and before[0] == key else start
        running[level] = (key, count)
        yield f"{_label(scheme, count)} {text}"


def _level(properties: etree._Element | None) -> int:
    text = "" if properties is None else properties.get("lvl", "")
    return min(int(text), _LEVELS - 1) if text.isdecimal() else 0


def _numbering(
    properties: etree._Element | None, lists: list[etree._Element | None], level: int
) -> tuple[str, int]:
    """Return the scheme and the start of a paragraph's numbers; "" if it has none."""
    of_level = f"{A}lvl{level + 1}pPr"
    inherited = (each.find(of_level) for each in lists if each is not None)
    for each in (properties, *inherited):
        if each is None:
            continue
        found = each.find(f"{A}buAutoNum")
        if found is not None:
            start = found.get("startAt", "1")
            return found.get("type", "arabicPeriod"), int(start) if start.isdecimal() else 1
        if each.find(f"{A}buNone") is not None or each.find(f"{A}buChar") is not None:
            break
    return "", 1


def _label(scheme: str, count: int) -> str:
    found = _SCHEME.fullmatch(scheme)
    series, marks = found.groups() if found else ("arabic", "Period")
    return _MARKS[marks].format(format_number(count, _SERIES.get(series, "decimal")))
