"""The sentences that may be quoted, with what questions are compared with, each made once."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cached_property

from jobs.answering.question_anchors import (
    Anchors,
    has_name,
    names_other_place,
    words_in,
    years_in,
)
from jobs.answering.question_terms import terms_in
from jobs.answering.quotable import Sentence, sentences_of
from jobs.glossary.rules import compared
from jobs.models import Passage

# A "name" that passages have so often in small letters is none: "in Cash".
COMMON = 3
_SMALL = re.compile(r"\b[a-zß-ÿ]\w*")
# The heading of a column of years: "30 June 2023 EBITDA: 109".
_COLUMN = re.compile(r"(?<!\d)((?:19|20)\d\d)(?!\d)[^;:]{0,40}:")
# What says nothing about what a row is of.
_FIGURES = re.compile(r"[\d.,()%$€£—–-]+")
MAX_ROW_CHARS = 200
MAX_MEANING_CHARS = 300


class Source:
    """A sentence of the passage with this number, and the words around it."""

    def __init__(self, sentence: Sentence, number: int, name: str) -> None:
        self.sentence = sentence
        self.number = number
        self.document_name = name
        self._name = name.replace("_", " ")
        self._terms: dict[str, set[str]] = {}
        self._above: dict[str, set[str]] = {}

    def terms(self, language: str) -> set[str]:
        """Return the terms of the sentence itself."""
        if language not in self._terms:
            self._terms[language] = terms_in(self.sentence.text, language)
        return self._terms[language]

    def terms_above(self, language: str) -> set[str]:
        """Return the terms of what stands above it."""
        if language not in self._above:
            self._above[language] = terms_in(self.sentence.above, language)
        return self._above[language]

    @cached_property
    def compared(self) -> frozenset[str]:
        """The words in which phrases of a glossary are looked for."""
        return frozenset(compared(f"{self.sentence.caption} {self.sentence.text}"))

    @cached_property
    def own_words(self) -> frozenset[str]:
        """Its words and years, see `words_in`."""
        return words_in(self.sentence.text)

    @cached_property
    def words(self) -> frozenset[str]:
        """Its words and years, with those above it and of the document's name."""
        return self.own_words | words_in(f"{self.sentence.above} {self._name}")

    @cached_property
    def years(self) -> frozenset[str]:
        """The years that a row has figures of, so far as it or its table says; none for prose."""
        if not self.sentence.is_row:
            return frozenset()
        own = frozenset(_COLUMN.findall(self.sentence.text))
        return own or years_in(self.sentence.table)

    @cached_property
    def name_years(self) -> frozenset[str]:
        """The years in the name of its document."""
        return years_in(self._name)

    @cached_property
    def meaning(self) -> str:
        """What it is compared by in meaning: of a row, what it is of."""
        text = self.sentence.text
        if self.sentence.is_row:
            text = " ".join(_FIGURES.sub(" ", text).split())[:MAX_ROW_CHARS]
        return ": ".join(filter(None, (self.sentence.section, text)))[:MAX_MEANING_CHARS]


class SentencePool:
    """The sentences of the passages that a question found."""

    def __init__(self, passages: Sequence[Passage]) -> None:
        self._passages = passages
        self.document_names = [*dict.fromkeys(each.document_name for each in passages)]
        self._sources = [
            (passage, Source(sentence, number, passage.document_name))
            for number, passage in enumerate(passages, start=1)
            for sentence in sentences_of(passage)
        ]

    def about(self, anchors: Anchors) -> Iterator[Source]:
        """Yield the sentences that may be about the names and years of a question."""
        for passage, source in self._sources:
            if not anchors or self._is_about(anchors, source, passage):
                yield source

    def uncommon(self, anchors: Anchors) -> Anchors:
        """Return the anchors without names that passages use as common words."""
        if not anchors.names:
            return anchors
        names = tuple(
            name
            for name in anchors.names
            if any(self._in_small_letters[word] < COMMON for word in name)
        )
        return replace(anchors, names=names, places=anchors.places.intersection(names))

    def _is_about(self, anchors: Anchors, source: Source, passage: Passage) -> bool:
        """Return whether a sentence may be about the names and years of the question.

        It need not name them itself where its document does, unless it names another place or year.
        """
        around = self._passage_words[passage.id]
        for name in anchors.names:
            if has_name(name, source.words):
                continue
            if not has_name(name, self._document_words[passage.document_name]):
                return False
            is_elsewhere = source.sentence.is_row and has_name(name, around)
            is_place = name in anchors.places
            if is_place and (is_elsewhere or names_other_place(source.sentence.text)):
                return False
        return all(
            year in source.years or (year in anchors.fiscal and year in source.name_years)
            if source.years
            else year in source.words or year in around
            for year in anchors.years
        )

    @cached_property
    def _passage_words(self) -> dict[str, frozenset[str]]:
        return {each.id: words_in(f"{each.section} {each.text}") for each in self._passages}

    @cached_property
    def _document_words(self) -> dict[str, frozenset[str]]:
        """The words of each document's name and passages."""
        words: dict[str, frozenset[str]] = {}
        for passage in self._passages:
            name = passage.document_name
            known = words.get(name) or words_in(name.replace("_", " "))
            words[name] = known | self._passage_words[passage.id]
        return words

    @cached_property
    def _in_small_letters(self) -> Counter[str]:
        return Counter(word for each in self._passages for word in _SMALL.findall(each.text))
