"""Answers without a model, by quoting the sentences that match the question best."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from jobs.llm.chat import Chunk
from jobs.llm.rewriting import Rewriting, Turn
from jobs.models import Passage
from jobs.search.keywords import STOP_WORDS, keywords_of

# A sentence must hold this share of the question's weight to be worth quoting.
MIN_SHARE = 0.45
# A further sentence is quoted if it scores nearly as well as the best.
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
    """A sentence of the passage with this number (from 1), and its score, from 0 to 1."""

    sentence: str
    number: int
    score: float


class Extractive:
    """A generator that quotes. It streams sentence by sentence, as a model would."""

    model = ""
    extractive = True

    def stream(self, question: str, passages: Sequence[Passage]) -> Iterator[Chunk]:
        """Yield the quotes, each with its citation; nothing if no sentence matches."""
        for position, quote in enumerate(best_quotes(question, passages)):
            space = " " if position else ""
            yield Chunk(text=f"{space}{quote.sentence} [{quote.number}]")

    def rewrite(self, question: str, turns: Sequence[Turn]) -> Rewriting:
        """Put those keywords of the question before it that it lacks in front of a follow-up."""
        lacking = _terms(turns[-1].question) - _terms(question)
        words = [
            word
            for word in dict.fromkeys(keywords_of(turns[-1].question).split())
            if _stem(word.lower()) in lacking
        ]
        return Rewriting(f"{' '.join(words)}: {question}" if words else question)


def best_quotes(question: str, passages: Sequence[Passage]) -> list[Quote]:
    """Return up to three sentences, best first; none if the passages don't seem to answer.

    The score of a sentence is the share of the question's words that it has, weighted by inverse
    document frequency: log(1 + sentences / sentences with the word).
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
    """Split a text into sentences, in reading order and without Markdown.

    Hard-wrapped lines are joined first. Sentences of fewer than four words or more than 600
    characters are left out.
    """
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
    """Yield paragraphs, list items and table rows, each as one line; headings are left out."""
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
    """Return whether a line looks like a heading: short, and without a full stop."""
    return len(line) <= TITLE_CHARS and line[-1] not in ".,;:!?"


def _terms(text: str) -> set[str]:
    words = re.findall(r"\w+(?:[.,]\d+)*", text.lower())
    return {_stem(word) for word in words if word not in STOP_WORDS}


def _stem(word: str) -> str:
    """Cut off the commonest English endings, so that "proposes" matches "propose"."""
    for ending in ("ings", "ing", "edly", "ed", "ies", "es", "s", "e"):
        if word.endswith(ending) and len(word) - len(ending) >= 3 and not word[-1].isdigit():
            return word[: -len(ending)]
    return word


def _distinct(quotes: list[Quote]) -> list[Quote]:
    """Keep one of each sentence that overlapping passages share; at most `MAX_SENTENCES`."""
    seen: set[str] = set()
    kept = []
    for quote in quotes:
        key = " ".join(sorted(_terms(quote.sentence)))
        if key not in seen:
            seen.add(key)
            kept.append(quote)
    return kept[:MAX_SENTENCES]
