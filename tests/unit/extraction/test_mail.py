"""Mails as they were sent: headers, the best form of the text, attachments, mails within."""

from __future__ import annotations

import base64
import struct

import pytest

from jobs.extraction.blocks import Attachment, Block, Kind, Note
from jobs.extraction.file_types import UnreadableFileError, is_saved_page
from jobs.extraction.readers import mail, tnef
from jobs.extraction.readers.charsets import decode_as

PDF = b"%PDF-1.7 ..."


def part(kind: str, body: str | bytes, *headers: str, packed: bool = False) -> bytes:
    content = body.encode() if isinstance(body, str) else body
    if packed:
        content = base64.encodebytes(content)
        headers = (*headers, "Content-Transfer-Encoding: base64")
    return "\r\n".join([f"Content-Type: {kind}", *headers, "", ""]).encode() + content


def several(kind: str, *parts: bytes, mark: str = "X") -> bytes:
    line = f"\r\n--{mark}\r\n".encode()
    body = b"".join(line + each for each in parts) + f"\r\n--{mark}--\r\n".encode()
    return part(f'multipart/{kind}; boundary="{mark}"', body)


def sent(content: bytes, subject: str = "s") -> bytes:
    return f"From: a@example.com\r\nSubject: {subject}\r\nMIME-Version: 1.0\r\n".encode() + content


def texts(data: bytes) -> list[str]:
    """The text of a mail without its subject and headers."""
    return [item.text for item in mail.read(data) if isinstance(item, Block)][2:]


def files(data: bytes) -> dict[str, bytes]:
    return {item.name: item.data for item in mail.read(data) if isinstance(item, Attachment)}


def notes(data: bytes) -> list[str]:
    return [item.text for item in mail.read(data) if isinstance(item, Note)]


def test_mail_begins_with_what_people_see_of_it() -> None:
    """Encoded words are decoded, also where a letter is in two of them; others are left out."""
    data = (
        b"Received: from x\r\nX-Spam: no\r\n"
        b"From: =?utf-8?B?TcO8bGxlciwgSGFucw==?= <hans@example.com>\r\n"
        b'To: "Doe, Jane" <jane@example.com>,\r\n\t=?iso-8859-1?Q?Ren=E9?= <rene@example.com>\r\n'
        b"Subject: =?UTF-8?Q?Angebot_f=C3?=\r\n =?UTF-8?Q?=BCr_Haus_7?=\r\n"
        b"Date: Fri, 30 Jan 2026 10:12:00 +0100\r\n\r\nText."
    )
    heading, headers, text = [item for item in mail.read(data) if isinstance(item, Block)]
    assert (heading.text, heading.kind) == ("Angebot für Haus 7", Kind.HEADING)
    assert headers.text.split("\n") == [
        "From: Müller, Hans <hans@example.com>",
        'To: "Doe, Jane" <jane@example.com>, René <rene@example.com>',
        "Date: Fri, 30 Jan 2026 10:12:00 +0100",
        "Subject: Angebot für Haus 7",
    ]
    assert text.text == "Text."


@pytest.mark.parametrize(
    ("declared", "encoding", "text"),
    [
        ("iso-8859-1", "cp1252", "Der Preis ist 4.711 €"),  # what Windows calls so
        ("us-ascii", "utf-8", "Der Preis ist 4.711 € für Größe"),
        ("iso-8859-1", "utf-8", "Der Preis ist 4.711 € für Größe"),
        ("gb2312", "gb18030", "合同金额为四千元，朱镕基"),
        ("ks_c_5601-1987", "cp949", "계약 금액은 사천 원입니다"),
        ("ISO-2022-JP", "iso2022_jp", "契約金額は四千円です"),
        ("koi8-r", "koi8-r", "Цена договора 4711 рублей"),
        ("windows-874", "cp874", "ราคาสัญญา"),
        ("utf-7", "utf-7", "Größe 日本"),
        ("no-such-thing", "utf-8", "Größe"),
        ("zlib", "utf-8", "Größe"),
    ],
)
def test_text_is_decoded_as_it_says_where_that_fits(
    declared: str, encoding: str, text: str
) -> None:
    """Declarations are names of larger sets, wrong, or no encodings of texts."""
    assert decode_as(text.encode(encoding), declared) == text
    body = part(f"text/plain; charset={declared}", text.encode(encoding), packed=True)
    assert texts(sent(body)) == [text]


