"""Parses the Markdown of an answer into a small tree of blocks, from which files are written.

Raw HTML is text. A link or an image becomes its text and its address in brackets: nothing in an
exported file fetches or opens anything on another host.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace

from markdown_it import MarkdownIt
from markdown_it.token import Token

from jobs.citation_format import MARKER

# Deeper than any answer; a text that nests deeper is kept as plain paragraphs.
MAX_NESTING = 60


@dataclass(frozen=True)
class Span:
    """A run of text in one style. `source` is the number of a marker such as [1]."""

    text: str
    bold: bool = False
    italic: bool = False
    struck: bool = False
    code: bool = False
    source: int | None = None


Spans = tuple[Span, ...]


@dataclass(frozen=True)
class Heading:
    level: int
    spans: Spans


@dataclass(frozen=True)
class Paragraph:
    spans: Spans


@dataclass(frozen=True)
class CodeBlock:
    text: str


@dataclass(frozen=True)
class Rule:
    """A line across the page."""


@dataclass(frozen=True)
class Quote:
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class Listing:
    """A list; `start` is the number of its first item, None for bullets."""

    start: int | None
    items: tuple[tuple[Block, ...], ...]


@dataclass(frozen=True)
class Table:
    """Rows of equally many cells; the first row is the header."""

    rows: tuple[tuple[Spans, ...], ...]


Block = Heading | Paragraph | CodeBlock | Rule | Quote | Listing | Table


def parse(text: str, numbers: Collection[int] = ()) -> tuple[Block, ...]:
    """Parse Markdown; the markers of these `numbers` become spans with that source."""
    # A definition such as `[1]: https://…` would turn every marker into a link.
    parser = MarkdownIt("commonmark", {"html": False, "maxNesting": MAX_NESTING})
    parser.enable(["table", "strikethrough"]).disable("reference")
    tokens = parser.parse(text)
    # The parser leaves out what is nested deeper than the limit.
    if any(token.level >= MAX_NESTING - 2 for token in tokens):
        parts = re.split(r"\n\s*\n", text)
        return tuple(Paragraph(_marked(Span(part), numbers)) for part in parts)
    return _Reader(tokens, numbers).blocks()


def plain_text(spans: Sequence[Span]) -> str:
    """Return the text of some spans, without their styles."""
    return "".join(span.text for span in spans)


class _Reader:
    """Reads the parser's flat list of tokens, once, from the start."""

    def __init__(self, tokens: Sequence[Token], numbers: Collection[int]) -> None:
        self._tokens = iter(tokens)
        self._numbers = numbers

    def blocks(self) -> tuple[Block, ...]:
        """Return all blocks up to the end of the one that contains them."""
        found: list[Block] = []
        for token in self._tokens:
            if token.nesting < 0:
                break
            found += self._block(token)
        return tuple(found)

    def _block(self, token: Token) -> Iterator[Block]:
        match token.type:
            case "heading_open":
                yield Heading(int(token.tag[1:]), self._inline())
            case "paragraph_open":
                yield Paragraph(self._inline())
            case "inline":
                yield Paragraph(_spans(token, self._numbers))
            case "fence" | "code_block":
                yield CodeBlock(token.content.rstrip("\n"))
            case "hr":
                yield Rule()
            case "blockquote_open":
                yield Quote(self.blocks())
            case "bullet_list_open":
                yield Listing(None, tuple(self._children()))
            case "ordered_list_open":
                yield Listing(int(token.attrs.get("start", 1)), tuple(self._children()))
            case "table_open":
                yield self._table()

    def _inline(self) -> Spans:
        """Return the spans of a heading or a paragraph, and skip its end."""
        spans = _spans(next(self._tokens), self._numbers)
        next(self._tokens)
        return spans

    def _children(self) -> Iterator[tuple[Block, ...]]:
        for token in self._tokens:
            if token.nesting < 0:
                return
            yield self.blocks()

    def _table(self) -> Table:
        rows: list[list[Spans]] = []
        for token in self._tokens:
            match token.type:
                case "table_close":
                    break
                case "tr_open":
                    rows.append([])
                case "inline":
                    rows[-1].append(_spans(token, self._numbers))
        return Table(tuple(tuple(row) for row in rows))


def _spans(token: Token, numbers: Collection[int]) -> Spans:
    """Return the content of an inline token."""
    style, target = Span(""), ""
    found: list[Span] = []
    for child in token.children or ():
        match child.type:
            case "text" | "text_special":
                found += _marked(replace(style, text=child.content), numbers)
            case "code_inline":
                found.append(replace(style, text=child.content, code=True))
            case "softbreak":
                found.append(replace(style, text=" "))
            case "hardbreak":
                found.append(replace(style, text="\n"))
            case "strong_open" | "strong_close":
                style = replace(style, bold=child.nesting > 0)
            case "em_open" | "em_close":
                style = replace(style, italic=child.nesting > 0)
            case "s_open" | "s_close":
                style = replace(style, struck=child.nesting > 0)
            case "image":
                found.append(
                    replace(style, text=_with_address(child.content, str(child.attrs["src"])))
                )
            case "link_open":
                target = str(child.attrs["href"])
                found.append(replace(style, text=""))
            case "link_close":
                found.append(replace(style, text=_address(found, target)))
    return tuple(span for span in found if span.text)


def _address(found: Sequence[Span], target: str) -> str:
    """Return what follows the text of a link: its address, unless the text ends in that."""
    return "" if plain_text(found).endswith(target) else f" ({target})"


def _with_address(alt: str, address: str) -> str:
    return f"{alt} ({address})" if alt else address


def _marked(span: Span, numbers: Collection[int]) -> Spans:
    """Split a span at the markers that name a source."""
    found, end = [], 0
    for match in MARKER.finditer(span.text):
        number = int(match.group(1))
        if number in numbers:
            found.append(replace(span, text=span.text[end : match.start()]))
            found.append(replace(span, text=match.group(), source=number))
            end = match.end()
    found.append(replace(span, text=span.text[end:]))
    return tuple(part for part in found if part.text)
