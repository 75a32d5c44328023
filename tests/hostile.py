"""Documents that are hostile, broken or merely enormous, made by code: the same bytes every time.

None holds more than a few MB, whatever it unpacks to, except for `huge_text`.
"""

from __future__ import annotations

import random
import struct
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from tests.outlook_messages import compound_file, message

MB = 2**20
# How an OLE container begins, such as an Office file with a password.
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
SENTENCE = "The harbour crane at berth {number} lifts {number} tonnes."

OFFICE = "application/vnd.openxmlformats-officedocument"
MAIN_TYPES = {
    "word/document.xml": f"{OFFICE}.wordprocessingml.document.main+xml",
    "xl/workbook.xml": f"{OFFICE}.spreadsheetml.sheet.main+xml",
    "ppt/presentation.xml": f"{OFFICE}.presentationml.presentation.main+xml",
}
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
SHEET = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
SLIDE = "http://schemas.openxmlformats.org/presentationml/2006/main"
DRAWING = "http://schemas.openxmlformats.org/drawingml/2006/main"


# What all are made of


def pdf(objects: Iterable[bytes], trailer: bytes = b"") -> bytes:
    """A PDF of these objects, numbered from 1; the first is its catalog."""
    body, offsets = bytearray(b"%PDF-1.7\n"), []
    for number, item in enumerate(objects, 1):
        offsets.append(len(body))
        body += b"%d 0 obj\n%s\nendobj\n" % (number, item)
    start, size = len(body), len(offsets) + 1
    body += b"xref\n0 %d\n0000000000 65535 f \n" % size
    body += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    body += b"trailer\n<< /Size %d /Root 1 0 R %s >>\nstartxref\n%d\n%%%%EOF\n" % (
        size,
        trailer,
        start,
    )
    return bytes(body)


def stream(data: bytes, dictionary: bytes = b"") -> bytes:
    return b"<< /Length %d %s >>\nstream\n%s\nendstream" % (len(data), dictionary, data)


def pdf_of_pages(texts: list[str]) -> bytes:
    """A PDF with one line of text a page."""
    pages = b" ".join(b"%d 0 R" % (4 + 2 * number) for number in range(len(texts)))
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Count %d /Kids [%s] >>" % (len(texts), pages),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    for number, text in enumerate(texts):
        objects += [page(5 + 2 * number), stream(shown(text))]
    return pdf(objects)


def page(content: int, more: bytes = b"") -> bytes:
    """A page object of the tree at 2, with the font at 3."""
    return (
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents %d 0 R "
        b"/Resources << /Font << /F1 3 0 R >> %s >> >>" % (content, more)
    )


def shown(text: str) -> bytes:
    """The content stream of one line of text."""
    return b"BT /F1 12 Tf 72 720 Td (%s) Tj ET" % text.encode("latin-1")


def one_page_pdf(content: bytes, *more: bytes, resources: bytes = b"") -> bytes:
    """A PDF of one page; `content` is its content stream at 5, `more` are objects from 6 on."""
    return pdf(
        [
            b"<< /Type /Catalog /Pages 2 0 R >>",
            b"<< /Type /Pages /Count 1 /Kids [4 0 R] >>",
            b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
            page(5, resources),
            content,
            *more,
        ]
    )


class Repeated:
    """A part, a block many times over, and a tail: deflated without holding it."""

    def __init__(self, head: bytes, block: bytes, times: int, tail: bytes) -> None:
        self.size = len(head) + len(block) * times + len(tail)
        crc = zlib.crc32(head)
        for _ in range(times):
            crc = zlib.crc32(block, crc)
        self.crc = zlib.crc32(tail, crc)
        self.deflated = (
            self._piece(head) + self._piece(block) * times + self._piece(tail, zlib.Z_FINISH)
        )

    @staticmethod
    def _piece(data: bytes, flush: int = zlib.Z_FULL_FLUSH) -> bytes:
        # A full flush forgets what was before, so that the piece can be repeated.
        packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
        return packer.compress(data) + packer.flush(flush)


