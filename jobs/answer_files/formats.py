"""The formats of an answer as a file, and the file's name."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from jobs.answer_files import to_docx, to_markdown, to_pdf
from jobs.models import Answer, JobView
from jobs.normalization import normalize

LONGEST_NAME = 60
# Windows refuses these as names of files, whatever comes after the dot.
_RESERVED = re.compile(r"(?:con|prn|aux|nul|(?:com|lpt)\d)", re.IGNORECASE)


class AnswerFormat(StrEnum):
    """The formats, by the suffix of their files."""

    PDF = "pdf"
    WORD = "docx"
    MARKDOWN = "md"


@dataclass(frozen=True)
class Writer:
    """How one format is called, and who writes it."""

    label: str
    media_type: str
    write: Callable[[JobView, Answer], str | bytes]


WRITERS = {
    AnswerFormat.PDF: Writer("PDF", "application/pdf", to_pdf),
    AnswerFormat.WORD: Writer(
        "Word",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        to_docx,
    ),
    AnswerFormat.MARKDOWN: Writer("Markdown", "text/markdown", to_markdown),
}


def file_name(question: str, suffix: str) -> str:
    """Return a short file name from the question: letters and digits of any script, hyphens."""
    words = re.findall(r"\w+", normalize("NFC", question).replace("_", " "))
    name = "-".join(words)
    if len(name) > LONGEST_NAME:
        name = name[:LONGEST_NAME].rpartition("-")[0] or name[:LONGEST_NAME]
    if not name or _RESERVED.fullmatch(name):
        name = "answer"
    return f"{name}.{suffix}"
