"""The markers within an answer as links that open the source they name.

What makes them open it is in ui/static/source-links.js: Markdown alone has no way to tell Python of
a click.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

import streamlit as st

from jobs.citation_format import how_read, place_of
from jobs.models import Citation
from ui.components.common.text import badge, plain
from ui.state import source as source_state

STATIC = Path(__file__).resolve().parents[2] / "static"

_links = st.components.v2.component(
    "askqueue_source_links", js=(STATIC / "source-links.js").read_text(encoding="utf-8")
)


def link_to(citation: Citation) -> str:
    """Return the number of a citation as a Markdown link; hovering shows its document and page."""
    facts = (citation.document_name, place_of(citation), how_read(citation))
    title = ", ".join(filter(None, facts))
    quoted = plain(title).replace('"', '\\"')
    return f'[{badge(str(citation.number))}](#source-{citation.number} "{quoted}")'


def show_source_links(job_id: str) -> None:
    """Have the links of this question's answer open its sources, by mouse and by keyboard."""
    key = f"source_links_{job_id}"
    _links(key=key, on_opened_change=partial(_open, key, job_id))


def _open(key: str, job_id: str) -> None:
    number = source_state.triggered_number(key, "opened")
    if number is not None:
        source_state.open_source(job_id, number)
