"""Reads Markdown, as the HTML that it stands for: `html` reads that."""

from __future__ import annotations

import re
from collections.abc import Iterator

from markdown_it import MarkdownIt

from jobs.extraction.blocks import Block, Item, Note
from jobs.extraction.readers.html import DATA_URI, html_items
from jobs.extraction.text_encoding import decode_text

FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})")
FRONT_MATTER = re.compile(
    r"\A\s*(---|\+\+\+)[ \t]*\n(.*?)\n(?:\1|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL
)
# Longer ones are text between two rules.
MAX_FRONT_MATTER = 20_000
NOTE = re.compile(r"^ {0,3}\[\^([^\]\s]{1,100})\]:[ \t]*(.*)$")
CALL = re.compile(r"\[\^([^\]\s]{1,100})\]")
# A long note that many places call would be as many long texts.
MAX_CALLS = 100
MAX_REPEATED_CHARS = 300
WIKI_LINK = re.compile(r"!?\[\[(?:[^\[\]|\n]{1,200}\|)?([^\[\]|\n]{1,200})\]\]")
HEADING_ID = re.compile(r"^(#{1,6} .*?)[ \t]*\{[#.][^{}\n]{1,100}\}[ \t]*$")
TASK = re.compile(r"<li>(?:<p>)?\[([ xX])\] ")


def read(data: bytes) -> Iterator[Item]:
    """Yield the front matter as lines of “key: value”, then what the text shows."""
    decoded = decode_text(data)
    if decoded.note:
        yield Note(decoded.note)
    yield from markdown_items(decoded.text)


def markdown_items(text: str) -> Iterator[Item]:
    """Yield what Markdown shows."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    front = FRONT_MATTER.match(text[:MAX_FRONT_MATTER])
    if front and (lines := front_matter(front[2])):
        yield Block("\n".join(lines))
        text = text[front.end() :]
    parser = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    page = parser.render(prepared(DATA_URI.sub("", text)))
    yield from html_items(TASK.sub(lambda match: f"<li>[{match[1]}] ", page))


def front_matter(text: str) -> list[str]:
    """Return the keys and values of YAML or TOML as lines; none for what is another text.

    Lists stand on the line of their key. It is not parsed: what is shown matters, not the types.
    """
    lines: list[str] = []
    for line in text.split("\n"):
        bare = line.strip()
        key = re.match(r"[\w .-]{1,100}?\t?[:=](?:\s|$)", bare)
        if not bare or bare.startswith("#"):
            continue
        if bare.startswith("- ") and lines:
            joint = " " if lines[-1].endswith(":") else ", "
            lines[-1] += joint + _value(bare[2:])
        elif key:
            name, _, value = bare.partition(key[0].rstrip()[-1])
            value = "" if value.strip() in (">", "|", ">-", "|-") else _value(value)
            lines.append(f"{name.strip()}: {value}".rstrip())
        elif lines and (line[0] in " \t" or bare in ("]", "}")):
            lines[-1] += f" {_value(bare)}"
        else:
            return []
    return lines


def _value(text: str) -> str:
    text = text.strip()
    if text[:1] == "[" and text[-1:] == "]":
        return ", ".join(_value(each) for each in text[1:-1].split(","))
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'" else text


def prepared(text: str) -> str:
    """Put footnotes where they are called, and take out what is no Markdown but common in it."""
    notes: dict[str, list[str]] = {}
    lines: list[tuple[str, bool]] = []  # with each, whether it is code
    fence, current = "", ""
    for line in text.split("\n"):
        mark = FENCE.match(line)
        if fence:
            lines.append((line, True))
            if mark and mark[1].startswith(fence) and not line.strip().strip(mark[1][0]):
                fence = ""
            continue
        note = NOTE.match(line)
        if note:
            current = note[1]
            notes[current] = [note[2]]
        elif current and line.startswith(("    ", "\t")):
            notes[current].append(line.strip())
        elif current and not line.strip():
            lines.append((line, False))
        else:
            current = ""
            fence = mark[1] if mark else ""
            lines.append((line, bool(mark)))
    texts = {name: " ".join(filter(None, parts)) for name, parts in notes.items()}
    calls = dict.fromkeys(texts, 0)

    def put_note(match: re.Match[str]) -> str:
        name = match[1]
        if name not in texts or calls[name] >= MAX_CALLS:
            return match[0]
        calls[name] += 1
        text = texts[name] if calls[name] == 1 else texts[name][:MAX_REPEATED_CHARS]
        return f" (note: {text})"

    done = []
    for line, is_code in lines:
        if not is_code:
            line = HEADING_ID.sub(r"\1", line)
            line = CALL.sub(put_note, WIKI_LINK.sub(r"\1", line))
        done.append(line)
    # A note that nothing calls is a text too.
    done += [f"\n{texts[name]}" for name, count in calls.items() if not count]
    return "\n".join(done)
