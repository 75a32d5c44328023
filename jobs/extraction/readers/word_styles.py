"""What the styles of a Word document say: headings, lists, hidden text."""

from __future__ import annotations

import re
from dataclasses import dataclass

from lxml import etree

from jobs.extraction.readers.ooxml import W, is_on, value
from jobs.extraction.readers.style_names import heading_of, is_caption, is_title

BODY_LEVEL = 9


@dataclass(frozen=True, slots=True)
class Style:
    """A style with what it inherits.

    `heading` is 0 for a body text. `hidden` is None if no style says it. `numbered_by` are its own
    id and that of the style that names the list: one may be linked to one of the list's levels.
    """

    name: str = ""
    heading: int = 0
    is_title: bool = False
    number_id: str | None = None
    number_level: int | None = None
    numbered_by: tuple[str, ...] = ()
    hidden: bool | None = None
    font: str = ""

    @property
    def is_caption(self) -> bool:
        return is_caption(self.name)


class Styles:
    """The styles by their ids; an unknown one says nothing."""

    def __init__(self, root: etree._Element | None) -> None:
        self._elements: dict[str, etree._Element] = {}
        self._styles: dict[str, Style] = {}
        self._default = ""
        for element in () if root is None else root.iterfind(f"{W}style"):
            style_id = element.get(f"{W}styleId", "")
            self._elements.setdefault(style_id, element)
            is_default = element.get(f"{W}default") in ("1", "true", "on")
            if is_default and element.get(f"{W}type") == "paragraph":
                self._default = style_id

    def of_paragraph(self, properties: etree._Element | None) -> Style:
        """Return the style that a paragraph's properties name, or the default one."""
        return self._style(value(properties, "pStyle") or self._default)

    def of_run(self, properties: etree._Element | None) -> Style:
        """Return the style of characters that a run's properties name."""
        return self._style(value(properties, "rStyle") or "")

    def _style(self, style_id: str) -> Style:
        """Resolve a style and those that it is based on, without recursion: chains may be long."""
        chain: list[str] = []
        while style_id in self._elements and style_id not in self._styles:
            if style_id in chain:
                break
            chain.append(style_id)
            style_id = value(self._elements[style_id], "basedOn") or ""
        style = self._styles.get(style_id, Style())
        for style_id in reversed(chain):
            style = _derive(style, style_id, self._elements[style_id])
            self._styles[style_id] = style
        return style


def _derive(base: Style, style_id: str, element: etree._Element) -> Style:
    name = value(element, "name") or ""
    paragraph, run = element.find(f"{W}pPr"), element.find(f"{W}rPr")
    numbers = None if paragraph is None else paragraph.find(f"{W}numPr")
    vanish = None if run is None else run.find(f"{W}vanish")
    fonts = None if run is None else run.find(f"{W}rFonts")
    level = heading_level(paragraph)
    if level is None:
        level = heading_of(name) or base.heading
    return Style(
        name=name,
        heading=level,
        is_title=is_title(name) or base.is_title,
        number_id=value(numbers, "numId") or base.number_id,
        numbered_by=(style_id,) if value(numbers, "numId") else (style_id, *base.numbered_by[-1:]),
        number_level=_number(value(numbers, "ilvl"), base.number_level),
        hidden=base.hidden if vanish is None else is_on(vanish),
        font=base.font if fonts is None else fonts.get(f"{W}ascii", base.font),
    )


def heading_level(properties: etree._Element | None) -> int | None:
    """Return the level of a paragraph's outline from 1, 0 for a body text, None if not said."""
    level = _number(value(properties, "outlineLvl"), None)
    if level is None:
        return None
    return level + 1 if 0 <= level < BODY_LEVEL else 0


def _number(text: str | None, default: int | None) -> int | None:
    return int(text) if text is not None and re.fullmatch(r"-?\d{1,9}", text) else default
