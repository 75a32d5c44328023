"""What stands on a page of a PDF besides its content: values of fields, comments and files."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import pypdfium2.raw as pdfium

from jobs.extraction.blocks import Attachment
from jobs.extraction.readers.pdf_lines import visible_area
from jobs.extraction.readers.pdf_text import Area, Piece

MAX_ANNOTATIONS = 10_000
MAX_TEXT_CHARS = 100_000
# No form that people fill in has so many fields and words on one page.
MAX_COMPARED = 2_000_000
# Values are set in letters of about this height, in points, however high their field is.
LINE_POINTS = 12.0
CHECKED, UNCHECKED = "☒", "☐"
PASSWORD = 1 << 13

_TEXT_FIELDS = (pdfium.FPDF_FORMFIELD_TEXTFIELD, pdfium.FPDF_FORMFIELD_COMBOBOX)
_BOXES = (pdfium.FPDF_FORMFIELD_CHECKBOX, pdfium.FPDF_FORMFIELD_RADIOBUTTON)
_UNSEEN = pdfium.FPDF_ANNOT_FLAG_HIDDEN | pdfium.FPDF_ANNOT_FLAG_NOVIEW
_STRUCK = {pdfium.FPDF_ANNOT_STRIKEOUT: "Struck out"}
_COMMENTS = (
    pdfium.FPDF_ANNOT_TEXT,
    pdfium.FPDF_ANNOT_HIGHLIGHT,
    pdfium.FPDF_ANNOT_UNDERLINE,
    pdfium.FPDF_ANNOT_SQUIGGLY,
    pdfium.FPDF_ANNOT_STRIKEOUT,
    pdfium.FPDF_ANNOT_CARET,
    pdfium.FPDF_ANNOT_STAMP,
    pdfium.FPDF_ANNOT_LINE,
    pdfium.FPDF_ANNOT_SQUARE,
    pdfium.FPDF_ANNOT_CIRCLE,
    pdfium.FPDF_ANNOT_POLYGON,
    pdfium.FPDF_ANNOT_POLYLINE,
    pdfium.FPDF_ANNOT_INK,
)


@dataclass(slots=True)
class Annotations:
    """The values of a page's fields where they stand, text boxes and comments, and its files."""

    values: list[Piece] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    files: list[Attachment] = field(default_factory=list)


def page_annotations(page: Any) -> Annotations:
    """Return the annotations of a page of pypdfium2 that people see or that say something."""
    found = Annotations()
    count = min(pdfium.FPDFPage_GetAnnotCount(page), MAX_ANNOTATIONS)
    if count <= 0:
        return found
    area = visible_area(page)
    for index in range(count):
        with _annotation(page, index) as item:
            if item is None or pdfium.FPDFAnnot_GetFlags(item) & _UNSEEN:
                continue
            kind = pdfium.FPDFAnnot_GetSubtype(item)
            if kind == pdfium.FPDF_ANNOT_WIDGET and page.formenv:
                found.values += _values(page.formenv, item, area)
            elif kind == pdfium.FPDF_ANNOT_FREETEXT:
                found.texts += filter(None, [_string(item, b"Contents")])
            elif kind == pdfium.FPDF_ANNOT_FILEATTACHMENT:
                found.files += attached(pdfium.FPDFAnnot_GetFileAttachment(item))
            elif kind in _COMMENTS:
                found.texts += filter(None, [_comment(page, item, kind)])
    return found


def beside(values: list[Piece], pieces: list[Piece]) -> list[Piece]:
    """Return values at the height of the text that they stand beside: fields are higher than it."""
    if len(values) * len(pieces) > MAX_COMPARED:
        return values
    return [_beside(value, pieces) for value in values]


def _beside(value: Piece, pieces: list[Piece]) -> Piece:
    near = [
        piece
        for piece in pieces
        if piece.turn == 0 and piece.top < value.bottom and piece.bottom > value.top
    ]
    if not near:
        half = min(LINE_POINTS, value.height) / 2
        return replace(value, top=value.middle - half, bottom=value.middle + half)

    def distance(piece: Piece) -> float:
        return max(value.left - piece.right, piece.left - value.right)

    label = min(near, key=distance)
    return replace(value, top=label.top, bottom=label.bottom)


