"""The passages that an answer cites: numbered, each with its document and page, a click to open."""

from __future__ import annotations

import re
from collections.abc import Sequence

import streamlit as st

from jobs.citation_format import page_label
from jobs.models import Answer, CheckedQuote, Citation
from ui.components.common.text import badge, counted, plain, safe_markdown
from ui.components.question.source_links import link_to, show_source_links
from ui.state import source as source_state

# Stand for marks while the Markdown around them is made safe. Removed from a model's text first.
FOUND, NOT_FOUND, LINK, LINK_END = "\ue001", "\ue002", "\ue003", "\ue004"
FOUND_MARK = " :green[:material/check_circle:]"
NOT_FOUND_MARK = " :orange-badge[:material/help: not word for word]"


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
    """Return number, document and pages, as Markdown."""
    label = f":blue-badge[{citation.number}] {plain(citation.document_name)}"
    place = page_label(citation.page, citation.last_page)
    return f"{label} :gray[· {place}]" if place else label


def with_marks(
    text: str, quotes: Sequence[CheckedQuote], citations: Sequence[Citation] = ()
) -> str:
    """Return a model's Markdown, safe to draw, with a mark behind each quote that was checked.

    The markers of these citations are links to their sources, see
    `ui.components.question.source_links`.
    """
    text = re.sub(f"[{FOUND}-{LINK_END}]", " ", text)
    for quote in sorted(quotes, key=lambda each: -each.end):
        mark = NOT_FOUND if quote.number is None else FOUND
        text = text[: quote.end] + mark + text[quote.end :]
    safe = safe_markdown(text, lambda number: f"{LINK}{number}{LINK_END}")
    safe = safe.replace(FOUND, FOUND_MARK).replace(NOT_FOUND, NOT_FOUND_MARK)
    links = {str(citation.number): link_to(citation) for citation in citations}
    return re.sub(
        f"{LINK}([0-9]+){LINK_END}", lambda mark: links.get(mark[1]) or badge(mark[1]), safe
    )


def show_support(answer: Answer) -> None:
    """Say how well the sources support the answer: quotes found, sentences without a citation."""
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
