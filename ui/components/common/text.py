"""How words, numbers and times are written on the pages. Nothing here draws."""

from __future__ import annotations

import re
import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator
from itertools import accumulate

from jobs.citation_format import NUMBER

Span = tuple[int, int]

WORD_JOINER = "\u2060"  # invisible, and not part of any syntax

_FENCE = re.compile(r"( {0,3})(`{3,}(?=[^`]*$)|~{3,})")
_BACKTICKS = re.compile(r"`+|[|\n]")
_MARKER = re.compile(rf"(?<!\\)\[({NUMBER}(?:\s*,\s*{NUMBER})*)\]")
_ADDRESS = re.compile(r"(?:(?:https?|ftp)://|www\.)[^\s<>()\[\]`|\"']+", re.IGNORECASE)
_PUNCTUATION = re.compile(r"([\\`*_{}\[\]()#+\-.!|<>~$:&=@])")
# What turns words into icons, emoji and links even when escaped: these are looked for in the
# finished text, where a backslash no longer counts. Not the colons of times and tables.
# The names of emoji that begin with a digit.
_EMOJI = "100|1234|8ball|1st_place_medal|2nd_place_medal|3rd_place_medal"
_ACTIVE = re.compile(rf":(?![\s\d|]|--|$)|:(?=(?:{_EMOJI}):)|@(?=\S)|www(?=\\?\.)", re.IGNORECASE)
# The language of a fence: the pages would draw `mermaid` as a diagram, with links in it.
_DIAGRAM = re.compile(r"^( {0,3}(?:`{3,}|~{3,}))[ \t]*mermaid\b", re.IGNORECASE)


def badge(number: str) -> str:
    """Return the number of a citation as Markdown."""
    return f":blue-badge[{number}]"


def safe_markdown(text: str, marker: Callable[[str], str] = badge) -> str:
    """Make a model's Markdown safe to draw: no image or link leads out of this page.

    An image address could carry the documents' words to a foreign host, unseen. Brackets, dollar
    signs and Streamlit's own directives are shown as written; `[1]` becomes what `marker` returns,
    and a bare address becomes code, which can be copied but not clicked by accident. HTML is off
    by Streamlit's default.
    """
    parts: list[str] = []
    end = 0
    for start, after in _code_spans(text):
        before = _safe_prose(text[end:start], marker)
        parts += [before, _break_links(_as_text(text[start:after]))]
        end = after
    parts.append(_safe_prose(text[end:], marker))
    return _joined(parts)


def _code_spans(text: str) -> Iterator[Span]:
    """Yield start and end of each piece of code, which is shown as it is.

    Only what is certainly code: a fence, to its end or that of a text still streaming, whose lines
    are all indented as it is, so that no list ends within it; and a span within one line and one
    table cell. Anything else is escaped, so it is none.
    """
    lines = text.split("\n")
    starts = [0, *accumulate(len(line) + 1 for line in lines)]
    at = prose = 0
    while at < len(lines):
        if opening := _FENCE.match(lines[at]):
            after, is_code = _end_of_fence(lines, at, opening[1], opening[2])
            if is_code:
                yield from _spans_on_lines(text, starts[prose], starts[at])
                yield starts[at], min(starts[after] - 1, len(text))
                prose = after
            at = after
        else:
            at += 1
    yield from _spans_on_lines(text, starts[prose], len(text))


def _end_of_fence(lines: list[str], at: int, indent: str, fence: str) -> tuple[int, bool]:
    """Return the line after the fence that begins here, and whether all its lines are code."""
    for number in range(at + 1, len(lines)):
        line = lines[number]
        if not line.startswith(indent):
            if line.strip(" \t"):
                return number, False
            continue
        inside = line[len(indent) :]
        bare = inside.lstrip(" ")
        is_near = len(inside) - len(bare) <= 3
        if is_near and bare.startswith(fence) and not bare.rstrip(" \t").strip("`~"):
            return number + 1, True
    return len(lines), True


def _spans_on_lines(text: str, start: int, end: int) -> Iterator[Span]:
    """Yield the pieces between equally many backticks, each on one line and in one cell."""
    runs: list[Span] = []
    for match in _BACKTICKS.finditer(text, start, end):
        if match.group()[0] == "`":
            runs.append(match.span())
        else:
            yield from _paired(text, runs)
            runs = []
    yield from _paired(text, runs)


def _paired(text: str, runs: list[Span]) -> Iterator[Span]:
    places: dict[int, deque[int]] = defaultdict(deque)
    for number, (start, end) in enumerate(runs):
        places[end - start].append(number)
    reached = 0
    for number, (start, end) in enumerate(runs):
        same = places[end - start]
        same.popleft()
        if number < reached or text[start - 1 : start] == "\\" or not same:
            continue
        yield start, runs[same[0]][1]
        reached = same[0] + 1


