"""PDFs that tests read, each made by code: what stands where, and in which order it was drawn."""

from __future__ import annotations

import io
import textwrap
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import pypdfium2
from fpdf import FPDF

from jobs.answer_files.paper import FONTS
from jobs.extraction.blocks import Attachment, Block, Kind, Note
from jobs.extraction.readers import pdf as reader
from tests import hostile

# Left edge and distance from the top, in points, and what stands there.
Placed = tuple[float, float, str]
HEIGHT = 842


def canvas(size: float = 11, *, font: str = "Helvetica") -> FPDF:
    """An empty PDF in points, whose text is set by `FPDF.text`."""
    paper = FPDF(unit="pt", format=(595, HEIGHT))
    paper.set_auto_page_break(False)
    if font.endswith(".ttf"):
        paper.add_font("own", "", FONTS / font)
        font = "own"
    paper.set_font(font, size=size)
    return paper


def pages(*texts: Iterable[Placed], size: float = 11, font: str = "Helvetica") -> bytes:
    """A PDF of pages on which lines stand at their places, drawn in this order."""
    paper = canvas(size, font=font)
    for lines in texts:
        paper.add_page()
        for left, top, text in lines:
            paper.text(left, top, text)
    return bytes(paper.output())


def stacked(lines: Sequence[str], *, left: float = 60, top: float = 80) -> list[Placed]:
    """Lines below each other."""
    return [(left, top + 14 * number, line) for number, line in enumerate(lines)]


def coded(codes: str, *, map_to: Callable[[str], str] | None) -> bytes:
    """A PDF whose font has codes of its own for letters; `map_to` says which, or nothing does."""
    letters = sorted(set(codes))
    code_of = {letter: number for number, letter in enumerate(letters, 1)}
    lines = textwrap.wrap(codes, 70, drop_whitespace=False)
    shown = "".join(
        f"<{''.join(f'{code_of[letter]:04x}' for letter in line)}> Tj 0 -14 Td\n" for line in lines
    )
    font = (
        b"<< /Type /Font /Subtype /Type0 /BaseFont /Own /Encoding /Identity-H "
        b"/DescendantFonts [6 0 R] %s >>" % (b"/ToUnicode 7 0 R" if map_to else b"")
    )
    descendant = (
        b"<< /Type /Font /Subtype /CIDFontType2 /BaseFont /Own /DW 500 "
        b"/CIDSystemInfo << /Registry (Adobe) /Ordering (Identity) /Supplement 0 >> "
        b"/FontDescriptor << /Type /FontDescriptor /FontName /Own /Flags 4 /Ascent 800 "
        b"/Descent -200 /CapHeight 700 /ItalicAngle 0 /StemV 80 /FontBBox [0 -200 1000 800] >> >>"
    )
    characters = "\n".join(
        f"<{code:04x}> <{map_to(letter).encode('utf-16-be').hex()}>"
        for letter, code in code_of.items()
        if map_to
    )
    cmap = (
        "/CIDInit /ProcSet findresource begin 12 dict begin begincmap\n"
        "1 begincodespacerange <0000> <ffff> endcodespacerange\n"
        f"{len(code_of)} beginbfchar\n{characters}\nendbfchar\nendcmap end end"
    )
    content = b"BT /F1 11 Tf 60 720 Td %s ET" % shown.encode()
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Count 1 /Kids [4 0 R] >>",
        font,
        hostile.page(5),
        hostile.stream(content),
        descendant,
        hostile.stream(cmap.encode()),
    ]
    return hostile.pdf(objects)


def changed(data: bytes, change: Callable[[Any], None]) -> bytes:
    """A PDF after a change by pypdfium2."""
    document = pypdfium2.PdfDocument(data)
    change(document)
    buffer = io.BytesIO()
    document.save(buffer)
    return buffer.getvalue()


def with_attachment(data: bytes, name: str, content: bytes) -> bytes:
    """A PDF that holds a file."""

    def attach(document: Any) -> None:
        attachment = document.new_attachment(name)
        attachment.set_data(content)

    return changed(data, attach)


def with_form(fields: bytes, content: bytes) -> bytes:
    """A PDF of a form: its fields, which are objects from 7 on, and what stands beside them."""
    objects = fields.split(b"\n--\n")
    names = b" ".join(b"%d 0 R" % number for number in range(7, 7 + len(objects)))
    return hostile.pdf(
        [
            b"<< /Type /Catalog /Pages 2 0 R /AcroForm 6 0 R >>",
            b"<< /Type /Pages /Count 1 /Kids [4 0 R] >>",
            b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
            hostile.page(5).replace(b"/Contents", b"/Annots [%s] /Contents" % names),
            hostile.stream(content),
            b"<< /Fields [%s] /DA (/F1 11 Tf) /DR << /Font << /F1 3 0 R >> >> >>" % names,
            *objects,
        ]
    )


def blocks(data: bytes) -> list[Block]:
    """What the reader of PDFs makes of one."""
    return [item for item in reader.read(data) if isinstance(item, Block)]


def texts(data: bytes) -> list[str]:
    """The texts of its blocks."""
    return [block.text for block in blocks(data)]


def rows(data: bytes) -> list[str]:
    """The texts of the rows of its tables."""
    return [block.text for block in blocks(data) if block.kind is Kind.ROW]


def notes(data: bytes) -> list[str]:
    """What is said about it."""
    return [item.text for item in reader.read(data) if isinstance(item, Note)]


def attachments(data: bytes) -> list[tuple[str, bytes]]:
    """Names and contents of its files."""
    return [(item.name, item.data) for item in reader.read(data) if isinstance(item, Attachment)]


def rotated(data: bytes, degrees: int) -> bytes:
    """A PDF whose first page is turned."""
    return changed(data, lambda document: document[0].set_rotation(degrees))


def cropped(data: bytes, box: tuple[float, float, float, float]) -> bytes:
    """A PDF whose first page is cut to a box: left, bottom, right, top."""
    return changed(data, lambda document: document[0].set_cropbox(*box))
