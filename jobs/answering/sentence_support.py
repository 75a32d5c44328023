"""Sentences of an answer whose cited passages do not seem to bear them out.

A rule of overlap, without a model. It is made to mark few sentences wrongly: who writes freely uses
other words than the source, and so only what shares next to nothing with it is marked, a figure
that stands in another passage, and a name that stands in none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from jobs.answering.citation_coverage import NO_CLAIM_ENDINGS
from jobs.answering.figures import FigureSources, quantities_in
from jobs.answering.question_anchors import anchors_of, words_in
from jobs.citation_format import CODE, MARKER, NUMBER, without_markers
from jobs.language import guess_language
from jobs.models import CheckedFigure, DoubtfulSentence, FigureOrigin, Passage
from jobs.search.keywords import stop_words_of
from jobs.sentences import Span, sentence_spans
from jobs.words import is_grammar, search_terms

# A sentence with fewer words that say something proves nothing either way.
MIN_TERMS = 5
MIN_SHARE = 0.2
STEM_CHARS = 5
# Of fewer digits, a figure may stand in another passage by chance.
MIN_DIGITS = 3
MAX_SENTENCES = 400

NO_WORDS = "hardly a word of it is in the passage that it cites"
OTHER_PASSAGE = "a figure in it is in another passage than the one that it cites"
NO_FIGURE = "a figure in it is not in the sources"
NO_NAME = "a name in it is not in the passage that it cites"

_LEADING_MARKERS = re.compile(rf"(?:\s{{0,40}}\[{NUMBER}\])+(?!\()")


def find_doubtful(
    text: str,
    passages: Sequence[Passage],
    figures: Sequence[CheckedFigure],
    sources: FigureSources,
    question: str = "",
) -> tuple[DoubtfulSentence, ...]:
    """Return the sentences with citations that these do not bear out, in order.

    `figures` are those of the text, and `sources` the numbers of the passages, see
    `jobs.answering.figures`. What the question says itself needs no source.
    """
    support = _Support(passages, sources, question)
    missing = [each for each in figures if each.origin is FigureOrigin.NOT_IN_SOURCES]
    quoted = {each.start for each in figures if each.origin is FigureOrigin.QUOTED}
    doubtful = []
    for start, end, cited in _cited_sentences(text):
        if any(start <= each.start < end for each in missing):
            reason = NO_FIGURE
        else:
            reason = support.reason_to_doubt(text[start:end], cited, quoted, start)
        if reason:
            doubtful.append(DoubtfulSentence(start, end, reason))
    return tuple(doubtful)


def _cited_sentences(text: str) -> Iterator[tuple[int, int, frozenset[int]]]:
    """Yield start and end of each sentence that cites, without late markers, and what it cites."""
    prose = CODE.sub(lambda match: re.sub(r"[^\n]", " ", match.group()), text)
    spans = sentence_spans(prose)[:MAX_SENTENCES]
    for (start, end), following in pairwise([*spans, (len(text), len(text))]):
        leading = _LEADING_MARKERS.match(prose, start, end)
        begin = leading.end() if leading else start
        late = _LEADING_MARKERS.match(prose, following[0], following[1])
        sentence = prose[begin:end]
        markers = MARKER.findall(sentence) + (MARKER.findall(late.group()) if late else [])
        plain = without_markers(sentence).rstrip("*_\"'”’“») ")
        if markers and plain and not plain.endswith(NO_CLAIM_ENDINGS):
            yield (*_trimmed(text, (begin, end)), frozenset(map(int, markers)))


def _trimmed(text: str, span: Span) -> Span:
    start, end = span
    while start < end and text[start].isspace():
        start += 1
    return start, end


class _Support:
    """The passages as what is looked up in them: words, names, languages and figures."""

    def __init__(self, passages: Sequence[Passage], sources: FigureSources, question: str) -> None:
        self._passages = passages
        self._sources = sources
        self._asked_terms = _terms(question)
        self._asked_words = words_in(question)
        self._known: dict[int, tuple[str, set[str], frozenset[str]]] = {}

    def reason_to_doubt(
        self, sentence: str, cited: frozenset[int], quoted: set[int], offset: int
    ) -> str:
        """Return what the cited passages lack, or ""."""
        numbers = {number for number in cited if number <= len(self._passages)}
        if not numbers:
            return ""
        known = [self._about(number) for number in numbers]
        for figure in quantities_in(sentence):
            having = self._sources.passages_with(figure)
            is_distinct = figure.digits >= MIN_DIGITS and offset + figure.start in quoted
            if is_distinct and having and not having & numbers:
                return OTHER_PASSAGE
        words = self._asked_words.union(*(about[2] for about in known))
        names = [name for name in anchors_of(sentence).names if len(name) > 1]
        if any(not words.intersection(name) for name in names):
            return NO_NAME
        language = guess_language(sentence)
        if any(about[0] != language for about in known):
            return ""  # a translation has other words
        terms = _terms(without_markers(sentence)) - self._asked_terms
        found = set().union(*(about[1] for about in known))
        is_telling = len(terms) >= MIN_TERMS
        return NO_WORDS if is_telling and len(terms & found) < MIN_SHARE * len(terms) else ""

    def _about(self, number: int) -> tuple[str, set[str], frozenset[str]]:
        """Return the language, terms and words of a passage, made once."""
        if number not in self._known:
            passage = self._passages[number - 1]
            whole = f"{passage.document_name}\n{passage.section}\n{passage.text}"
            language = guess_language(passage.text)
            self._known[number] = language, _terms(whole), words_in(whole)
        return self._known[number]


def _terms(text: str) -> set[str]:
    """Return the beginnings of the words that say something, without figures."""
    stop_words = stop_words_of(text)
    return {
        word[:STEM_CHARS]
        for word in search_terms(text.lower())
        if word not in stop_words and not is_grammar(word) and not word.isdigit()
    }
