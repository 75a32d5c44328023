"""Answers without a model: the sentences of the passages that fit the question best, quoted."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from jobs.llm.chat import Chunk
from jobs.llm.rewriting import Rewriting, Turn
from jobs.models import Passage
from jobs.search.index import STOP_WORDS, keywords_of

# A sentence must hold this share of the question's weight to be worth quoting.
MIN_SHARE = 0.45
# A further sentence is quoted if it fits nearly as well as the best.
NEAR_BEST = 0.85
MAX_SENTENCES = 3
MAX_SENTENCE_CHARS = 600
MIN_SENTENCE_WORDS = 4
TITLE_CHARS = 60

_ABBREVIATION = re.compile(r"\b(?:e\.g|i\.e|Mr|Mrs|Ms|Dr|No|Nr|approx|vs|Inc|Ltd|St|Art|Fig)\.$")
_SENTENCE_END = re.compile(r"(?<=[.!?])[\"')\]]*\s+(?=[\"'(\[]?[A-Z0-9])")
_LIST_ITEM = re.compile(r"^\s*(?:[-*+•]|\d+[.)])\s+")
_HEADING = re.compile(r"^\s*#{1,6}\s+")
_MARKUP = re.compile(r"\*\*|__|`|!?\[([^\]]*)\]\([^)]*\)")


@dataclass(frozen=True)
class Quote:
    """A sentence of the passage with this number (from 1), and how well it fits, from 0 to 1."""

    sentence: str
    number: int
    score: float


class Extractive:
    """A generator that quotes. It streams sentence by sentence, like a model would."""

    model = ""
    extractive = True

    def stream(self, question: str, passages: Sequence[Passage]) -> Iterator[Chunk]:
        """The quotes, each with its citation; nothing if no sentence fits."""
        for position, quote in enumerate(best_quotes(question, passages)):
            space = " " if position else ""
            yield Chunk(text=f"{space}{quote.sentence} [{quote.number}]")

    def rewrite(self, question: str, turns: Sequence[Turn]) -> Rewriting:
        """The new question, behind those keywords of the one before it that it lacks."""
        lacking = _terms(turns[-1].question) - _terms(question)
        words = [
            word
            for word in dict.fromkeys(keywords_of(turns[-1].question).split())
            if _stem(word.lower()) in lacking
        ]
        return Rewriting(f"{' '.join(words)}: {question}" if words else question)


def best_quotes(question: str, passages: Sequence[Passage]) -> list[Quote]:
    """Up to three sentences, best first; empty if the passages don't seem to answer.

    A sentence scores the share of the question's words it holds, each weighted by how rare it is
    among all sentences: log(1 + sentences / sentences with the word), the usual IDF.
    """
    wanted = _terms(question)
    if not wanted:
        return []
    candidates = [
        (sentence, number, _terms(sentence))
        for number, passage in enumerate(passages, start=1)
        for sentence in split_sentences(passage.text)
    ]
    frequency = Counter(term for _, _, terms in candidates for term in terms & wanted)
    weights = {term: math.log(1 + len(candidates) / (frequency[term] or 0.5)) for term in wanted}
    total = sum(weights.values())
    quotes = [
        Quote(sentence, number, sum(weights[term] for term in terms & wanted) / total)
        for sentence, number, terms in candidates
    ]
    # Among equals: the better passage first, then the shorter sentence.
    quotes.sort(key=lambda quote: (-quote.score, quote.number, len(quote.sentence)))
    if not quotes or quotes[0].score < MIN_SHARE:
        return []
    return _distinct([quote for quote in quotes if quote.score >= NEAR_BEST * quotes[0].score])


def split_sentences(text: str) -> list[str]:
    """Sentences in reading order, without Markdown; hard-wrapped lines are joined first."""
    sentences: list[str] = []
    for block in _blocks(text):
        start = 0
        for match in _SENTENCE_END.finditer(block):
            if _ABBREVIATION.search(block[: match.start()].rstrip("\"')]")):
                continue
            sentences.append(block[start : match.end()].strip())
            start = match.end()
        sentences.append(block[start:].strip())
    return [
        sentence
        for sentence in sentences
        if len(sentence) <= MAX_SENTENCE_CHARS and len(sentence.split()) >= MIN_SENTENCE_WORDS
    ]


def _blocks(text: str) -> Iterator[str]:
    """Paragraphs, list items and table rows, each as one line. Headings are no sentences."""
    lines: list[str] = []
    for raw in [*text.splitlines(), ""]:
        starts_block = bool(_LIST_ITEM.match(raw)) or raw.lstrip().startswith("|")
        if lines and raw.strip()[:1].isupper():
            # The text of a PDF shows a heading like any other line.
            starts_block |= len(lines) == 1 and _is_title(lines[0])
            starts_block |= lines[-1][-1] in ".!?" and _is_title(raw.strip())
        if lines and (not raw.strip() or starts_block or _HEADING.match(raw)):
            yield " ".join(lines)
            lines = []
        if _HEADING.match(raw):
            continue
        line = _MARKUP.sub(lambda match: match.group(1) or "", _LIST_ITEM.sub("", raw))
        line = " ".join(line.replace("|", " ").split())
        if line.strip("-: "):
            lines.append(line)


def _is_title(line: str) -> bool:
    """True for a line that looks like a heading: short, without a stop."""
    return len(line) <= TITLE_CHARS and line[-1] not in ".,;:!?"


def _terms(text: str) -> set[str]:
    words = re.findall(r"\w+(?:[.,]\d+)*", text.lower())
    return {_stem(word) for word in words if word not in STOP_WORDS}


def _stem(word: str) -> str:
    """Cut the commonest English endings, so that "proposes" meets "propose"."""
    for ending in ("ings", "ing", "edly", "ed", "ies", "es", "s", "e"):
        if word.endswith(ending) and len(word) - len(ending) >= 3 and not word[-1].isdigit():
            return word[: -len(ending)]
    return word


def _distinct(quotes: list[Quote]) -> list[Quote]:
    """Drop a sentence that overlapping passages hold twice."""
    seen: set[str] = set()
    kept = []
    for quote in quotes:
        key = " ".join(sorted(_terms(quote.sentence)))
        if key not in seen:
            seen.add(key)
            kept.append(quote)
    return kept[:MAX_SENTENCES]