def archive(
    members: dict[str, bytes | str | Repeated], *, claimed_size: int | None = None
) -> bytes:
    """A ZIP archive; `claimed_size` is what it says of each repeated member, true or not."""
    body, directory = bytearray(), bytearray()
    for name, content in members.items():
        data = content.encode() if isinstance(content, str) else content
        part = data if isinstance(data, Repeated) else Repeated(b"", b"", 0, data)
        size = part.size
        if claimed_size is not None and isinstance(data, Repeated):
            size = claimed_size
        fields = struct.pack(
            "<HHHHHIIIHH", 20, 0, 8, 0, 33, part.crc, len(part.deflated), size, len(name), 0
        )
        directory += b"PK\1\2" + struct.pack("<H", 20) + fields
        directory += struct.pack("<HHHII", 0, 0, 0, 0, len(body)) + name.encode()
        body += b"PK\3\4" + fields + name.encode() + part.deflated
    end = struct.pack("<HHHHIIH", 0, 0, len(members), len(members), len(directory), len(body), 0)
    return bytes(body + directory + b"PK\5\6" + end)


def office(main: str, members: dict[str, bytes | str | Repeated], **options: int) -> bytes:
    """An Office file whose main part is `main`."""
    types = (
        f'<Types xmlns="{PACKAGE}/content-types">'
        '<Default Extension="rels" ContentType='
        '"application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/>'
        f'<Override PartName="/{main}" ContentType="{MAIN_TYPES[main]}"/></Types>'
    )
    relations = (
        f'<Relationships xmlns="{PACKAGE}/relationships">'
        f'<Relationship Id="rId1" Type="{RELATIONS}/officeDocument" Target="{main}"/>'
        "</Relationships>"
    )
    return archive({"[Content_Types].xml": types, "_rels/.rels": relations, **members}, **options)


def word(body: str | Repeated, **options: int) -> bytes:
    """A DOCX; a string is the content of its body."""
    if isinstance(body, str):
        body = f'<w:document xmlns:w="{WORD}"><w:body>{body}</w:body></w:document>'
    return office("word/document.xml", {"word/document.xml": body}, **options)


def workbook(sheet: str | Repeated, shared: str | Repeated = "") -> bytes:
    """An XLSX of one sheet; a string is the content of its rows."""
    if isinstance(sheet, str):
        sheet = f'<worksheet xmlns="{SHEET}"><sheetData>{sheet}</sheetData></worksheet>'
    members: dict[str, bytes | str | Repeated] = {
        "xl/workbook.xml": (
            f'<workbook xmlns="{SHEET}" xmlns:r="{RELATIONS}"><sheets>'
            '<sheet name="Sheet1" sheetId="1" r:id="rId1"/></sheets></workbook>'
        ),
        "xl/_rels/workbook.xml.rels": (
            f'<Relationships xmlns="{PACKAGE}/relationships">'
            f'<Relationship Id="rId1" Type="{RELATIONS}/worksheet" Target="worksheets/sheet1.xml"/>'
            f'<Relationship Id="rId2" Type="{RELATIONS}/sharedStrings" Target="sharedStrings.xml"/>'
            "</Relationships>"
        ),
        "xl/worksheets/sheet1.xml": sheet,
    }
    if shared:
        members["xl/sharedStrings.xml"] = shared
    return office("xl/workbook.xml", members)


def slides(slide: str | Repeated) -> bytes:
    """A PPTX of one slide."""
    return office(
        "ppt/presentation.xml",
        {
            "ppt/presentation.xml": (
                f'<p:presentation xmlns:p="{SLIDE}" xmlns:r="{RELATIONS}"><p:sldIdLst>'
                '<p:sldId id="256" r:id="rId1"/></p:sldIdLst></p:presentation>'
            ),
            "ppt/_rels/presentation.xml.rels": (
                f'<Relationships xmlns="{PACKAGE}/relationships">'
                f'<Relationship Id="rId1" Type="{RELATIONS}/slide" Target="slides/slide1.xml"/>'
                "</Relationships>"
            ),
            "ppt/slides/slide1.xml": slide,
        },
    )


