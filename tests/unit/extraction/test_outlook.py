"""Outlook messages: headers, bodies in three forms, recipients, attachments, messages within."""

from __future__ import annotations

import struct
from collections.abc import Mapping

import pytest

from jobs.extraction.blocks import Attachment, Block, Kind, Note
from jobs.extraction.file_types import OUTLOOK, UnreadableFileError, detect
from jobs.extraction.readers import outlook
from jobs.extraction.readers.outlook import (
    ADDRESS,
    BODY,
    CODE_PAGE,
    CONTENT_ID,
    DATA,
    HEADERS,
    HTML,
    HTML_CODE_PAGE,
    LONG_NAME,
    METHOD,
    MIME_TYPE,
    NAME,
    RECIPIENT_TYPE,
    RTF,
    SENDER_NAME,
    SENDERS,
    SMTP,
    SUBJECT,
    SUBMITTED,
)
from jobs.extraction.readers.rtf_mail import decompress, html_in_rtf
from tests.outlook_messages import Value, compound_file, message

# 30 January 2026, 09:12:00 UTC, in tenths of microseconds since 1601.
SENT = 134_142_379_200_000_000


def texts(data: bytes) -> list[str]:
    return [item.text for item in outlook.read(data) if isinstance(item, Block)]


def plain_rtf(rtf: bytes) -> bytes:
    """RTF as it is stored when it is not packed."""
    return struct.pack("<II4sI", len(rtf) + 12, len(rtf), b"MELA", 0) + rtf


def test_message_begins_with_what_people_see_of_it() -> None:
    """Subject, sender, recipients by kind, and the time; addresses within Exchange say nothing."""
    data = compound_file(
        message(
            {
                SUBJECT: "Angebot für Gebäude 7",
                BODY: "Guten Tag,\r\n\r\nder Preis ist 4.711 EUR.",
                SENDER_NAME: "Müller, Hans",
                SENDERS[0]: "hans@example.com",
                SUBMITTED: SENT,
            },
            recipients=[
                {NAME: "Jane Doe", SMTP: "jane@example.com", RECIPIENT_TYPE: 1},
                {NAME: "René", ADDRESS: "/o=Org/ou=Exchange/cn=rene", RECIPIENT_TYPE: 2},
            ],
        )
    )
    assert detect(data) == OUTLOOK
    heading, headers, *body = [item for item in outlook.read(data) if isinstance(item, Block)]
    assert (heading.text, heading.kind) == ("Angebot für Gebäude 7", Kind.HEADING)
    assert headers.text.split("\n") == [
        "From: Müller, Hans <hans@example.com>",
        "To: Jane Doe <jane@example.com>",
        "Cc: René",
        "Date: Fri, 30 Jan 2026 09:12:00 +0000",
        "Subject: Angebot für Gebäude 7",
    ]
    assert [block.text for block in body] == ["Guten Tag,", "der Preis ist 4.711 EUR."]


def test_time_is_as_the_sender_had_it() -> None:
    """The headers of the transport know its zone."""
    headers = "Received: from x\r\nDate: Fri, 30 Jan 2026 10:12:00 +0100\r\n"
    data = compound_file(message({SUBJECT: "s", HEADERS: headers, SUBMITTED: SENT}))
    assert "Date: Fri, 30 Jan 2026 10:12:00 +0100" in texts(data)[1]


@pytest.mark.parametrize(
    ("encoding", "number", "text"),
    [
        ("cp1251", 1251, "Цена договора 4711 рублей"),
        ("cp932", 932, "契約金額は四千円です"),
        ("gbk", 936, "合同金额为四千元整"),
    ],
)
def test_texts_of_before_unicode_have_a_code_page(encoding: str, number: int, text: str) -> None:
    """The message says which."""
    data = compound_file(message({SUBJECT: text, BODY: text, CODE_PAGE: number}, encoding=encoding))
    assert texts(data)[0] == text
    assert texts(data)[-1] == text


def test_html_goes_before_plain_text() -> None:
    """It has the tables; its bytes are in a code page of their own."""
    page = "<p>Preis: 4.711 €</p>".encode("cp1252")
    data = compound_file(message({SUBJECT: "s", BODY: "stub", HTML: page, HTML_CODE_PAGE: 1252}))
    assert texts(data)[2:] == ["Preis: 4.711 €"]


