"""A finished answer as a file: Markdown, Word or PDF."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import streamlit as st

from jobs.answer_files import to_docx, to_markdown, to_pdf
from jobs.models import Answer, JobView

LONGEST_NAME = 60
# Windows refuses these as names of files, whatever comes after the dot.
_RESERVED = re.compile(r"(?:con|prn|aux|nul|(?:com|lpt)\d)", re.IGNORECASE)


@dataclass(frozen=True)
class _Format:
    label: str
    suffix: str
    media_type: str
    write: Callable[[JobView, Answer], str | bytes]


_FORMATS = (
    _Format("PDF", "pdf", "application/pdf", to_pdf),
    _Format(
        "Word",
        "docx",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        to_docx,
    ),
    _Format("Markdown", "md", "text/markdown", to_markdown),
)


def show_download(view: JobView, answer: Answer) -> None:
    """Offer the answer with its sources as a file, written when it is clicked."""
    menu = st.popover(
        "Download",
        icon=":material/download:",
        key=f"download_{view.id}",
        help="The question, the answer and its sources as a file",
    )
    with menu.container(horizontal=True, gap="xsmall"):
        for kind in _FORMATS:
            st.download_button(
                kind.label,
                partial(kind.write, view, answer),
                file_name=file_name(view.asked.text, kind.suffix),
                mime=kind.media_type,
                key=f"download_{kind.suffix}_{view.id}",
                on_click="ignore",
            )


def file_name(question: str, suffix: str) -> str:
    """Return a short file name from the question: letters and digits of any script, hyphens."""
    words = re.findall(r"\w+", unicodedata.normalize("NFC", question).replace("_", " "))
    name = "-".join(words)
    if len(name) > LONGEST_NAME:
        name = name[:LONGEST_NAME].rpartition("-")[0] or name[:LONGEST_NAME]
    if not name or _RESERVED.fullmatch(name):
        name = "answer"
    return f"{name}.{suffix}"