def test_raw_headers_are_in_the_encoding_of_the_text() -> None:
    """Some programs write letters into headers as they are."""
    data = "From: 张三 <z@example.cn>\r\nSubject: 报价单\r\n".encode("gbk")
    data += part("text/plain; charset=gb2312", "合同".encode("gbk"))
    heading, headers, _ = [item for item in mail.read(data) if isinstance(item, Block)]
    assert heading.text == "报价单"
    assert "From: 张三 <z@example.cn>" in headers.text


def test_html_goes_before_plain_text() -> None:
    """Of the forms of one text the one with tables is read, and only that."""
    forms = (
        part("text/plain", "plain"),
        part("text/html", "<h2>Offer</h2><p>The fee is 77 EUR.</p>"),
    )
    data = sent(several("alternative", *forms))
    assert texts(data) == ["Offer", "The fee is 77 EUR."]
    heading = next(
        item for item in mail.read(data) if isinstance(item, Block) and item.text == "Offer"
    )
    assert heading.level > 1  # below the subject


def test_page_declares_nothing_about_a_mail() -> None:
    """The bytes of HTML are what the mail says, whatever the page said before it was sent."""
    page = '<meta charset="utf-8"><p>Größe</p>'.encode("cp1252")
    assert texts(sent(part("text/html; charset=iso-8859-1", page))) == ["Größe"]


def test_html_without_text_gives_way_to_plain_text() -> None:
    """Some programs send one that is only a picture."""
    forms = part("text/plain", "The real text."), part("text/html", "<img src=x>")
    assert texts(sent(several("alternative", *forms))) == ["The real text."]


def test_text_around_an_attachment_is_read_whole() -> None:
    """Apple Mail puts files between texts, within one of the forms."""
    inner = several(
        "mixed",
        part("text/html", "<p>before</p>"),
        part("application/pdf; name=plan.pdf", PDF, "Content-Disposition: inline", packed=True),
        part("text/html", "<p>after</p>"),
        mark="Y",
    )
    data = sent(several("alternative", part("text/plain", "plain"), inner))
    assert texts(data) == ["before", "after"]
    assert files(data) == {"plan.pdf": PDF}


@pytest.mark.parametrize(
    "header",
    [
        'attachment; filename="Vertrag für Haus.pdf"',
        "attachment; filename*=utf-8''Vertrag%20f%C3%BCr%20Haus.pdf",
        "attachment;\r\n filename*0*=utf-8''Vertrag%20f%C3%BC;\r\n filename*1*=r%20Haus.pdf",
        'attachment; filename="=?UTF-8?B?VmVydHJhZyBmw7xyIEhhdXM=?=.pdf"',
        'attachment; filename="=?UTF-8?Q?Vertrag_f=C3=BCr_?=\r\n =?UTF-8?Q?Haus.pdf?="',
        'attachment; filename="C:\\\\x\\\\Vertrag für Haus.pdf"',
        'attachment; filename="Vertrag für Haus"',  # its type says the rest
    ],
)
def test_names_of_attachments_are_read_in_any_way_of_writing_them(header: str) -> None:
    """RFC 2231, RFC 2047 where it is not allowed, and letters as they are."""
    data = part("application/pdf", PDF, f"Content-Disposition: {header}", packed=True)
    body = sent(several("mixed", part("text/plain", "See the contract."), data))
    assert files(body) == {"Vertrag für Haus.pdf": PDF}
    [_, headers, *_] = [item for item in mail.read(body) if isinstance(item, Block)]
    assert headers.text.endswith("\nAttachments: Vertrag für Haus.pdf")


