"""In which direction a text is written, by Unicode's bidirectional classes."""

from __future__ import annotations

import re
import unicodedata

# Hebrew, Arabic, Syriac, and the presentation forms of their letters.
_RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff]")


def has_right_to_left(text: str) -> bool:
    """Return whether any letter of the text is written from right to left."""
    return _RIGHT_TO_LEFT.search(text) is not None


def is_right_to_left(text: str) -> bool:
    """Return whether the first letter that has a direction is written from right to left."""
    for char in text:
        match unicodedata.bidirectional(char):
            case "R" | "AL":
                return True
            case "L":
                return False
    return False
