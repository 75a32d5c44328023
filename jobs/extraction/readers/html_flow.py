"""The running text of a page, or of a cell, while its paragraphs are put together."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from jobs.extraction.blocks import Block, Item, Kind
from jobs.extraction.readers.text_lines import line_groups

_BLANKS = re.compile(r"[ \t\r\n\f\xa0]+")
_BLANKS_AT_LINE_ENDS = re.compile(r" ?\n ?")


def squeezed(text: str) -> str:
    """Return a text as browsers show it: with single blanks, and none at its ends."""
    return _BLANKS.sub(" ", text).strip()


class Flow:
    """Collects text into blocks."""

    def __init__(self) -> None:
        self._blocks: list[Item] = []
        self._texts: list[str] = []
        self._is_preformatted = False
        self._heading = 0
        self._marker = ""
        self._terms: list[str] = []
        self._has_definition = False

    def add(self, text: str, *, preformatted: bool = False) -> None:
        """Add text to the paragraph."""
        if preformatted:
            self._is_preformatted = True
            self._texts.append(text)
        else:
            self._texts.append(_BLANKS.sub(" ", text))

    def add_line_end(self) -> None:
        self._texts.append("\n")

    def begin_heading(self, level: int) -> None:
        self._heading = level

    def set_marker(self, marker: str) -> None:
        """Put a number or a bullet before the next paragraph."""
        self._marker = marker

    def keep_term(self) -> None:
        """Keep the paragraph as a term, for the definitions that follow."""
        if self._has_definition:
            self.end_terms()
        if text := self._taken_text():
            self._terms.append(text)

    def use_terms(self) -> None:
        """Put the terms before the next paragraph."""
        if self._terms:
            self._marker = f"{', '.join(self._terms)}:"
            self._has_definition = True

    def end_terms(self) -> None:
        """Forget the terms; those without a definition are paragraphs."""
        if not self._has_definition:
            self._blocks += map(Block, self._terms)
        self._terms, self._has_definition = [], False

    def end_paragraph(self) -> None:
        """Make a block of what was added."""
        text = self._taken_text()
        if not text:
            return
        if self._heading:
            self._blocks.append(Block(" ".join(text.split()), Kind.HEADING, level=self._heading))
            self._heading = 0
            return
        if self._marker:
            text, self._marker = f"{self._marker} {text}", ""
        self._blocks += map(Block, line_groups(text))

    def put(self, blocks: Iterable[Item]) -> None:
        """Add whole blocks."""
        self._blocks += blocks

    def taken(self) -> Iterator[Item]:
        """Yield the blocks that are done, once."""
        blocks, self._blocks = self._blocks, []
        yield from blocks

    def _taken_text(self) -> str:
        if not self._texts:
            return ""
        text = "".join(self._texts)
        if self._is_preformatted:
            text = "\n".join(line.rstrip() for line in text.splitlines()).strip("\n")
            text = text if text.strip() else ""
        else:
            text = _BLANKS_AT_LINE_ENDS.sub("\n", re.sub(" +", " ", text)).strip()
        self._texts, self._is_preformatted = [], False
        return text
