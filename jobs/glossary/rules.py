"""A rule of the glossary: a term as people ask it, and the words of the documents for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from jobs.errors import InvalidGlossaryError
from jobs.normalization import normalize
from jobs.words import search_terms

MAX_TERM_CHARS = 80
MAX_TERM_WORDS = 10
MAX_PHRASES = 12
MAX_PHRASE_CHARS = 160
# What spreadsheets take for the beginning of a formula, in a file that is exported.
_SIGNS = "=+-@＝＋－＠−"
# Endings that look like a plural's and are none.
_SINGULAR_ENDINGS = ("ss", "us", "is")


@dataclass(frozen=True)
class Rule:
    """Where a question has the term, these phrases are searched for too.

    Without phrases, it switches off the rule of a starter set for the same term. `source` is the
    name of its starter set, "" for a rule of the installation's own.
    """

    term: str
    phrases: tuple[str, ...]
    source: str = ""

    @property
    def key(self) -> tuple[str, ...]:
        """The words of the term, as they are compared; one rule counts for each."""
        return tuple(compared(self.term))


def compared(text: str) -> list[str]:
    """Return the words of a text as terms are compared: case and English plurals do not matter.

    No more than that: stems would take "capitalize" for "capital".
    """
    return [_singular(word) for word in search_terms(normalize("NFKC", text).casefold())]


def make_rule(term: str, phrases: Sequence[str]) -> Rule:
    """Make a rule of what somebody typed; raises InvalidGlossaryError, which says what to do."""
    term = _line(term)
    words = compared(term)
    if not words:
        raise InvalidGlossaryError("Give a term, as people write it in questions.")
    if len(term) > MAX_TERM_CHARS or len(words) > MAX_TERM_WORDS:
        raise InvalidGlossaryError(
            f"“{term[:MAX_TERM_CHARS]}” is too long for a term: at most {MAX_TERM_WORDS} words and "
            f"{MAX_TERM_CHARS} characters."
        )
    kept = tuple(dict.fromkeys(filter(None, map(_line, phrases))))
    if len(kept) > MAX_PHRASES:
        raise InvalidGlossaryError(f"Give at most {MAX_PHRASES} phrases for “{term}”.")
    if any(text[0] in _SIGNS for text in (term, *kept)):
        raise InvalidGlossaryError(f"Begin terms and phrases with a letter or a figure: “{term}”.")
    for phrase in kept:
        if len(phrase) > MAX_PHRASE_CHARS or not compared(phrase):
            raise InvalidGlossaryError(
                f"“{phrase[:MAX_TERM_CHARS]}” cannot be searched for: a phrase has words, and at "
                f"most {MAX_PHRASE_CHARS} characters."
            )
    return Rule(term, kept)


def _line(text: str) -> str:
    return " ".join(text.split())


def _singular(word: str) -> str:
    if len(word) < 4 or not word.endswith("s") or not word.isascii():
        return word
    if word.endswith(_SINGULAR_ENDINGS):
        return word
    return word[:-3] + "y" if word.endswith("ies") and len(word) > 4 else word[:-1]
