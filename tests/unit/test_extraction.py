"""Text from files of every kind, and from files that are broken or hostile."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from jobs.errors import (
    EmptyDocument,
    ExtractionTooLong,
    JobStopped,
    UnreadableDocument,
)
from jobs.extraction import PASSAGE_CHARS, Extracted, extract
from jobs.settings import Settings

SAMPLES = Path(__file__).resolve().parents[2] / "samples"


@pytest.fixture
def read(tmp_path: Path, settings: Settings) -> Callable[[str, bytes], Extracted]:
    """Extract from bytes under a name."""

    def extract_bytes(name: str, data: bytes) -> Extracted:
        path = tmp_path / "stored"
        path.write_bytes(data)
        return extract(path, name, settings)

    return extract_bytes


def text_of(extracted: Extracted) -> str:
    return " ".join(" ".join(item.text for item in extracted.passages).split())


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("annual-report-2025.pdf", "proposes a dividend of EUR 0.28 per share"),
        ("travel-and-expense-policy.docx", "The hotel limit is EUR 160 per night"),
        ("strategy-northbound-2028.pptx", "Revenue grew by 7.4 percent"),
        ("information-security.html", "Passwords must have at least 14 characters"),
        ("remote-work-policy.md", "New joiners work on site for their first four weeks"),
        ("executive-committee-minutes-2026-04-21.txt", "ACTIONS"),
        ("warehouses.csv", "site: Rotterdam Maasvlakte; country: Netherlands"),
        ("quarterly-revenue-by-region.xlsx", "Region: Benelux; Q1 2024: 36.1"),
    ],
)
def test_every_supported_kind_gives_its_text(settings: Settings, name: str, sentence: str) -> None:
    """A sentence that people read in the file is in its passages, which have a bounded length."""
    extracted = extract(SAMPLES / name, name, settings)
    assert sentence in text_of(extracted)
    assert all(0 < len(item.text) <= 2 * PASSAGE_CHARS for item in extracted.passages)


def test_pdf_passages_know_their_pages(settings: Settings) -> None:
    """The dividend is on the last of nine pages, and the passage says so."""
    extracted = extract(SAMPLES / "annual-report-2025.pdf", "r.pdf", settings)
    dividend = next(item for item in extracted.passages if "EUR 0.28 per share" in item.text)
    assert extracted.pages == 9
    assert dividend.last_page == 9
    assert extracted.passages[0].first_page == 1


def test_formats_without_pages_claim_none(settings: Settings) -> None:
    """A DOCX has no pages until it is printed."""
    extracted = extract(SAMPLES / "travel-and-expense-policy.docx", "t.docx", settings)
    assert extracted.pages == 0
    assert {item.first_page for item in extracted.passages} == {None}


def test_rows_of_a_table_each_name_their_columns(read: Callable[[str, bytes], Extracted]) -> None:
    """A row far below its headings still says what its cells mean."""
    rows = "".join(f"S{number},{number * 10}\n" for number in range(200))
    extracted = read("sites.csv", f"Site,Pallets\n{rows}".encode())
    assert "Site: S150; Pallets: 1500" in extracted.passages[-1].text + text_of(extracted)
    assert len(extracted.passages) > 1


def test_wrong_extension_is_read_by_content(read: Callable[[str, bytes], Extracted]) -> None:
    """A PDF called .txt is still a PDF."""
    data = (SAMPLES / "annual-report-2025.pdf").read_bytes()
    assert read("report.txt", data).media_type == "application/pdf"


def test_text_in_another_encoding_is_read(read: Callable[[str, bytes], Extracted]) -> None:
    """Windows text with accents comes out as people wrote it."""
    text = "Der Ausschuss für Kühlräume prüft die Maßnahmen im nächsten Frühjahr ausführlich. " * 3
    assert "Kühlräume" in text_of(read("notiz.txt", text.encode("cp1252")))


@pytest.mark.parametrize(
    ("name", "data"),
    [("a.pdf", b""), ("a.txt", b"   \n\n "), ("a.md", b"\n")],
)
def test_file_without_text_is_empty(
    read: Callable[[str, bytes], Extracted], name: str, data: bytes
) -> None:
    """Nothing to index is said as such."""
    with pytest.raises(EmptyDocument):
        read(name, data)


def test_broken_files_are_unreadable(read: Callable[[str, bytes], Extracted]) -> None:
    """A truncated PDF, a DOCX that is no archive, and noise cost an error each."""
    pdf = (SAMPLES / "annual-report-2025.pdf").read_bytes()
    for name, data in (
        ("cut.pdf", pdf[:400]),
        ("fake.docx", b"PK\x03\x04 not an archive at all"),
        ("noise.pdf", bytes(range(256)) * 40),
    ):
        with pytest.raises(UnreadableDocument):
            read(name, data)


def test_zip_bomb_costs_only_itself(make_settings: Callable[..., Settings], tmp_path: Path) -> None:
    """A DOCX of a few hundred KB that unpacks to 300 MB ends within its limits."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as writer:
        writer.writestr("[Content_Types].xml", "<Types/>")
        writer.writestr("word/document.xml", b"<w:t>" + b"A" * 300 * 2**20 + b"</w:t>")
    path = tmp_path / "bomb.docx"
    path.write_bytes(archive.getvalue())
    limited = make_settings(extraction_memory_mb=512, extraction_timeout_seconds=30)
    with pytest.raises(UnreadableDocument):
        extract(path, "bomb.docx", limited)


def test_slow_extraction_is_cut_off(
    make_settings: Callable[..., Settings], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A child that takes longer than allowed is killed, and the error says so."""
    path = tmp_path / "a.txt"
    path.write_text("Some text that is long enough to read.")
    monkeypatch.setattr("sys.executable", str(_sleeper(tmp_path)))
    with pytest.raises(ExtractionTooLong):
        extract(path, "a.txt", make_settings(extraction_timeout_seconds=1))


def test_stop_kills_the_child(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A cancelled job does not wait for its extraction."""
    path = tmp_path / "a.txt"
    path.write_text("Some text.")
    monkeypatch.setattr("sys.executable", str(_sleeper(tmp_path)))

    def check() -> None:
        raise JobStopped

    with pytest.raises(JobStopped):
        extract(path, "a.txt", settings, check)


def _sleeper(folder: Path) -> Path:
    script = folder / "sleeper"
    script.write_text("#!/bin/sh\nexec sleep 60\n")
    script.chmod(0o700)
    return script
