"""The characters of a paragraph of OpenDocument, and what stands in it that is read after it."""

from __future__ import annotations

import re

from lxml import etree

from jobs.extraction.readers.opendocument import DRAW, OFFICE, TEXT, Styles
from jobs.extraction.readers.shown_text import raised

_SUPERSCRIPTS = str.maketrans("0123456789ivxlc", "⁰¹²³⁴⁵⁶⁷⁸⁹ⁱᵛˣˡᶜ")
_SPACE = re.compile(r"[ \t\r\n]+")
# What does not show: prompts, texts that a condition hides, and what only programs read.
_SILENT = tuple(
    f"{TEXT}{name}" for name in ("placeholder", "number", "ruby-text", "script", "note-body")
)
_HIDDEN = (f"{TEXT}hidden-text", f"{TEXT}hidden-paragraph")


class Inline:
    """Reads one paragraph: its `text`, what was `called` in it, and how often text was `hidden`."""

    def __init__(self, styles: Styles) -> None:
        self._styles = styles
        self._parts: list[str] = []
        self.called: list[etree._Element] = []
        self.hidden = 0

    @property
    def text(self) -> str:
        return "".join(self._parts)

    def read(self, element: etree._Element) -> None:
        """Read what is in an element."""
        self._add(element.text)
        for child in element:
            self._child(child)
            self._add(child.tail)

    def _add(self, text: str | None) -> None:
        if text:
            self._parts.append(_SPACE.sub(" ", text))

    def _child(self, element: etree._Element) -> None:
        tag = element.tag
        if tag == f"{TEXT}s":
            self._parts.append(" ")
        elif tag == f"{TEXT}tab":
            self._parts.append("\t")
        elif tag == f"{TEXT}line-break":
            self._parts.append("\n")
        elif tag == f"{TEXT}note":
            self._call_note(element)
        elif tag == f"{OFFICE}annotation" or tag.startswith(DRAW):
            if tag == f"{DRAW}a":
                self.read(element)
            else:
                self.called.append(element)
        elif tag in _HIDDEN:
            self._hide(element)
        elif tag == f"{TEXT}span":
            self._span(element)
        elif tag not in _SILENT:
            self.read(element)

    def _span(self, element: etree._Element) -> None:
        style = self._styles.get("text", element.get(f"{TEXT}style-name"))
        if style.is_hidden:
            self.hidden += bool("".join(element.itertext()).strip())
        elif style.is_raised and not len(element):
            self._add(raised(element.text or ""))
        else:
            self.read(element)

    def _hide(self, element: etree._Element) -> None:
        """Leave out a text, or all of the paragraph so far, if its condition hides it."""
        if element.get(f"{TEXT}is-hidden") == "false":
            self._add(element.get(f"{TEXT}string-value"))
        elif element.tag == f"{TEXT}hidden-text":
            self.hidden += 1
        elif element.get(f"{TEXT}is-hidden") == "true":
            self.hidden += 1
            self._parts.clear()

    def _call_note(self, element: etree._Element) -> None:
        citation = element.find(f"{TEXT}note-citation")
        mark = "" if citation is None else "".join(citation.itertext()).strip()
        # Not to become one with a number before it.
        if self._parts and self._parts[-1][-1:].isalnum():
            self._parts.append(" ")
        self._parts.append(mark.translate(_SUPERSCRIPTS))
        self.called.append(element)
