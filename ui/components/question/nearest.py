"""What was searched where the documents don't say, and the passages that came nearest."""

from __future__ import annotations

import streamlit as st

from jobs.citation_format import how_read, place_of
from jobs.models import Answer, Citation, JobView
from ui.components.common.text import counted, one_line, plain
from ui.state import source as source_state

WORDS = 12
NAME_CHARS, SECTION_CHARS = 60, 40


def show_nearest(job: JobView, answer: Answer) -> None:
    """Say what was looked for and where, and offer the nearest passages; they are no sources."""
    if answer.words_searched:
        scope = job.asked.documents
        where = f"in {counted(len(scope), 'document')}" if scope else "in all documents"
        words = ", ".join(plain(word) for word in answer.words_searched[:WORDS])
        st.caption(f":material/manage_search: Searched {where} for: {words}")
    if not answer.nearest:
        return
    st.caption("Nearest passages, which do not answer the question")
    with st.container(horizontal=True, gap="small", key=f"nearest_{job.id}"):
        for passage in answer.nearest:
            st.button(
                _label(passage),
                key=f"nearest_{job.id}_{passage.number}",
                icon=":material/find_in_page:",
                type="tertiary",
                help="Show the passage in its document",
                on_click=source_state.open_source,
                args=(job.id, passage.number),
            )


def _label(passage: Citation) -> str:
    """Return document and place, without the number that a citation has."""
    section = one_line(passage.section.rpartition(" › ")[2], SECTION_CHARS)
    facts = filter(None, (place_of(passage), how_read(passage), section))
    name = plain(one_line(passage.document_name, NAME_CHARS))
    return " ".join((name, *(f":gray[· {plain(fact)}]" for fact in facts)))
