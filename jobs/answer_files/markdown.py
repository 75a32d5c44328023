"""Writes an answer as a Markdown file (CommonMark with tables) without links, images or HTML.

It is written from the parsed answer, with all text escaped, so that viewers show it as it is.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import takewhile

from jobs.answer_files.content import Sheet, Source
from jobs.answer_files.markup import (
    Block,
    CodeBlock,
    Heading,
    Listing,
    Paragraph,
    Quote,
    Rule,
    Span,
    Table,
)

# No viewer makes a link of an address with a backslash in it; the backslash does not show.
_SYNTAX = re.compile(r"[\\`*_\[\]<>~|&$]|(?<=:)(?=//)|(?<=www)(?=\.)")
_LINE_START = re.compile(r"^[ \t]+|^(?=[#+=-])|^(\d{1,9})(?=[.)])", re.MULTILINE)


def write_markdown(sheet: Sheet) -> str:
    """Return the text of the file, with a line break at its end."""
    first, _, rest = sheet.question.partition("\n")
    parts = [f"# {escape(first)}"]
    if rest.strip():
        parts.append(_plain(rest))
    parts.append(f"*{escape(sheet.facts)}*")
    parts += [f"> **{escape(warning)}**" for warning in sheet.warnings]
    parts += ["## Answer", *(_block(block) for block in sheet.blocks)]
    if sheet.sources:
        parts += ["## Sources", *(_source(source) for source in sheet.sources)]
    return "\n\n".join(part for part in parts if part) + "\n"


def escape(text: str) -> str:
    """Escape a text so that any Markdown viewer shows it as it is, without indents."""
    text = _SYNTAX.sub(lambda match: f"\\{match.group()}", text)
    return _LINE_START.sub(_escape_start, text)


def _escape_start(match: re.Match[str]) -> str:
    if match.group(1):
        return f"{match.group(1)}\\"
    return "" if match.group() else "\\"


def _source(source: Source) -> str:
    label = f"**[{source.number}] {escape(source.label)}**"
    return f"{label}\n\n{_prefixed(_plain(source.text), '> ')}"


def _plain(text: str) -> str:
    """Escape a text, keeping its line breaks."""
    paragraphs = re.split(r"\n\s*\n", text.strip())
    return "\n\n".join(escape(part.strip()).replace("\n", "  \n") for part in paragraphs)


def _block(block: Block) -> str:
    match block:
        case Heading(level, spans):
            # Below the headings of the file itself.
            return "#" * min(6, level + 2) + " " + _inline(spans).replace("\n", " ")
        case Paragraph(spans):
            return _inline(spans).replace("\n", "  \n")
        case CodeBlock(text):
            fence = _fence(text, 3)
            return f"{fence}\n{text}\n{fence}"
        case Rule():
            return "---"
        case Quote(blocks):
            return _prefixed("\n\n".join(_block(inner) for inner in blocks), "> ")
        case Listing(start, items):
            return "\n".join(_item(start, number, item) for number, item in enumerate(items))
        case Table(rows):
            return _table(rows)


def _item(start: int | None, number: int, blocks: Sequence[Block]) -> str:
    bullet = "- " if start is None else f"{start + number}. "
    body = ""
    for block in blocks:
        # A list directly below the text of its item needs no empty line.
        gap = "\n" if isinstance(block, Listing) else "\n\n"
        body += (gap if body else "") + _block(block)
    return bullet + _prefixed(body, " " * len(bullet))[len(bullet) :]


def _prefixed(text: str, prefix: str) -> str:
    return "\n".join(
        (prefix + line).rstrip(" ") if not line else prefix + line for line in text.split("\n")
    )


def _table(rows: Sequence[Sequence[Sequence[Span]]]) -> str:
    lines = ["| " + " | ".join(_cell(cell) for cell in row) + " |" for row in rows]
    lines.insert(1, "|" + " --- |" * len(rows[0]))
    return "\n".join(lines)


def _cell(spans: Sequence[Span]) -> str:
    # Even within code, a bar would end the cell.
    return re.sub(r"(?<!\\)\|", r"\\|", _inline(spans)).replace("\n", " ")


def _inline(spans: Sequence[Span]) -> str:
    """Write spans with their emphasis. Marks must touch words, never white space."""
    parts: list[str] = []
    active: list[str] = []
    space = ""
    for span in spans:
        words = span.text.strip()
        if not words:
            space += span.text
            continue
        start = span.text.index(words)
        marks = [mark for mark, on in _marks(span) if on]
        kept = [
            pair[0]
            for pair in takewhile(lambda pair: pair[0] == pair[1], zip(active, marks, strict=False))
        ]
        parts += [*reversed(active[len(kept) :]), space, span.text[:start], *marks[len(kept) :]]
        parts.append(_words(span, words))
        active, space = marks, span.text[start + len(words) :]
    return "".join([*parts, *reversed(active)])


def _marks(span: Span) -> tuple[tuple[str, bool], ...]:
    return ("**", span.bold), ("*", span.italic), ("~~", span.struck)


def _words(span: Span, words: str) -> str:
    if span.code:
        fence = _fence(words, 1)
        pad = " " if words.startswith("`") or words.endswith("`") else ""
        return f"{fence}{pad}{words}{pad}{fence}"
    if span.source is not None:
        return words
    # Right after a marker, these characters would make a link of it.
    return ("\\" if words[0] in "(:" else "") + escape(words)


def _fence(text: str, shortest: int) -> str:
    """Return more backticks than the text has in a row, and at least `shortest`."""
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    return "`" * max(shortest, longest + 1)
