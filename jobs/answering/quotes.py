"""Checks the quotations of an answer against the passages that it cites."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from jobs.citation_format import CODE, without_markers
from jobs.models import CheckedQuote, Citation

# Fewer words are a name or a figure of speech.
MIN_QUOTE_WORDS = 3
# A single word between ellipses could come from anywhere.
MIN_PART_WORDS = 2
MAX_QUOTE_CHARS = 2000

# No quote continues across an empty line.
_INSIDE = r"(?:[^{}\n]|\n(?!\s*\n)){{1," + str(MAX_QUOTE_CHARS) + "}}?"
_PAIRS = (("“", "”"), ("„", "“"), ("„", "”"), ("«", "»"), ("»", "«"))
_QUOTE = re.compile(
    "|".join(
        [
            *(f"{first}(?!\\s)({_INSIDE.format(first, last)}){last}" for first, last in _PAIRS),
            # A straight mark opens a quote unless a word ends there, as in 5" or at a closing mark.
            f'(?<![\\w"])"(?!\\s)({_INSIDE.format(chr(34), chr(34))})(?<!\\s)"(?!\\w)',
        ]
    )
)
_ELLIPSIS = re.compile(r"[\[(]\s*(?:…|\.{3})\s*[\])]|…|\.(?:\s?\.){2,}")
_BROKEN_WORD = re.compile(r"(?<=[^\W\d_])[-\u00ad\u2010\u0002\ufffe]\s*\n\s*(?=[^\W\d_])")
# A number is one word with its sign and separators: 1.5 is not 15, and -5 % is not 5 %.
_WORD = re.compile(r"(?:(?<!\w)-)?\d+(?:[.,:/]\d+)*|[^\W\d_]+|[%‰€$£¥°]")


def check_quotes(text: str, citations: Sequence[Citation]) -> tuple[CheckedQuote, ...]:
    """Find the quotes of at least three words, and the passage that has each one verbatim.

    White space, case, hyphens, dashes, punctuation and the style of quotation marks are ignored;
    every word and number counts. An ellipsis may leave out words of one passage. A quote may also
    be the name of a cited document. Code is left alone.
    """
    sources = [
        (citation.number, [_Words.of(citation.text), _Words.of(citation.document_name)])
        for citation in citations
    ]
    return tuple(
        CheckedQuote(start, end, _number(parts, sources)) for start, end, parts in _quotes(text)
    )


def _quotes(text: str) -> Iterator[tuple[int, int, list[_Words]]]:
    """Yield start and end of each quote, with its marks, and its parts between ellipses."""
    # Blanked out, not removed, so that positions stay the same.
    prose = CODE.sub(lambda match: re.sub(r"[^\n]", " ", match.group()), text)
    for match in _QUOTE.finditer(prose):
        inside = next(filter(None, match.groups()))
        parts = [_Words.of(part) for part in _ELLIPSIS.split(without_markers(inside))]
        parts = [part for part in parts if part.count]
        if sum(part.count for part in parts) >= MIN_QUOTE_WORDS:
            yield match.start(), match.end(), parts


def _number(parts: list[_Words], sources: list[tuple[int, list[_Words]]]) -> int | None:
    if len(parts) > 1 and any(part.count < MIN_PART_WORDS for part in parts):
        return None
    for number, texts in sources:
        if any(text.has_in_order(parts) for text in texts):
            return number
    return None


@dataclass(frozen=True)
class _Words:
    """The words of a text run together, so that hyphens make no difference.

    `starts` and `ends` are the positions in `letters` at which words start and end.
    """

    letters: str
    starts: tuple[int, ...]
    ends: tuple[int, ...]

    @classmethod
    def of(cls, text: str) -> _Words:
        letters, starts, ends = "", [], []
        for word in _words(text):
            # Numbers stay apart: 1 5 is not 15.
            if letters and (letters[-1].isdigit() and word[0].isdigit()):
                letters += " "
            starts.append(len(letters))
            letters += word
            ends.append(len(letters))
        return cls(letters, tuple(starts), tuple(ends))

    @property
    def count(self) -> int:
        return len(self.starts)

    def has_in_order(self, parts: list[_Words]) -> bool:
        """Return whether all parts occur here one after the other, each as whole words."""
        at = 0
        for part in parts:
            at = self._end_of(part, at)
            if at < 0:
                return False
        return True

    def _end_of(self, part: _Words, start: int) -> int:
        found = self.letters.find(part.letters, start)
        while found >= 0:
            end = found + len(part.letters)
            if _contains(self.starts, found) and _contains(self.ends, end):
                return end
            found = self.letters.find(part.letters, found + 1)
        return -1


def _words(text: str) -> list[str]:
    # Hyphens at line ends go first: soft ones disappear, and hard ones are no letters.
    text = _BROKEN_WORD.sub("", text.replace("\u2212", "-"))
    text = unicodedata.normalize("NFKC", text.replace("\u00ad", "")).casefold()
    return _WORD.findall(text)


def _contains(numbers: tuple[int, ...], number: int) -> bool:
    """Look a number up in sorted numbers."""
    at = bisect_left(numbers, number)
    return at < len(numbers) and numbers[at] == number
