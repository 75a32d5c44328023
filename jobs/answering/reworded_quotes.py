"""Quotes for a question that the documents answer in other words, which the glossary knows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from jobs.glossary.rules import compared
from jobs.glossary.term_finder import TermFinder
from jobs.llm.chat import Generator
from jobs.llm.reply import Chunk
from jobs.llm.rewriting import Rewriting, Turn
from jobs.models import Passage


class RewordedQuotes:
    """Quotes as another generator does; if that finds nothing, in the words of the documents."""

    extractive = True

    def __init__(self, quotes: Generator, finder: TermFinder) -> None:
        self._quotes = quotes
        self._finder = finder

    @property
    def model(self) -> str:
        return self._quotes.model

    def stream(self, question: str, passages: Sequence[Passage]) -> Iterator[Chunk]:
        """Yield the first quotes there are: for the question, or for one of its other ways.

        What is quoted for another way has one of its phrases in full.
        """
        chunks = list(self._quotes.stream(question, passages))
        for way in () if chunks else self._finder.reworded(question):
            phrases = [set(compared(phrase)) for phrase in way.phrases]
            chunks = [
                chunk
                for chunk in self._quotes.stream(way.question, passages)
                if any(phrase.issubset(compared(chunk.text)) for phrase in phrases)
            ]
            if chunks:
                break
        yield from chunks

    def rewrite(self, question: str, turns: Sequence[Turn]) -> Rewriting:
        """Rewrite a follow-up as the other generator does."""
        return self._quotes.rewrite(question, turns)
