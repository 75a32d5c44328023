"""Checks what an answer puts in quotation marks against the passages that it cites."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from jobs.citation_format import CODE, without_markers
from jobs.models import CheckedQuote, Citation

# Fewer words are a name or a way of speaking.
MIN_QUOTE_WORDS = 3
# A part between ellipses of a single word could be picked from anywhere.
MIN_PART_WORDS = 2
MAX_QUOTE_CHARS = 2000

# No quote goes on over an empty line.
_INSIDE = r"(?:[^{}\n]|\n(?!\s*\n)){{1," + str(MAX_QUOTE_CHARS) + "}}?"
_PAIRS = (("“", "”"), ("„", "“"), ("„", "”"), ("«", "»"), ("»", "«"))
_QUOTE = re.compile(
    "|".join(
        [
            *(f"{first}(?!\\s)({_INSIDE.format(first, last)}){last}" for first, last in _PAIRS),
            # A straight mark opens where no word ends, unlike in 5" or in a closing one.
            f'(?<![\\w"])"(?!\\s)({_INSIDE.format(chr(34), chr(34))})(?<!\\s)"(?!\\w)',
        ]
    )
)
_ELLIPSIS = re.compile(r"[\[(]\s*(?:…|\.{3})\s*[\])]|…|\.(?:\s?\.){2,}")
_BROKEN_WORD = re.compile(r"(?<=[^\W\d_])[-\u00ad\u2010\u0002\ufffe]\s*\n\s*(?=[^\W\d_])")
# A number with its point, its sign and what it counts is one word: 1.5 is not 15, nor -5 % 5 %.
_WORD = re.compile(r"(?:(?<!\w)-)?\d+(?:[.,:/]\d+)*|[^\W\d_]+|[%‰€$£¥°]")


def check_quotes(text: str, citations: Sequence[Citation]) -> tuple[CheckedQuote, ...]:
    """Find the quotes of three words and more, and the passage that has each word for word.

    White space, case, hyphens, dashes, punctuation and the kind of quotation marks do not count;
    every word and number does. An ellipsis may leave out words of one passage. The name of a
    cited document is no invention either. Code is left alone.
    """
    sources = [
        (citation.number, [_Words(citation.text), _Words(citation.document_name)])
        for citation in citations
    ]
    return tuple(
        CheckedQuote(start, end, _number(parts, sources)) for start, end, parts in _quotes(text)
    )


def _quotes(text: str) -> Iterator[tuple[int, int, list[_Words]]]:
    """Where each quote stands, with its marks, and its parts between ellipses."""
    # Of the same length, so that positions stay.
    prose = CODE.sub(lambda match: re.sub(r"[^\n]", " ", match.group()), text)
    for match in _QUOTE.finditer(prose):
        inside = next(filter(None, match.groups()))
        parts = [_Words(part) for part in _ELLIPSIS.split(without_markers(inside))]
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


@dataclass(frozen=True, init=False)
class _Words:
    """The words of a text, run together, so that a hyphen more or less makes no difference."""

    letters: str
    starts: tuple[int, ...]
    ends: tuple[int, ...]

    def __init__(self, text: str) -> None:
        letters, starts, ends = "", [], []
        for word in _words(text):
            # Numbers stay apart: 1 5 is not 15.
            if letters and (letters[-1].isdigit() and word[0].isdigit()):
                letters += " "
            starts.append(len(letters))
            letters += word
            ends.append(len(letters))
        object.__setattr__(self, "letters", letters)
        object.__setattr__(self, "starts", tuple(starts))
        object.__setattr__(self, "ends", tuple(ends))

    @property
    def count(self) -> int:
        return len(self.starts)

    def has_in_order(self, parts: list[_Words]) -> bool:
        """True if all parts are here one after the other, each as whole words."""
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
            if _has(self.starts, found) and _has(self.ends, end):
                return end
            found = self.letters.find(part.letters, found + 1)
        return -1


def _words(text: str) -> list[str]:
    # A hyphen at the end of a line goes first: what is soft disappears, what is hard is no letter.
    text = _BROKEN_WORD.sub("", text.replace("\u2212", "-"))
    text = unicodedata.normalize("NFKC", text.replace("\u00ad", "")).casefold()
    return _WORD.findall(text)


def _has(numbers: tuple[int, ...], number: int) -> bool:
    at = bisect_left(numbers, number)
    return at < len(numbers) and numbers[at] == number
