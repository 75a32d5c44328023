"""What is read of plain text, logs, JSON, notebooks, XML, EPUB and subtitles."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

import pytest

from jobs.extraction.blocks import Block, Item, Kind, Note
from jobs.extraction.file_types import EPUB, UnreadableFileError, detect
from jobs.extraction.readers import epub, json_data, notebook, plain_text, subtitles, xml_data


def texts(items: Any) -> list[str]:
    return [
        f"{each.caption} | {each.text}" if each.caption else each.text
        for each in items
        if isinstance(each, Block)
    ]


def notes(items: Any) -> list[str]:
    return [each.text for each in items if isinstance(each, Note)]


def headings(text: str) -> list[tuple[str, int]]:
    items = plain_text.read(text.encode())
    return [(e.text, e.level) for e in items if isinstance(e, Block) and e.kind is Kind.HEADING]


WRAPPED = (
    "This line of a text was wrapped by an editor at a width of about eighty\n"
    "characters, as in mails and old text files, and goes on here to its end.\nLast line."
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("one\r\ntwo\r\n\r\nthree", ["one\ntwo", "three"]),
        (WRAPPED, [WRAPPED.replace("eighty\n", "eighty ").replace("end.\n", "end. ")]),
        ("Name: Ann\nAge: 5", ["Name: Ann\nAge: 5"]),
        ("- a\n- b", ["- a\n- b"]),
        ("page one\fpage two", ["page one", "page two"]),
        ("", []),
    ],
)
def test_paragraphs_of_plain_text(text: str, expected: list[str]) -> None:
    """Lines that an editor wrapped are one; others stay."""
    assert texts(plain_text.read(text.encode())) == expected


def test_log_lines_stay_whole() -> None:
    """A line with a time begins an entry, and long logs are cut between lines."""
    line = "2024-01-01 10:00:00,123 ERROR the pump at berth 7 has failed and waits for a technician"
    log = f"{line}\n  at pump.start(7)\n" * 100
    groups = texts(plain_text.read(log.encode()))
    assert len(groups) > 10
    assert "\n".join(groups) == log.strip()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Title\n=====\n\nText.\n\nPart\n----\nText.", [("Title", 1), ("Part", 2)]),
        ("1. Scope\n\nText.\n\n1.1 Area\n\nText.", [("1. Scope", 1), ("1.1 Area", 2)]),
        (
            "§ 3 Kündigung\n\nText.\n\n第三条 契約\n\n本文。",
            [("§ 3 Kündigung", 1), ("第三条 契約", 1)],
        ),
        ("1. milk\n\n2. bread\n\n3. salt\n\nText.", []),
        ("1. A sentence that ends.\n\nText.", []),
        ("1. Nothing below", []),
        ("a   b\n-----\n1   2", []),
    ],
)
def test_headings_of_plain_text(text: str, expected: list[tuple[str, int]]) -> None:
    """What is underlined or numbered and has text below; no items of lists."""
    assert headings(text) == expected


def test_json_is_paths_and_tables() -> None:
    """Numbers stand as they are written."""
    text = (
        '{"firm": {"name": "X", "rate": 4.50}, "tags": ["a", "b"], "none": null, "on": true,'
        ' "staff": [{"n": "A", "at": {"city": "Oslo"}}, {"n": "B", "at": {"city": "Rome"}}],'
        ' "mixed": [1, {"k": "v"}], "picture": "data:image/png;base64,AAAA"}'
    )
    assert texts(json_data.read(text.encode())) == [
        "firm.name: X\nfirm.rate: 4.50\ntags: a, b\non: true",
        "staff | n: A; at.city: Oslo",
        "staff | n: B; at.city: Rome",
        "mixed[1]: 1\nmixed[2].k: v",
    ]


def test_json_lines_and_what_is_no_json() -> None:
    """A log may be JSON lines; a broken file is text, and that is said."""
    assert texts(json_data.read(b'{"a": 1, "b": 2}\n{"a": 3, "b": 4}\n')) == [
        "a: 1; b: 2",
        "a: 3; b: 4",
    ]
    for broken in (b"{broken", b"[" * 5000):
        items: list[Item] = list(json_data.read(broken))
        assert notes(items) == ["This file is no valid JSON and was read as plain text."]
        assert texts(items)[0].startswith(broken.decode()[:5])


def test_notebooks_are_text_code_and_output() -> None:
    """Pictures are counted."""
    outputs = [
        {"output_type": "stream", "text": ["\x1b[31mred\x1b[0m\n"]},
        {"data": {"image/png": "iVBOR", "text/plain": "<Figure>"}},
        {"data": {"text/html": "<table><tr><th>a<th>b<tr><td>1<td>2</table>", "text/plain": "a b"}},
        {"ename": "ValueError", "evalue": "bad", "traceback": []},
    ]
    cells = [
        {"cell_type": "markdown", "source": ["# Title\n", "text"]},
        {"cell_type": "code", "source": "x = 1", "outputs": outputs},
    ]
    items = list(notebook.read(json.dumps({"cells": cells}).encode()))
    assert texts(items) == [
        "Title",
        "text",
        "x = 1",
        "red",
        "<Figure>",
        "a: 1; b: 2",
        "ValueError: bad",
    ]
    assert notes(items) == ["1 picture was not read among the results of this notebook."]
    with pytest.raises(UnreadableFileError):
        list(notebook.read(b"{"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "<list><book id='1'><title>A &amp; B</title><price cur='EUR'>3</price></book>"
            "<book id='2'><title>C</title><price cur='EUR'>4</price></book></list>",
            [
                "book | id: 1; title: A & B; price: 3 (cur: EUR)",
                "book | id: 2; title: C; price: 4 (cur: EUR)",
            ],
        ),
        (
            "<i:Bill xmlns:i='u'><i:ID>7</i:ID><i:SupplierParty><i:Name>X</i:Name>"
            "</i:SupplierParty></i:Bill>",
            ["ID: 7\nSupplier Party › Name: X"],
        ),
        ("<r><p>Some <b>mixed</b> text&nbsp;here.</p></r>", ["Some mixed text here."]),
        ("<r><d>&lt;p&gt;one&lt;/p&gt;</d></r>", ["d: one"]),
        ("<html xmlns='http://www.w3.org/1999/xhtml'><body><p>a<b>b</b></p></body></html>", ["ab"]),
        ("<!DOCTYPE r [<!ENTITY x SYSTEM 'file:///etc/hostname'>]><r>&x;</r>", ["r: &x;"]),
        ("<!DOCTYPE r [<!ENTITY a 'boom'><!ENTITY b '&a;&a;'>]><r>&b;</r>", ["r: &b;"]),
    ],
)
def test_xml_is_names_and_texts(text: str, expected: list[str]) -> None:
    """Records are tables; entities that the file declares are not resolved."""
    assert texts(xml_data.read(text.encode())) == expected


def test_damaged_xml_is_read_and_said() -> None:
    """What was lost is not known."""
    items = list(xml_data.read(b"<a><b>x</a>"))
    assert texts(items) == ["b: x"]
    assert notes(items) == ["This XML is damaged; parts of it may not have been read."]


CONTAINER = '<container><rootfiles><rootfile full-path="E/c.opf"/></rootfiles></container>'
PACKAGE = (
    '<package xmlns="http://www.idpf.org/2007/opf" xmlns:dc="http://purl.org/dc/elements/1.1/">'
    "<metadata><dc:title>Harbours</dc:title><dc:creator>Ann Lee</dc:creator></metadata><manifest>"
    '<item id="a" href="a%20b.xhtml" media-type="application/xhtml+xml"/>'
    '<item id="b" href="b.xhtml" media-type="application/xhtml+xml"/>'
    '<item id="n" href="n.xhtml" properties="nav" media-type="application/xhtml+xml"/></manifest>'
    '<spine><itemref idref="n"/><itemref idref="b"/><itemref idref="a"/></spine></package>'
)
CHAPTER = (
    '<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"><head><title>{0}</title>'
    "</head><body><h1>{0}</h1><p>Text of {0}.</p></body></html>"
)


def book(**more: str) -> bytes:
    parts = {
        "mimetype": "application/epub+zip",
        "META-INF/container.xml": CONTAINER,
        "E/c.opf": PACKAGE,
        "E/a b.xhtml": CHAPTER.format("Two"),
        "E/b.xhtml": CHAPTER.format("One"),
        **more,
    }
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, text in parts.items():
            archive.writestr(name, text)
    return file.getvalue()


def test_books_are_read_in_the_order_of_their_chapters() -> None:
    """The order of the spine, not of the files; the table of contents is none."""
    assert detect(book()) == EPUB
    expected = ["Harbours", "By Ann Lee", "One", "Text of One.", "Two", "Text of Two."]
    assert texts(epub.read(book())) == expected


def test_protected_books_are_refused() -> None:
    """Fonts may be hidden in books that are not."""
    name = "META-INF/encryption.xml"
    method = '<e><EncryptionMethod Algorithm="{}"/></e>'
    fonts = method.format("http://www.idpf.org/2008/embedding")
    assert len(texts(epub.read(book(**{name: fonts})))) == 6
    with pytest.raises(UnreadableFileError, match="copy protection"):
        list(
            epub.read(book(**{name: method.format("http://www.w3.org/2001/04/xmlenc#aes128-cbc")}))
        )


def test_subtitles_are_times_and_words() -> None:
    """Numbers and marks of programs are left out."""
    text = (
        "WEBVTT\n\n1\n00:00:01.000 --> 00:00:02.000\n<v Ann>Hello <i>you</i>\nthere\n\n"
        "2\n00:01:01,000 --> 00:01:02,000\n{\\an8}Bye\n"
    )
    expected = ["00:00:01 Ann: Hello you there\n00:01:01 Bye"]
    assert texts(subtitles.read(text.encode())) == expected
