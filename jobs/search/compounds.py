"""The parts of compounds in languages that write them as one word: "Lagerhalle" is a "Halle".

The words of a language are those of the package that the hyphens at ends of lines are told by.
"""

from __future__ import annotations

from functools import cache

from jobs.extraction.readers.hyphens import words_of
from jobs.search.stemming import stem, stems

# Shorter parts are mostly prefixes and endings: "Ver-", "-ung".
MIN_PART_CHARS = 4
MIN_COMPOUND_CHARS = 2 * MIN_PART_CHARS
MAX_COMPOUND_CHARS = 40
# What may stand between two parts.
_LINKS = {"de": ("", "s", "es", "n", "en", "er"), "nl": ("", "s", "e", "en", "n")}
# Endings that are words too, or seem to be.
_NO_PARTS = {
    "de": frozenset(["heit", "keit", "schaft", "lich", "isch", "haft", "chen", "ende", "ungen"]),
    "nl": frozenset(["heid", "lijk", "baar", "ende", "ingen"]),
}


def parts_of(word: str, language: str) -> tuple[str, ...]:
    """Return the parts of a compound in small letters, in order; none of any other word."""
    if language not in _LINKS or not MIN_COMPOUND_CHARS <= len(word) <= MAX_COMPOUND_CHARS:
        return ()
    return _parts(word, language, {}) if word.isalpha() else ()


def _parts(word: str, language: str, known: dict[str, tuple[str, ...]]) -> tuple[str, ...]:
    """Cut a word at the first place where words stand before and after it.

    `known` has the parts of endings of the word, so that none is looked at twice.
    """
    if word in known:
        return known[word]
    known[word] = ()
    for at in range(MIN_PART_CHARS, len(word) - MIN_PART_CHARS + 1):
        head, rest = _head(word[:at], language), word[at:]
        if head and (
            tail := (rest,) if _is_word(rest, language) else _parts(rest, language, known)
        ):
            known[word] = (head, *tail)
            break
    return known[word]


def _head(part: str, language: str) -> str:
    """Return the part of a compound without the link to the next, "" if it is no word."""
    for link in _LINKS[language]:
        head = part.removesuffix(link)
        if part.endswith(link) and len(head) >= MIN_PART_CHARS and _is_word(head, language):
            return head
    return ""


def _is_word(part: str, language: str) -> bool:
    return part not in _NO_PARTS[language] and stem(part, language) in _stems_of(language)


@cache
def _stems_of(language: str) -> frozenset[str]:
    """Return the stems of a language: "miet" stands in compounds, and alone only as "Miete"."""
    words = [word for word in words_of(language) if len(word) >= MIN_PART_CHARS]
    return frozenset(stems(words, language))
