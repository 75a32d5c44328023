"""Ranking the sentences of passages by how well they answer a question."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from jobs.answering.expected_kind import lacks_asked_kind
from jobs.answering.question_anchors import Anchors, anchors_of, fold, has_name
from jobs.answering.question_core import without_mention
from jobs.answering.question_terms import terms_in, wanted_terms
from jobs.answering.quotable import Sentence
from jobs.answering.sentence_pool import SentencePool, Source
from jobs.glossary.rules import compared
from jobs.glossary.term_finder import Way
from jobs.language import guess_language
from jobs.models import Passage

# How alike a question and each of these texts are in meaning, from -1 to 1; none if unknown.
Similarity = Callable[[str, Sequence[str]], Sequence[float]]

# By words alone, a sentence must hold this share of the question's weight to be worth quoting.
MIN_SHARE = 0.45
# By words and meaning: found with all-MiniLM-L6-v2 on the samples (benchmarks/quoted_answers.py).
MEANING_WEIGHT = 2.0
MIN_SCORE = 0.42
SURELY_ALIKE = 0.57
MAX_COMPARED = 24
# For what is not of the kind that is asked for, and for a name, year or document that is.
WRONG_KIND, HAS_ANCHOR = 0.15, 0.1
# A further sentence is quoted if it scores nearly as well as the best.
NEAR_BEST = 0.85
MAX_SENTENCES = 3
# The words of a heading count so much for the sentences below it.
HEADING_SHARE = 0.7


@dataclass(frozen=True)
class Quote:
    """A sentence of the passage with this number (from 1), and its score, from 0 to 1.

    `caption` is what stands above the table that it is a row of, with its unit, or "".
    """

    sentence: str
    number: int
    score: float
    caption: str = ""

    @property
    def words(self) -> str:
        """The sentence as it is quoted: a row below its caption."""
        return f"{self.caption.rstrip(':')}: {self.sentence}" if self.caption else self.sentence


def best_quotes(
    question: str, passages: Sequence[Passage], similarity: Similarity | None = None
) -> list[Quote]:
    """Return the best quotes for one question, see `SentenceRanking.best`."""
    return SentenceRanking(passages, similarity).best(question)


class SentenceRanking:
    """Ranks the sentences of some passages, for one question or for each part of it."""

    def __init__(self, passages: Sequence[Passage], similarity: Similarity | None = None) -> None:
        self._pool = SentencePool(passages)
        self._similarity = similarity

    def best(self, question: str, ways: Sequence[Way] = ()) -> list[Quote]:
        """Return up to three sentences, best first; none if the passages don't seem to answer.

        The score of a sentence is the share of the question's words that it or the heading above
        it has, weighted by inverse document frequency: log(1 + sentences / sentences with the
        word). A word that none has, such as a heading that a table lacks, counts like one that only
        one has; those of the heading alone count less. With a similarity, how alike they are in
        meaning counts more. What is not about the names and years of the question is never quoted.
        A sentence may also answer the question in one of these ways, if it has a phrase of that.
        """
        anchors = self._pool.uncommon(anchors_of(question))
        found = [*self._ranked(question, anchors)]
        for way in ways:
            found += self._ranked(way.question, anchors, way.phrases)
        # Among equals: the better passage first, then the shorter sentence.
        found.sort(key=lambda each: (-each.score, each.number, len(each.sentence.text)))
        return _distinct([each for each in found if each.score >= NEAR_BEST * found[0].score])

    def _ranked(
        self, question: str, anchors: Anchors, phrases: Sequence[str] = ()
    ) -> Iterator[_Candidate]:
        """Yield the sentences that are good enough to be quoted."""
        question, meant = self._without_mentions(question)
        wanted = wanted_terms(question)
        if not wanted:
            return
        candidates = self._candidates(question, anchors, wanted)
        self._weigh(candidates, wanted, anchors)
        if phrases:
            sought = [set(compared(phrase)) for phrase in phrases]
            candidates = [each for each in candidates if each.has_one(sought)]
        by_meaning = self._compare(question, candidates)
        for each in candidates:
            words = each.source.own_words if anchors else frozenset()
            is_named = any(has_name(name, words) for name in anchors.names)
            is_of = not anchors.years.isdisjoint(words) or (is_named and each.sentence.is_row)
            each.score += HAS_ANCHOR * is_of
            if lacks_asked_kind(question, each.sentence.text):
                each.score -= WRONG_KIND
            if each.is_good(by_meaning=by_meaning):
                # Prose that has a name is better than other prose, but no better an answer.
                is_preferred = is_named or each.source.document_name in meant
                each.score += HAS_ANCHOR * (is_preferred and not is_of)
                yield each

    def _without_mentions(self, question: str) -> tuple[str, set[str]]:
        """Return the question without the names of documents, and which documents it names."""
        rest, meant = question, set()
        for name in self._pool.document_names:
            without = without_mention(question, name)
            if without != question:
                meant.add(name)
                rest = without_mention(rest, name)
        return rest, meant

    def _candidates(self, question: str, anchors: Anchors, wanted: set[str]) -> list[_Candidate]:
        """Return the sentences that are about the names and years of the question."""
        language = guess_language(question)
        found = []
        for source in self._pool.about(anchors):
            own = source.terms(language) & wanted
            above = source.terms_above(language) & wanted - own
            found.append(_Candidate(source, own, above))
        return found

    def _weigh(self, candidates: Sequence[_Candidate], wanted: set[str], anchors: Anchors) -> None:
        """Set the share of the wanted terms that each has.

        Not counted are years, and names but in rows without headings: there, the name of the row is
        all that it says about its figures.
        """
        names = {term for term in wanted if fold(term) in anchors.words}
        frequency = Counter(term for each in candidates for term in each.own)
        weights = {term: math.log(1 + len(candidates) / (frequency[term] or 1)) for term in wanted}
        for each in candidates:
            counted = wanted - (anchors.years if each.sentence.lacks_headings else names) or wanted
            own = sum(weights[term] for term in each.own & counted)
            above = sum(weights[term] for term in each.above & counted)
            total = sum(weights[term] for term in counted)
            each.score = each.share = (own + HEADING_SHARE * above) / total

    def _compare(self, question: str, candidates: list[_Candidate]) -> bool:
        """Score the best by words by meaning too, and drop the rest; False if unknown."""
        if self._similarity is None or not candidates:
            return False
        best = sorted(candidates, key=lambda each: (-each.share, each.number))[:MAX_COMPARED]
        likeness = self._similarity(question, [each.source.meaning for each in best])
        if not likeness:
            return False
        for each, alike in zip(best, likeness, strict=True):
            each.alike = alike
            each.score = (each.share + MEANING_WEIGHT * alike) / (1 + MEANING_WEIGHT)
        candidates[:] = best
        return True


@dataclass
class _Candidate:
    source: Source
    own: set[str]  # the question's terms that it has
    above: set[str]  # those that only its heading has
    share: float = 0.0
    alike: float = 0.0
    score: float = 0.0

    @property
    def sentence(self) -> Sentence:
        return self.source.sentence

    @property
    def number(self) -> int:
        return self.source.number

    def is_good(self, *, by_meaning: bool) -> bool:
        if not by_meaning:
            return self.score >= MIN_SHARE
        return self.score >= MIN_SCORE or self.alike >= SURELY_ALIKE

    def has_one(self, phrases: Sequence[set[str]]) -> bool:
        return any(phrase <= self.source.compared for phrase in phrases)


def _distinct(candidates: Sequence[_Candidate]) -> list[Quote]:
    """Keep one of each sentence that overlapping passages share; at most `MAX_SENTENCES`."""
    kept: dict[str, Quote] = {}
    for each in candidates:
        key = " ".join(sorted(terms_in(each.sentence.text)))
        if key not in kept:
            text, caption = each.sentence.text, each.sentence.caption
            kept[key] = Quote(text, each.number, each.score, caption)
        if len(kept) == MAX_SENTENCES:
            break
    return [*kept.values()]
