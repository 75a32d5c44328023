"""How a citation says where it stands, and how it was read."""

from __future__ import annotations

from jobs.answer_files.content import _source
from jobs.batches.results_file import source_line
from jobs.citation_format import how_read
from jobs.models import Citation
from ui.components.question.citations import label_of
from ui.components.question.source_links import link_to

SCAN = Citation(1, "d1", "annex", "p1", "EUR 9.80", page=2, ocr_confidence=87)


def test_what_was_read_from_a_picture_says_so() -> None:
    """Everywhere that a source is named, people see that it was a picture, and how sure it is."""
    said = "read from a picture, 87 % sure"
    assert how_read(SCAN) == said
    assert label_of(SCAN) == f":blue-badge[1] annex :gray[· page 2 · {said}]"
    assert link_to(SCAN).endswith(f'(#source-1 "annex, page 2, {said}")')
    assert source_line(SCAN) == f"[1] annex, page 2, {said}"
    assert _source(SCAN).label == f"annex, page 2, {said}"


def test_what_a_document_holds_says_nothing_of_it() -> None:
    """Text, and what was cited before there was a confidence, is named as before."""
    text = Citation(2, "d1", "a", "p1", "EUR 9.80")
    assert how_read(text) == ""
    assert label_of(text) == ":blue-badge[2] a"
    assert source_line(text) == "[2] a"
