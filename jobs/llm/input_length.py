"""Shortens texts for an embedding model that takes only so many tokens.

Tokens are counted roughly, as pieces: what matters is that texts which are equally long for a model
count alike, in prose and tables, with and without spaces between words.
"""

from __future__ import annotations

import re
from itertools import islice

# A character of Chinese, Japanese or Korean, four letters, two digits, or a mark.
_PIECE = re.compile(
    "[\u1100-\u11ff\u2e80-\u9fff\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff]"
    r"|[^\W\d_]{1,4}|\d{1,2}|[^\w\s]|_"
)
MIN_PIECES = 16
# Where a server does not say by how much a text is too long.
_SHARE = 0.75
# Below this, a number in an error is no count of tokens, but a place or a code.
_MIN_TOKENS = 64


def count_pieces(text: str) -> int:
    """Return how long a text is, in about the tokens of a model."""
    return sum(1 for _ in _PIECE.finditer(text))


def shorten(text: str, pieces: int) -> str:
    """Return the beginning of a text with at most so many pieces."""
    last = next(islice(_PIECE.finditer(text), pieces, None), None)
    return text[: last.start()].rstrip() if last else text


def shorter_limit(longest: int, message: str) -> int:
    """Return the pieces that texts may have, of which the longest was too long for the server.

    Its message may say how many tokens it got and how many it takes.
    """
    numbers = [int(number) for number in re.findall(r"\b\d{2,7}\b", message)]
    counts = [number for number in numbers if number >= _MIN_TOKENS]
    share = min(counts) / max(counts) if counts else 1.0
    return int(longest * (min(share, 0.95) * 0.95 if 0.1 < share < 1 else _SHARE))
