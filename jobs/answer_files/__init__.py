"""One answer as a file, with its question and its sources: Markdown, Word or PDF.

The same answer always gives the same bytes: the time of a file is that of its answer.
"""

from __future__ import annotations

from jobs.answer_files.content import compose
from jobs.models import Answer, JobView

# The writers are imported when first used: they take about 0.5 s and 30 MB, which most web
# processes never need.


def to_markdown(view: JobView, answer: Answer) -> str:
    """Return the answer as CommonMark with tables, with nothing that a viewer would fetch."""
    from jobs.answer_files.markdown import write_markdown

    return write_markdown(compose(view, answer))


def to_docx(view: JobView, answer: Answer) -> bytes:
    """Return the answer as a Word document with headings, lists, tables and links to sources."""
    from jobs.answer_files.word import write_docx

    return write_docx(compose(view, answer))


def to_pdf(view: JobView, answer: Answer) -> bytes:
    """Return the answer as a PDF on A4.

    Its fonts cover Latin, Greek, Cyrillic, Armenian, Georgian, Hebrew, Arabic, Chinese, Japanese,
    Korean and common symbols. Other characters (Indic scripts, Thai, most emoji) show as a box, and
    the file says so; the other two formats keep every character.
    """
    from jobs.answer_files.pdf import write_pdf

    return write_pdf(compose(view, answer))
