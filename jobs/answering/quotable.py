"""The sentences of a text that an answer can quote: plain, in reading order, rows of tables too."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import takewhile

from jobs.language import guess_language
from jobs.models import Passage
from jobs.sentences import split_into_sentences
from jobs.words import count_words

MAX_SENTENCE_CHARS = 600
MIN_SENTENCE_WORDS = 4
# Rows of tables are short: "Turbines: 54".
MIN_ROW_WORDS = 2
TITLE_CHARS, CAPTION_CHARS = 60, 160

_ROW = re.compile(r"\w: \S|[\w)—–-]; \S")
_LIST_ITEM = re.compile(r"^\s*(?:[-*+•]|\d+[.)])\s+")
_FIRST_CELL = re.compile(r"[^;\n]{1,120}; (?=[^\n]{0,400}:)")
_HEADING = re.compile(r"^\s*#{1,6}\s+")
_MARKUP = re.compile(r"\*\*|__|`|!?\[([^\[\]]*)\]\([^()]*\)")
_CAPTION = re.compile(r"(?:Table|Tabelle|Tableau|Tabel|Tabla|Figure|Exhibit) [^\n.]{0,150}$")
# What another table begins with: its name, its unit, or its years.
_STARTS_TABLE = re.compile(r"^(?:Table|Exhibit) |\((?:in|EUR|USD|\$) |(?<!\d)(?:19|20)\d\d(?!\d)")
MAX_HEADS = 3
# Of a row in a line of text. Years and days are the heading of one.
_FIGURE = re.compile(r"(?!(?:19|20)\d\d$)[$€£(]{0,3}\d(?:[\d.,]{0,20}\d)?[)%]{0,2}|[$€£%—–-]")
MIN_FIGURES, MAX_LINE_WORDS = 2, 40
# What is printed on each page, and says nothing.
_RUNNING = re.compile(r"\b(?:page|seite|pagina|página) \d+(?: \w+ \d+)?$", re.IGNORECASE)


@dataclass(frozen=True)
class Sentence:
    """A sentence or row, and the heading above it; `section` is that of its passage.

    For a row, which may be long, `heading` is its first cell, and `table` what stands above it in
    its table: the table's name, its periods and unit, and the heading between the rows.
    """

    text: str
    heading: str
    section: str
    table: str

    @cached_property
    def is_row(self) -> bool:
        """True for a row of a table, as `jobs.extraction.readers.tables` writes them."""
        return _is_row(self.text)

    @property
    def caption(self) -> str:
        """What stands above the table of a row; "" for a sentence."""
        if not self.is_row:
            return ""
        return next((each for each in (self.table, self.section) if each not in self.text), "")

    @property
    def above(self) -> str:
        """All that stands above it, or says so at the start of its row."""
        return f"{self.heading} {self.section} {self.table}"

    @property
    def lacks_headings(self) -> bool:
        """True for a row whose cells do not say what they are."""
        return self.is_row and ": " not in self.text


def sentences_of(passage: Passage) -> Iterator[Sentence]:
    """Yield the sentences of a passage, in order, without what is printed on each page."""
    path = passage.section.split(" › ")
    blocks = [block.strip() for block in re.split(r"\n\s*\n", passage.text)]
    heading = table = ""
    heads: list[str] = []
    after_head = False
    for block, is_above_rows in zip(blocks, _above_rows(blocks), strict=True):
        line = " ".join(block.split())
        is_head = is_above_rows or line in path or bool(_CAPTION.match(block))
        sentences = [] if is_head else split_sentences(block)
        is_heading = not sentences and len(block) <= CAPTION_CHARS
        if is_heading:
            heading = line.rstrip(":")
            if after_head or not is_above_rows or _STARTS_TABLE.search(line):
                heads = [*(heads if after_head else ()), heading][-MAX_HEADS:]
                table = ", ".join(heads)
            else:  # between the rows of one table
                table = ", ".join([*heads, heading])
        after_head = is_heading
        first_cell = _FIRST_CELL.match(block)
        above = first_cell[0] if first_cell else heading
        for sentence in sentences:
            if not _says_nothing(sentence):
                yield Sentence(sentence, above, path[-1], table)


def _above_rows(blocks: Sequence[str]) -> list[bool]:
    """Return of each block whether it is a line above the rows of a table, or above such a line."""
    found: list[bool] = []
    is_before = False
    for block in reversed(blocks):
        is_line = len(block) <= CAPTION_CHARS and not _ends_otherwise(block)
        has_row = any(map(_is_row, block.splitlines()))
        found.append(is_before and is_line and not has_row)
        is_before = found[-1] or has_row
    return found[::-1]


def _ends_otherwise(block: str) -> bool:
    """Return whether it ends as no heading does: as a sentence, or with a figure of a row."""
    return block.endswith((".", "!", "?")) or any(map(_is_figure, block.split()[-1:]))


def _is_row(text: str) -> bool:
    if text.endswith((".", "!", "?")):
        return False
    return ("; " in text and bool(_ROW.search(text))) or _is_line_of_figures(text)


def _is_line_of_figures(text: str) -> bool:
    """Return whether a line is a row as a PDF without cells has it: "Gross profit 1,204 1,117"."""
    words = text.split()
    if not words or not words[0][0].isalpha() or len(words) > MAX_LINE_WORDS:
        return False
    figures = len(list(takewhile(_is_figure, reversed(words))))
    return MIN_FIGURES <= figures < len(words)


def _is_figure(word: str) -> bool:
    return bool(_FIGURE.fullmatch(word))


def split_sentences(
    text: str, min_words: int = MIN_SENTENCE_WORDS, max_chars: int = MAX_SENTENCE_CHARS
) -> list[str]:
    """Split a text into sentences, in reading order and without Markdown.

    Hard-wrapped lines are joined first. Sentences of fewer words or more characters are left out,
    except short rows of tables.
    """
    language = guess_language(text)
    return [
        sentence
        for block in _blocks(text)
        for least in [_least_words(block, min_words)]
        for sentence in split_into_sentences(block, language)
        if len(sentence) <= max_chars and count_words(sentence) >= least
    ]


def _blocks(text: str) -> Iterator[str]:
    """Yield paragraphs, list items and table rows, each as one line; headings are left out."""
    lines: list[str] = []
    for raw in [*text.splitlines(), ""]:
        starts_block = bool(_LIST_ITEM.match(raw)) or raw.lstrip().startswith("|")
        if lines and raw.strip()[:1].isupper():
            # The text of a PDF shows a heading like any other line.
            starts_block |= len(lines) == 1 and _is_title(lines[0])
            starts_block |= lines[-1][-1] in ".!?" and _is_title(raw.strip())
            starts_block |= _is_line_of_figures(lines[-1])
        if lines and (not raw.strip() or starts_block or _HEADING.match(raw)):
            yield " ".join(lines)
            lines = []
        if _HEADING.match(raw):
            continue
        line = _MARKUP.sub(lambda match: match.group(1) or "", _LIST_ITEM.sub("", raw))
        line = " ".join(line.replace("|", " ").split())
        if line.strip("-: "):
            lines.append(line)


def _least_words(block: str, min_words: int) -> int:
    return min(min_words, MIN_ROW_WORDS) if _ROW.search(block) else min_words


def _says_nothing(sentence: str) -> bool:
    """Return whether it is printed on each page, but a name, or what introduces something."""
    return bool(_RUNNING.search(sentence)) or sentence.endswith(":") or _is_name(sentence)


def _is_name(line: str) -> bool:
    """Return whether a line is but a name, such as "Brundal Cold Chain Annual Report 2025"."""
    if line[-1] in ".!?" or ": " in line or "; " in line or line.isupper():
        return False
    words = [word for word in line.split() if word[0].isalpha()]
    return len(words) >= MIN_SENTENCE_WORDS and all(word[0].isupper() for word in words)


def _is_title(line: str) -> bool:
    """Return whether a line looks like a heading: short, and without a full stop."""
    return len(line) <= TITLE_CHARS and line[-1] not in ".,;:!?"
