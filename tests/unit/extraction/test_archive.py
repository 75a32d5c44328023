"""ZIP archives: the list of what is in them, the files that can be read, notes on the others."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib

import pytest

from jobs.extraction.attachment_limits import MAX_ATTACHMENT_BYTES
from jobs.extraction.blocks import Attachment, Block, Note
from jobs.extraction.file_types import DOCX, ZIP, UnreadableFileError, detect
from jobs.extraction.readers import archive
from tests import hostile


def zip_of(files: dict[str, bytes | str], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as packed:
        for name, content in files.items():
            packed.writestr(name, content)
    return buffer.getvalue()


def renamed(data: bytes, old: str, new: bytes) -> bytes:
    """Give a file another name, of the same length, as packers write it that know no UTF-8."""
    assert len(old) == len(new)
    return data.replace(old.encode(), new)


def listed(data: bytes) -> list[str]:
    return [item.text for item in archive.read(data) if isinstance(item, Block)]


def taken(data: bytes) -> dict[str, bytes]:
    return {item.name: item.data for item in archive.read(data) if isinstance(item, Attachment)}


def notes(data: bytes) -> list[str]:
    return [item.text for item in archive.read(data) if isinstance(item, Note)]


def test_archive_lists_its_files_and_hands_them_over() -> None:
    """Folders are in the list, and names alone on the files."""
    data = zip_of({"deal/": "", "deal/a.txt": "Hello.", "b.pdf": b"%PDF-1.7"})
    assert listed(data) == ["deal/a.txt (1 KB)", "b.pdf (1 KB)"]
    assert taken(data) == {"a.txt": b"Hello.", "b.pdf": b"%PDF-1.7"}
    assert notes(data) == []


def test_what_systems_leave_behind_is_left_out() -> None:
    """Nobody packed these files on purpose."""
    left = ["__MACOSX/._a.txt", ".DS_Store", "x/Thumbs.db", "~$a.docx", "x/._b.txt", ".git/c.txt"]
    assert listed(zip_of(dict.fromkeys([*left, "a.txt"], "Hello."))) == ["a.txt (1 KB)"]


def test_kinds_that_cannot_be_read_are_counted() -> None:
    """One note names the kinds, the most frequent first."""
    names = ["a.exe", "b.EXE", "c.mp4", "README", "d.txt"]
    assert notes(zip_of(dict.fromkeys(names, "Hello."))) == [
        "4 files are of a kind that cannot be read: 2 .exe, 1 .mp4, 1 without an extension."
    ]


def test_files_of_the_same_name_are_told_apart_by_their_folders() -> None:
    """An answer that cites one says which."""
    data = zip_of({"2024/report.txt": "one", "2025/report.txt": "two", "other.txt": "three"})
    assert [*taken(data)] == ["2024 - report.txt", "2025 - report.txt", "other.txt"]


@pytest.mark.parametrize(
    ("name", "encoding"),
    [
        ("Übersicht Zürich.txt", "utf-8"),  # macOS and Linux, without the mark
        ("Übersicht Zürich.txt", "cp437"),
        ("Übersicht Zürich.txt", "cp850"),  # Windows in Western Europe
        ("見積書と契約書の一覧表.txt", "cp932"),
        ("合同报价单和年度财务报告.txt", "gbk"),
        ("Договор поставки и приложения.txt", "cp866"),
    ],
)
def test_names_are_in_the_encoding_of_the_packer(name: str, encoding: str) -> None:
    """Whoever packed it, the name is what it was."""
    encoded = name.encode(encoding)
    data = renamed(zip_of({"x" * len(encoded): "Hello."}), "x" * len(encoded), encoded)
    assert [*taken(data)] == [name]


def test_name_in_an_extra_field_counts() -> None:
    """Info-ZIP writes the name in UTF-8 beside the one in the code page."""
    info = zipfile.ZipInfo("?????.txt")
    real = "Größe.txt".encode()
    field = struct.pack("<BI", 1, zlib.crc32(b"?????.txt")) + real
    info.extra = struct.pack("<HH", archive.UNICODE_PATH, len(field)) + field
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as packed:
        packed.writestr(info, "Hello.")
    assert [*taken(buffer.getvalue())] == ["Größe.txt"]


def test_file_with_a_password_is_counted() -> None:
    """The others are read."""
    data = bytearray(zip_of({"a.txt": "Hello.", "b.txt": "Hello."}))
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(mark) + at] |= archive.IS_ENCRYPTED
    assert [*taken(bytes(data))] == ["b.txt"]
    assert notes(bytes(data)) == [
        "1 file is protected by a password and not read. Unpack the archive and upload what it "
        "holds."
    ]


def test_broken_file_costs_no_other() -> None:
    """Its checksum does not fit."""
    data = zip_of({"a.txt": "Hello.", "b.txt": "World."}, zipfile.ZIP_STORED)
    broken = data.replace(b"Hello.", b"Hollo.")
    assert taken(broken) == {"b.txt": b"World."}
    assert notes(broken) == ["1 file is not read: broken, or packed in a way that is not known."]


def test_file_is_never_larger_than_it_says() -> None:
    """A bomb that says that it is small is cut there, and does not fit its checksum."""
    data = zip_of({"a.txt": bytes(10_000_000)})
    small = data.replace(struct.pack("<I", 10_000_000), struct.pack("<I", 1000))
    assert taken(small) == {}


def test_large_files_are_not_unpacked() -> None:
    """What a file says that it unpacks to is enough to leave it out."""
    size, large = struct.pack("<I", 12_345), struct.pack("<I", MAX_ATTACHMENT_BYTES + 1)
    data = zip_of(dict.fromkeys(["a.txt", "b.txt"], bytes(12_345))).replace(size, large)
    assert taken(data) == {}
    assert notes(data) == ["2 files are not read: larger than 128 MB."]


def test_broken_archive_says_so() -> None:
    """Advice is in the sentence of the document."""
    with pytest.raises(UnreadableFileError, match="broken or cut off"):
        [*archive.read(zip_of({"a.txt": "Hello."})[:-30])]


def test_archive_of_documents_is_no_document() -> None:
    """What is stored as it is in an archive, also as the first, does not make it one."""
    word = hostile.word_of("Hello.")
    stored = zip_of({"a.docx": word, "b.docx": word}, zipfile.ZIP_STORED)
    pdf_first = zip_of({"a.pdf": b"%PDF-1.7 ..."}, zipfile.ZIP_STORED)
    assert [detect(data) for data in (stored, pdf_first, word)] == [ZIP, ZIP, DOCX]


def test_extension_follows_the_content() -> None:
    """A PDF that is named as a text is a PDF."""
    assert [*taken(zip_of({"a.txt": b"%PDF-1.7 ..."}))] == ["a.txt.pdf"]
