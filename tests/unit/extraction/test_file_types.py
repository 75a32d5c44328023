"""What bytes are."""

from __future__ import annotations

from jobs.extraction.file_types import PDF_SIGNATURE, PDF_SIGNATURE_WITHIN, is_pdf


def test_pdf_may_begin_with_other_bytes_within_a_kilobyte() -> None:
    """PDF readers look that far for the signature, and no further."""
    assert is_pdf(b"\n" * (PDF_SIGNATURE_WITHIN - len(PDF_SIGNATURE)) + PDF_SIGNATURE)
    assert not is_pdf(b"\n" * PDF_SIGNATURE_WITHIN + PDF_SIGNATURE)
