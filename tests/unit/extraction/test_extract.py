"""Text from files of every kind, and from files that are broken or hostile."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from jobs.errors import (
    EmptyDocumentError,
    ExtractionTooLargeError,
    ExtractionTooLongError,
    SupersededError,
    UnreadableDocumentError,
)
from jobs.extraction import extract as extraction
from jobs.extraction.chunking import PASSAGE_CHARS
from jobs.extraction.extract import Extracted, extract
from jobs.settings import Settings
from tests import hostile
from tests.waiting import HANG_SECONDS

SAMPLES = Path(__file__).resolve().parents[3] / "samples"


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


def test_pages_are_right_in_a_long_pdf(read: Callable[[str, bytes], Extracted]) -> None:
    """Each of ten thousand pages holds its own number."""
    extracted = read("long.pdf", hostile.many_pages(10_000))
    printed = [[int(n) for n in re.findall(r"berth (\d+)", p.text)] for p in extracted.passages]
    assert extracted.pages == 10_000
    assert [(numbers[0], numbers[-1]) for numbers in printed] == [
        (item.first_page, item.last_page) for item in extracted.passages
    ]
    assert {number for numbers in printed for number in numbers} == set(range(1, 10_001))


def test_slides_are_pages(settings: Settings) -> None:
    """Each slide is a passage of its own, with the number that is printed on it."""
    extracted = extract(SAMPLES / "strategy-northbound-2028.pptx", "s.pptx", settings)
    assert [item.first_page for item in extracted.passages] == list(range(1, 13))
    printed = [
        (int(footer.group(1)), item.first_page)
        for item in extracted.passages
        if (footer := re.search(r"Strictly confidential\s+(\d+)", item.text))
    ]
    assert printed == [(number, number) for number in range(2, 13)]


def test_passages_begin_with_a_sentence_where_the_overlap_allows(settings: Settings) -> None:
    """A passage of prose starts neither in the middle of a sentence nor of a word."""
    extracted = extract(SAMPLES / "remote-work-policy.md", "p.md", settings)
    assert len(extracted.passages) > 2
    assert all(item.text[0].isupper() or item.text[0].isdigit() for item in extracted.passages)
    assert all(item.text[-1] in ".:!?" for item in extracted.passages)


def test_html_leaves_no_marks(read: Callable[[str, bytes], Extracted]) -> None:
    """Tags, styles, scripts, links and emphasis are gone; the words stay."""
    page = b"""<html><head><style>p {color: red}</style><script>alert(1)</script></head><body>
    <h1>Rules</h1><p>Wear <b>warm</b> <i>clothes</i>; see <a href="http://e.x/a">the list</a>.</p>
    <p><img src="a.png" alt="x">5 * 3 * 2 &lt; 31</p></body></html>"""
    assert text_of(read("a.html", page)) == "Rules Wear warm clothes; see the list. 5 * 3 * 2 < 31"


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


@pytest.mark.parametrize("name", ["a.pdf", "a.docx", "a.xlsx"])
def test_text_called_something_else_is_read_as_text(
    read: Callable[[str, bytes], Extracted], name: str
) -> None:
    """A text file with the extension of a binary format is read all the same."""
    extracted = read(name, "Die Kühlräume sind in Köln.".encode())
    assert (extracted.media_type, text_of(extracted)) == (
        "text/plain",
        "Die Kühlräume sind in Köln.",
    )


@pytest.mark.parametrize("encoding", ["cp1252", "latin-1", "utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize(
    ("name", "before", "after"),
    [
        ("a.txt", "", ""),
        ("a.md", "", ""),
        ("a.csv", "Ort\n", "\n"),
        ("a.html", "<html><body><p>", "</p></body></html>"),
    ],
)
def test_text_in_any_usual_encoding_is_read(
    read: Callable[[str, bytes], Extracted], name: str, before: str, after: str, encoding: str
) -> None:
    """Accents come out as people wrote them, and no byte order mark with them."""
    text = f"{before}Größere Kühlräume in Köln{after}"
    expected = "Größere Kühlräume in Köln"
    assert text_of(read(name, text.encode(encoding))).removeprefix("Ort ") == expected


def test_html_is_read_in_the_encoding_it_declares(read: Callable[[str, bytes], Extracted]) -> None:
    """The charset of the page counts where the bytes are no UTF-8."""
    page = '<html><head><meta charset="iso-8859-2"></head><body>Gdańsk, Łódź</body></html>'
    assert text_of(read("a.html", page.encode("iso-8859-2"))) == "Gdańsk, Łódź"


def test_letter_across_the_sniffed_bytes_does_no_harm(
    read: Callable[[str, bytes], Extracted],
) -> None:
    """The kind of a file is told from its beginning, which may end inside a letter."""
    text = "a" * 8191 + "é ends it."
    assert read("a.txt", text.encode()).passages[-1].text.endswith("ends it.")


@pytest.mark.parametrize(
    ("name", "data"),
    [("a.pdf", b""), ("a.txt", b"   \n\n "), ("a.md", b"\n")],
)
def test_file_without_text_is_empty(
    read: Callable[[str, bytes], Extracted], name: str, data: bytes
) -> None:
    """Nothing to index is said as such."""
    with pytest.raises(EmptyDocumentError):
        read(name, data)


def test_encrypted_pdf_is_called_encrypted(read: Callable[[str, bytes], Extracted]) -> None:
    """The sentence says to save a copy without the password."""
    with pytest.raises(UnreadableDocumentError, match=r"encrypted\. Save a copy without a"):
        read("secret.pdf", hostile.encrypted_pdf())


def test_office_file_with_a_password_is_called_encrypted(
    read: Callable[[str, bytes], Extracted],
) -> None:
    """With a password, Office files are no archives but OLE containers."""
    with pytest.raises(
        UnreadableDocumentError, match="encrypted, or in the format of Office before"
    ):
        read("secret.docx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600))


def test_broken_files_are_unreadable(read: Callable[[str, bytes], Extracted]) -> None:
    """A truncated PDF, a DOCX that is no archive, and noise cost an error each."""
    pdf = (SAMPLES / "annual-report-2025.pdf").read_bytes()
    for name, data in (
        ("cut.pdf", pdf[:400]),
        ("fake.docx", b"PK\x03\x04 not an archive at all"),
        ("noise.pdf", bytes(range(256)) * 40),
    ):
        with pytest.raises(UnreadableDocumentError):
            read(name, data)


def test_zip_bomb_costs_only_itself(make_settings: Callable[..., Settings], tmp_path: Path) -> None:
    """A DOCX of a few hundred KB that unpacks to 300 MB ends within its limits."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as writer:
        writer.writestr("[Content_Types].xml", "<Types/>")
        writer.writestr("word/document.xml", b"<w:t>" + b"A" * 300 * 2**20 + b"</w:t>")
    path = tmp_path / "bomb.docx"
    path.write_bytes(archive.getvalue())
    limited = make_settings(extraction_memory_mb=512, extraction_timeout_seconds=HANG_SECONDS)
    with pytest.raises(UnreadableDocumentError, match="unpacks to far more than its size"):
        extract(path, "bomb.docx", limited)


