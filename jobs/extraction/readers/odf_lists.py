"""The automatic numbers of lists and headings in OpenDocument."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from lxml import etree

from jobs.extraction.readers.list_numbers import format_number
from jobs.extraction.readers.opendocument import LOEXT, STYLE, TEXT, XML, Styles, integer

LEVELS = 10
_FORMATS = {
    "1": "decimal",
    "i": "lowerRoman",
    "I": "upperRoman",
    "a": "lowerLetter",
    "A": "upperLetter",
    "１": "decimalFullWidth",
    "一": "chineseCounting",
    "一, 二, 三, ...": "chineseCounting",
    "ア, イ, ウ, ...": "aiueo",
    "イ, ロ, ハ, ...": "iroha",
    "①, ②, ③, ...": "decimalEnclosedCircle",
    "가, 나, 다, ...": "ganada",
    "А, Б, .., Аа, Аб, ... (ru)": "russianUpper",
    "а, б, .., аа, аб, ... (ru)": "russianLower",
    "Α, Β, Γ, ... (gr)": "greekUpper",
    "α, β, γ, ... (gr)": "greekLower",
    "א, י, ק, ...": "hebrew1",
}


@dataclass(slots=True)
class Level:
    """How a level counts and shows; `pattern` is such as `%1%.%2%`, "" for the common one."""

    number_format: str = ""
    prefix: str = ""
    suffix: str = ""
    bullet: str = ""
    start: int = 1
    shown_levels: int = 1
    pattern: str = ""


@dataclass(slots=True)
class Counters:
    """How far a list came, and the levels that it has."""

    levels: dict[int, Level]
    counts: list[int | None] = field(default_factory=lambda: [None] * LEVELS)

    def next_label(self, at: int, start: int | None = None) -> str:
        """Count one item at a level from 0; returns what stands before it."""
        if at >= LEVELS:
            return ""
        level = self.levels.get(at, Level())
        count = self.counts[at]
        first = level.start if count is None else count + 1
        self.counts[at] = first if start is None else start
        self.restart_below(at)
        return self._label(at, level)

    def restart_below(self, at: int) -> None:
        """Let the levels below one begin anew."""
        self.counts[at + 1 :] = [None] * (LEVELS - at - 1)

    def restart(self, at: int) -> None:
        """Let a level begin anew."""
        if at < LEVELS:
            self.counts[at:] = [None] * (LEVELS - at)

    def _label(self, at: int, level: Level) -> str:
        if level.bullet:
            return f"{level.bullet} "
        if not level.number_format:
            return ""
        if level.pattern:
            shown = re.sub(
                "%(\\d{1,2})%", lambda match: self._number(int(match[1]) - 1), level.pattern
            )
        else:
            first = max(0, at + 1 - level.shown_levels)
            numbers = [self._number(each) for each in range(first, at + 1)]
            shown = level.prefix + ".".join(filter(None, numbers)) + level.suffix
        return f"{shown.strip()} " if shown.strip() else ""

    def _number(self, at: int) -> str:
        if not 0 <= at < LEVELS:
            return ""
        level = self.levels.get(at, Level())
        count = self.counts[at]
        number = level.start if count is None else count
        return (
            format_number(number, _FORMATS.get(level.number_format, "decimal"))
            if level.number_format
            else ""
        )


def levels_of(style: etree._Element | None) -> dict[int, Level]:
    """Return the levels of a list's style, or of the outline, from 0."""
    levels = {}
    for element in () if style is None else style:
        at = integer(element.get(f"{TEXT}level"), 1) - 1
        if element.tag == f"{TEXT}list-level-style-bullet":
            bullet = element.get(f"{TEXT}bullet-char", "")
            # What no other font has is a common bullet.
            is_private = len(bullet) == 1 and 0xE000 <= ord(bullet) < 0xF900
            levels[at] = Level(bullet="•" if is_private or not bullet.strip() else bullet)
        elif element.tag == f"{TEXT}list-level-style-image":
            levels[at] = Level(bullet="•")
        else:
            levels[at] = Level(
                number_format=element.get(f"{STYLE}num-format", ""),
                prefix=element.get(f"{STYLE}num-prefix", ""),
                suffix=element.get(f"{STYLE}num-suffix", ""),
                start=integer(element.get(f"{TEXT}start-value"), 1),
                shown_levels=integer(element.get(f"{TEXT}display-levels"), 1),
                pattern=element.get(f"{LOEXT}num-list-format", ""),
            )
    return levels


class Lists:
    """The lists of a document, some of which go on from others."""

    def __init__(self, styles: Styles) -> None:
        self._styles = styles
        self._by_id: dict[str | None, Counters] = {}
        self._by_style: dict[str, Counters] = {}
        self._levels: dict[str, dict[int, Level]] = {}
        self.outline = Counters(levels_of(styles.outline))

    def begin(self, element: etree._Element) -> Counters:
        """Return the counters of a list that is in no other one."""
        style = element.get(f"{TEXT}style-name", "")
        before = self._by_id.get(element.get(f"{TEXT}continue-list"))
        if before is None and element.get(f"{TEXT}continue-numbering") == "true":
            before = self._by_style.get(style)
        counters = Counters(self.levels(style)) if before is None else before
        self._by_style[style] = counters
        if list_id := element.get(f"{XML}id"):
            self._by_id[list_id] = counters
        return counters

    def levels(self, style: str) -> dict[int, Level]:
        """Return the levels of a style."""
        if style not in self._levels:
            self._levels[style] = levels_of(self._styles.lists.get(style))
        return self._levels[style]
