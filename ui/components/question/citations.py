"""The passages that an answer cites: numbered, each with its document and page, a click to open."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence

import streamlit as st

from jobs.citation_format import how_read, place_of
from jobs.models import Answer, Citation, DoubtfulSentence, FigureOrigin
from ui.components.common.text import badge, counted, plain, safe_markdown
from ui.components.question.source_links import link_to, show_source_links
from ui.state import source as source_state

# Stand for marks while the Markdown around them is made safe. Removed from a model's text first.
FOUND, NOT_FOUND, LINK, LINK_END = "\ue001", "\ue002", "\ue003", "\ue004"
CALCULATED, NOT_IN_SOURCES, DOUBTFUL = "\ue005", "\ue006", "\ue007"
MARKS = {
    FOUND: " :green[:material/check_circle:]",
    NOT_FOUND: " :orange-badge[:material/help: not word for word]",
    CALCULATED: " :blue-badge[:material/calculate: calculated]",
    NOT_IN_SOURCES: " :orange-badge[:material/help: not in the sources]",
    DOUBTFUL: " :orange-badge[:material/help: its source does not bear this out]",
}
# Named below the answer; the rest are counted.
MOST_SUMS = 6


def show_citations(job_id: str, citations: Sequence[Citation]) -> None:
    """Show where each cited passage is, in order of number; a click opens it."""
    if not citations:
        return
    st.caption("Sources")
    with st.container(horizontal=True, gap="small", key=f"citations_{job_id}"):
        for citation in in_order(citations):
            st.button(
                label_of(citation),
                key=f"citation_{job_id}_{citation.number}",
                help="Show the passage in its document",
                on_click=source_state.open_source,
                args=(job_id, citation.number),
            )
        show_source_links(job_id)


def in_order(citations: Sequence[Citation]) -> list[Citation]:
    """Return the citations in order of number."""
    return sorted(citations, key=lambda each: each.number)


def label_of(citation: Citation) -> str:
    """Return number, document, pages and how it was read, as Markdown."""
    label = f":blue-badge[{citation.number}] {plain(citation.document_name)}"
    facts = " · ".join(filter(None, [plain(place_of(citation)), how_read(citation)]))
    return f"{label} :gray[· {facts}]" if facts else label


def with_marks(answer: Answer) -> str:
    """Return a model's Markdown, safe to draw, with a mark behind what was checked.

    That are quotes, figures that are not quoted, and sentences that their source does not bear out.
    The markers of citations are links to their sources, see
    `ui.components.question.source_links`.
    """
    text = re.sub(f"[{FOUND}-{DOUBTFUL}]", " ", answer.text)
    parts, end = [], 0
    for position, mark in sorted(_marks(answer)):
        parts += [text[end:position], mark]
        end = position
    parts.append(text[end:])
    safe = safe_markdown("".join(parts), lambda number: f"{LINK}{number}{LINK_END}")
    for mark, shown in MARKS.items():
        safe = safe.replace(mark, shown)
    links = {str(citation.number): link_to(citation) for citation in answer.citations}
    return re.sub(
        f"{LINK}([0-9]+){LINK_END}", lambda mark: links.get(mark[1]) or badge(mark[1]), safe
    )


def _marks(answer: Answer) -> Iterator[tuple[int, str]]:
    """Yield the position of each mark, and which it is. A figure's own mark is enough."""
    for quote in answer.quotes:
        yield quote.end, NOT_FOUND if quote.number is None else FOUND
    for figure in answer.figures:
        if figure.origin is not FigureOrigin.QUOTED:
            is_sum = figure.origin is FigureOrigin.CALCULATED
            yield figure.end, CALCULATED if is_sum else NOT_IN_SOURCES
    for sentence in without_marked_figures(answer):
        yield sentence.end, DOUBTFUL


def without_marked_figures(answer: Answer) -> list[DoubtfulSentence]:
    """Return the doubtful sentences whose figures do not say so themselves."""
    missing = [each.start for each in answer.figures if each.origin is FigureOrigin.NOT_IN_SOURCES]
    return [
        sentence
        for sentence in answer.doubtful
        if not any(sentence.start <= start < sentence.end for start in missing)
    ]


def show_support(answer: Answer) -> None:
    """Say how well the sources support the answer: its quotes, figures and sentences."""
    missing = sum(quote.number is None for quote in answer.quotes)
    if answer.quotes:
        found = len(answer.quotes) - missing
        st.caption(
            f":material/format_quote: {found} of {counted(len(answer.quotes), 'quote')} "
            "found word for word in the sources."
        )
    if answer.uncited_sentences and answer.citations:
        st.caption(
            f":material/link_off: {answer.uncited_sentences} of "
            f"{counted(answer.sentences, 'sentence')} without a citation."
        )
    if answer.figures:
        st.caption(f":material/calculate: {_figures_line(answer)}")
    for reason, count in Counter(each.reason for each in without_marked_figures(answer)).items():
        st.caption(f":material/help: {counted(count, 'sentence')} to check: {plain(reason)}.")


def _figures_line(answer: Answer) -> str:
    """Return where the figures come from, such as "3 figures: 2 quoted, 1 calculated (a − b)"."""
    count = Counter(each.origin for each in answer.figures)
    found = (
        f"{answer.text[each.start : each.end]} from {each.sum}"
        for each in answer.figures
        if each.origin is FigureOrigin.CALCULATED
    )
    sums = list(dict.fromkeys(found))
    shown = "; ".join(sums[:MOST_SUMS]) + ("; …" if len(sums) > MOST_SUMS else "")
    parts = (
        (count[FigureOrigin.QUOTED], "quoted from the sources"),
        (count[FigureOrigin.CALCULATED], f"calculated ({plain(shown)})"),
        (count[FigureOrigin.NOT_IN_SOURCES], "not in the sources"),
    )
    told = ", ".join(f"{number} {what}" for number, what in parts if number)
    return f"{counted(len(answer.figures), 'figure')}: {told}."
