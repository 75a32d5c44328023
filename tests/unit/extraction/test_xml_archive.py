"""Tests of the bounds within which archives of XML parts are read."""

from __future__ import annotations

import pytest

from jobs.extraction.readers.xml_archive import XmlArchive, parse_xml
from tests.office_files import archive


def test_names_are_found_however_they_are_written() -> None:
    """In any case, and with the separators of Windows."""
    found = XmlArchive(archive({"Word\\Document.xml": "<a/>"}))

    assert found.xml("word/document.xml") is not None
    assert found.xml("word/styles.xml") is None


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        ('<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "declares entities"),
        ('<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>', "declares entities"),
        (f"<a>{'x' * 11_000_000}</a>", "security limit"),
        ("<a>" * 300 + "</a>" * 300, "damaged XML"),
        ("<a><b></a>", "damaged XML"),
    ],
    ids=["entity", "external", "text", "depth", "damaged"],
)
def test_what_no_office_file_has_is_refused(data: str, reason: str) -> None:
    """Entities, texts of megabytes, thousands of levels."""
    with pytest.raises(ValueError, match=reason):
        parse_xml(data.encode())


def test_a_declaration_without_entities_is_read() -> None:
    """Older programs name a DTD, which is not fetched."""
    assert parse_xml(b'<!DOCTYPE a SYSTEM "office.dtd"><a>b</a>').text == "b"


def test_what_is_no_archive_is_refused() -> None:
    """Such as half a file."""
    with pytest.raises(ValueError, match="a damaged archive"):
        XmlArchive(archive({"a.xml": "<a/>"})[:40])
