"""From a question to passages: its terms, the documents that it means, and the search itself."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from jobs.llm.rerank import Reranker
from jobs.models import Passage
from jobs.search.analysis import question_terms
from jobs.search.card_catalog import CardCatalog
from jobs.search.fusion import fuse
from jobs.search.reranking import rerank
from jobs.search.routing import Routing

# Passages that are looked at for each that is returned: of documents that count more, some come up
# from further down.
DEPTH = 5
MIN_DEPTH = 60
# Beside those that are found everywhere, so many of the documents that are meant.
OF_THE_MEANT = 20
# What is searched for beside the question says less than what was asked.
PHRASE_WEIGHT = 0.5


class Index(Protocol):
    """Finds passages, such as `jobs.search.index.PassageIndex`."""

    def question_vector(self, question: str, collection: str) -> list[float] | None:
        """Return the vector of a question, None where passages have none that it compares with."""

    def by_words(
        self,
        terms: Mapping[str, float],
        limit: int,
        collection: str,
        *,
        documents: Sequence[str] = (),
        user: str = "",
        question: str = "",
    ) -> list[Passage]:
        """Return passages by their BM25 score, best first."""

    def by_vector(
        self,
        vector: Sequence[float],
        limit: int,
        collection: str,
        *,
        documents: Sequence[str] = (),
        user: str = "",
    ) -> list[Passage]:
        """Return passages by their meaning, best first."""


@dataclass(frozen=True)
class Found:
    """Passages, best first, and the names of the documents that counted more than others.

    `notes` say what did not work as it should.
    """

    passages: tuple[Passage, ...] = ()
    mainly_in: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Searcher:
    """Searches an index. Methods raise what the index raises, and BrokerUnavailableError."""

    index: Index
    catalog: CardCatalog
    reranker: Reranker | None = None

    def search(
        self,
        question: str,
        limit: int,
        collection: str,
        scope: Sequence[str] = (),
        user: str = "",
        *,
        phrases: Sequence[str] = (),
        everywhere: bool = False,
    ) -> Found:
        """Return up to `limit` passages for a question, of these documents or of all.

        `phrases` are searched for too, and count less. Unless it is asked `everywhere`, passages of
        documents that the question means count more; if it means several, these take turns.
        """
        searched = self.catalog.searched(user, scope)
        terms = terms_with(phrases, question, searched.languages)
        routing = Routing()
        if not everywhere and len(scope) != 1:
            routing = self.catalog.route(question, searched)
        depth = max(MIN_DEPTH, DEPTH * limit)

        def by_words(many: int, documents: Sequence[str]) -> list[Passage]:
            return self.index.by_words(
                terms, many, collection, documents=documents, user=user, question=question
            )

        found = by_words(depth, scope)
        if routing.mainly:
            found = merged(found, by_words(OF_THE_MEANT, routing.mainly))
        ranked = by_weight(found, routing)
        vector = self.index.question_vector(question, collection)
        if vector is not None:
            nearest = self.index.by_vector(
                vector, depth, collection, documents=routing.mainly or scope, user=user
            )
            ranked = fuse(ranked, nearest)
        ranked, notes = rerank(self.reranker, question, ranked)
        passages = take_turns(ranked, routing.turns)[:limit]
        return Found(tuple(passages), names_of(routing.mainly, ranked), notes)


def terms_with(phrases: Iterable[str], question: str, languages: Sequence[str]) -> dict[str, float]:
    """Return the terms of a question, and those of phrases, which count less."""
    terms = question_terms(question, languages)
    for phrase in phrases:
        for term, weight in question_terms(phrase, languages).items():
            terms[term] = max(terms.get(term, 0.0), PHRASE_WEIGHT * weight)
    return terms


def merged(found: Sequence[Passage], more: Sequence[Passage]) -> list[Passage]:
    """Add passages of a search in some documents to those of a search in all.

    The scores of both differ where terms are rarer in the one than in the other: those of the
    second are scaled so that passages that both found have no more there than here.
    """
    scores = {passage.id: passage.score for passage in found}
    both = [scores[each.id] / each.score for each in more if each.id in scores and each.score > 0]
    if both:
        scale = min(both)
    elif found and more and more[0].score > 0:
        scale = found[-1].score / more[0].score
    else:
        scale = 1.0
    added = (replace(each, score=scale * each.score) for each in more if each.id not in scores)
    return [*found, *added]


def by_weight(found: Iterable[Passage], routing: Routing) -> list[Passage]:
    """Return passages by their scores, weighted by how much their documents are meant."""
    weighted = [
        replace(each, score=each.score * routing.weight(each.document_id)) for each in found
    ]
    return sorted(weighted, key=lambda passage: -passage.score)


def take_turns(ranked: Sequence[Passage], groups: Iterable[Collection[str]]) -> list[Passage]:
    """Return the passages so that each group of documents, and all of them, take turns."""
    lists = [
        *([each for each in ranked if each.document_id in group] for group in groups),
        list(ranked),
    ]
    taken: dict[str, Passage] = {}
    nexts = [iter(each) for each in lists]
    while nexts:
        for passages in list(nexts):
            passage = next((each for each in passages if each.id not in taken), None)
            if passage is None:
                nexts.remove(passages)
            else:
                taken[passage.id] = passage
    return list(taken.values())


def names_of(documents: Iterable[str], passages: Iterable[Passage]) -> tuple[str, ...]:
    """Return the names of those documents that passages were found in."""
    names = {passage.document_id: passage.document_name for passage in passages}
    return tuple(dict.fromkeys(names[each] for each in documents if each in names))