def _safe_prose(text: str, marker: Callable[[str], str]) -> str:
    parts: list[str] = []
    end = 0
    for match in re.finditer(f"{_MARKER.pattern}|{_ADDRESS.pattern}", text, re.IGNORECASE):
        parts.append(_escape_syntax(text[end : match.start()]))
        numbers = match.group(1)
        marks = [marker(number.strip()) for number in (numbers or "").split(",")]
        if numbers and text[match.start() - 1 : match.start()] in (*"!:^",):
            # A marker can become a link: behind such a character, it would be an image.
            parts.append(WORD_JOINER)
        parts.append("".join(marks) if numbers else f"`{match.group()}`")
        end = match.end()
    parts.append(_escape_syntax(text[end:]))
    return _break_links(re.sub(r":(?=:blue-badge)", f":{WORD_JOINER}", _joined(parts)))


def _joined(parts: Iterable[str]) -> str:
    """Join the parts; keep code apart from code or a backslash before it."""
    joined: list[str] = []
    for part in filter(None, parts):
        if part[0] == "`" and joined and joined[-1][-1] in "`\\":
            joined.append(WORD_JOINER)
        joined.append(part)
    return "".join(joined)


def _escape_syntax(text: str) -> str:
    # With `&`, so that no entity becomes a character that would have been escaped.
    text = re.sub(r"(?<!\\)(\\*)([\[\]$<&`])", _escape_once, text)
    return _deactivate(text)


def _deactivate(text: str) -> str:
    return _ACTIVE.sub(rf"\g<0>{WORD_JOINER}", text)


def _as_text(code: str) -> str:
    """Keep a piece of code from being drawn as a diagram."""
    return _DIAGRAM.sub(r"\1text", code)


def _escape_once(match: re.Match[str]) -> str:
    """Escape a character, unless an odd number of backslashes does so already."""
    slashes, character = match.groups()
    return slashes + ("" if len(slashes) % 2 else "\\") + character


def _break_links(text: str) -> str:
    """Break what would be a link or an image if something above was read the wrong way."""
    return re.sub(r"\](?=[(\[:{])", f"]{WORD_JOINER}", text)


def plain(text: str) -> str:
    """Escape a person's words, so that Markdown shows them as they were typed."""
    escaped = _PUNCTUATION.sub(r"\\\1", _deactivate(text.strip()))
    return re.sub(r"\n+", "  \n", escaped)


def one_line(text: str, longest: int) -> str:
    """Return the text on one line, cut at a word with an ellipsis beyond `longest` characters."""
    line = " ".join(text.split())
    if len(line) <= longest:
        return line
    cut = line[: longest - 1]
    head, space, _tail = cut.rpartition(" ")
    return (head if space and len(head) > longest * 3 // 4 else cut).rstrip(" ,;:.") + "…"


def without_markup(text: str) -> str:
    """Return the beginning of an answer as plain words, for a table's cell."""
    text = re.sub(r"^[#>\s*-]+", "", text)
    return re.sub(r"\*\*|__|`", "", text).strip()


def whole_seconds(seconds: float) -> str:
    """Format a wait that counts down, such as 37 s or 2 min 05 s."""
    return f"{round(seconds)} s" if seconds < 59.5 else duration(seconds)


def duration(seconds: float) -> str:
    """Format a span of time in one or two units: 340 ms, 4.2 s, 3 min 05 s, 1 h 02 min."""
    if seconds < 0.9995:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02d} s"
    return f"{minutes // 60} h {minutes % 60:02d} min"


def age(moment: float) -> str:
    """Format how long ago a Unix time was, in one unit: now, 5 min, 3 h, 12 d."""
    seconds = max(0.0, time.time() - moment)
    if seconds < 60:
        return "now"
    if seconds < 3600:
        return f"{seconds // 60:.0f} min"
    if seconds < 86400:
        return f"{seconds // 3600:.0f} h"
    return f"{seconds // 86400:.0f} d"


def ago(moment: float) -> str:
    """Format the same as a phrase: just now, 5 min ago."""
    short = age(moment)
    return "just now" if short == "now" else f"{short} ago"


def file_size(size: int) -> str:
    """Format a number of bytes in decimal units: 812 B, 4.2 kB, 1.3 MB."""
    if size < 1000:
        return f"{size} B"
    if size < 1_000_000:
        return f"{size / 1000:.1f} kB"
    return f"{size / 1_000_000:.1f} MB"


def counted(number: int, noun: str) -> str:
    """Format a number with its noun: 1 page, 2 pages."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def requeued(number: int) -> str:
    """Say how many failed jobs were queued again."""
    if number == 0:
        return "Nothing was queued: none of them are failed any more."
    return f"{counted(number, 'job')} {'is' if number == 1 else 'are'} queued again."
