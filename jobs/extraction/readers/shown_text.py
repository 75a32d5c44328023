"""Text as a reader would type it, of the characters with which programs lay it out."""

from __future__ import annotations

import re

# A vertical tab or a return, which XML cannot hold.
_ESCAPED_BREAK = re.compile("_x000[BD]_")
_TYPED = {
    **dict.fromkeys((0xAD, 0x200B, 0xFEFF), None),
    **dict.fromkeys((0x9, 0xC, 0xD, 0xA0, 0x202F), " "),
    **dict.fromkeys((0xB, 0x2028, 0x2029), "\n"),
    0x2011: "-",
}
# A raised figure is a power or the mark of a note: 10⁶ is not 106.
_RAISED = re.compile(r"[-+−]?\d{1,4}|[n*†‡§]{1,3}")
_SUPERSCRIPTS = str.maketrans("0123456789+-−n", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻ⁿ")


def raised(text: str) -> str:
    """Return a text that is written above the line, with its figures as superscripts."""
    return text.translate(_SUPERSCRIPTS) if _RAISED.fullmatch(text.strip()) else text


def clean(text: str) -> str:
    """Return a text as a reader would type it.

    Soft hyphens do not show, and what keeps words on one line is a common hyphen or blank.
    """
    text = _ESCAPED_BREAK.sub("\n", text).translate(_TYPED)
    return "\n".join(line for part in text.split("\n") if (line := part.strip()))
