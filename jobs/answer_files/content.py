"""The content of an answer's file, whatever its format. Nothing here writes a file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from jobs.answer_files.markup import Block, parse
from jobs.citation_format import how_read, place_of, without_markers
from jobs.models import Answer, Citation, FigureOrigin, JobView, SupportLevel

# Invisible, and not allowed in every format: control characters, surrogates, and U+FFFE/F.
_UNSHOWN = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")
_BREAK = re.compile("\r\n|[\r\x0b\x0c\x85\u2028\u2029]")


@dataclass(frozen=True)
class Source:
    """A cited passage; `label` names its document and page, `text` is its own words."""

    number: int
    label: str
    text: str


@dataclass(frozen=True)
class Sheet:
    """One answer, ready to be written to a file.

    `facts` say when it was asked and who wrote it; `warnings` say what to know before relying on
    it. `moment` is the end of the job and serves as the time of the file, so that the same answer
    always gives the same bytes.
    """

    question: str
    facts: str
    warnings: tuple[str, ...]
    blocks: tuple[Block, ...]
    sources: tuple[Source, ...]
    moment: datetime


def compose(view: JobView, answer: Answer) -> Sheet:
    """Compose the content of an answer's file. Sources are in order of their numbers."""
    citations = sorted(answer.citations, key=lambda citation: citation.number)
    return Sheet(
        question=clean(view.asked.text) or "Question",
        facts=f"Asked {_date(view.asked_at)}{_scope(view)} · {_author(answer)}",
        warnings=_warnings(answer),
        blocks=parse(clean(answer.text), {citation.number for citation in citations}),
        sources=tuple(_source(citation) for citation in citations),
        moment=datetime.fromtimestamp(view.ended_at or view.asked_at, UTC),
    )


def clean(text: str) -> str:
    """Remove characters that files cannot hold, and make every line break a newline."""
    return _UNSHOWN.sub("", _BREAK.sub("\n", text)).strip()


def _scope(view: JobView) -> str:
    count = len(view.asked.documents)
    if not count:
        return ""
    return " of one document" if count == 1 else f" of {count} documents"


def _author(answer: Answer) -> str:
    if answer.extractive:
        return "quoted from the documents; no model wrote it"
    if answer.support is SupportLevel.NOT_FOUND and not answer.model:
        return "no model was asked"
    return f"written by the model {clean(answer.model)}" if answer.model else "written by a model"


def _warnings(answer: Answer) -> tuple[str, ...]:
    found = []
    if answer.standalone:
        found.append(f"A follow-up, understood as: {clean(answer.standalone)}")
    if answer.support is SupportLevel.UNSUPPORTED:
        found.append(
            "This answer cites no passage of the documents. Check it before you rely on it."
        )
    if answer.support is SupportLevel.NOT_FOUND:
        found.append("The documents do not answer this question.")
    if answer.nearest:
        places = "; ".join(_source(each).label for each in answer.nearest)
        found.append(f"Nearest passages, which do not answer it: {places}")
    found.extend(_doubts(answer))
    if answer.removed_markers:
        count = answer.removed_markers
        what = "One citation that named" if count == 1 else f"{count} citations that named"
        found.append(f"{what} no passage {'was' if count == 1 else 'were'} removed.")
    if answer.earlier_at is not None:
        found.append(earlier_words(answer.earlier_at))
    return (*found, *(clean(note) for note in answer.remarks))


def _doubts(answer: Answer) -> Iterator[str]:
    """Yield what the check of figures and sentences found, in their words."""
    missing = [each for each in answer.figures if each.origin is FigureOrigin.NOT_IN_SOURCES]
    if missing:
        figures = dict.fromkeys(clean(answer.text[each.start : each.end]) for each in missing)
        yield f"Not in the sources: {', '.join(figures)}."
    for each in answer.doubtful:
        if not any(each.start <= figure.start < each.end for figure in missing):
            sentence = without_markers(clean(answer.text[each.start : each.end]))
            yield f"To check, since {each.reason}: “{sentence}”"
    for figure in answer.figures:
        if figure.origin is FigureOrigin.CALCULATED:
            what = clean(answer.text[figure.start : figure.end])
            yield f"Calculated: {what} from {clean(figure.sum)}."


def earlier_words(earlier_at: float) -> str:
    """Return the sentence that marks an answer as first given at this Unix time."""
    return f"From an earlier answer, of {_date(earlier_at)}."


def _source(citation: Citation) -> Source:
    name = " ".join(clean(citation.document_name).split()) or "A document without a name"
    text = re.sub(r"\n\s*\n", "\n\n", clean(citation.text))
    place = clean(place_of(citation))
    label = ", ".join(filter(None, [name, place, how_read(citation)]))
    return Source(citation.number, label, text)


def _date(moment: float) -> str:
    """Format a Unix time for people, the same in every locale."""
    when = datetime.fromtimestamp(moment, UTC)
    month = _MONTHS[when.month - 1]
    return f"{when.day} {month} {when.year}, {when:%H:%M} UTC"


_MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)
