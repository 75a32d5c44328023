"""Which documents a question means, by its words and their cards: a weight, never a filter."""

from __future__ import annotations

import itertools
import math
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from jobs.models import DocumentCard
from jobs.search.analysis import question_terms, terms_of
from jobs.search.passage_context import readable_name
from jobs.search.tokens import is_period, tokens_of

# What a term of a card counts, by where it stands.
FILE_NAME, NAME, OPENING = 1.0, 0.8, 0.3
# Of years, by their rank among the commonest.
YEARS = (0.8, 0.5, 0.3, 0.2)
# A word of the question without a capital letter names a document seldom, unless its file has it.
SMALL_WORD = 0.4
# With so much, a document is surely meant: a name that one of twenty documents has.
SURE_SCORE = 2.5
# Documents are shown as meant from this share of the best.
CLEAR_SHARE = 0.7
MOST_MEANT = 3
# Documents that are looked at where several may be named.
CANDIDATES = 20
MIN_RARITY = 1.0
# A year names a document apart if it is one of the two that the document is mainly about.
MAIN_YEAR = 0.5
# An abbreviation: "AMEX" of American Express, "SLA" of a service level agreement.
MIN_ABBREVIATION, MAX_ABBREVIATION = 2, 6
MAX_BEGINNING = 3
MAX_WORDS = 200  # of a question
# Before an abbreviation, among the terms of a question.
ABBREVIATION = "abbreviation:"


@dataclass(frozen=True)
class Routing:
    """What documents a question means.

    `shares` say how much, from 0 to 1, those that it does not mean left out. `mainly` are those
    that it clearly means, the likeliest first. If the question names several, `turns` are these,
    those that it does not tell apart together: each group is to have its passages.
    """

    shares: Mapping[str, float] = field(default_factory=dict)
    mainly: tuple[str, ...] = ()
    turns: tuple[tuple[str, ...], ...] = ()

    def weight(self, document_id: str) -> float:
        """Return what to multiply the scores of a document's passages with, from 1 to 2."""
        return 1 + self.shares.get(document_id, 0.0)


class Router:
    """Knows documents by their names and cards."""

    def __init__(self) -> None:
        self._postings: dict[str, dict[str, float]] = defaultdict(dict)
        # The words of names, by their first letter, and whose they are.
        self._names: dict[str, dict[tuple[str, ...], set[str]]] = defaultdict(
            lambda: defaultdict(set)
        )

    def add(self, document_id: str, name: str, card: DocumentCard) -> None:
        """Enter a document, or enter it again with a card that has more."""
        for term, weight in card_terms(name, card).items():
            self._postings[term][document_id] = weight
        for each in (*card.names.split("; "), readable_name(name)):
            if words := words_of(each):
                self._names[words[0][0]][words].add(document_id)

    def route(self, question: str, visible: Collection[str]) -> Routing:
        """Return which of these documents the question means.

        A term of it counts by how rare it is among the names and cards of the documents.
        """
        scores: dict[str, float] = defaultdict(float)
        named: list[_Named] = []
        for words, about_time in naming_words(question):
            found = self._found(words, visible)
            rarity = math.log(1 + (len(visible) - len(found) + 0.5) / (len(found) + 0.5))
            for each, share in found.items():
                scores[each] += rarity * share
            if about_time or rarity >= MIN_RARITY:
                named.append(_Named(found, about_time))
        if not scores:
            return Routing()
        ranked = sorted(scores, key=scores.__getitem__, reverse=True)[:CANDIDATES]
        best = max(SURE_SCORE, scores[ranked[0]])
        shares = {each: score / best for each, score in scores.items()}
        mainly = [each for each in ranked[:MOST_MEANT] if shares[each] >= CLEAR_SHARE]
        turns = tuple(_apart(ranked, named))
        if len(turns) < 2:
            turns = ()
        return Routing(shares, tuple(dict.fromkeys((*itertools.chain(*turns), *mainly))), turns)

    def _found(self, terms: Mapping[str, float], visible: Collection[str]) -> dict[str, float]:
        """Return the documents that have one of these terms, and what the best of them counts."""
        found: dict[str, float] = {}
        for term, weight in terms.items():
            for each, share in self._having(term):
                if each in visible:
                    counts = share if share == FILE_NAME else weight * share
                    found[each] = max(found.get(each, 0.0), counts)
        return found

    def _having(self, term: str) -> Iterator[tuple[str, float]]:
        if not term.startswith(ABBREVIATION):
            yield from self._postings.get(term, {}).items()
            return
        short = term.removeprefix(ABBREVIATION)
        for words, documents in self._names.get(short[0], {}).items():
            if abbreviates(short, words):
                yield from ((each, NAME) for each in documents)


