"""Checks before it is stored that a file holds what its name says.

Only the form is looked at; nothing is unpacked or parsed. Whether the document can be read is for
the worker to find out, in a sandbox (`jobs.extraction.extract`).
"""

from __future__ import annotations

import re
from pathlib import PurePath

from jobs.errors import InvalidUploadError
from jobs.extraction.file_types import (
    CSV,
    DOCX,
    HTML,
    JPEG_SIGNATURE,
    MARKDOWN,
    MEDIA_TYPES,
    OLE_SIGNATURE,
    PDF,
    PLAIN,
    PNG_SIGNATURE,
    PPTX,
    XLSX,
    ZIP_SIGNATURE,
    is_pdf,
    may_be_text,
)

# The part that makes an archive a document of its type, in whatever folder, as the directory of the
# archive lists it: a signature, 42 bytes, the name. So nothing is unpacked, and an archive with a
# million members costs no more than its bytes.
_MEMBER = rb"PK\x01\x02[\s\S]{42}"
MAIN_PARTS = {
    media_type: re.compile(_MEMBER + rb"(?:[\w.-]{1,100}/){0,9}" + part, re.IGNORECASE)
    for media_type, part in {
        DOCX: rb"document\d{0,3}\.xml",
        PPTX: rb"presentation\d{0,3}\.xml",
        XLSX: rb"workbook\d{0,3}\.(?:xml|bin)",
    }.items()
}
CONTENT_TYPES = re.compile(_MEMBER + rb"\[content_types\]\.xml", re.IGNORECASE)
TEXT_TYPES = (HTML, MARKDOWN, PLAIN, CSV)
DESCRIPTIONS = {
    PDF: "a PDF",
    DOCX: "a Word document",
    PPTX: "a presentation",
    XLSX: "a workbook",
    HTML: "a web page",
    MARKDOWN: "a text",
    PLAIN: "a text",
    CSV: "a text",
}
# What else people may take for a document, by its first bytes.
OTHER_SIGNATURES = {
    OLE_SIGNATURE: "an Office file that is encrypted, or of before 2007",
    ZIP_SIGNATURE: "a ZIP archive",
    PNG_SIGNATURE: "a picture",
    JPEG_SIGNATURE: "a picture",
    b"GIF8": "a picture",
    b"\x1f\x8b": "an archive",
    b"7z\xbc\xaf\x27\x1c": "an archive",
    b"Rar!\x1a\x07": "an archive",
    b"MZ": "a program",
    b"\x7fELF": "a program",
    b"{\\rtf": "an RTF document",
}


def check_upload(name: str, data: bytes) -> None:
    """Raise InvalidUploadError, with advice on what to do, if the content does not fit the name.

    `name` ends in one of the extensions that may be uploaded.
    """
    suffix = PurePath(name).suffix.lower()
    named = MEDIA_TYPES[suffix]
    found = _media_type_by_content(data)
    if found == named or (found == PLAIN and named in TEXT_TYPES):
        return
    if data.startswith(OLE_SIGNATURE):
        raise InvalidUploadError(
            f"“{name}” is encrypted, or in the format of Office before 2007. "
            "Save a copy without a password, as DOCX, PPTX or XLSX, and upload that."
        )
    what = DESCRIPTIONS.get(found) or _description_of_other(data)
    raise InvalidUploadError(
        f"“{name}” is named {suffix}, but holds {what}. {_advice(found, data)}"
    )


def _media_type_by_content(data: bytes) -> str:
    """Return the media type, `PLAIN` for any text, or "" for what is not supported."""
    if is_pdf(data):
        return PDF
    if data.startswith(ZIP_SIGNATURE):
        return _media_type_of_archive(data)
    return PLAIN if may_be_text(data) else ""


def _media_type_of_archive(data: bytes) -> str:
    """Return which Office document an archive is, by the names of its members."""
    if not CONTENT_TYPES.search(data):
        return ""
    return next((kind for kind, part in MAIN_PARTS.items() if part.search(data)), "")


def _description_of_other(data: bytes) -> str:
    return next(
        (what for start, what in OTHER_SIGNATURES.items() if data.startswith(start)),
        "something else",
    )


def _advice(found: str, data: bytes) -> str:
    """Return what to do about a name that does not fit."""
    fitting = [suffix for suffix, media_type in MEDIA_TYPES.items() if media_type == found]
    if fitting:
        return f"Rename it to {fitting[0]}, if that is what it should be."
    if data.startswith(ZIP_SIGNATURE):
        return "Unpack it, or save the document again, and upload that."
    return "Save it again in the format that its name says, and upload that."
