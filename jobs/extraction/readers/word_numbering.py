"""The automatic numbers of a Word document, counted as Word counts them (ECMA-376, 17.9)."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from lxml import etree

from jobs.extraction.readers.list_numbers import format_number
from jobs.extraction.readers.ooxml import MC, W, is_on, value
from jobs.extraction.readers.symbol_fonts import translate

LEVELS = 9
BULLET = "•"


@dataclass(frozen=True, slots=True)
class Level:
    """How a level counts and shows: `text` is such as `%1.%2)`.

    `restart` is the level, counted from 1, after which it begins anew: 0 for never, None for any
    higher one.
    """

    start: int = 1
    number_format: str = "decimal"
    text: str = ""
    is_legal: bool = False
    restart: int | None = None
    suffix: str = " "
    style: str = ""


@dataclass(frozen=True, slots=True)
class _List:
    abstract_id: str
    levels: dict[int, Level]
    starts: dict[int, int]
    """Levels that this list begins anew, when it is first used."""


class Numbering:
    """Hands out the numbers of paragraphs, which must be asked for in the document's order."""

    def __init__(self, root: etree._Element | None) -> None:
        self._abstract: dict[str, etree._Element] = {}
        self._numbers: dict[str, etree._Element] = {}
        self._styles: dict[str, str] = {}
        for element in () if root is None else root:
            if element.tag == f"{W}abstractNum":
                abstract_id = element.get(f"{W}abstractNumId", "")
                self._abstract[abstract_id] = element
                if style := value(element, "styleLink"):
                    self._styles[style] = abstract_id
            elif element.tag == f"{W}num":
                self._numbers[element.get(f"{W}numId", "")] = element
        self._lists: dict[str, _List | None] = {}
        self._counters: dict[str, list[int | None]] = {}
        self._begun: set[tuple[str, int]] = set()

    def level_of_style(self, number_id: str, style_ids: tuple[str, ...]) -> int:
        """Return the level of a list that is linked to the first such style; 0 without one."""
        numbered = self._list(number_id)
        levels = {} if numbered is None else numbered.levels
        linked = {level.style: at for at, level in levels.items() if level.style}
        return next((linked[style_id] for style_id in style_ids if style_id in linked), 0)

    def next_label(self, number_id: str, at: int) -> str:
        """Count one paragraph of a list at a level from 0; returns what stands before it."""
        numbered = self._list(number_id)
        if numbered is None or not 0 <= at < LEVELS:
            return ""
        level = numbered.levels.get(at, Level())
        counters = self._counters.setdefault(numbered.abstract_id, [None] * LEVELS)
        current = counters[at]
        if at in numbered.starts and (number_id, at) not in self._begun:
            current = None
        self._begun.add((number_id, at))
        start = numbered.starts.get(at, level.start)
        counters[at] = start if current is None else current + 1
        for below in range(at + 1, LEVELS):
            restart = numbered.levels.get(below, Level()).restart
            if restart is None or at < restart:
                counters[below] = None
        label = self._shown(numbered, counters, at)
        return label + level.suffix if label else ""

    def _shown(self, numbered: _List, counters: list[int | None], at: int) -> str:
        level = numbered.levels.get(at, Level())
        if level.number_format == "bullet":
            return level.text

        def number(match: re.Match[str]) -> str:
            other_at = int(match.group(1)) - 1
            other = numbered.levels.get(other_at, Level())
            count = counters[other_at]
            name = other.number_format
            if level.is_legal and name != "none":
                name = "decimal"
            return format_number(other.start if count is None else count, name)

        return re.sub("%([1-9])", number, level.text).strip()

    def _list(self, number_id: str) -> _List | None:
        if number_id not in self._lists:
            self._lists[number_id] = self._read_list(number_id)
        return self._lists[number_id]

    def _read_list(self, number_id: str) -> _List | None:
        element = self._numbers.get(number_id)
        abstract_id = value(element, "abstractNumId") or ""
        abstract = self._abstract.get(abstract_id)
        if element is None or abstract is None:
            return None
        # A list that only names a style is the one that defines the style.
        linked = self._styles.get(value(abstract, "numStyleLink") or "", abstract_id)
        levels = _levels(self._abstract[linked])
        starts: dict[int, int] = {}
        for override in element.iterfind(f"{W}lvlOverride"):
            at = _int(override.get(f"{W}ilvl"), 0)
            own = override.find(f"{W}lvl")
            if own is not None:
                levels[at] = _level(own)
            if (start := value(override, "startOverride")) is not None:
                starts[at] = _int(start, 1)
        return _List(linked, levels, starts)


def _levels(abstract: etree._Element) -> dict[int, Level]:
    return {
        _int(element.get(f"{W}ilvl"), 0): _level(element)
        for element in abstract.iterfind(f"{W}lvl")
    }


def _level(element: etree._Element) -> Level:
    text = value(element, "lvlText") or ""
    restart = value(element, "lvlRestart")
    level = Level(
        start=_int(value(element, "start"), 0),
        number_format=_number_format(element),
        text=text,
        is_legal=is_on(element.find(f"{W}isLgl")),
        restart=None if restart is None else _int(restart, 0),
        suffix="" if value(element, "suff") == "nothing" else " ",
        style=value(element, "pStyle") or "",
    )
    if level.number_format == "bullet":
        return replace(level, text=_bullet(text, element))
    return level


def _number_format(element: etree._Element) -> str:
    """Return the format, which newer ones have in the first branch of alternatives."""
    choice = element.find(f"{MC}AlternateContent/{MC}Choice/{W}numFmt")
    found = element.find(f"{W}numFmt") if choice is None else choice
    if found is None:
        return "decimal"
    name: str = found.get(f"{W}val", "decimal")
    return found.get(f"{W}format", "decimal") if name == "custom" else name


def _bullet(text: str, element: etree._Element) -> str:
    """Return the sign of a list; what no other font has is a common bullet."""
    fonts = element.find(f"{W}rPr/{W}rFonts")
    font = "" if fonts is None else fonts.get(f"{W}ascii", "")
    if not text.strip():
        return ""
    shown = translate(text, font).strip()
    # A small o of a typewriter is Word's hollow bullet.
    is_letter = shown.isalnum() or (len(shown) == 1 and ord(shown) > 0xE000)
    return BULLET if is_letter or not shown else shown


def _int(text: str | None, default: int) -> int:
    return int(text) if text is not None and re.fullmatch(r"\d{1,9}", text) else default
