"""Counts the sentences of an answer, and how many of them cite no passage."""

from __future__ import annotations

import re
from dataclasses import dataclass

from jobs.answering.extractive import split_sentences
from jobs.citation_format import MARKER, NUMBER, without_markers

_FENCE = re.compile(r"```.*?(?:```|\Z)", re.DOTALL)
# A marker after the full stop belongs to the sentence before it.
_LATE_MARKERS = re.compile(rf"([.!?][\"'”’»)]*)((?:\s*\[{NUMBER}\])+)(?=\s|\Z)")
_TABLE_HEAD = re.compile(r"^.*\|.*\n(?=\s*\|?\s*:?-{2,}:?\s*\|)", re.MULTILINE)
# A sentence may begin and end with any kind of quotation mark.
_STRAIGHT = str.maketrans("“”„«»", '"' * 5)


@dataclass(frozen=True)
class CitationCoverage:
    """How many sentences an answer has, and how many of them carry no citation."""

    sentences: int
    uncited: int

    @property
    def is_none(self) -> bool:
        """True if there are sentences, and none has a citation."""
        return 0 < self.sentences == self.uncited


def measure_coverage(text: str) -> CitationCoverage:
    """Count the sentences of a checked answer, and those without a marker.

    What introduces a list ("The limits are:"), asks, or has fewer than four words makes no claim of
    its own and is not counted; nor are headings and code.
    """
    prose = _TABLE_HEAD.sub("\n", _FENCE.sub("\n", text)).translate(_STRAIGHT)
    prose = _LATE_MARKERS.sub(lambda match: f" {match[2].strip()}{match[1]}", prose)
    sentences = [
        sentence
        for sentence in split_sentences(prose)
        if not without_markers(sentence).rstrip("*_\"'”’) ").endswith((":", "?"))
    ]
    uncited = [sentence for sentence in sentences if not MARKER.search(sentence)]
    return CitationCoverage(len(sentences), len(uncited))
