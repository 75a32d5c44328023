"""Where the figures of an answer come from: quoted, calculated from quoted ones, or from nowhere.

A rule, without a model, that rather lets a wrong figure pass than marks a right one: it takes no
notice of signs and units, and of what a sum is of.
"""

from __future__ import annotations

import math
import re
from bisect import bisect_left
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from jobs.answering.numbers import Number, numbers_in, values_in
from jobs.answering.sums import CONSTANTS, find_sum, sum_before
from jobs.citation_format import CODE, MARKER
from jobs.models import CheckedFigure, FigureOrigin, Passage

# Each that is not quoted is compared with sums of so many others. No answer for people has more.
MAX_FIGURES = 400
# What people count without a source: "these three reasons".
MAX_COUNTED = 12
# Of fewer digits, too many figures are alike by chance to be rounded or of another scale.
MIN_DIGITS_ROUNDED, MIN_DIGITS_SCALED = 2, 3

_LIST_NUMBER = re.compile(r"^[ \t]*(?:[-*>]{1,3} ?)?\(?\d{1,3}[.)](?=[ \t])", re.MULTILINE)
# The number of a place, not of a thing.
_PLACE = re.compile(
    r"\b(?:pages?|pp?\.|seiten?|sections?|abschnitt|articles?|artikel|§|items?|notes?|tables?|tabelle"
    r"|figures?|steps?|schritt|chapters?|kapitel|levels?|phases?|tiers?|versions?|parts?|passages?"
    r"|no\.|nr\.|#)[ \u00a0]?$",
    re.IGNORECASE,
)
_FISCAL = re.compile(r"(?:FY|CY)[ '’]?$", re.IGNORECASE)
_GLUED_BEFORE = re.compile(r"[A-Za-zÀ-ɏ][-/]?$")
_CODE_BEFORE = re.compile(r"(?:EUR|USD|GBP|CHF|SEK|DKK|NOK|PLN|JPY|CNY|INR)$")
_GLUED_AFTER = re.compile(r"-?[A-Za-z]")
_UNIT_AFTER = re.compile(
    r"(?:k|m|mm|mn|bn|b|tn|st|nd|rd|th|x|pp|h|kg|km|am|pm|er|e)\b", re.IGNORECASE
)
_OPERATOR_BEFORE = re.compile(r"(?:[×*/÷·^=≈+−–-]| x) ?\(?$")
_OPERATOR_AFTER = re.compile(r" ?[)]? ?(?:[×*/÷·^+−–-]|x )")
AROUND_CHARS = 16


def check_figures(
    text: str, sources: FigureSources, cited: Collection[int], question: str = ""
) -> tuple[CheckedFigure, ...]:
    """Return the figures of an answer's text, in order, and where each comes from.

    `cited` are the numbers of the passages that it cites, which come first. What the question says
    itself, small counts, and the numbers of pages, lists and names are not looked at.
    """
    asked = FigureSources([Passage("", "", "", question)])
    found = quantities_in(text)
    known: list[Number] = []
    checked: dict[int, CheckedFigure] = {}
    # What is quoted first: a result may stand before what it is calculated from.
    for figure in found:
        if having := sources.passages_with(figure):
            known.append(figure)
            number = min(having.intersection(cited) or having)
            checked[figure.start] = _checked(figure, FigureOrigin.QUOTED, number=number)
    for figure in found:
        if figure.start in checked or asked.passages_with(figure):
            continue
        made = sum_before(text, figure, known) or find_sum(text, figure, known)
        if made:
            known.append(figure)
            checked[figure.start] = replace(_checked(figure, FigureOrigin.CALCULATED), sum=made)
        elif not _is_harmless(text, figure, sources):
            checked[figure.start] = _checked(figure, FigureOrigin.NOT_IN_SOURCES)
    return tuple(checked[start] for start in sorted(checked))


def _checked(figure: Number, origin: FigureOrigin, number: int | None = None) -> CheckedFigure:
    return CheckedFigure(figure.start, figure.end, origin, number)


def quantities_in(text: str) -> list[Number]:
    """Return the figures of prose; code, markers, numbers of lists and names are none."""
    # Blanked out, not removed, so that positions stay the same.
    for pattern in (CODE, MARKER, _LIST_NUMBER):
        text = pattern.sub(lambda match: re.sub(r"[^\n]", " ", match.group()), text)
    return [figure for figure in numbers_in(text)[:MAX_FIGURES] if _is_quantity(text, figure)]


