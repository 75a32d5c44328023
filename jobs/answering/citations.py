"""Checks the citations of an answer against the passages it was given."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from jobs.citation_format import CODE, NUMBER
from jobs.models import Citation, Passage

# [1], [1, 2], [1-3], and 【1】 as some models write; not a link such as [1](https://…).
_MODEL_MARKER = re.compile(rf"[\[【]({NUMBER}(?:\s*[,;–-]\s*{NUMBER})*)[\]】](?!\()")
# Stands for a removed marker until the gap that it leaves is closed; no model writes it.
_REMOVED = "\ue000"
# A longer range is taken for its two ends: nobody cites so many passages at once.
MAX_RANGE = 20


@dataclass(frozen=True)
class CheckedText:
    """A text whose every marker names a passage. Citations are in order of first appearance."""

    text: str
    citations: tuple[Citation, ...]
    removed: int


def check_citations(text: str, passages: Sequence[Passage]) -> CheckedText:
    """Keep the markers that name one of the passages; remove and count the others.

    Lists and ranges become single markers. Code is left alone.
    """
    markers = _Markers(len(passages))
    parts, start = [], 0
    for code in CODE.finditer(text):
        parts += [_MODEL_MARKER.sub(markers.check, text[start : code.start()]), code.group()]
        start = code.end()
    parts.append(_MODEL_MARKER.sub(markers.check, text[start:]))
    citations = tuple(citation_of(number, passages[number - 1]) for number in markers.cited)
    return CheckedText(_close_gaps("".join(parts)).strip(), citations, markers.removed)


class _Markers:
    """Replaces the markers of a text, and keeps what they cited and how many were removed."""

    def __init__(self, passages: int) -> None:
        self._passages = passages
        self.cited: dict[int, None] = {}  # the numbers, in order of first appearance
        self.removed = 0

    def check(self, match: re.Match[str]) -> str:
        """Return the single markers that stand for a match."""
        kept = []
        for number in _numbers(match.group(1)):
            if 1 <= number <= self._passages:
                self.cited[number] = None
                kept.append(f"[{number}]")
            else:
                self.removed += 1
        return "".join(kept) or _REMOVED


def _close_gaps(text: str) -> str:
    *parts, last = text.split(_REMOVED)
    return "".join(part.rstrip(" \t") for part in parts) + last


def _numbers(listing: str) -> list[int]:
    numbers: list[int] = []
    for part in re.split("[,;]", listing):
        first, *rest = (int(number) for number in re.split("[–-]", part))
        last = rest[-1] if rest else first
        numbers += range(first, last + 1) if 0 <= last - first <= MAX_RANGE else (first, last)
    return numbers


def citation_of(number: int, passage: Passage) -> Citation:
    """Return the passage with this number, as a source to open."""
    return Citation(
        number=number,
        document_id=passage.document_id,
        document_name=passage.document_name,
        passage_id=passage.id,
        text=passage.text,
        page=passage.page,
        last_page=passage.last_page,
        score=passage.score,
        place=passage.place,
        section=passage.section,
        ocr_confidence=passage.ocr_confidence,
    )
