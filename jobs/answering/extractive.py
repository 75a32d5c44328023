"""Answers without a model, by quoting the sentences that match the question best."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from jobs.answering.expected_kind import lacks_asked_kind
from jobs.answering.question_anchors import (
    Anchors,
    anchors_of,
    fold,
    has_name,
    names_other_place,
    words_in,
)
from jobs.answering.quotable import Sentence, sentences_of
from jobs.citation_format import neutralize_markers
from jobs.language import DEFAULT_LANGUAGE, guess_language
from jobs.llm.reply import Chunk
from jobs.llm.rewriting import Rewriting, Turn
from jobs.models import Passage
from jobs.normalization import normalize
from jobs.search.filler_words import filler_of
from jobs.search.keywords import STOP_WORDS, keywords_of, stop_words_of
from jobs.search.question_parts import split_question
from jobs.words import UNSPACED, is_grammar, search_terms

# How alike a question and each of these texts are in meaning, from -1 to 1; none if unknown.
Similarity = Callable[[str, Sequence[str]], Sequence[float]]

# By words alone, a sentence must hold this share of the question's weight to be worth quoting.
MIN_SHARE = 0.45
# By words and meaning: found with all-MiniLM-L6-v2 on the samples (benchmarks/quoted_answers.py).
MEANING_WEIGHT = 2.0
MIN_SCORE = 0.42
SURELY_ALIKE = 0.57
MAX_COMPARED = 24
# For what is not of the kind that is asked for, and for a name or year that is there.
WRONG_KIND, HAS_ANCHOR = 0.15, 0.1
# A further sentence is quoted if it scores nearly as well as the best.
NEAR_BEST = 0.85
MAX_SENTENCES = 3
# The words of a heading count so much for the sentences below it.
HEADING_SHARE = 0.7
# As good as stems in most European languages: McNamee, Nicholas and Mayfield (SIGIR 2009).
STEM_CHARS = 6


@dataclass(frozen=True)
class Quote:
    """A sentence of the passage with this number (from 1), and its score, from 0 to 1.

    `caption` is the heading of the table that it is a row of, with its unit, or "".
    """

    sentence: str
    number: int
    score: float
    caption: str = ""

    @property
    def words(self) -> str:
        """The sentence as it is quoted: a row below its caption."""
        return f"{self.caption.rstrip(':')}: {self.sentence}" if self.caption else self.sentence


class Extractive:
    """A generator that quotes. It streams sentence by sentence, as a model would."""

    model = ""
    extractive = True

    def __init__(self, similarity: Similarity | None = None) -> None:
        self._similarity = similarity

    def stream(self, question: str, passages: Sequence[Passage]) -> Iterator[Chunk]:
        """Yield the quotes, each with its citation; nothing if no sentence matches."""
        for position, quote in enumerate(self._quotes(question, passages)):
            space = " " if position else ""
            # What the document itself numbers so cites no passage of this answer.
            sentence = neutralize_markers(quote.words)
            yield Chunk(text=f"{space}{sentence} [{quote.number}]")

    def _quotes(self, question: str, passages: Sequence[Passage]) -> list[Quote]:
        """Return the best quote for each part of a question, and those for it as a whole."""
        parts = split_question(question)
        of_parts = [
            quote
            for part in (parts if len(parts) > 1 else ())
            for quote in best_quotes(part, passages, self._similarity)[:1]
        ]
        whole = best_quotes(question, passages, self._similarity)
        return list({quote.sentence: quote for quote in (*of_parts, *whole)}.values())[
            : max(MAX_SENTENCES, len(of_parts))
        ]

    def rewrite(self, question: str, turns: Sequence[Turn]) -> Rewriting:
        """Put those keywords of the question before it that it lacks in front of a follow-up."""
        lacking = _terms(turns[-1].question) - _terms(question)
        words = [
            word
            for word in dict.fromkeys(keywords_of(turns[-1].question).split())
            if _stem(word.lower()) in lacking
        ]
        return Rewriting(f"{' '.join(words)}: {question}" if words else question)


def best_quotes(
    question: str, passages: Sequence[Passage], similarity: Similarity | None = None
) -> list[Quote]:
    """Return up to three sentences, best first; none if the passages don't seem to answer.

    The score of a sentence is the share of the question's words that it or the heading above it
    has, weighted by inverse document frequency: log(1 + sentences / sentences with the word). A
    word that none has, such as a heading that a table lacks, counts like one that only one has;
    those of the heading alone count less. With `similarity`, how alike they are in meaning counts
    more. What is not about the names and years of the question is never quoted.
    """
    wanted = _wanted(question)
    if not wanted:
        return []
    candidates = _candidates(question, passages, wanted)
    names = {_stem(word) for word in anchors_of(question).words}
    _weigh(candidates, wanted, {term for term in wanted if fold(term) in names})
    by_meaning = similarity is not None and _compare(question, candidates, similarity)
    for candidate in candidates:
        if candidate.has_anchor:
            candidate.score += HAS_ANCHOR
        if lacks_asked_kind(question, candidate.sentence.text):
            candidate.score -= WRONG_KIND
    # Among equals: the better passage first, then the shorter sentence.
    candidates.sort(key=lambda each: (-each.score, each.number, len(each.sentence.text)))
    if not candidates or not candidates[0].is_good(by_meaning=by_meaning):
        return []
    least = NEAR_BEST * candidates[0].score
    return _distinct([each for each in candidates if each.score >= least])


@dataclass
class _Candidate:
    sentence: Sentence
    number: int
    own: set[str]  # the question's terms that it has
    above: set[str]  # those that only its heading has
    has_anchor: bool
    share: float = 0.0
    alike: float = 0.0
    score: float = 0.0

    def is_good(self, *, by_meaning: bool) -> bool:
        if not by_meaning:
            return self.score >= MIN_SHARE
        return self.score >= MIN_SCORE or self.alike >= SURELY_ALIKE


def _candidates(question: str, passages: Sequence[Passage], wanted: set[str]) -> list[_Candidate]:
    """Return the sentences that are about the names and years of the question."""
    language, anchors = guess_language(question), anchors_of(question)
    about = {name: words_in(name) for name in {passage.document_name for passage in passages}}
    in_passage = [words_in(f"{each.section} {each.text}") for each in passages] if anchors else []
    for passage, words in zip(passages, in_passage, strict=False):
        about[passage.document_name] |= words
    found = []
    for number, passage in enumerate(passages, start=1):
        name = words_in(passage.document_name)
        around = in_passage[number - 1] if anchors else frozenset()
        for sentence in sentences_of(passage):
            here = words_in(f"{sentence.text} {sentence.heading} {passage.section}") | name
            if anchors and not _is_about(
                anchors, sentence, here, around, about[passage.document_name]
            ):
                continue
            own = _terms(sentence.text, language) & wanted
            above = _terms(f"{sentence.heading} {sentence.section}", language) & wanted - own
            has_anchor = bool(anchors.words & words_in(sentence.text))
            found.append(_Candidate(sentence, number, own, above, has_anchor))
    return found


def _is_about(
    anchors: Anchors,
    sentence: Sentence,
    here: frozenset[str],
    passage: frozenset[str],
    document: frozenset[str],
) -> bool:
    """Return whether a sentence may be about the names and years of the question.

    It need not name them itself where its document does, unless it names another place or year.
    """
    for name in anchors.names:
        if has_name(name, here):
            continue
        if not has_name(name, document):
            return False
        is_elsewhere = sentence.is_row and has_name(name, passage)
        if name in anchors.places and (is_elsewhere or names_other_place(sentence.text)):
            return False
    return all(
        year in here or (year in passage and not (sentence.is_row and _has_year(here)))
        for year in anchors.years
    )


def _has_year(words: frozenset[str]) -> bool:
    return any(word.isdigit() for word in words)


def _weigh(candidates: Sequence[_Candidate], wanted: set[str], names: set[str]) -> None:
    """Set the share of the wanted terms that each has. Names count in rows without headings alone.

    There, the name of the row is all that it says about its figures.
    """
    frequency = Counter(term for each in candidates for term in each.own)
    weights = {term: math.log(1 + len(candidates) / (frequency[term] or 1)) for term in wanted}
    for each in candidates:
        counted = wanted if each.sentence.lacks_headings else wanted - names or wanted
        own = sum(weights[term] for term in each.own & counted)
        above = sum(weights[term] for term in each.above & counted)
        total = sum(weights[term] for term in counted)
        each.score = each.share = (own + HEADING_SHARE * above) / total


def _compare(question: str, candidates: list[_Candidate], similarity: Similarity) -> bool:
    """Score those that are best by words by meaning too, and drop the rest; False if unknown."""
    best = sorted(candidates, key=lambda each: (-each.share, each.number))[:MAX_COMPARED]
    texts = [": ".join(filter(None, (each.sentence.section, each.sentence.text))) for each in best]
    likeness = similarity(question, texts) if texts else ()
    if not likeness:
        return False
    for each, alike in zip(best, likeness, strict=True):
        each.alike = alike
        each.score = (each.share + MEANING_WEIGHT * alike) / (1 + MEANING_WEIGHT)
    candidates[:] = best
    return True


def _wanted(question: str) -> set[str]:
    """Return the terms of a question that say something about which sentence answers."""
    language = guess_language(question)
    unsaying = stop_words_of(question) | filler_of(language)
    stop_words = {_stem(word, language) for word in unsaying}
    terms = _terms(question, language)
    return {term for term in terms if term not in stop_words and not is_grammar(term)} or terms


def _terms(text: str, language: str = DEFAULT_LANGUAGE) -> set[str]:
    words = re.findall(r"\w+(?:[.,]\d+)*", normalize("NFKC", text).lower())
    spaced = {
        _stem(word, language)
        for word in words
        if word not in STOP_WORDS and not UNSPACED.search(word)
    }
    if not UNSPACED.search(text):
        return spaced
    return spaced.union(search_terms(text.lower()))


def _stem(word: str, language: str = DEFAULT_LANGUAGE) -> str:
    """Cut off the commonest English endings, so that "proposes" matches "propose".

    Of words in other languages, the beginning counts: "Gebühren" and "Gebühr".
    """
    if language != DEFAULT_LANGUAGE:
        return word if any(map(str.isdigit, word)) else word[:STEM_CHARS]
    for ending in ("ings", "ing", "edly", "ed", "ies", "es", "s", "e"):
        if word.endswith(ending) and len(word) - len(ending) >= 3 and not word[-1].isdigit():
            return word[: -len(ending)]
    return word


def _distinct(candidates: Sequence[_Candidate]) -> list[Quote]:
    """Keep one of each sentence that overlapping passages share; at most `MAX_SENTENCES`."""
    seen: set[str] = set()
    kept = []
    for each in candidates:
        key = " ".join(sorted(_terms(each.sentence.text)))
        if key not in seen:
            seen.add(key)
            kept.append(Quote(each.sentence.text, each.number, each.score, each.sentence.caption))
    return kept[:MAX_SENTENCES]
