"""Whether text is what people see, or codes of letters that a font does not explain."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from string import ascii_lowercase

# Fewer letters tell nothing; more tell nothing new.
MIN_LETTERS = 40
MAX_CHARS = 2000
# Shares of characters that no text has.
MAX_CODES_SHARE = 0.15
MAX_UNMAPPED_SHARE = 0.5
# In all languages with Latin letters these are more than half of all letters; in a text whose
# letters were shifted or mixed, hardly ever.
COMMON_LETTERS = "eaionrst"
MIN_COMMON_SHARE = 0.42
# A sign that stands so often between letters stands for a space.
MAX_SIGN_SHARE = 0.08
# Letters with accents of Windows-1252 where another encoding was meant.
MAX_ACCENTED_SHARE = 0.5

_CODES = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f-\x9f\ue000-\uf8ff\ufffd\ufffe\uffff]")
_BULLETS = re.compile("[\uf0a7\uf0b7\uf0d8\uf0fc\uf076\uf02d\uf0e0]")
# The sign comes first, for there are few.
_SIGN_IN_WORD = re.compile(
    r"[!\"#$%&()*+,:;<=>?@\[\\\]^`{|}~](?=[^\W\d_])(?:(?<=[^\W\d_].)|(?<=[^\W\d_]\s.))"
)
_LATIN_WORD = re.compile("[A-Za-z]{2,}")
_LETTER = re.compile(r"[^\W\d_]")
_ACCENTED = re.compile("[\u00c0-\u00ff]")
_LATIN = re.compile("[A-Za-z]")


def looks_garbled(text: str) -> bool:
    """Return whether a page's text is codes rather than what people read on it."""
    text = text[:MAX_CHARS]
    if not text.isascii() or not text.isprintable():
        text = _BULLETS.sub("", text)
        seen = len(text) - text.count(" ") - text.count("\n")
        if seen and len(_CODES.findall(text)) > MAX_CODES_SHARE * seen:
            return True
        letters = len(_LETTER.findall(text))
        accented = len(_ACCENTED.findall(text))
        text = unicodedata.normalize("NFKD", text)
        latin = len(_LATIN.findall(text))
        if letters >= MIN_LETTERS and accented > MAX_ACCENTED_SHARE * letters:
            return True
        if latin < 0.5 * letters:
            return False
    # Words in capitals may be codes of products.
    words = "".join(word for word in _LATIN_WORD.findall(text) if word[1:].islower()).lower()
    counts = Counter(words)
    plain = sum(counts[letter] for letter in ascii_lowercase)
    if plain < MIN_LETTERS:
        return False
    common = sum(counts[letter] for letter in COMMON_LETTERS)
    signs = Counter(_SIGN_IN_WORD.findall(text))
    most = max(signs.values(), default=0)
    return common < MIN_COMMON_SHARE * plain or most > MAX_SIGN_SHARE * plain