def test_file_without_a_name_is_known_by_its_content() -> None:
    """Some programs send everything as a stream of bytes."""
    data = sent(several("mixed", part("application/octet-stream", PDF, packed=True)))
    assert files(data) == {"attachment 1.pdf": PDF}


def test_files_for_outlook_alone_are_unpacked() -> None:
    """Exchange may send winmail.dat (TNEF): with short names, long names, and the body."""

    def attribute(number: int, value: bytes) -> bytes:
        return struct.pack("<BII", 2, number, len(value)) + value + b"\0\0"

    def text(tag: int, value: bytes) -> bytes:
        return struct.pack("<HHII", 0x1F, tag, 1, len(value)) + value + bytes(-len(value) % 4)

    name = "Vertrag für Haus.pdf\0".encode("utf-16-le")
    properties = struct.pack("<IHHI", 3, 3, 0x3705, 1)  # a number before it
    properties += struct.pack("<HH16xII", 0xB, 0x8001, 0, 7) + bytes(4) + text(0x3707, name)
    packed = tnef.SIGNATURE + b"\0\0"
    packed += attribute(tnef.CODE_PAGE, struct.pack("<II", 1252, 0))
    packed += attribute(tnef.BEGIN, bytes(14)) + attribute(tnef.TITLE, b"VERTRA~1.PDF\0")
    packed += attribute(tnef.DATA, PDF) + attribute(tnef.ATTACHMENT, properties)
    packed += attribute(tnef.BEGIN, bytes(14)) + attribute(tnef.TITLE, b"Gr\xf6\xdfe.txt\0")
    packed += attribute(tnef.DATA, b"3 m")
    winmail = part("application/ms-tnef; name=winmail.dat", packed, packed=True)
    data = sent(several("mixed", part("text/plain", "See the contract."), winmail))
    assert files(data) == {"Vertrag für Haus.pdf": PDF, "Größe.txt": b"3 m"}


def test_pictures_of_the_text_are_no_attachments() -> None:
    """Those that were attached are; large ones of the text are counted in a note."""
    shown = part("image/png", b"\x89PNG" + bytes(50_000), "Content-ID: <a@x>", packed=True)
    page = several("related", part("text/html", '<p>Text</p><img src="cid:a@x">'), shown, mark="Y")
    sheet = part("application/x-thing; name=a.xyz", b"?", packed=True)
    data = sent(several("mixed", page, sheet))
    assert files(data) == {}
    assert notes(data) == [
        "1 picture in the text of this mail was not read.",
        "1 attachment is of a kind that cannot be read: 1 .xyz.",
    ]


@pytest.mark.parametrize("packed", [False, True])
def test_mail_within_a_mail_is_a_section(packed: bool) -> None:
    """With its own headers and attachments; Base64, which is not allowed there, is met too."""
    attached = part("application/pdf; name=in.pdf", PDF, packed=True)
    inner = sent(
        several("mixed", part("text/plain", "The fee is 77 EUR."), attached, mark="Y"), "The offer"
    )
    outer = several(
        "mixed", part("text/plain", "See below."), part("message/rfc822", inner, packed=packed)
    )
    data = sent(outer, "FW: The offer")
    assert texts(data)[0] == "See below."
    section = [item for item in mail.read(data) if isinstance(item, Block)][3]
    assert (section.text, section.kind, section.level) == ("The offer", Kind.HEADING, 2)
    assert texts(data)[-1] == "The fee is 77 EUR."
    assert files(data) == {"in.pdf": PDF}


def test_mails_within_mails_end() -> None:
    """A chain of any length costs little, and a note says that it was cut."""
    data = sent(b"\r\nThe last.")
    for number in range(50):
        data = sent(part("message/rfc822", data), f"level {number}")
    assert len(texts(data)) < 20
    assert notes(data) == ["Mails that were forwarded within more than 5 others were not read."]


