"""Sentences about some of the pages of a document."""

from __future__ import annotations

from collections.abc import Sequence

MAX_NAMED_PAGES = 8


def page_sentence(pages: Sequence[int], one: str, several: str) -> str:
    """Return a sentence about pages, of which only a few are named."""
    if len(pages) == 1:
        return f"Page {pages[0]} {one}."
    if len(pages) > MAX_NAMED_PAGES:
        named = ", ".join(map(str, pages[:MAX_NAMED_PAGES]))
        return f"{len(pages)} pages ({named} …) {several}."
    return f"Pages {', '.join(map(str, pages[:-1]))} and {pages[-1]} {several}."