def test_html_without_text_gives_way_to_plain_text() -> None:
    """Some programs write one that is empty."""
    data = compound_file(message({SUBJECT: "s", BODY: "The text.", HTML: b"<p><img src=x></p>"}))
    assert texts(data)[2:] == ["The text."]


def test_html_is_taken_out_of_rtf() -> None:
    """Tags stand in destinations; what is for RTF alone is marked; letters have code pages."""
    rtf = (
        rb"{\rtf1\ansi\ansicpg1252\fromhtml1 {\fonttbl{\f0\fswiss Arial;}{\f1\fcharset204 A;}}"
        rb"{\*\htmltag64 <p>}\htmlrtf {\htmlrtf0 Preis: 4.711\~\'80 f\'fcr \u26085?"
        rb"{\f1 \'d6\'e5\'ed\'e0}\htmlrtf \par}\htmlrtf0 {\*\htmltag72 </p>}"
        rb"{\*\htmltag64 <b>}\{ok\}{\*\htmltag72 </b>}{\pntext no}}"
    )
    page = html_in_rtf(rtf)
    assert page == "<p>Preis: 4.711\xa0€ für 日Цена</p><b>{ok}</b>"
    data = compound_file(message({SUBJECT: "s", BODY: "stub", RTF: plain_rtf(rtf)}))
    assert texts(data)[2].split() == ["Preis:", "4.711", "€", "für", "日Цена"]


def test_rtf_is_the_last_resort() -> None:
    """A message that was written in rich text may have nothing else."""
    rtf = rb"{\rtf1\ansi\ansicpg1252 The fee is 77 EUR.\par}"
    assert texts(compound_file(message({SUBJECT: "s", RTF: plain_rtf(rtf)})))[2:] == [
        "The fee is 77 EUR."
    ]


def test_packed_rtf_is_unpacked() -> None:
    """The example of [MS-OXRTFCP], 3.2.2, which repeats what it is about to write."""
    packed = bytes.fromhex("1a0000001c0000004c5a4675e2d44b51410004205758595a0d6e7d010eb0")
    assert decompress(packed) == b"{\\rtf1 WXYZWXYZWXYZWXYZWXYZ}"


def test_attachments_and_messages_within() -> None:
    """Files are handed over; a message within is a section with attachments of its own."""
    inner = message(
        {SUBJECT: "The offer", BODY: "It is 77 EUR."},
        attachments=[{METHOD: 1, LONG_NAME: "inner.txt", DATA: b"x" * 5000}],
        header_bytes=24,
    )
    data = compound_file(
        message(
            {SUBJECT: "FW: The offer", BODY: "See below."},
            attachments=[
                {METHOD: 1, LONG_NAME: "plan.pdf", DATA: b"%PDF-1.7"},
                {METHOD: 1, LONG_NAME: "clip.avi", DATA: b"RIFF"},
                {METHOD: 5, DATA: inner},
            ],
        )
    )
    items = [*outlook.read(data)]
    assert [item.name for item in items if isinstance(item, Attachment)] == [
        "plan.pdf",
        "inner.txt",
    ]
    assert [item.text for item in items if isinstance(item, Note)] == [
        "1 attachment is of a kind that cannot be read: 1 .avi."
    ]
    [section] = [item for item in items if isinstance(item, Block) and item.text == "The offer"]
    assert (section.kind, section.level) == (Kind.HEADING, 2)
    assert texts(data)[-1] == "It is 77 EUR."


def test_pictures_of_the_text_are_no_attachments() -> None:
    """Large ones are counted in a note; logos are not worth one."""
    pictures: list[Mapping[int, Value]] = [
        {METHOD: 1, MIME_TYPE: "image/png", CONTENT_ID: name, DATA: bytes(size)}
        for name, size in (("a@x", 50_000), ("logo@x", 900))
    ]
    page = b'<p>Text</p><img src="cid:a@x"><img src="cid:LOGO@x">'
    data = compound_file(message({SUBJECT: "s", HTML: page}, attachments=pictures))
    items = [*outlook.read(data)]
    assert not any(isinstance(item, Attachment) for item in items)
    assert [item.text for item in items if isinstance(item, Note)] == [
        "1 picture in the text of this mail was not read."
    ]


def test_other_containers_of_ole_are_refused() -> None:
    """An old Word document is one as well."""
    data = compound_file({"WordDocument": b"x" * 5000})
    assert detect(data) == ""
    with pytest.raises(UnreadableFileError, match="before 2007"):
        [*outlook.read(data)]
