"""The passages that an answer cites: numbered, each with its document, page and own words."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from jobs.models import Citation
from ui.components.text import pages, plain


def show_citations(job_id: str, citations: Sequence[Citation]) -> None:
    """Show each cited passage behind its number, in order of number."""
    if not citations:
        return
    st.caption("Sources")
    with st.container(gap="xsmall", key=f"citations_{job_id}"):
        for citation in sorted(citations, key=lambda each: each.number):
            _show_citation(job_id, citation)


def _show_citation(job_id: str, citation: Citation) -> None:
    page = pages(citation.page, citation.last_page)
    label = f":blue-badge[{citation.number}] {plain(citation.document_name)}"
    if page:
        label += f" :gray[· {page}]"
    with st.expander(label, key=f"citation_{job_id}_{citation.number}"):
        st.markdown(plain(citation.text))
        st.caption(f"Retrieval score {citation.score:.3g}")
