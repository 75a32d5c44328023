"""Turns a question into a checked answer: retrieve, generate, check."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Protocol

from jobs.answering.citation_coverage import CitationCoverage, measure_coverage
from jobs.answering.citations import check_citations
from jobs.answering.quotes import check_quotes
from jobs.cancellation import Cancelled, call_cancellable, iterate_cancellable
from jobs.citation_format import without_markers
from jobs.llm.chat import NOT_FOUND_SENTENCE, Generator
from jobs.models import Answer, Citation, Passage, Stage, SupportLevel, Timings, TokenUse

NOTHING_FOUND = (
    f"{NOT_FOUND_SENTENCE} No passage matches this question. "
    "Try other words, or add a document that covers it."
)

# The text before and after each of these passages, by passage id.
Surroundings = Callable[[Sequence[Passage]], Mapping[str, tuple[str, str]]]


class Progress(Protocol):
    """Is told of an answer in the making."""

    def stage(self, stage: Stage) -> None:
        """Note that a stage begins."""

    def text(self, text: str) -> None:
        """Add more of the answer's text."""


def answer(
    question: str,
    *,
    search: Callable[[str], Sequence[Passage]],
    generator: Generator,
    progress: Progress,
    cancelled: Cancelled,
    surroundings: Surroundings = lambda cited: {},
) -> Answer:
    """Answer from the best passages. The caller adds the time in the queue and the total.

    `surroundings` returns the text before and after each of the cited passages. Raises what
    `search`, the generator and `surroundings` raise, and what `cancelled` raises to end the job.
    """
    began = time.monotonic()
    progress.stage(Stage.RETRIEVING)
    passages = call_cancellable(lambda: search(question), cancelled)
    retrieval = time.monotonic() - began
    if not passages:
        progress.text(NOTHING_FOUND)
        return Answer(
            NOTHING_FOUND,
            support=SupportLevel.NOT_FOUND,
            timings=Timings(retrieval=retrieval),
            extractive=generator.extractive,
        )
    progress.stage(Stage.GENERATING)
    parts: list[str] = []
    notes: list[str] = []
    tokens, first_token = TokenUse(), None
    for chunk in iterate_cancellable(lambda: generator.stream(question, passages), cancelled):
        tokens = chunk.tokens or tokens
        if chunk.note:
            notes.append(chunk.note)
        if chunk.text:
            if first_token is None:
                first_token = time.monotonic() - began
            parts.append(chunk.text)
            progress.text(chunk.text)
    generated = time.monotonic()
    timings = Timings(
        retrieval=retrieval,
        first_token=first_token,
        generation=max(0.0, generated - began - first_token) if first_token is not None else 0.0,
    )
    result = _checked("".join(parts), passages, generator, timings, tokens)
    timings = replace(timings, checking=time.monotonic() - generated)
    cited = [passages[citation.number - 1] for citation in result.citations]
    texts = call_cancellable(lambda: surroundings(cited), cancelled) if cited else {}
    citations = tuple(_in_context(citation, texts) for citation in result.citations)
    return replace(result, citations=citations, notes=tuple(notes), timings=timings)


def _in_context(citation: Citation, texts: Mapping[str, tuple[str, str]]) -> Citation:
    before, after = texts.get(citation.passage_id, ("", ""))
    return replace(citation, before=before, after=after)


def _checked(
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
    return Answer(
        text=checked.text or NOTHING_FOUND,
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
    )


def _says_not_found(text: str) -> bool:
    """Return whether this is the sentence of the system prompt, with any kind of apostrophe.

    An answer that continues after it, and cites, did find something.
    """
    sentence = NOT_FOUND_SENTENCE.lower().rstrip(".")
    plain = without_markers(text).replace("’", "'").lower()
    return plain.rstrip(". ") == sentence or (plain == text.lower() and plain.startswith(sentence))
