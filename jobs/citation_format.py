"""How a citation is written, in answers and below them: its marker, such as [1], and its pages.

`jobs.answering.citations` brings the markers of a model into this form.
"""

from __future__ import annotations

import re

from jobs.models import Citation

# No answer is given a thousand passages: a longer number in brackets is a year or the like.
NUMBER = r"\d{1,3}"
MARKER = re.compile(rf"\[({NUMBER})\]")
# Markdown's code, in which brackets are brackets: a fence, or a span on one line.
CODE = re.compile(r"```.*?(?:```|\Z)|(`+)[^\n]*?\1", re.DOTALL)

# What a model or a reader could take for a marker: also lists, ranges and other brackets.
_LIKE_A_MARKER = re.compile(r"[\[【［〔](\s*\d[\d\s,;–-]*)[\]】］〕]")


def without_markers(text: str) -> str:
    """Return the text without its markers and the white space before them."""
    parts, end = [], 0
    for match in MARKER.finditer(text):
        parts.append(text[end : match.start()].rstrip())
        end = match.end()
    return "".join(parts) + text[end:]


def neutralize_markers(text: str) -> str:
    """Write the markers of a text that cites nothing here in round brackets: (2) for [2].

    A document that is itself numbered so must not cite in its reader's answer.
    """
    return _LIKE_A_MARKER.sub(r"(\1)", text)


def place_of(citation: Citation) -> str:
    """Return where a citation stands: `page 3`, `pages 3–4`, `Prices!A2:C9`, or "" if unknown."""
    first, last = citation.page, citation.last_page
    if citation.place or first is None:
        return citation.place
    return f"page {first}" if last in (None, first) else f"pages {first}–{last}"


def how_read(citation: Citation) -> str:
    """Return `read from a picture, 87 % sure`, or "" for text that the document itself holds."""
    if citation.ocr_confidence is None:
        return ""
    return f"read from a picture, {citation.ocr_confidence} % sure"