# The documents


def encrypted_pdf() -> bytes:
    """Its keys are of a password that nobody knows."""
    return pdf(
        [
            b"<< /Type /Catalog /Pages 2 0 R >>",
            b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 200] >>",
            b"<< /Filter /Standard /V 1 /R 2 /Length 40 /P -4 /O <%s> /U <%s> >>"
            % (b"41" * 32, b"42" * 32),
        ],
        b"/Encrypt 4 0 R /ID [<01><01>]",
    )


def pdf_stream_bomb() -> bytes:
    """A content stream of 1 MB that unpacks to 1 GB of text operators."""
    line = shown("All work and no play makes Jack a dull boy.") + b"\n"
    block = line * (MB // len(line))
    return one_page_pdf(
        stream(b"\x78\xda" + Repeated(b"", block, 1000, b"").deflated, b"/Filter /FlateDecode")
    )


def pdf_nested_bomb() -> bytes:
    """A content stream packed three times over: a few KB, then MB, then GB, then TB."""
    data = Repeated(b"", b" " * MB, 4000, b"").deflated
    for _ in range(2):
        data = zlib.compress(b"\x78\xda" + data if not data.startswith(b"\x78") else data, 9)
    return one_page_pdf(stream(data, b"/Filter [/FlateDecode /FlateDecode /FlateDecode]"))


def pdf_form_bomb(depth: int = 10, width: int = 10) -> bytes:
    """Forms that each draw the next ten times: ten thousand million lines in a few KB."""
    first = 6
    forms = [
        stream(
            b"/X Do " * width if level < depth - 1 else shown("ha "),
            b"/Type /XObject /Subtype /Form /BBox [0 0 595 842] /Resources "
            b"<< /Font << /F1 3 0 R >> /XObject << /X %d 0 R >> >>"
            % (first + min(level + 1, depth - 1)),
        )
        for level in range(depth)
    ]
    resources = b"/XObject << /X %d 0 R >>" % first
    return one_page_pdf(stream(b"/X Do"), *forms, resources=resources)


def pdf_page_loop() -> bytes:
    """A tree of pages that is its own branch."""
    return pdf(
        [
            b"<< /Type /Catalog /Pages 2 0 R >>",
            b"<< /Type /Pages /Count 1000000 /Kids [2 0 R 2 0 R] /Parent 2 0 R >>",
        ]
    )


def pdf_deep_arrays() -> bytes:
    """An object of a million brackets in brackets."""
    return one_page_pdf(stream(shown("deep")), b"[" * 1_000_000 + b"]" * 1_000_000)


def many_pages(count: int = 10_000) -> bytes:
    """A PDF of many pages, each with a sentence of its own; nothing is wrong with it."""
    return pdf_of_pages([SENTENCE.format(number=number) for number in range(1, count + 1)])


def word_bomb(claimed_size: int | None = None) -> bytes:
    """A DOCX of 1 MB whose one paragraph has 1 GB, whatever size it claims."""
    head = f'<w:document xmlns:w="{WORD}"><w:body><w:p><w:r><w:t>'.encode()
    body = Repeated(head, b"A" * MB, 1000, b"</w:t></w:r></w:p></w:body></w:document>")
    return word(body, **({} if claimed_size is None else {"claimed_size": claimed_size}))


def paragraph_bomb() -> bytes:
    """A DOCX of many short paragraphs, 90 MB of them in less than 1 MB."""
    paragraph = b"<w:p><w:r><w:t>No end of it.</w:t></w:r></w:p>"
    head = f'<w:document xmlns:w="{WORD}"><w:body>'.encode()
    block = paragraph * (MB // len(paragraph))
    return word(Repeated(head, block, 90, b"</w:body></w:document>"))


def nested_word() -> bytes:
    """A DOCX of a hundred thousand tables in tables."""
    depth = 100_000
    return word("<w:tbl><w:tr><w:tc>" * depth + "<w:p/>" + "</w:tc></w:tr></w:tbl>" * depth)


def entity_bomb() -> str:
    """XML entities of which each is ten of the one before: a thousand million laughs."""
    entities = ['<!ENTITY e0 "ha ">'] + [
        f'<!ENTITY e{level} "{f"&e{level - 1};" * 10}">' for level in range(1, 10)
    ]
    return f"<!DOCTYPE bomb [{''.join(entities)}]>"


def laughing_word() -> bytes:
    """A DOCX of a thousand million laughs."""
    return office(
        "word/document.xml",
        {
            "word/document.xml": (
                f'<?xml version="1.0"?>{entity_bomb()}<w:document xmlns:w="{WORD}"><w:body>'
                "<w:p><w:r><w:t>&e9;</w:t></w:r></w:p></w:body></w:document>"
            )
        },
    )


def foreign_word() -> bytes:
    """A DOCX whose text is an external entity: a file of the server that reads it."""
    return office(
        "word/document.xml",
        {
            "word/document.xml": (
                '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]>'
                f'<w:document xmlns:w="{WORD}"><w:body><w:p><w:r><w:t>Look: &f;</w:t></w:r></w:p>'
                "</w:body></w:document>"
            )
        },
    )


def sheet_bomb() -> bytes:
    """An XLSX of 1 MB whose rows are 1 GB of XML."""
    row = b'<row><c t="inlineStr"><is><t>%s</t></is></c></row>' % (b"No end of it. " * 30)
    head = f'<worksheet xmlns="{SHEET}"><sheetData>'.encode()
    block = row * (MB // len(row))
    return workbook(Repeated(head, block, 1000, b"</sheetData></worksheet>"))


def sparse_sheet() -> bytes:
    """An XLSX of two cells at opposite corners of seventeen thousand million."""
    return workbook(
        '<row r="1"><c r="A1"><v>1</v></c></row>'
        '<row r="1048576"><c r="XFD1048576"><v>2</v></c></row>'
    )


def shared_string_bomb() -> bytes:
    """An XLSX of 200,000 cells that are all the same string of 32,000 letters: 6 GB of text."""
    shared = f'<sst xmlns="{SHEET}"><si><t>{"word " * 6400}</t></si></sst>'
    rows = "".join(f'<row r="{n}"><c r="A{n}" t="s"><v>0</v></c></row>' for n in range(1, 200_001))
    return workbook(rows, shared)


def slide_bomb() -> bytes:
    """A PPTX of 1 MB whose one slide has 1 GB of text."""
    head = (
        f'<p:sld xmlns:p="{SLIDE}" xmlns:a="{DRAWING}"><p:cSld><p:spTree><p:sp><p:txBody><a:p><a:r>'
        "<a:t>"
    ).encode()
    tail = b"</a:t></a:r></a:p></p:txBody></p:sp></p:spTree></p:cSld></p:sld>"
    return slides(Repeated(head, b"A" * MB, 1000, tail))


def many_members() -> bytes:
    """A DOCX of 60,000 empty members."""
    members: dict[str, bytes | str | Repeated] = {f"word/{n}": b"" for n in range(60_000)}
    return office("word/document.xml", members)


def zip_bomb(claimed_size: int | None = None) -> bytes:
    """A file of 2 GB in an archive of 2 MB, which may say that it is smaller."""
    zeros = Repeated(b"", bytes(MB), 2048, b"")
    return archive({"zeros.txt": zeros}, claimed_size=claimed_size)


def deep_mail() -> bytes:
    """A mail in a mail in a mail, 20,000 times."""
    return b"Subject: more\r\nContent-Type: message/rfc822\r\n\r\n" * 20_000 + b"\r\nText."


def outlook_message() -> bytes:
    return compound_file(message({0x0037: "Offer", 0x1000: "It is 77 EUR. " * 1000}))


def deep_html() -> bytes:
    """A page of 200,000 elements in elements."""
    return b"<html><body>" + b"<div>" * 200_000 + b"deep" + b"</div>" * 200_000 + b"</body></html>"


def heading_bomb() -> bytes:
    """A CSV whose heading of 100 KB names a cell in each of 100,000 rows: 10 GB of text."""
    return b"x" * 100_000 + b",y\n" + b"1,2\n" * 100_000


def attributes() -> bytes:
    """A paragraph of a million attributes, of which the parser compares each with each."""
    return b"<p " + b" ".join(b"a%d" % number for number in range(1_000_000)) + b">text"


def laughing_xml() -> bytes:
    """XML whose text is an entity of a thousand million words."""
    return f"{entity_bomb()}<record>&e9;</record>".encode()


def book_bomb() -> bytes:
    """An EPUB whose only chapter unpacks to 1 GB."""
    return archive(
        {
            "META-INF/container.xml": '<c><rootfile full-path="book.opf"/></c>',
            "book.opf": (
                '<package><item id="a" href="a.html" media-type="text/html"/>'
                '<itemref idref="a"/></package>'
            ),
            "a.html": Repeated(b"<p>", b"A" * MB, 1000, b"</p>"),
        }
    )


def picture_bomb() -> bytes:
    """A picture of 30,000 times 30,000 dots, of which none is there."""
    return png(30_000)


def png(size: int = 1) -> bytes:
    """A picture of one dot, which may claim to have more."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    head = struct.pack(">IIBBBBB", size, size, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(b"\0\0"))
        + chunk(b"IEND", b"")
    )


def word_of(text: str) -> bytes:
    """A DOCX of one paragraph."""
    return word(f"<w:p><w:r><w:t>{text}</w:t></w:r></w:p>")


def noise(size: int = 256 * 1024) -> bytes:
    """Random bytes, the same ones each time."""
    return random.Random(9).randbytes(size)


def cut(data: bytes) -> bytes:
    """The first half of a file, as a broken transfer leaves it."""
    return data[: len(data) // 2]


def huge_text(size: int = 200 * MB) -> bytes:
    """Text of 200 MB, no two lines the same."""
    lines = (
        f"Entry {number}: the harbour crane lifts {number} tonnes.\n" for number in range(20_000)
    )
    block = "".join(lines).encode()
    return (block * (size // len(block) + 1))[:size]


# What becomes of each


@dataclass(frozen=True)
class Kind:
    """A hostile document and its end: the kind of its failure, or "" if it is indexed.

    `sentence` is in what its failure says, or else in its text.
    """

    title: str
    name: str
    make: Callable[[], bytes]
    failure: str
    sentence: str

    def __str__(self) -> str:
        return self.title.replace(" ", "-")


UNREADABLE, EMPTY = "unreadable_document", "empty_document"
TOO_LARGE, TOO_LONG = "extraction_too_large", "extraction_too_long"
MEMORY = "needed too much memory. Split it, or raise EXTRACTION_MEMORY_MB"
PASSAGES = "50,000 passages, the"
UNPACKS = "unpacks to far more than its size"
OPENS = "Check that it opens"
CUT = "holds a ZIP archive that is broken or cut off"
NO_TEXT = "holds no text that can be read. If it shows text when you open it, save it again"

KINDS = (
    Kind(
        "encrypted PDF", "secret.pdf", encrypted_pdf, UNREADABLE, "Save a copy without a password"
    ),
    Kind("encrypted DOCX", "secret.docx", lambda: OLE + bytes(600), UNREADABLE, "is encrypted, or"),
    Kind("PDF: 1 GB in a stream", "stream.pdf", pdf_stream_bomb, TOO_LARGE, MEMORY),
    Kind("PDF: 4 GB packed thrice", "packed.pdf", pdf_nested_bomb, TOO_LARGE, MEMORY),
    Kind("PDF: forms in forms", "forms.pdf", pdf_form_bomb, TOO_LARGE, MEMORY),
    Kind("PDF: loop of pages", "loop.pdf", pdf_page_loop, UNREADABLE, OPENS),
    Kind("PDF: a million brackets", "deep.pdf", pdf_deep_arrays, "", "deep"),
    Kind("PDF: 10,000 pages", "pages.pdf", many_pages, "", "berth 10000 lifts"),
    Kind("PDF: cut in half", "cut.pdf", lambda: cut(many_pages(100)), UNREADABLE, OPENS),
    Kind("DOCX: zip bomb of 1 GB", "bomb.docx", word_bomb, UNREADABLE, UNPACKS),
    Kind("DOCX: zip bomb that lies", "lie.docx", lambda: word_bomb(1000), UNREADABLE, OPENS),
    Kind("DOCX: 2 million paragraphs", "long.docx", paragraph_bomb, UNREADABLE, UNPACKS),
    Kind("DOCX: 100,000 tables deep", "nested.docx", nested_word, UNREADABLE, OPENS),
    Kind("DOCX: a billion laughs", "laughs.docx", laughing_word, UNREADABLE, OPENS),
    Kind("DOCX: file of the server", "foreign.docx", foreign_word, UNREADABLE, OPENS),
    Kind(
        "DOCX: 60,000 members",
        "members.docx",
        many_members,
        UNREADABLE,
        "an archive without a document",
    ),
    Kind("DOCX: cut in half", "cut.docx", lambda: cut(word_of("Hello.")), UNREADABLE, OPENS),
    Kind("XLSX: 1 GB of rows", "bomb.xlsx", sheet_bomb, UNREADABLE, UNPACKS),
    Kind("XLSX: 17 billion cells", "sparse.xlsx", sparse_sheet, "", "2"),
    Kind("XLSX: 6 GB of one string", "string.xlsx", shared_string_bomb, TOO_LARGE, PASSAGES),
    Kind("PPTX: zip bomb of 1 GB", "bomb.pptx", slide_bomb, UNREADABLE, UNPACKS),
    Kind("ZIP: file of 2 GB", "bomb.zip", zip_bomb, "", "zeros.txt"),
    Kind("ZIP: file of 2 GB that lies", "lie.zip", lambda: zip_bomb(1000), "", "zeros.txt"),
    Kind("ZIP: cut in half", "cut.zip", lambda: cut(archive({"a.txt": "a" * 99})), UNREADABLE, CUT),
    Kind("EML: 20,000 mails deep", "deep.eml", deep_mail, UNREADABLE, OPENS),
    Kind("MSG: cut in half", "cut.msg", lambda: cut(outlook_message()), UNREADABLE, OPENS),
    Kind("CSV: 10 GB of headings", "heading.csv", heading_bomb, TOO_LARGE, MEMORY),
    Kind("HTML: 200,000 deep", "deep.html", deep_html, EMPTY, "nested too deeply"),
    Kind(
        "HTML: a million attributes",
        "attributes.html",
        attributes,
        TOO_LONG,
        "EXTRACTION_TIMEOUT_SECONDS",
    ),
    Kind("XML: a billion laughs", "laughs.xml", laughing_xml, EMPTY, "This XML is damaged"),
    Kind("JSON: 100,000 deep", "deep.json", lambda: b"[" * 100_000, "", "[[[["),
    Kind("EPUB: zip bomb of 1 GB", "bomb.epub", book_bomb, UNREADABLE, UNPACKS),
    Kind("picture called PDF", "picture.pdf", png, EMPTY, NO_TEXT),
    Kind("PNG: 900 million dots", "bomb.png", picture_bomb, UNREADABLE, UNPACKS),
    Kind("noise called PDF", "noise.pdf", noise, UNREADABLE, OPENS),
    Kind("noise called text", "noise.txt", lambda: noise(1000), UNREADABLE, "holds binary data"),
    Kind("text called DOCX", "text.docx", lambda: b"Only text here.", "", "Only text here."),
    Kind("Latin-1 text", "latin.txt", lambda: "Käse aus Köln.".encode("latin-1"), "", "Käse aus"),
    Kind("UTF-16 text", "wide.txt", lambda: "Käse und Brot.".encode("utf-16"), "", "Käse und"),
    Kind("60 MB of text", "big.txt", lambda: huge_text(60 * MB), TOO_LARGE, PASSAGES),
    Kind("200 MB of text", "huge.txt", huge_text, TOO_LARGE, "Split it"),
)
