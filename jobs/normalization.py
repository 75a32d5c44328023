"""Unicode normalization in time that grows with the length of the text alone."""

from __future__ import annotations

import unicodedata
from typing import Literal

# As in the Stream-Safe Text Format of UAX #15: no word of any language has more in a row.
MAX_NON_STARTERS = 30
# Do not combine by themselves, but their decompositions do.
_LATE_NON_STARTERS = "\u0f73\u0f75\u0f81\uff9e\uff9f"
_GRAPHEME_JOINER = "\u034f"


def normalize(form: Literal["NFC", "NFKC", "NFKD"], text: str) -> str:
    """Normalize a text, with at most `MAX_NON_STARTERS` combining marks in a row.

    `unicodedata` sorts them in quadratic time: 100,000 of them would take ten seconds. After each
    so many stands a joiner, which does not show.
    """
    return text if text.isascii() else unicodedata.normalize(form, _stream_safe(text))


def _stream_safe(text: str) -> str:
    parts, start, run = [], 0, 0
    for at, char in enumerate(text):
        if not (unicodedata.combining(char) or char in _LATE_NON_STARTERS):
            run = 0
        elif run == MAX_NON_STARTERS:
            parts.append(text[start:at])
            start, run = at, 1
        else:
            run += 1
    return _GRAPHEME_JOINER.join([*parts, text[start:]])
