"""What stands in front of each passage for search alone; cited is the passage without it.

A table of a cash flow statement seldom says whose it is, of which year, or that it is one: the
name of the document, the head of the page and the headings above do.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import PurePath

from jobs.extraction.chunking import Piece
from jobs.search.analysis import terms_of

HEAD_CHARS = 120
# Lines at the head of a page that are looked through for such as no other page has.
HEAD_LINES = 8
# A line that stands at the head of so many pages says nothing of one of them.
MIN_REPEATED = 4
REPEATED_SHARE = 0.1
# Where words of the name of a file begin: "RentalContract2024".
_NAME_PARTS = re.compile(r"[\s_]+|(?<=[^\W\d_A-Z])(?=[A-Z])|(?<=[^\W\d_])(?=(?:19|20)\d\d(?!\d))")


def contexts(document_name: str, pieces: Sequence[Piece]) -> list[str]:
    """Return the text in front of each passage: name, headings, and the head of its page."""
    name = readable_name(document_name)
    heads = _heads(pieces)
    found = []
    for piece in pieces:
        head = heads.get(piece.first_page, "")
        parts = [name, piece.section if piece.section not in head else "", piece.place]
        found.append("\n".join(filter(None, (*parts, "" if piece.text.startswith(head) else head))))
    return found


def terms_of_passages(
    document_name: str, pieces: Sequence[Piece], language: str
) -> Iterator[list[str]]:
    """Yield the terms that search finds each passage by, with those of what stands before it."""
    for context, piece in zip(contexts(document_name, pieces), pieces, strict=True):
        yield terms_of(f"{context}\n{piece.text}", language)


def readable_name(document_name: str) -> str:
    """Return the name of a file as words: "2024_rental-contract.pdf" as "2024 rental contract"."""
    stem = PurePath(document_name).stem if "." in document_name else document_name
    return " ".join(_NAME_PARTS.sub(" ", stem).split())


def _heads(pieces: Sequence[Piece]) -> dict[int | None, str]:
    """Return what stands at the head of each page and of few others, by page."""
    pages = {
        page: next(group).text for page, group in groupby(pieces, lambda piece: piece.first_page)
    }
    pages.pop(None, None)
    lines = {page: _lines(text) for page, text in pages.items()}
    counts = Counter(line for found in lines.values() for line in {_shape(each) for each in found})
    most = max(MIN_REPEATED, REPEATED_SHARE * len(lines))
    return {
        page: "\n".join(line for line in found if counts[_shape(line)] < most)[:HEAD_CHARS]
        for page, found in lines.items()
    }


def _lines(text: str) -> list[str]:
    lines = (line.strip() for line in text[: 4 * HEAD_CHARS].split("\n"))
    return [line for line in lines if line][:HEAD_LINES]


def _shape(line: str) -> str:
    """Return a line without its figures, such as the number of the page."""
    return re.sub(r"\d+", "", line).lower().strip()
