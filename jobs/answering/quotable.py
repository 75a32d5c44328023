"""The sentences of a text that an answer can quote: plain, in reading order, rows of tables too."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from jobs.language import guess_language
from jobs.models import Passage
from jobs.sentences import split_into_sentences
from jobs.words import count_words

MAX_SENTENCE_CHARS = 600
MIN_SENTENCE_WORDS = 4
# Rows of tables are short: "Turbines: 54".
MIN_ROW_WORDS = 2
TITLE_CHARS, CAPTION_CHARS = 60, 160

_ROW = re.compile(r"\w: \S|\w; \S")
_LIST_ITEM = re.compile(r"^\s*(?:[-*+•]|\d+[.)])\s+")
_FIRST_CELL = re.compile(r"[^;\n]{1,120}; (?=[^\n]{0,400}:)")
_HEADING = re.compile(r"^\s*#{1,6}\s+")
_MARKUP = re.compile(r"\*\*|__|`|!?\[([^\[\]]*)\]\([^()]*\)")
_CAPTION = re.compile(r"(?:Table|Tabelle|Tableau|Tabel|Tabla|Figure|Exhibit) [^\n.]{0,150}$")
# What is printed on each page, and says nothing.
_RUNNING = re.compile(r"\b(?:page|seite|pagina|página) \d+(?: \w+ \d+)?$", re.IGNORECASE)


@dataclass(frozen=True)
class Sentence:
    """A sentence or row, and the heading above it; `section` is that of its passage.

    For a row, which may be long, `heading` is its first cell, and `table` stands above the table.
    """

    text: str
    heading: str
    section: str
    table: str

    @property
    def is_row(self) -> bool:
        """True for a row of a table, as `jobs.extraction.readers.tables` writes them."""
        is_prose = self.text.endswith((".", "!", "?"))
        return "; " in self.text and not is_prose and bool(_ROW.search(self.text))

    @property
    def caption(self) -> str:
        """What stands above the table of a row; "" for a sentence."""
        if not self.is_row:
            return ""
        return next((each for each in (self.table, self.section) if each not in self.text), "")

    @property
    def lacks_headings(self) -> bool:
        """True for a row whose cells do not say what they are."""
        return self.is_row and ": " not in self.text


def sentences_of(passage: Passage) -> Iterator[Sentence]:
    """Yield the sentences of a passage, in order, without what is printed on each page."""
    section = passage.section.rpartition(" › ")[2]
    heading = ""
    for block in re.split(r"\n\s*\n", passage.text):
        sentences = [] if _CAPTION.match(block) else split_sentences(block)
        if not sentences and len(block) <= CAPTION_CHARS:
            heading = " ".join(block.split())
        first_cell = _FIRST_CELL.match(block)
        above = first_cell[0] if first_cell else heading
        for sentence in sentences:
            if not _RUNNING.search(sentence):
                yield Sentence(sentence, above, section, heading)


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


def _is_title(line: str) -> bool:
    """Return whether a line looks like a heading: short, and without a full stop."""
    return len(line) <= TITLE_CHARS and line[-1] not in ".,;:!?"
