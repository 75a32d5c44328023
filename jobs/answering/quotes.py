"""Checks the quotations of an answer against the passages that it cites."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from jobs.citation_format import CODE, without_markers
from jobs.models import CheckedQuote, Citation
from jobs.normalization import normalize
from jobs.words import SIGNS, UNSPACED

# Fewer words are a name or a figure of speech.
MIN_QUOTE_WORDS = 3
# A single word between ellipses could come from anywhere.
MIN_PART_WORDS = 2
MAX_QUOTE_CHARS = 2000
# Each is looked for in all cited passages. No answer for people has more.
MAX_QUOTES = 2000

# No quote continues across an empty line.
_INSIDE = r"(?:[^{}\n]|\n(?!\s*\n)){{1," + str(MAX_QUOTE_CHARS) + "}}?"
_PAIRS = (
    *(("“", "”"), ("„", "“"), ("„", "”"), ("”", "”"), ("»", "«"), ("»", "»")),
    *(("「", "」"), ("『", "』"), ("＂", "＂")),
)
_QUOTE = re.compile(
    "|".join(
        [
            # French has a space within its marks.
            f"«[\u00a0\u202f\u2009 ]?(?!\\s)({_INSIDE.format('«', '»')})»",
            *(f"{first}(?!\\s)({_INSIDE.format(first, last)}){last}" for first, last in _PAIRS),
            # A straight mark opens a quote unless a word ends there, as in 5" or at a closing mark.
            f'(?<![\\w"])"(?!\\s)({_INSIDE.format(chr(34), chr(34))})(?<!\\s)"(?!\\w)',
        ]
    )
)
_ELLIPSIS = re.compile(r"[\[(]\s*(?:…|\.{3})\s*[\])]|…|\.(?:\s?\.){2,}")
_BROKEN_WORD = re.compile(r"(?<=[^\W\d_])[-\u00ad\u2010\u0002\ufffe][^\S\n]*\n\s*(?=[^\W\d_])")
# Accents that no letter is composed with, and the points of Hebrew and Arabic.
_POINTS = re.compile("[\u0300-\u036f\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0670\u0640]")
# A number is one word with its sign and separators: 1.5 is not 15, and -5 % is not 5 %. Where words
# stand without spaces, each letter is one.
_WORD = re.compile(
    rf"(?:(?<!\w)-)?\d+(?:[.,:/]\d+)*|{UNSPACED.pattern}|(?:[^\W\d_]|(?!\d)[{SIGNS}])+|[%‰€$£¥°]"
)
_DASHES = str.maketrans(
    dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212", "-") | {"\u2044": "/"}
)


def check_quotes(text: str, citations: Sequence[Citation]) -> tuple[CheckedQuote, ...]:
    """Find the quotes of at least three words, and the passage that has each one verbatim.

    White space, case, hyphens, dashes, punctuation and the style of quotation marks are ignored;
    every word and number counts. An ellipsis may leave out words of one passage. A quote may also
    be the name of a cited document. Code is left alone, and so are quotes beyond `MAX_QUOTES`.
    """
    sources = [
        (citation.number, [_Words.of(citation.text), _Words.of(citation.document_name)])
        for citation in citations
    ]
    return tuple(
        CheckedQuote(start, end, _number(parts, sources))
        for start, end, parts in islice(_quotes(text), MAX_QUOTES)
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
        parts: list[str] = []
        starts, ends, length = [], [], 0
        for word in _words(text):
            # Numbers stay apart: 1 5 is not 15.
            if parts and parts[-1][-1].isdigit() and word[0].isdigit():
                parts.append(" ")
                length += 1
            starts.append(length)
            parts.append(word)
            length += len(word)
            ends.append(length)
        return cls("".join(parts), tuple(starts), tuple(ends))

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
            # On from the next word: within a long one there may be thousands of matches.
            following = bisect_right(self.starts, found)
            if following == len(self.starts):
                break
            found = self.letters.find(part.letters, self.starts[following])
        return -1


def _words(text: str) -> list[str]:
    # Hyphens at line ends go first: soft ones disappear, and hard ones are no letters.
    text = normalize("NFKC", _BROKEN_WORD.sub("", text).replace("\u00ad", "")).casefold()
    return _WORD.findall(_POINTS.sub("", text.translate(_DASHES)))


def _contains(numbers: tuple[int, ...], number: int) -> bool:
    """Look a number up in sorted numbers."""
    at = bisect_left(numbers, number)
    return at < len(numbers) and numbers[at] == number
