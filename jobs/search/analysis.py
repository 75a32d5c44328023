"""The terms that search by words compares: the same for a passage and for a question.

A term is a stem, a pair of letters where no space stands between words, a year or another period,
a date such as "2028-09-30", or a number, which begins with `NUMBER`.
Passages keep theirs: what is changed here needs another number of `jobs.search.schema`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from functools import lru_cache

from jobs.language import DEFAULT_LANGUAGE, guess_language
from jobs.search.compounds import parts_of
from jobs.search.filler_words import filler_of
from jobs.search.keywords import stop_words_in
from jobs.search.stemming import ALGORITHMS, stem
from jobs.search.tokens import NUMBER, Token, tokens_of
from jobs.words import UNSPACED, search_terms

# Of words that say how to answer rather than what is asked; they may be what is asked all the same.
FILLER_WEIGHT = 0.1
# A part of a compound says less than the whole.
PART_WEIGHT = 0.6
# Of one question.
MAX_TERMS = 200
MAX_WORD_CHARS = 60
# Words of all languages that are kept with their terms: about 300 bytes each.
CACHED_WORDS = 100_000

_HANGUL = re.compile("[\uac00-\ud7a3]")
_HAN = re.compile("[\u3400-\u9fff]")
# Accents, and the vowel points of Hebrew and Arabic, which people leave out; not the vowel signs of
# Indic scripts, which are letters.
_ACCENTS = re.compile("[\u0300-\u036f\u0591-\u05c7\u064b-\u0652\u0670]")
_OTHER_LETTERS = frozenset(["ar", "el", "hi", "hy", "ru"])


def terms_of(text: str, language: str = "") -> list[str]:
    """Return the terms of a passage, each as often as it stands there.

    Without a language, the text itself says which one it is in.
    """
    language = language or guess_language(text)
    found: list[str] = []
    for token in tokens_of(text):
        if token.is_word:
            terms, parts = word_terms(token.text, language)
            found += terms + parts
            if not token.text.isascii() and len(token.text) > 1:
                found += _HAN.findall(token.text)  # for questions of one character
        else:
            found.append(token.text)
    return found


def question_terms(question: str, languages: Sequence[str] = ()) -> dict[str, float]:
    """Return the terms of a question, each with its weight: 1, less for filler and for parts.

    Stop words are left out. Words have the stems of the language that the question seems to be in,
    and of the `languages` of the documents: a few words seldom tell which language they are in. If
    nothing but filler or stop words is asked, these count in full.
    """
    own = guess_language(question)
    all_languages = tuple(dict.fromkeys((own, *(languages or (DEFAULT_LANGUAGE,)))))
    stop_words, filler = stop_words_in(own), filler_of(own)
    is_all_capitals = question.isupper()
    weights: dict[str, float] = {}
    fallback: dict[str, float] = {}
    for token in tokens_of(question):
        is_acronym = token.is_capital and len(token.text) > 1 and not is_all_capitals
        terms = _weighted(token, all_languages)
        if not token.is_word or is_acronym or token.text not in stop_words | filler:
            _add(weights, terms, 1.0)
        else:
            _add(fallback, terms, 1.0)
            if token.text in filler:
                _add(weights, terms, FILLER_WEIGHT)
    if not weights or max(weights.values()) <= FILLER_WEIGHT:
        weights = fallback
    return dict(list(weights.items())[:MAX_TERMS])


def counts_in_length(term: str) -> bool:
    """Return whether a term makes a passage longer than others, which then count less.

    Numbers don't: a table would seem longer than prose that says as much. Single Chinese characters
    stand beside the pairs that have them.
    """
    return not (term.startswith(NUMBER) or (len(term) == 1 and _HAN.match(term)))


@lru_cache(CACHED_WORDS)
def word_terms(word: str, language: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the terms of a word in small letters, and those of the parts of a compound."""
    word = word[:MAX_WORD_CHARS]
    if word.isascii():
        if not word.isalpha():
            return (word,), ()
        if language in _OTHER_LETTERS or language not in ALGORITHMS:
            language = DEFAULT_LANGUAGE  # of a foreign word
    elif UNSPACED.search(word):
        return tuple(search_terms(word)), ()
    elif _HANGUL.search(word):
        return tuple(word[at : at + 2] for at in range(max(1, len(word) - 1))), ()
    parts = parts_of(word, language)
    return (_plain(stem(word, language)),), tuple(_plain(stem(part, language)) for part in parts)


def _weighted(token: Token, languages: Sequence[str]) -> dict[str, float]:
    if not token.is_word:
        return {token.text: 1.0}
    found: dict[str, float] = {}
    for language in languages:
        terms, parts = word_terms(token.text, language)
        _add(found, dict.fromkeys(parts, PART_WEIGHT), 1.0)
        _add(found, dict.fromkeys(terms, 1.0), 1.0)
    return found


def _add(weights: dict[str, float], terms: Mapping[str, float], factor: float) -> None:
    for term, weight in terms.items():
        weights[term] = max(weights.get(term, 0.0), factor * weight)


def _plain(stemmed: str) -> str:
    """Return a stem without accents."""
    if stemmed.isascii():
        return stemmed
    return _ACCENTS.sub("", unicodedata.normalize("NFD", stemmed))
