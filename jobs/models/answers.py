"""Answers: their passages, citations and quotes, and what they took."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

from jobs.models.json_types import from_json


class SupportLevel(StrEnum):
    """How an answer stands on its passages."""

    CITED = "cited"
    UNSUPPORTED = "unsupported"  # no valid citation
    NOT_FOUND = "not_found"  # the documents don't say


@dataclass(frozen=True)
class Passage:
    """A piece of a document, as stored in the index and returned by retrieval.

    `score` is the retrieval's own (BM25 or fused rank); it orders, it is not a probability.
    `page` is the first page, counted from 1, or None for formats without pages. `place` is what
    people call the place, such as "Prices!A2:C9", where page numbers do not say it; else "".
    `section` is the headings above. `ocr_confidence`, in percent, is of text that was read from a
    picture. All three are as in `jobs.extraction.chunking.Piece`, and unknown to old passages.
    """

    id: str
    document_id: str
    document_name: str
    text: str
    page: int | None = None
    last_page: int | None = None
    position: int = 0
    score: float = 0.0
    place: str = ""
    section: str = ""
    ocr_confidence: int | None = None


@dataclass(frozen=True)
class Citation:
    """A marker [number] of the answer and the passage it names. `number` counts from 1.

    `before` and `after` are the ends of the passages beside it, as it was answered; "" at the
    ends of the document, and where they were not kept.
    """

    number: int
    document_id: str
    document_name: str
    passage_id: str
    text: str
    page: int | None = None
    last_page: int | None = None
    score: float = 0.0
    before: str = ""
    after: str = ""
    place: str = ""
    section: str = ""
    ocr_confidence: int | None = None


@dataclass(frozen=True)
class CheckedQuote:
    """Words in quotation marks: the answer's text from `start` to `end`, in characters.

    `number` is of the cited passage that has them word for word; None if none has.
    """

    start: int
    end: int
    number: int | None = None


class FigureOrigin(StrEnum):
    """Where a figure of an answer comes from."""

    QUOTED = "quoted"
    CALCULATED = "calculated"
    NOT_IN_SOURCES = "not_in_sources"


@dataclass(frozen=True)
class CheckedFigure:
    """A figure of the answer's text, from `start` to `end`, in characters.

    `number` is of the passage that has a quoted one. `sum` is how a calculated one comes about,
    such as "412.6 − 384.1".
    """

    start: int
    end: int
    origin: FigureOrigin
    number: int | None = None
    sum: str = ""


@dataclass(frozen=True)
class DoubtfulSentence:
    """A sentence of the answer's text whose cited passages do not seem to bear it out.

    `reason` says in a few words what they lack.
    """

    start: int
    end: int
    reason: str = ""


@dataclass(frozen=True)
class TokenUse:
    """Tokens as counted by the model server; zero where it did not say."""

    prompt: int = 0
    completion: int = 0


@dataclass(frozen=True)
class Timings:
    """Seconds: in the queue, in retrieval, to the first token, and in all since it was asked.

    `first_token` is measured from the start of the attempt; None if nothing was generated.
    `rewriting` went into making a follow-up stand alone, before the retrieval.
    `generation` runs from the first to the last token. `earlier` went into attempts that came to
    nothing, and `retry_waits` into the waits after them; neither is part of `queue`. Answers of
    before these were kept have zeros.
    """

    queue: float = 0.0
    retrieval: float = 0.0
    first_token: float | None = None
    total: float = 0.0
    generation: float = 0.0
    checking: float = 0.0
    earlier: float = 0.0
    retry_waits: float = 0.0
    rewriting: float = 0.0

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Timings:
        """Return the timings that these JSON types stand for, see `from_json`."""
        return from_json(cls, data)


@dataclass(frozen=True)
class Searched:
    """What was searched for an answer, beside the words of its question.

    `also` is what the glossary adds. `parts` are what was searched for apart, none of a question in
    one part. `mainly_in` names the documents whose passages counted more; none if all counted
    alike.
    """

    also: tuple[str, ...] = ()
    parts: tuple[str, ...] = ()
    mainly_in: tuple[str, ...] = ()


@dataclass(frozen=True)
class Answer:
    """A finished answer. `removed_markers` counts citations that named no retrieved passage.

    Of its `sentences`, `uncited_sentences` carry no citation. `passages` are all that the answer
    was written from, in the order of their numbers. `standalone` is the question that was answered
    in place of a follow-up; "" where that is the question itself. `earlier_at` is when this answer
    was first given, to an earlier question (Unix seconds); None if it is a new one. `cache_key` is
    what it is kept under to be given again, see `jobs.questions.answer_cache`; "" if it is not.
    `document_notes` say what was not read of the documents that it cites. Where the documents don't
    say, `nearest` are the passages that came nearest, which it does not cite, and `words_searched`
    what was looked for. `figures` and `doubtful` sentences are in order of their places.
    """

    text: str
    citations: tuple[Citation, ...] = ()
    support: SupportLevel = SupportLevel.CITED
    timings: Timings = field(default_factory=Timings)
    tokens: TokenUse = field(default_factory=TokenUse)
    model: str = ""
    extractive: bool = False
    removed_markers: int = 0
    attempts: int = 1
    notes: tuple[str, ...] = ()
    passages: tuple[Passage, ...] = ()
    sentences: int = 0
    uncited_sentences: int = 0
    quotes: tuple[CheckedQuote, ...] = ()
    standalone: str = ""
    earlier_at: float | None = None
    cache_key: str = ""
    document_notes: tuple[str, ...] = ()
    searched: Searched = field(default_factory=Searched)
    nearest: tuple[Citation, ...] = ()
    words_searched: tuple[str, ...] = ()
    figures: tuple[CheckedFigure, ...] = ()
    doubtful: tuple[DoubtfulSentence, ...] = ()

    @property
    def sources(self) -> tuple[Citation, ...]:
        """The passages that can be opened: those that it cites, or else the nearest."""
        return self.citations or self.nearest

    @property
    def remarks(self) -> tuple[str, ...]:
        """All that readers should know: its own notes, and those on the cited documents."""
        return (*self.notes, *self.document_notes)

    def to_dict(self) -> dict[str, Any]:
        """Return the answer as JSON types, for an RQ result."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Answer:
        """Return the answer of which `to_dict` made these JSON types, see `from_json`."""
        return from_json(cls, data)
