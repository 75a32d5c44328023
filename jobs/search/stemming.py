"""Stems of words by the Snowball algorithm of their language."""

from __future__ import annotations

from collections.abc import Sequence
from threading import local
from typing import cast

import Stemmer

# ISO 639-1 codes, and Snowball's names.
ALGORITHMS = {
    "ar": "arabic",
    "ca": "catalan",
    "cs": "czech",
    "da": "danish",
    "de": "german",
    "el": "greek",
    "en": "english",
    "es": "spanish",
    "et": "estonian",
    "fi": "finnish",
    "fr": "french",
    "hi": "hindi",
    "hu": "hungarian",
    "hy": "armenian",
    "id": "indonesian",
    "it": "italian",
    "lt": "lithuanian",
    "nb": "norwegian",
    "nl": "dutch",
    "pl": "polish",
    "pt": "portuguese",
    "ro": "romanian",
    "ru": "russian",
    "sv": "swedish",
    "tr": "turkish",
}
_stemmers = local()  # a stemmer is for one thread at a time


def stem(word: str, language: str) -> str:
    """Return the stem of a word in small letters; the word itself in other languages."""
    return stems([word], language)[0]


def stems(words: Sequence[str], language: str) -> list[str]:
    """Return the stem of each of the words."""
    if language not in ALGORITHMS:
        return list(words)
    stemmer = getattr(_stemmers, language, None)
    if stemmer is None:
        # Without its own cache: ours is shared by all threads.
        stemmer = Stemmer.Stemmer(ALGORITHMS[language], 0)
        setattr(_stemmers, language, stemmer)
    return cast("list[str]", stemmer.stemWords(words))
