"""How a citation is written, in answers and below them: its marker, such as [1], and its pages.

`jobs.answering.citations` brings the markers of a model into this form.
"""

from __future__ import annotations

import re

# No answer is given a thousand passages: a longer number in brackets is a year or the like.
NUMBER = r"\d{1,3}"
MARKER = re.compile(rf"\[({NUMBER})\]")
# Markdown's code, in which brackets are brackets: a fence, or a span on one line.
CODE = re.compile(r"```.*?(?:```|\Z)|(`+)[^\n]*?\1", re.DOTALL)

_MARKER_WITH_SPACE = re.compile(rf"\s*{MARKER.pattern}")


def without_markers(text: str) -> str:
    """Return the text without its markers and the white space before them."""
    return _MARKER_WITH_SPACE.sub("", text)


def page_label(first: int | None, last: int | None) -> str:
    """Return `page 3`, `pages 3–4`, or "" for a format without pages."""
    if first is None:
        return ""
    return f"page {first}" if last in (None, first) else f"pages {first}–{last}"