def test_broken_lines_are_joined_where_the_mail_says_so() -> None:
    """format=flowed breaks lines at spaces; quoted ones and the signature stay apart."""
    body = "A long \r\nsentence.\r\n\r\n> quoted \r\n> text\r\nown \r\n-- \r\nAnn"
    assert texts(sent(part("text/plain; format=flowed", body))) == [
        "A long sentence.",
        "> quoted text\nown \n-- \nAnn",
    ]
    body = "Zusammen \r\ngesetzt"
    assert texts(sent(part("text/plain; format=flowed; delsp=yes", body))) == ["Zusammengesetzt"]


def test_signed_mail_is_read_without_its_signature() -> None:
    """The signature is for programs."""
    signature = part("application/pkcs7-signature; name=smime.p7s", b"0\x80", packed=True)
    data = sent(several("signed", part("text/plain", "Signed."), signature))
    assert texts(data) == ["Signed."]
    assert (files(data), notes(data)) == ({}, [])


@pytest.mark.parametrize(
    "body",
    [
        part("application/pkcs7-mime; smime-type=enveloped-data", b"0\x80", packed=True),
        several(
            "encrypted",
            part("application/pgp-encrypted", "Version: 1"),
            part("application/octet-stream; name=encrypted.asc", "-----BEGIN PGP MESSAGE-----"),
        ),
    ],
)
def test_encrypted_mail_says_so(body: bytes) -> None:
    """Its headers are readable, its text is not."""
    assert texts(sent(body)) == []
    [note] = notes(sent(body))
    assert note.startswith("This mail is encrypted")


@pytest.mark.parametrize(
    "data",
    [
        b"\xef\xbb\xbf\r\nFrom: a@x\nSubject: s\n\nText.",
        b"From ann@x Fri Jan 30 10:00:00 2026\nFrom: a@x\nSubject: s\n\nText.",
        sent(several("mixed", part("text/plain", "Text."))[:-9]),  # cut off
        sent(part("multipart/mixed", "Text.")),  # without a boundary
        sent(
            part("text/plain", base64.encodebytes(b"Text."), "Content-Transfer-Encoding: base64;")
        ),
    ],
)
def test_broken_mails_are_read_as_far_as_they_go(data: bytes) -> None:
    """Marks, lines before the headers, missing ends, stray characters."""
    assert texts(data) == ["Text."]


def test_endless_headers_cost_little() -> None:
    """What takes a time that grows with the square of their length is cut before it."""
    words = " ".join(["=?utf-8?Q?ab=C3=BC?="] * 100_000)
    names = "; ".join(f"name*{number}*=%41" for number in range(50_000))
    data = f"Subject: {words}\r\nContent-Type: application/x-thing; {names}\r\n\r\nx".encode()
    heading = next(item for item in mail.read(data) if isinstance(item, Block))
    assert len(heading.text) <= mail.MAX_SHOWN_CHARS


def test_saved_page_is_read_as_a_page() -> None:
    """MHTML has the form of a mail; who "sent" it is the browser."""
    page = part(
        "text/html; charset=utf-8",
        "<p>Fare: =E2=82=AC14</p>",
        "Content-Transfer-Encoding: quoted-printable",
    )
    style = part("text/css", "p {color: red}", "Content-Location: cid:css@x")
    data = b"From: <Saved by Blink>\r\nSubject: Ferries\r\n" + several("related", page, style)
    assert is_saved_page(data)
    assert [item.text for item in mail.read(data) if isinstance(item, Block)] == ["Fare: €14"]
    assert (files(data), notes(data)) == ({}, [])


def test_text_without_headers_is_no_mail() -> None:
    """The sentence of the document says so."""
    with pytest.raises(UnreadableFileError, match="headers"):
        [*mail.read(b"Just a text.\nWith lines.")]
