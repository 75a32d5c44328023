"""Answers without a model: for each part of a question, the sentences that match it best."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from copy import copy

from jobs.answering.citation_coverage import NOTHING_ABOUT
from jobs.answering.question_core import core_of
from jobs.answering.question_terms import stem, terms_in, wanted_terms
from jobs.answering.sentence_ranking import Quote, SentenceRanking, Similarity
from jobs.citation_format import neutralize_markers
from jobs.glossary.term_finder import TermFinder
from jobs.language import guess_language
from jobs.llm.reply import Chunk
from jobs.llm.rewriting import Rewriting, Turn
from jobs.models import Passage
from jobs.search.keywords import keywords_of
from jobs.search.question_parts import Part, parts_of


class Extractive:
    """A generator that quotes. It streams sentence by sentence, as a model would."""

    model = ""
    extractive = True

    def __init__(self, similarity: Similarity | None = None) -> None:
        self._similarity = similarity
        self._glossary = TermFinder(())

    def in_words_of(self, glossary: TermFinder) -> Extractive:
        """Return a generator that also quotes what answers in the other words of a glossary."""
        other = copy(self)
        other._glossary = glossary
        return other

    def stream(self, question: str, passages: Sequence[Passage]) -> Iterator[Chunk]:
        """Yield the quotes, each with its citation; nothing if no sentence matches.

        Each part of a question has one, or a sentence that nothing was found about it.
        """
        ranking = SentenceRanking(passages, self._similarity)
        parts = parts_of(question)
        if len(parts) == 1:
            for position, quote in enumerate(self._quotes(ranking, question)):
                yield Chunk(text=f"{' ' if position else ''}{_cited(quote)}")
            return
        best: dict[Part, Quote | None] = {}
        for part in parts:
            best[part] = self._quote_of_part(ranking, part, best)
        if any(best.values()):
            said = (_cited(quote) if quote else _missing(part) for part, quote in best.items())
            for position, text in enumerate(dict.fromkeys(said)):
                yield Chunk(text="\n\n" + text if position else text)

    def _quote_of_part(
        self, ranking: SentenceRanking, part: Part, before: Mapping[Part, Quote | None]
    ) -> Quote | None:
        """Return the best quote for a part.

        That of an earlier part has to say something of what only this one asks.
        """
        earlier = {quote.sentence: other for other, quote in before.items() if quote}
        for quote in self._quotes(ranking, part.text):
            other = earlier.get(quote.sentence)
            if other is None:
                return quote
            own = wanted_terms(part.text) - wanted_terms(other.text)
            if own & terms_in(quote.words, guess_language(part.text)):
                return quote
        return None

    def _quotes(self, ranking: SentenceRanking, question: str) -> list[Quote]:
        core = core_of(question)
        return ranking.best(core, self._glossary.reworded(core))

    def rewrite(self, question: str, turns: Sequence[Turn]) -> Rewriting:
        """Put those keywords of the question before it that it lacks in front of a follow-up."""
        lacking = terms_in(turns[-1].question) - terms_in(question)
        words = [
            word
            for word in dict.fromkeys(keywords_of(turns[-1].question).split())
            if stem(word.lower()) in lacking
        ]
        return Rewriting(f"{' '.join(words)}: {question}" if words else question)


def _cited(quote: Quote) -> str:
    # What the document itself numbers so cites no passage of this answer.
    return f"{neutralize_markers(quote.words)} [{quote.number}]"


def _missing(part: Part) -> str:
    """Say that a part has no quote: "Nothing was found about the limit for meals."."""
    asked = neutralize_markers(part.asked).strip()
    if part.is_question:
        return f"{NOTHING_ABOUT} this: {asked.rstrip('.?？؟ ')}?"
    return f"{NOTHING_ABOUT} {asked.rstrip('.')}."