class _Named(NamedTuple):
    """What documents a word of the question is found in, and what it counts there."""

    found: Mapping[str, float]
    is_period: bool


def _apart(ranked: Sequence[str], named: Sequence[_Named]) -> Iterator[tuple[str, ...]]:
    """Yield documents that the question names each by something that those before it lack.

    That is a word of the name of its file, or a period that it is mainly about; a period names a
    document only beside such a word. Documents that have the same of these come together.
    """
    names = {
        document: frozenset(
            number
            for number, word in enumerate(named)
            if word.found.get(document, 0.0) >= (MAIN_YEAR if word.is_period else FILE_NAME)
        )
        for document in ranked
    }
    periods = {number for number, word in enumerate(named) if word.is_period}
    left = set(range(len(named)))
    # A report on both years goes before one of each.
    for document in sorted(ranked, key=lambda each: -len(names[each])):
        if names[document] - periods and names[document] & left:
            yield tuple([each for each in ranked if names[each] == names[document]][:MOST_MEANT])
            left -= {number for number in left if document in named[number].found}


def card_terms(name: str, card: DocumentCard) -> dict[str, float]:
    """Return the terms of a document's name and card, each with what it counts."""
    found: dict[str, float] = {}

    def add(terms: Iterable[str], weight: float) -> None:
        for term in terms:
            found[term] = max(found.get(term, 0.0), weight)

    add(terms_of(readable_name(name), card.language), FILE_NAME)
    for each in card.names.split("; "):
        add(terms_of(each, card.language), NAME)
        add(("".join(pair) for pair in itertools.pairwise(words_of(each))), NAME)
    add(terms_of(card.opening, card.language), OPENING)
    for year, weight in zip(card.years.split(), YEARS, strict=False):
        add([year], weight)
    return found


def naming_words(question: str) -> Iterator[tuple[dict[str, float], bool]]:
    """Yield what each word of a question may name a document by, and whether it is a period.

    Those are its stem, what it stands for as an abbreviation, and it with its neighbours as one
    word: the file of Best Buy may be "bestbuy.pdf".
    """
    weights = question_terms(question)
    tokens = list(tokens_of(question))[:MAX_WORDS]
    seen: set[str] = set()
    for at, token in enumerate(tokens):
        if token.text in seen:
            continue
        seen.add(token.text)
        if not token.is_word:
            if token.text in weights:
                yield {token.text: 1.0}, is_period(token.text)
            continue
        case = 1.0 if token.is_name else SMALL_WORD
        terms = question_terms(token.text)
        found = {term: case * weights[term] for term in terms if term in weights}
        if found:
            for first, second in itertools.pairwise(tokens[max(0, at - 1) : at + 2]):
                found[first.text + second.text] = case
            if token.is_name and MIN_ABBREVIATION <= len(token.text) <= MAX_ABBREVIATION:
                found[ABBREVIATION + token.text] = 1.0
            yield found, False


def abbreviates(short: str, words: Sequence[str]) -> bool:
    """Return whether a word is made of the beginnings of these words, or begins the first of them.

    "amex" of "american express company", "jnj" of "johnson johnson", "jpm" of "jpmorgan".
    """
    if len(short) > MIN_ABBREVIATION and words[0].startswith(short):
        return True
    ends = {0}
    for number, word in enumerate(words):
        starts = ends | {end + 1 for end in ends if end and short[end] == "n"}  # for "and"
        ends = {
            start + length
            for start in starts
            for length in range(1, MAX_BEGINNING + 1)
            if short[start : start + length] == word[:length] and start + length <= len(short)
        }
        if number and len(short) in ends:
            return True
        ends.discard(len(short))
    return False


def words_of(name: str) -> tuple[str, ...]:
    """Return the words of a name in small letters, without those that are only grammar."""
    return tuple(token.text for token in tokens_of(name) if token.is_word)