@contextmanager
def _annotation(page: Any, index: int) -> Iterator[Any]:
    item = pdfium.FPDFPage_GetAnnot(page, index)
    try:
        yield item or None
    finally:
        if item:
            pdfium.FPDFPage_CloseAnnot(item)


def _values(form: Any, item: Any, area: Area) -> list[Piece]:
    """Return the value of a field as lines that stand in it."""
    kind = pdfium.FPDFAnnot_GetFormFieldType(form, item)
    if kind in _BOXES:
        value = CHECKED if pdfium.FPDFAnnot_IsChecked(form, item) else UNCHECKED
    elif kind in _TEXT_FIELDS:
        if pdfium.FPDFAnnot_GetFormFieldFlags(form, item) & PASSWORD:
            return []
        value = _read(pdfium.FPDFAnnot_GetFormFieldValue, form, item)
    elif kind == pdfium.FPDF_FORMFIELD_LISTBOX:
        chosen = (
            index
            for index in range(min(pdfium.FPDFAnnot_GetOptionCount(form, item), MAX_ANNOTATIONS))
            if pdfium.FPDFAnnot_IsOptionSelected(form, item, index)
        )
        value = ", ".join(_read(pdfium.FPDFAnnot_GetOptionLabel, form, item, at) for at in chosen)
    else:
        return []
    rect = pdfium.FS_RECTF()
    lines = [line.strip() for line in value.splitlines() if line.strip()]
    if not lines or not pdfium.FPDFAnnot_GetRect(item, rect):
        return []
    left, top, right, bottom = area.box(rect.left, rect.bottom, rect.right, rect.top)
    height = (bottom - top) / len(lines)
    if len(lines) > 1:
        height = min(LINE_POINTS, height)
    return [
        Piece(line, left, top + at * height, right, top + (at + 1) * height)
        for at, line in enumerate(lines)
    ]


def _comment(page: Any, item: Any, kind: int) -> str:
    """Return what somebody wrote on a page or about its words, and who it was."""
    contents, author = _string(item, b"Contents"), _string(item, b"T")
    marked = _marked_words(page, item)
    by = f" by {author}" if author else ""
    about = f" on “{marked}”" if marked else ""
    if kind in _STRUCK and marked:
        struck = f"Struck out{by}: “{marked}”"
        return f"{struck}. Comment: {contents}" if contents else struck
    return f"Comment{by}{about}: {contents}" if contents and contents != marked else ""


def _marked_words(page: Any, item: Any) -> str:
    count = min(pdfium.FPDFAnnot_CountAttachmentPoints(item), MAX_ANNOTATIONS)
    if not count:
        return ""
    text, quad = page.get_textpage(), pdfium.FS_QUADPOINTSF()
    lines = []
    try:
        for index in range(count):
            if pdfium.FPDFAnnot_GetAttachmentPoints(item, index, quad):
                xs, ys = (quad.x1, quad.x2, quad.x3, quad.x4), (quad.y1, quad.y2, quad.y3, quad.y4)
                lines.append(text.get_text_bounded(min(xs), min(ys), max(xs), max(ys)))
    finally:
        text.close()
    return " ".join(" ".join(lines).split())


def attached(item: Any) -> list[Attachment]:
    """Return a file that is embedded in a PDF; nothing if it has no content."""
    size = ctypes.c_ulong()
    if not item or not pdfium.FPDFAttachment_GetFile(item, None, 0, size) or not size.value:
        return []
    data = ctypes.create_string_buffer(size.value)
    if not pdfium.FPDFAttachment_GetFile(item, data, size.value, size):
        return []
    name = _read(pdfium.FPDFAttachment_GetName, item)
    return [Attachment(name or "attachment", data.raw)]


def _string(item: Any, key: bytes) -> str:
    return _read(pdfium.FPDFAnnot_GetStringValue, item, key).strip()


def _read(function: Any, *arguments: Any) -> str:
    """Call a function of PDFium that writes UTF-16 to a buffer and returns its size in bytes."""
    size = min(function(*arguments, None, 0), 2 * MAX_TEXT_CHARS)
    if size <= 2:
        return ""
    buffer = ctypes.create_string_buffer(size)
    function(*arguments, ctypes.cast(buffer, ctypes.POINTER(ctypes.c_ushort)), size)
    return buffer.raw.decode("utf-16-le", errors="replace").split("\0", 1)[0].replace("\r", "\n")
