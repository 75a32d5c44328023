"""The words of questions and sentences as they are compared: stems, without what says nothing."""

from __future__ import annotations

import re

from jobs.language import DEFAULT_LANGUAGE, guess_language
from jobs.normalization import normalize
from jobs.search.filler_words import filler_of
from jobs.search.keywords import STOP_WORDS, stop_words_of
from jobs.words import UNSPACED, is_grammar, search_terms

# As good as stems in most European languages: McNamee, Nicholas and Mayfield (SIGIR 2009).
STEM_CHARS = 6

_WORD = re.compile(r"\w+(?:[.,]\d+)*")
# FY2018 is 2018, and FY2023Q1 that and Q1.
_FISCAL = re.compile(r"\bfy(?=(?:19|20)\d\d)|(?<=\b(?:19|20)\d\d)(?=q[1-4]\b)")
# In what a figure is wanted.
_UNITS = frozenset(
    """
    amount usd eur gbp dollar dollars euro euros million millions billion billions thousand
    thousands mn bn
    """.split()  # noqa: SIM905 (a list would take a line for each word)
)


def wanted_terms(question: str) -> set[str]:
    """Return the terms of a question that say something about which sentence answers."""
    language = guess_language(question)
    unsaying = stop_words_of(question) | filler_of(language) | _UNITS
    stop_words = {stem(word, language) for word in unsaying}
    terms = terms_in(question, language)
    return {term for term in terms if term not in stop_words and not is_grammar(term)} or terms


def terms_in(text: str, language: str = DEFAULT_LANGUAGE) -> set[str]:
    """Return the stems of a text, and of scripts without spaces each pair of letters."""
    small = normalize("NFKC", text).lower()
    spaced = {
        stem(word, language)
        for word in _WORD.findall(_FISCAL.sub(" ", small))
        if word not in STOP_WORDS and not UNSPACED.search(word)
    }
    if not UNSPACED.search(text):
        return spaced
    return spaced.union(search_terms(text.lower()))


def stem(word: str, language: str = DEFAULT_LANGUAGE) -> str:
    """Cut off the commonest English endings, so that "proposes" matches "propose".

    Of words in other languages, the beginning counts: "Gebühren" and "Gebühr".
    """
    if language != DEFAULT_LANGUAGE:
        return word if any(map(str.isdigit, word)) else word[:STEM_CHARS]
    for ending in ("ings", "ing", "edly", "ed", "ies", "es", "s", "e"):
        if word.endswith(ending) and len(word) - len(ending) >= 3 and not word[-1].isdigit():
            return word[: -len(ending)]
    return word
