"""Counts the sentences of an answer, and how many of them cite no passage."""

from __future__ import annotations

import re
from dataclasses import dataclass

from jobs.answering.quotable import MIN_SENTENCE_WORDS, split_sentences
from jobs.citation_format import MARKER, NUMBER, without_markers
from jobs.words import count_words

_FENCE = re.compile(r"```.*?(?:```|\Z)", re.DOTALL)
# A marker after the full stop belongs to the sentence before it.
_LATE_MARKERS = re.compile(
    rf"([.!?…][\"'”’“»›)*_]*|[.!?…]\s»|[。！？।؟][”’」』）]*)((?:\s*\[{NUMBER}\])+)(?!\()"
)
# The line below the head of a table, without the bar that it may begin with.
_TABLE_RULE = re.compile(r"^:?-{2,}:?[ \t]*\|")
# What introduces a list, and what asks.
NO_CLAIM_ENDINGS = (":", "?", "：", "？", "؟")
# How a quoted answer says which part of the question it lacks.
NOTHING_ABOUT = "Nothing was found about"


@dataclass(frozen=True)
class CitationCoverage:
    """How many sentences an answer has, and how many of them carry no citation."""

    sentences: int
    uncited: int

    @property
    def is_none(self) -> bool:
        """True if no sentence has a citation, also where there is no sentence."""
        return self.sentences == self.uncited


def measure_coverage(text: str) -> CitationCoverage:
    """Count the sentences of a checked answer, and those without a marker.

    What introduces a list ("The limits are:"), asks, says what was not found, or has fewer than
    four words makes no claim of its own and is not counted; nor are headings and code. Where no
    sentence has four words, as in "Yes [1].", the shorter ones count.
    """
    prose = _without_table_heads(_FENCE.sub("\n", text))
    prose = _LATE_MARKERS.sub(lambda match: f" {match[2].strip()}{match[1]} ", prose)
    claims = [
        sentence
        for sentence in split_sentences(prose, min_words=1, max_chars=len(prose))
        if without_markers(sentence).strip()
        and not sentence.startswith(NOTHING_ABOUT)
        and not without_markers(sentence).rstrip("*_\"'”’“») ").endswith(NO_CLAIM_ENDINGS)
    ]
    long = [claim for claim in claims if count_words(claim) >= MIN_SENTENCE_WORDS]
    sentences = long or claims
    uncited = [sentence for sentence in sentences if not MARKER.search(sentence)]
    return CitationCoverage(len(sentences), len(uncited))


def _without_table_heads(text: str) -> str:
    """Leave out the lines that have a bar and stand right above the rule of a table."""
    lines = text.split("\n")
    below = [*lines[1:], ""]
    return "\n".join(
        "" if "|" in line and _is_table_rule(next_line) else line
        for line, next_line in zip(lines, below, strict=True)
    )


def _is_table_rule(line: str) -> bool:
    return bool(_TABLE_RULE.match(line.strip().removeprefix("|").lstrip()))