def test_file_that_needs_too_much_memory_names_the_setting(
    make_settings: Callable[..., Settings], tmp_path: Path
) -> None:
    """The limit holds for the child; the sentence says what to raise."""
    path = tmp_path / "big.txt"
    path.write_bytes(b"A sentence of a very long text. " * (2 * 2**20))
    with pytest.raises(ExtractionTooLargeError, match="EXTRACTION_MEMORY_MB"):
        extract(path, "big.txt", make_settings(extraction_memory_mb=256))


def test_number_of_passages_has_a_limit(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A document that would fill the worker says what to do."""
    path = tmp_path / "a.txt"
    path.write_bytes(hostile.huge_text(5000))
    assert len(extract(path, "a.txt", settings).passages) > 3
    monkeypatch.setattr(extraction, "MAX_PASSAGES", 3)
    with pytest.raises(ExtractionTooLargeError, match=r"more than 3 passages.*Split it"):
        extract(path, "a.txt", settings)


@pytest.mark.parametrize(
    ("script", "error"),
    [
        ("kill -SEGV $$", UnreadableDocumentError),  # a crash without much memory in hand
        ("kill -KILL $$", ExtractionTooLargeError),  # the system's, out of memory
        ("echo terminate: out of memory >&2; exit 1", ExtractionTooLargeError),
        ("echo garbage", UnreadableDocumentError),
        ("exec cat /dev/zero", UnreadableDocumentError),
        ("exit 0", UnreadableDocumentError),
        ("exec >&- 2>&-; exec sleep 600", ExtractionTooLongError),
    ],
)
def test_whatever_the_child_does_is_a_sentence(
    make_settings: Callable[..., Settings],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    script: str,
    error: type[UnreadableDocumentError],
) -> None:
    """A parser that crashed, was killed or was taken over costs its document."""
    path, program = tmp_path / "a.txt", tmp_path / "program"
    path.write_text("Some text.")
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o700)
    monkeypatch.setattr("sys.executable", str(program))
    seconds = 1 if error is ExtractionTooLongError else HANG_SECONDS
    with pytest.raises(error) as raised:
        extract(path, "a.txt", make_settings(extraction_timeout_seconds=seconds))
    assert type(raised.value) is error


def test_child_writes_no_file_and_goes_before_the_worker(tmp_path: Path) -> None:
    """A hostile file fills no disk; where memory runs out, the system takes its reader first."""
    script = (
        "from jobs.extraction.resource_limits import limit_resources; limit_resources(1024, 10)\n"
        "print(open('/proc/self/oom_score_adj').read().strip(), flush=True)\n"
        f"open({str(tmp_path / 'x')!r}, 'wb', 0).write(b'x')\n"
    )
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert result.stdout.strip() == "1000"
    assert "File too large" in result.stderr


def test_child_is_told_no_secrets(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever takes over the parser by a hostile file finds no key in its environment."""
    path = tmp_path / "a.txt"
    path.write_text("Some text.")
    seen = tmp_path / "environment"
    script = tmp_path / "spy"
    script.write_text(f"#!/bin/sh\nenv > {seen}\nexit 1\n")
    script.chmod(0o700)
    monkeypatch.setattr("sys.executable", str(script))
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    with pytest.raises(UnreadableDocumentError):
        extract(path, "a.txt", settings)
    assert "PATH=" in seen.read_text()
    assert "sk-secret" not in seen.read_text()


def test_slow_extraction_is_cut_off(
    make_settings: Callable[..., Settings], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A child that takes longer than allowed is killed, and the error says so."""
    path = tmp_path / "a.txt"
    path.write_text("Some text that is long enough to read.")
    monkeypatch.setattr("sys.executable", str(_sleeper(tmp_path)))
    with pytest.raises(ExtractionTooLongError):
        extract(path, "a.txt", make_settings(extraction_timeout_seconds=1))


def test_stop_kills_the_child(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A cancelled job does not wait for its extraction, and leaves no process."""
    path = tmp_path / "a.txt"
    path.write_text("Some text.")
    monkeypatch.setattr("sys.executable", str(_sleeper(tmp_path)))
    pid = tmp_path / "pid"

    def check() -> None:
        if pid.exists() and pid.read_text().strip():
            raise SupersededError

    with pytest.raises(SupersededError):
        extract(path, "a.txt", settings, check)
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid.read_text()), 0)


def _sleeper(folder: Path) -> Path:
    script = folder / "sleeper"
    script.write_text(f"#!/bin/sh\necho $$ > {folder / 'pid'}\nexec sleep 600\n")
    script.chmod(0o700)
    return script
