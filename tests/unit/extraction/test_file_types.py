"""What bytes are, and the text in them."""

from __future__ import annotations

import pytest

from jobs.extraction.file_types import (
    PDF_SIGNATURE,
    PDF_SIGNATURE_WITHIN,
    UnreadableFileError,
    decode_text,
    is_pdf,
)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_usual_encodings_are_recognised(encoding: str) -> None:
    """A byte order mark counts, then UTF-8, then Windows."""
    assert decode_text("Köln – 5 m²".encode(encoding)) == "Köln – 5 m²"


def test_unknown_declared_encoding_is_passed_over() -> None:
    """A page may call its encoding anything."""
    page = b'<meta charset="klingon">K\xf6ln'
    assert decode_text(page).endswith("Köln")


def test_binary_data_is_no_text() -> None:
    """A zero byte is in no text file."""
    with pytest.raises(UnreadableFileError):
        decode_text(b"abc\0def")


def test_pdf_may_begin_with_other_bytes_within_a_kilobyte() -> None:
    """PDF readers look that far for the signature, and no further."""
    assert is_pdf(b"\n" * (PDF_SIGNATURE_WITHIN - len(PDF_SIGNATURE)) + PDF_SIGNATURE)
    assert not is_pdf(b"\n" * PDF_SIGNATURE_WITHIN + PDF_SIGNATURE)
