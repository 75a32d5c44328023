"""What a word is in scripts of any kind: with spaces between words or without, with vowel signs."""

from __future__ import annotations

import re
from collections.abc import Iterator

# Thai, Lao, Burmese, Khmer, kana and Chinese characters stand without spaces between words.
UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]")
# Signs of Indic scripts and of those without spaces that are part of a word, but no letters.
SIGNS = "\u0900-\u0963\u0971-\u0dff\u0e31-\u0e4e\u0eb1-\u0ecd\u102b-\u103e\u17b4-\u17d3"

# Each figure that such a script has is a word for itself.
_RUN = re.compile(f"{UNSPACED.pattern}+")
_WORD = re.compile(rf"(?:[^\W_]|(?!\d)[{SIGNS}])+")
# Words of questions and of grammar, which say nothing about which passage answers.
_FUNCTION_WORDS = re.compile(
    "为什么|什么|多少|哪里|哪儿|哪个|何时|何处|如何|怎么|请问|[谁哪几吗呢的了是在]"
    "|為什麼|什麼|哪裡|哪個|何時|何處|怎麼|請問|[誰嗎]"
    "|เท่าไร|เท่าไหร่|เท่าใด|อะไร|ที่ไหน|เมื่อไร|เมื่อใด|ใคร|อย่างไร|ทำไม|หรือไม่|คือ"
)
_HIRAGANA = re.compile("[\u3040-\u309f]+")


def words_of(text: str) -> list[str]:
    """Return the words of a text, in order; where no space stands between words, each run."""
    return [
        part
        for match in _WORD.finditer(text)
        for part in ([match.group()] if match.group().isascii() else _split(match.group()))
    ]


def search_terms(text: str) -> list[str]:
    """Return what search compares: words, and of scripts without spaces each pair of letters."""
    return [
        term
        for word in words_of(text)
        for term in (letter_pairs(word) if UNSPACED.match(word) else (word,))
    ]


def letter_pairs(run: str) -> Iterator[str]:
    """Yield each two letters that stand together in a run without spaces; a single one alone."""
    for part in _FUNCTION_WORDS.split(run):
        if part:
            yield from (part[at : at + 2] for at in range(max(1, len(part) - 1)))


def is_grammar(term: str) -> bool:
    """Return whether letters are those of Japanese endings and particles."""
    return bool(_HIRAGANA.fullmatch(term))


def count_words(text: str) -> int:
    """Return the number of words; each letter counts where no space stands between words."""
    return len(UNSPACED.sub(" x ", text).split())


def _split(word: str) -> Iterator[str]:
    """Yield the runs of scripts without spaces in a word, and what stands between them."""
    start = 0
    for run in _RUN.finditer(word):
        yield from filter(None, (word[start : run.start()], run.group()))
        start = run.end()
    yield from filter(None, (word[start:],))
