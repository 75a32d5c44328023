"""Whether a file holds what its name says, before anything is stored.

Only its form is looked at, and nothing is unpacked or parsed: whether the document can be read is
for the worker to find out, in a process of its own (`jobs.extraction.extract`).
"""

from __future__ import annotations

import codecs
import re
from pathlib import PurePath

from jobs.errors import InvalidUploadError
from jobs.extraction.read_text import (
    CSV,
    DOCX,
    HTML,
    MARKDOWN,
    MEDIA_TYPES,
    PDF,
    PDF_SIGNATURE,
    PLAIN,
    PPTX,
    SNIFFED_BYTES,
    XLSX,
)

# Some producers put other bytes before it; readers of PDF look no further either.
PDF_SIGNATURE_WITHIN = 1024
# How an OLE container begins: an Office file with a password, or of before 2007.
OLE_SIGNATURE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
ZIP_SIGNATURE = b"PK\x03\x04"
# The part that makes an archive a document of its kind, in whatever folder it is, as it stands in
# the directory of the archive: a signature, 42 bytes, the name. So nothing is unpacked, and an
# archive of a million members costs no more than its bytes.
_MEMBER = rb"PK\x01\x02[\s\S]{42}"
MAIN_PARTS = {
    kind: re.compile(_MEMBER + rb"(?:[\w.-]{1,100}/){0,9}" + part, re.IGNORECASE)
    for kind, part in {
        DOCX: rb"document\d{0,3}\.xml",
        PPTX: rb"presentation\d{0,3}\.xml",
        XLSX: rb"workbook\d{0,3}\.(?:xml|bin)",
    }.items()
}
CONTENT_TYPES = re.compile(_MEMBER + rb"\[content_types\]\.xml", re.IGNORECASE)
TEXTS = (HTML, MARKDOWN, PLAIN, CSV)
NAMES = {
    PDF: "a PDF",
    DOCX: "a Word document",
    PPTX: "a presentation",
    XLSX: "a workbook",
    HTML: "a web page",
    MARKDOWN: "a text",
    PLAIN: "a text",
    CSV: "a text",
}
# What else people may take for a document, by how it begins.
OTHERS = {
    OLE_SIGNATURE: "an Office file that is encrypted, or of before 2007",
    ZIP_SIGNATURE: "a ZIP archive",
    b"\x89PNG\r\n\x1a\n": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"GIF8": "a picture",
    b"\x1f\x8b": "an archive",
    b"7z\xbc\xaf\x27\x1c": "an archive",
    b"Rar!\x1a\x07": "an archive",
    b"MZ": "a program",
    b"\x7fELF": "a program",
    b"{\\rtf": "an RTF document",
}
# Few texts have any of these, and none has many.
MOST_CONTROLS = 0.05
CONTROLS = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
BYTE_ORDER_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def check_content(name: str, data: bytes) -> None:
    """Raise InvalidUploadError, with a sentence that says what to do, if the content is another.

    `name` ends in one of the extensions that may be uploaded.
    """
    suffix = PurePath(name).suffix.lower()
    named = MEDIA_TYPES[suffix]
    found = kind_of(data)
    if found == named or (found == PLAIN and named in TEXTS):
        return
    if data.startswith(OLE_SIGNATURE):
        raise InvalidUploadError(
            f"“{name}” is encrypted, or in the format of Office before 2007. "
            "Save a copy without a password, as DOCX, PPTX or XLSX, and upload that."
        )
    what = NAMES.get(found) or _other(data)
    raise InvalidUploadError(
        f"“{name}” is named {suffix}, but holds {what}. {_advice(found, data)}"
    )


def kind_of(data: bytes) -> str:
    """The media type by the content alone, `PLAIN` for any text; "" if it is none that is read."""
    if PDF_SIGNATURE in data[:PDF_SIGNATURE_WITHIN]:
        return PDF
    if data.startswith(ZIP_SIGNATURE):
        return _kind_of_archive(data)
    return PLAIN if _is_text(data) else ""


def _kind_of_archive(data: bytes) -> str:
    """Which Office document an archive is, by the names of its members."""
    if not CONTENT_TYPES.search(data):
        return ""
    return next((kind for kind, part in MAIN_PARTS.items() if part.search(data)), "")


def _is_text(data: bytes) -> bool:
    """True for UTF-16 with a byte order mark, and for what is not full of control characters."""
    if data.startswith(BYTE_ORDER_MARKS):
        return len(data) % 2 == 0
    if b"\0" in data:
        return False
    head = data[:SNIFFED_BYTES]
    return len(CONTROLS.findall(head)) <= len(head) * MOST_CONTROLS


def _other(data: bytes) -> str:
    return next(
        (what for start, what in OTHERS.items() if data.startswith(start)), "something else"
    )


def _advice(found: str, data: bytes) -> str:
    """What to do about a name that does not fit."""
    fitting = [suffix for suffix, kind in MEDIA_TYPES.items() if kind == found]
    if fitting:
        return f"Rename it to {fitting[0]}, if that is what it should be."
    if data.startswith(ZIP_SIGNATURE):
        return "Unpack it, or save the document again, and upload that."
    return "Save it again in the format that its name says, and upload that."
