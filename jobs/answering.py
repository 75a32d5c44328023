"""From a question to a checked answer: retrieve, generate, check. Collaborators are passed in."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Protocol

from jobs.citations import check_citations
from jobs.generation import NOT_FOUND_SENTENCE, Generator
from jobs.interruptible import Cancelled, call, each
from jobs.models import Answer, Passage, Stage, SupportLevel, Timings, TokenUse

NOTHING_FOUND = (
    f"{NOT_FOUND_SENTENCE} No passage matches this question. "
    "Try other words, or add a document that covers it."
)


class Progress(Protocol):
    """Who watches an answer being made."""

    def stage(self, stage: Stage) -> None:
        """A stage begins."""

    def text(self, text: str) -> None:
        """More of the answer."""


def answer(
    question: str,
    *,
    search: Callable[[str], Sequence[Passage]],
    generator: Generator,
    progress: Progress,
    cancelled: Cancelled,
) -> Answer:
    """Answer from the best passages. The caller adds the time in the queue and the total.

    Raises what `search` and the generator raise, and what `cancelled` does when it should end.
    """
    began = time.monotonic()
    progress.stage(Stage.RETRIEVING)
    passages = call(lambda: search(question), cancelled)
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
    for chunk in each(lambda: generator.stream(question, passages), cancelled):
        tokens = chunk.tokens or tokens
        if chunk.note:
            notes.append(chunk.note)
        if chunk.text:
            if first_token is None:
                first_token = time.monotonic() - began
            parts.append(chunk.text)
            progress.text(chunk.text)
    timings = Timings(retrieval=retrieval, first_token=first_token)
    result = _checked("".join(parts), passages, generator, timings, tokens)
    return replace(result, notes=tuple(notes))


def _checked(
    text: str,
    passages: Sequence[Passage],
    generator: Generator,
    timings: Timings,
    tokens: TokenUse,
) -> Answer:
    checked = check_citations(text, passages)
    if not checked.text or _says_not_found(checked.text):
        # Some models cite even this; there is nothing that it could stand on.
        checked = replace(checked, text=_without_markers(checked.text), citations=())
        support = SupportLevel.NOT_FOUND
    else:
        support = SupportLevel.CITED if checked.citations else SupportLevel.UNSUPPORTED
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
    )


def _says_not_found(text: str) -> bool:
    """True for the sentence of the system prompt, with whichever apostrophe the model likes.

    An answer that goes on, and cites, has found something after all.
    """
    sentence = NOT_FOUND_SENTENCE.lower().rstrip(".")
    plain = _without_markers(text).replace("’", "'").lower()
    return plain.rstrip(". ") == sentence or (plain == text.lower() and plain.startswith(sentence))


def _without_markers(text: str) -> str:
    return re.sub(r"\s*\[\d+\]", "", text)
