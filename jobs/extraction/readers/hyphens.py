"""What becomes of a hyphen at the end of a line: part of the word, or only of its setting."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Callable, Iterable
from functools import cache
from importlib.resources import files

# A document is in several languages if others have so large a share of the first one's words.
LANGUAGE_SHARE = 0.25

# The last words of a line, before its hyphen, and the first of the next.
_HEAD = re.compile(r"[^\s()\[\]\"“”„«»]+$")
_TAIL = re.compile(r"[^\W\d_]+")
_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
# "Ein- und Ausgang": the hyphen stands for what follows this word.
_AND = {
    language: frozenset(words.split())
    for language, words in {
        "en": "and or to",
        "fr": "et ou",
        "": "en of och og",
    }.items()
}
_GERMAN_AND = frozenset(["und", "oder", "bis", "bzw", "sowie"])
# The languages that hyphenate compounds, and words that tell them. Others, such as German and
# Dutch, write compounds as one word, so that a hyphen before a small letter is of the line.
_TELLING = {
    language: frozenset(words.split())
    for language, words in {
        "en": "the of and to is with by for",
        "fr": "le la les des et est une du dans pour",
        "es": "el los las que y una por con del",
        "it": "il che di della una per con gli",
        "pt": "os que uma não em do da para com",
        "": "der die das und ist mit het een van zijn voor og och att det av",
    }.items()
}


class Hyphens:
    """Joins lines at hyphens, by the words of the document and those of its language.

    `text` returns the text around; it is called at most once, when the first hyphen comes.
    """

    def __init__(self, text: Callable[[], Iterable[str]]) -> None:
        self._text = text
        self._words: frozenset[str] | None = None
        self._languages: tuple[str, ...] = ()

    def joined(self, line: str, following: str) -> str:
        """Return two lines as one; `line` comes without its hyphen."""
        head, tail = _HEAD.search(line), _TAIL.match(following)
        if head is None or tail is None or not line[-1].isalpha():
            return f"{line}-{following}"
        joint = self._joint(head.group(), tail.group())
        return f"{line}{joint}{following}"

    def _joint(self, head: str, tail: str) -> str:
        """Return what stands between two parts of a word: nothing, a hyphen, or one and a space."""
        if re.search(r"[-/@.\d]", head) or (tail[0].isupper() and not (head + tail).isupper()):
            return "-"
        head, tail = head.lower(), tail.lower()
        words = self._vocabulary()
        if tail in _GERMAN_AND:
            return "- "
        if head + tail in words:
            return ""
        if f"{head}-{tail}" in words:
            return "-"
        if self._is_known(head + tail):
            return ""
        if any(tail in _AND.get(language, ()) for language in self._languages):
            return "- "
        return "-" if self._is_known(head) and self._is_known(tail) else ""

    def _is_known(self, word: str) -> bool:
        return any(word in words_of(language) for language in self._languages)

    def _vocabulary(self) -> frozenset[str]:
        if self._words is None:
            found: set[str] = set()
            counts = dict.fromkeys(_TELLING, 0)
            for text in self._text():
                words = _WORD.findall(text.lower())
                # The first and the last may be parts of words.
                found.update(words[1:-1])
                for language, telling in _TELLING.items():
                    counts[language] += sum(word in telling for word in words)
            self._words = frozenset(found)
            fewest = max(1, LANGUAGE_SHARE * max(counts.values()))
            self._languages = tuple(each for each in counts if counts[each] >= fewest)
        return self._words


@cache
def words_of(language: str) -> frozenset[str]:
    """Return the usual words of a language, in small letters; none of "", for any other."""
    if not language:
        return frozenset()
    # Of the package, which corrects spelling, only the lists are used.
    packed = files("spellchecker").joinpath(f"resources/{language}.json.gz").read_bytes()
    return frozenset(json.loads(gzip.decompress(packed)))
