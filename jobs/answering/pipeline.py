"""Turns a question into a checked answer: retrieve, generate, check."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from typing import Protocol

from jobs.answering.citation_coverage import CitationCoverage, measure_coverage
from jobs.answering.citations import check_citations, citation_of
from jobs.answering.figures import FigureSources, check_figures
from jobs.answering.passage_selection import without_doubles
from jobs.answering.quotes import check_quotes
from jobs.answering.sentence_support import find_doubtful
from jobs.cancellation import Cancelled, call_cancellable, iterate_cancellable
from jobs.citation_format import without_markers
from jobs.llm.chat import NOT_FOUND_SENTENCE, Generator
from jobs.models import (
    Answer,
    CheckedFigure,
    Citation,
    DoubtfulSentence,
    Passage,
    Stage,
    SupportLevel,
    Timings,
    TokenUse,
)
from jobs.search.keywords import keywords_of
from jobs.words import words_of

NEAREST = 3
NOTHING_QUOTABLE = (
    f"{NOT_FOUND_SENTENCE} No sentence in them seems to answer this question. Ask in other words, "
    "or look at the passages that came nearest."
)
NOTHING_FOUND = (
    f"{NOT_FOUND_SENTENCE} No passage matches this question. "
    "Try other words, or add a document that covers it."
)

# Some 10,000 tokens: more than a person reads, and what is checked, kept and drawn stays small.
MAX_ANSWER_CHARS = 40_000
CUT_SHORT = (
    f"The model wrote more than {MAX_ANSWER_CHARS:,} characters: this answer was cut short there. "
    "Ask for less at once."
)

# The text before and after each of these passages, by passage id.
Surroundings = Callable[[Sequence[Passage]], Mapping[str, tuple[str, str]]]


class Progress(Protocol):
    """Is told of an answer in the making."""

    def stage(self, stage: Stage) -> None:
        """Note that a stage begins."""

    def text(self, text: str) -> None:
        """Add more of the answer's text."""

    def take_back(self) -> None:
        """Drop the text so far: it was no part of the answer."""


def answer(
    question: str,
    *,
    search: Callable[[str], Sequence[Passage]],
    generator: Generator,
    progress: Progress,
    cancelled: Cancelled,
    surroundings: Surroundings = lambda cited: {},
    rest_of_document: Callable[[Sequence[Passage]], Sequence[Passage]] = lambda found: (),
) -> Answer:
    """Answer from the best passages. The caller adds the time in the queue and the total.

    `surroundings` returns the text before and after each of the cited passages; `rest_of_document`
    what a model should read of the best one's document besides. Raises what these, `search` and the
    generator raise, and what `cancelled` raises to end the job.
    """
    began = time.monotonic()
    progress.stage(Stage.RETRIEVING)

    def retrieve() -> list[Passage]:
        found = without_doubles(search(question))
        return found if generator.extractive else [*found, *rest_of_document(found)]

    passages = call_cancellable(retrieve, cancelled)
    retrieval = time.monotonic() - began
    if not passages:
        progress.text(NOTHING_FOUND)
        return Answer(
            NOTHING_FOUND,
            support=SupportLevel.NOT_FOUND,
            timings=Timings(retrieval=retrieval),
            extractive=generator.extractive,
            words_searched=_words_searched(question),
        )
    progress.stage(Stage.GENERATING)
    parts: list[str] = []
    notes: list[str] = []
    tokens, first_token = TokenUse(), None
    room, is_thinking = MAX_ANSWER_CHARS, False
    stream = iterate_cancellable(lambda: generator.stream(question, passages), cancelled)
    with closing(stream) as chunks:
        for chunk in chunks:
            tokens = chunk.tokens or tokens
            if chunk.note:
                notes.append(chunk.note)
            if chunk.passages is not None:
                passages = passages[: chunk.passages]
            if chunk.thinking:
                progress.stage(Stage.THINKING)
                is_thinking = True
            if chunk.takes_back:
                progress.take_back()
                parts.clear()
                first_token, room = None, MAX_ANSWER_CHARS
            if chunk.text:
                if is_thinking:
                    progress.stage(Stage.GENERATING)
                    is_thinking = False
                if first_token is None:
                    first_token = time.monotonic() - began
                text = chunk.text[:room]
                parts.append(text)
                progress.text(text)
                if len(chunk.text) > room:
                    notes.append(CUT_SHORT)
                    break
                room -= len(text)
    generated = time.monotonic()
    timings = Timings(
        retrieval=retrieval,
        first_token=first_token,
        generation=max(0.0, generated - began - first_token) if first_token is not None else 0.0,
    )
    result = _checked(question, "".join(parts), passages, generator, timings, tokens)
    timings = replace(timings, checking=time.monotonic() - generated)
    if result.support is SupportLevel.NOT_FOUND:
        result = replace(
            result, nearest=_nearest(passages), words_searched=_words_searched(question)
        )
    shown = [passages[citation.number - 1] for citation in result.sources]
    texts = call_cancellable(lambda: surroundings(shown), cancelled) if shown else {}
    return replace(
        result,
        citations=tuple(_in_context(citation, texts) for citation in result.citations),
        nearest=tuple(_in_context(citation, texts) for citation in result.nearest),
        notes=tuple(notes),
        timings=timings,
    )


