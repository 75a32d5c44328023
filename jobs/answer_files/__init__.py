"""One answer as a file, with its question and its sources: Markdown, DOCX or PDF.

The same answer always gives the same bytes: the time of a file is that of its answer.
"""

from __future__ import annotations

from jobs.answer_files.content import compose
from jobs.models import Answer, JobView

# The writers are imported when the first file is asked for: fonts and XML take a web process
# about half a second and 30 MB, which most never need.


def to_markdown(view: JobView, answer: Answer) -> str:
    """The answer as CommonMark with tables, without anything that a viewer would fetch."""
    from jobs.answer_files.markdown import write_markdown

    return write_markdown(compose(view, answer))


def to_docx(view: JobView, answer: Answer) -> bytes:
    """The answer as a Word document with headings, lists, tables and links to its sources."""
    from jobs.answer_files.word import write_docx

    return write_docx(compose(view, answer))


def to_pdf(view: JobView, answer: Answer) -> bytes:
    """The answer as PDF on A4.

    Its fonts have Latin, Greek, Cyrillic, Armenian, Georgian, Hebrew and Arabic letters, Chinese,
    Japanese and Korean ones, and common symbols. What they lack (Indic scripts, Thai, most emoji)
    is a box in the PDF, and the file says so; the other two formats carry every character.
    """
    from jobs.answer_files.pdf import write_pdf

    return write_pdf(compose(view, answer))