def _is_quantity(text: str, figure: Number) -> bool:
    """Return whether a number is neither part of a name, such as Q3 or R-449A, nor of a place."""
    before = text[max(0, figure.start - AROUND_CHARS) : figure.start]
    after = text[figure.end : figure.end + AROUND_CHARS]
    if _PLACE.search(before):
        return False
    if _FISCAL.search(before) or _CODE_BEFORE.search(before):
        return True
    is_glued = _GLUED_BEFORE.search(before) or _GLUED_AFTER.match(after)
    return not is_glued or bool(_UNIT_AFTER.match(after) and not _GLUED_BEFORE.search(before))


def _is_harmless(text: str, figure: Number, sources: FigureSources) -> bool:
    """Return whether a figure that no source has is none to warn of."""
    before = text[max(0, figure.start - AROUND_CHARS) : figure.start]
    after = text[figure.end : figure.end + AROUND_CHARS]
    is_plain = not (figure.is_percent or figure.is_money or figure.has_scale)
    value = figure.value
    if is_plain and value == int(value) and value <= MAX_COUNTED:
        return True
    if value in CONSTANTS and (_OPERATOR_BEFORE.search(before) or _OPERATOR_AFTER.match(after)):
        return True
    return is_plain and sources.first_year < value < sources.last_year


@dataclass(frozen=True, order=True)
class _Source:
    mantissa: float  # from 1 up to 1000
    exponent: int  # of 1000
    has_scale: bool
    passage: int


class FigureSources:
    """The numbers of passages, sorted, so that each figure is found quickly."""

    def __init__(self, passages: Sequence[Passage]) -> None:
        entries = set()
        years = []
        for number, passage in enumerate(passages, start=1):
            about = (passage.document_name, passage.section, passage.place, passage.page or "")
            for found in values_in(f"{passage.text}\n{' '.join(map(str, about))}"):
                of_one = [(found.value / 100, 0.0)] if found.is_percent else []
                for value, _ulp in (*found.readings, *of_one):
                    entries.add(_Source(*_normal(value), found.has_scale, number))
                if found.value in range(1900, 2101):
                    years.append(found.value)
        self._entries = sorted(entries)
        self._mantissas = [entry.mantissa for entry in self._entries]
        self.first_year, self.last_year = min(years, default=0.0), max(years, default=0.0)

    def passages_with(self, figure: Number) -> set[int]:
        """Return the numbers of the passages that have a figure."""
        passages: set[int] = set()
        for value, ulp in figure.readings:
            readings = [value, value / 100] if figure.is_percent else [value]
            for reading in readings:
                passages.update(self._passages(reading, ulp * reading / (value or 1), figure))
        return passages

    def _passages(self, value: float, ulp: float, figure: Number) -> Iterator[int]:
        mantissa, exponent = _normal(value)
        slack = _slack(value, ulp, figure) / (1000.0**exponent)
        at = bisect_left(self._mantissas, mantissa - slack)
        for entry in islice(self._entries, at, at + MAX_ALIKE):
            if entry.mantissa > mantissa + slack:
                return
            is_scaled = figure.has_scale or entry.has_scale
            if entry.exponent == exponent or is_scaled or figure.digits >= MIN_DIGITS_SCALED:
                yield entry.passage


# So many numbers of sources are looked at for one figure: most figures have one or two.
MAX_ALIKE = 200


def _normal(value: float) -> tuple[float, int]:
    """Return a value as a mantissa from 1 up to 1000 and an exponent of 1000."""
    if value <= 0 or not math.isfinite(value):
        return 0.0, 0
    exponent = math.floor(math.log10(value) / 3 + 1e-12)
    return value / 1000.0**exponent, exponent


def _slack(value: float, ulp: float, figure: Number) -> float:
    """Return how far a source may be from a figure: half of its last digit, if it was rounded."""
    tiny = value * 1e-9
    if figure.is_rounded:
        place = 10.0 ** (math.floor(math.log10(value)) - figure.digits + 1) if value > 0 else 0.0
        return max(ulp, place) / 2 + tiny
    return ulp / 2 + tiny if figure.digits >= MIN_DIGITS_ROUNDED else tiny
