"""A file is taken by what it holds, not by what it is called."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from jobs.errors import InvalidUploadError
from jobs.extraction import file_types
from jobs.extraction.file_types import MEDIA_TYPES, OLE_SIGNATURE
from jobs.extraction.upload_check import check_upload
from tests import hostile

SAMPLES = Path(__file__).resolve().parents[3] / "samples"
NAMES = [path.name for path in sorted(SAMPLES.iterdir()) if path.suffix.lower() in MEDIA_TYPES]
PDF = b"%PDF-1.7\n..."


def refusal(name: str, data: bytes) -> str:
    """The sentence with which a file is refused, or nothing if it is taken."""
    try:
        check_upload(name, data)
    except InvalidUploadError as error:
        return error.message
    return ""


@pytest.mark.parametrize("name", NAMES)
def test_honest_file_is_taken(name: str) -> None:
    """Files of each kind, written by usual programs, are what they say."""
    assert refusal(name, (SAMPLES / name).read_bytes()) == ""


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("odd.pdf", b"\n\n" + PDF),  # some producers put other bytes first
        ("UPPER.PDF", PDF),
        ("latin.txt", "Größe: 3 m²".encode("cp1252")),
        ("wide.csv", "a;b\n1;2".encode("utf-16")),
        ("feed.txt", b"one\x0ctwo" * 10),
        ("stray.txt", b"a stray \x02 among many other letters of a text " * 10),
        ("page.md", b"<p>Markdown may begin with a tag.</p>"),
        ("page.txt", b"<!doctype html><p>The source of a page."),
    ],
)
def test_unusual_but_honest_file_is_taken(name: str, data: bytes) -> None:
    """Other encodings and stray characters do not make a text something else."""
    assert refusal(name, data) == ""


@pytest.mark.parametrize(
    ("name", "data", "sentence"),
    [
        ("letter.docx", b"Just a text.", "holds a text. Rename it to .txt"),
        ("letter.pdf", b"Just a text.", "holds a text. Rename it to .txt"),
        ("letter.pdf", hostile.word_of("Hello."), "holds a Word document. Rename it to .docx"),
        ("letter.xlsx", hostile.word_of("Hello."), "holds a Word document. Rename it to .docx"),
        ("letter.docx", PDF, "holds a PDF. Rename it to .pdf"),
        ("letter.md", PDF, "holds a PDF. Rename it to .pdf"),
        (
            "letter.docx",
            hostile.archive({"a.txt": "Hello."}),
            "holds a ZIP archive. Rename it to .zip",
        ),
        ("letter.txt", hostile.png(), "holds a picture. Rename it to .png"),
        ("letter.html", b"MZ\x90\0\x03\0", "holds a program"),
        ("letter.txt", b"\x7fELF\x02\x01\x01\0", "holds a program"),
        ("letter.docx", OLE_SIGNATURE + bytes(100), "encrypted, or in the format of Office before"),
        ("letter.csv", hostile.noise(), "holds something else"),
        ("letter.txt", b"\x01\x02\x03\x04" * 20, "holds something else"),
    ],
)
def test_other_content_than_the_name_says_is_refused(name: str, data: bytes, sentence: str) -> None:
    """The sentence says what the file holds and what to do."""
    said = refusal(name, data)
    assert sentence in said
    assert f"“{name}”" in said


def test_file_full_of_signatures_of_archives_is_looked_at_to_a_bound(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each may begin a member's name; web, which waits for it, looks at so many and no more."""
    looked: list[int] = []

    def count(data: bytes) -> Iterator[int]:
        for at in member_names(data):
            looked.append(at)
            yield at

    member_names = file_types._member_names
    monkeypatch.setattr(file_types, "_member_names", count)
    with pytest.raises(InvalidUploadError, match="ZIP archive"):
        check_upload("a.docx", b"PK\x03\x04" + b"PK\x01\x02" * 100_000)
    assert len(looked) == file_types.MAX_MEMBERS
