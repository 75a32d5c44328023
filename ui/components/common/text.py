"""How words, numbers and times are written on the pages. Nothing here draws."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable

from jobs.citation_format import NUMBER

WORD_JOINER = "\u2060"  # invisible, and not part of any syntax

# Code is shown as it is: a fence to its end (or the end of a text still streaming), or a span.
# Only what is certainly code: a fence whose lines are all indented as it is, so that no list ends
# within it, and a span within one line and one table cell. Anything else is escaped, so it is none.
_CODE = re.compile(
    r"(^( {0,3})(`{3,}(?=[^`\n]*$)|~{3,}).*(?:\n(?:\2.*|(?!\2)[ \t]*$))*?"
    r"(?:\n\2 {0,3}\3[`~]*[ \t]*$|\Z)"
    r"|(?<![\\`])(`+)(?!`)[^\n|]+?(?<!`)\4(?!`))",
    re.MULTILINE,
)
_MARKER = re.compile(rf"(?<!\\)\[({NUMBER}(?:\s*,\s*{NUMBER})*)\]")
_ADDRESS = re.compile(r"(?:(?:https?|ftp)://|www\.)[^\s<>()\[\]`|\"']+", re.IGNORECASE)
_PUNCTUATION = re.compile(r"([\\`*_{}\[\]()#+\-.!|<>~$:&=@])")
# What turns words into icons, emoji and links even when escaped: these are looked for in the
# finished text, where a backslash no longer counts. Not the colons of times and tables.
_ACTIVE = re.compile(r":(?![\s\d|]|--|$)|@(?=\S)|www(?=\\?\.)", re.IGNORECASE)
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
    for code in _CODE.finditer(text):
        before = _safe_prose(text[end : code.start()], marker)
        parts += [before, _break_links(_as_text(code.group()))]
        end = code.end()
    parts.append(_safe_prose(text[end:], marker))
    return _joined(parts)


def _safe_prose(text: str, marker: Callable[[str], str]) -> str:
    parts: list[str] = []
    end = 0
    for match in re.finditer(f"{_MARKER.pattern}|{_ADDRESS.pattern}", text, re.IGNORECASE):
        parts.append(_escape_syntax(text[end : match.start()]))
        numbers = match.group(1)
        marks = [marker(number.strip()) for number in (numbers or "").split(",")]
        parts.append("".join(marks) if numbers else f"`{match.group()}`")
        end = match.end()
    parts.append(_escape_syntax(text[end:]))
    return _break_links(re.sub(r":(?=:blue-badge)", f":{WORD_JOINER}", _joined(parts)))


def _joined(parts: Iterable[str]) -> str:
    """Join the parts; keep code apart from code or a backslash before it."""
    text = ""
    for part in parts:
        apart = part.startswith("`") and text.endswith(("`", "\\"))
        text += WORD_JOINER + part if apart else part
    return text


def _escape_syntax(text: str) -> str:
    # With `&`, so that no entity becomes a character that would have been escaped.
    text = re.sub(r"(\\*)([\[\]$<&`])", _escape_once, text)
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
    return re.sub(r"\](?=[(\[:])", f"]{WORD_JOINER}", text)


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
