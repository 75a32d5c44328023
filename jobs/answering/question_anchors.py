"""What an answer to a question must be about: the names and years in it.

"The limit in London" is no question about Paris: without these, words that fit prove nothing.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field

from jobs.language import guess_language
from jobs.normalization import normalize

_WORD = re.compile(r"[^\W\d_][\w’'-]*")
_YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")
_FISCAL = re.compile(r"\b(?:FY|fiscal(?: year)?) ?((?:19|20)\d\d)(?!\d)", re.IGNORECASE)
# A name behind one of these is a place, most of the time.
_IN = r"\b(?:in|en|em|à|w|i|v)"
_OTHER_PLACE = re.compile(rf"{_IN} (?:the |la |les |el )?[A-ZÀ-Þ]\w{{2,}}")
# Somebody who writes no capitals at all.
_LAST_PLACE = re.compile(r"\bin ([^\W\d_]{3,})\W*$")
# Capitals that name no one: months, days, and who speaks.
_NO_NAMES = frozenset(
    """
    i january february march april may june july august september october november december monday
    tuesday wednesday thursday friday saturday sunday english please
    """.split()  # noqa: SIM905 (a list would take a line for each word)
)
ABBREVIATION_CHARS = 5
# Languages that write every noun with a capital.
_CAPITAL_NOUNS = ("de", "lb")

Name = tuple[str, ...]


@dataclass(frozen=True)
class Anchors:
    """The names in a question, each as its words, which of them are places, and the years.

    `fiscal` are those of the years that need not be those of the calendar.
    """

    names: tuple[Name, ...] = ()
    places: frozenset[Name] = frozenset()
    years: frozenset[str] = field(default_factory=frozenset)
    fiscal: frozenset[str] = field(default_factory=frozenset)

    def __bool__(self) -> bool:
        return bool(self.names or self.years)

    @property
    def words(self) -> frozenset[str]:
        """All words of the names, and the years."""
        return frozenset(word for name in self.names for word in name) | self.years


def anchors_of(question: str) -> Anchors:
    """Find the names and years of a question. Abbreviations are none: they have other spellings."""
    years, fiscal = years_in(question), frozenset(_FISCAL.findall(question))
    if question == question.lower():
        last = _LAST_PLACE.search(question)
        name = (fold(last[1]),) if last else ()
        only = (name,) if name else ()
        return Anchors(only, frozenset(only), years, fiscal)
    words = list(_WORD.finditer(question))
    capitals = sum(match.group()[0].isupper() for match in words)
    if guess_language(question) in _CAPITAL_NOUNS or (len(words) > 3 and capitals > len(words) / 2):
        return Anchors(years=years, fiscal=fiscal)
    names: list[Name] = []
    places: set[Name] = set()
    end = -1
    for match in words:
        word = match.group()
        before = question[: match.start()].rstrip()
        if not _is_name(word, before):
            continue
        if match.start() == end + 1 and names:
            is_place = names[-1] in places
            names[-1] = (*names[-1], fold(word))
        else:
            is_place = bool(re.search(rf"{_IN}(?: the)?$", before))
            names.append((fold(word),))
        if is_place:
            places.add(names[-1])
        end = match.end()
    return Anchors(tuple(names), frozenset(places & set(names)), years, fiscal)


def _is_name(word: str, before: str) -> bool:
    if not word[0].isupper() or not before or before[-1] in ".?!:":
        return False
    if any(map(str.isdigit, word)):  # FY2018, Q2
        return False
    is_abbreviation = word.isupper() and len(word) <= ABBREVIATION_CHARS
    return not is_abbreviation and fold(word) not in _NO_NAMES


def fold(text: str) -> str:
    """Return a text in lower case, without accents and the English genitive."""
    if text.isascii():
        return text.lower().removesuffix("'s")
    plain = normalize("NFKD", text.casefold())
    plain = "".join(char for char in plain if not unicodedata.combining(char))
    return plain.replace("’", "'").removesuffix("'s").translate(_LETTERS)


_LETTERS = str.maketrans({"ł": "l", "ø": "o", "æ": "ae", "œ": "oe", "đ": "d"})


def words_in(text: str) -> frozenset[str]:
    """Return the folded words and years of a text, to look names up in."""
    words = {fold(word) for match in _WORD.finditer(text) for word in _spellings(match.group())}
    return frozenset(words) | years_in(text)


def years_in(text: str) -> frozenset[str]:
    """Return the years in a text."""
    return frozenset(_YEAR.findall(text))


def _spellings(word: str) -> tuple[str, ...]:
    return (word, *word.split("-")) if "-" in word else (word,)


def has_name(name: Name, words: frozenset[str]) -> bool:
    """Return whether more than half of a name's words are there, in whatever form."""
    there = sum(
        word in words or f"{word}s" in words or word.removesuffix("s") in words for word in name
    )
    return 2 * there > len(name)


def names_other_place(text: str) -> bool:
    """Return whether a text says "in" of some name."""
    return bool(_OTHER_PLACE.search(text))