def _words_searched(question: str) -> tuple[str, ...]:
    """Return the words that were looked for, each once, as the question has them."""
    return tuple(dict.fromkeys(words_of(keywords_of(question))))


def _nearest(passages: Sequence[Passage]) -> tuple[Citation, ...]:
    """Return the best passages, for who looks for the answer after all."""
    return tuple(
        citation_of(number, passage) for number, passage in enumerate(passages[:NEAREST], start=1)
    )


def _in_context(citation: Citation, texts: Mapping[str, tuple[str, str]]) -> Citation:
    before, after = texts.get(citation.passage_id, ("", ""))
    return replace(citation, before=before, after=after)


def _checked(
    question: str,
    text: str,
    passages: Sequence[Passage],
    generator: Generator,
    timings: Timings,
    tokens: TokenUse,
) -> Answer:
    checked = check_citations(text, passages)
    coverage = measure_coverage(checked.text)
    if not checked.text or _says_not_found(checked.text):
        # Some models cite passages even for this.
        checked = replace(checked, text=without_markers(checked.text), citations=())
        support, coverage = SupportLevel.NOT_FOUND, CitationCoverage(0, 0)
    else:
        is_cited = checked.citations and not coverage.is_none
        support = SupportLevel.CITED if is_cited else SupportLevel.UNSUPPORTED
    figures: tuple[CheckedFigure, ...] = ()
    doubtful: tuple[DoubtfulSentence, ...] = ()
    if support is not SupportLevel.NOT_FOUND and not generator.extractive:
        sources = FigureSources(passages)
        cited = {citation.number for citation in checked.citations}
        figures = check_figures(checked.text, sources, cited, question)
        doubtful = find_doubtful(checked.text, passages, figures, sources, question)
    return Answer(
        text=checked.text or NOTHING_QUOTABLE,
        citations=checked.citations,
        support=support,
        timings=timings,
        tokens=tokens,
        model=generator.model,
        extractive=generator.extractive,
        removed_markers=checked.removed,
        passages=tuple(passages),
        sentences=coverage.sentences,
        uncited_sentences=coverage.uncited,
        quotes=check_quotes(checked.text, checked.citations),
        figures=figures,
        doubtful=doubtful,
    )


def _says_not_found(text: str) -> bool:
    """Return whether this is the sentence of the system prompt, with any kind of apostrophe.

    An answer that continues after it, and cites, did find something.
    """
    sentence = NOT_FOUND_SENTENCE.lower().rstrip(".")
    plain = without_markers(text).replace("’", "'").lower()
    return plain.rstrip(". ") == sentence or (plain == text.lower() and plain.startswith(sentence))
