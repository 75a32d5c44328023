"""What a file is by its first bytes and its name, and text from bytes. Nothing is parsed here.

It imports nothing but the standard library: the child process that reads a document starts with it.
"""

from __future__ import annotations

import codecs
import re

PDF = "application/pdf"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
PPTX = "application/vnd.openxmlformats-officedocument.presentationml.presentation"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
HTML, MARKDOWN, PLAIN, CSV = "text/html", "text/markdown", "text/plain", "text/csv"
# What may be uploaded.
MEDIA_TYPES = {
    ".pdf": PDF,
    ".docx": DOCX,
    ".pptx": PPTX,
    ".xlsx": XLSX,
    ".html": HTML,
    ".htm": HTML,
    ".md": MARKDOWN,
    ".markdown": MARKDOWN,
    ".txt": PLAIN,
    ".csv": CSV,
}
BINARY_TYPES = (PDF, DOCX, PPTX, XLSX)

SNIFFED_BYTES = 8192
PDF_SIGNATURE = b"%PDF-"
# Some producers put other bytes before it; PDF readers look no further than this either.
PDF_SIGNATURE_WITHIN = 1024
# How an OLE container begins: an Office file with a password, or from before 2007.
OLE_SIGNATURE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
ZIP_SIGNATURE = b"PK\x03\x04"
PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
JPEG_SIGNATURE = b"\xff\xd8\xff"
UTF16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
# Characters that a text hardly ever has: all controls but white space and escape.
CONTROLS = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
# Few texts have any of these, and none has a larger share.
MAX_CONTROL_SHARE = 0.05


class UnreadableFileError(Exception):
    """The file is no document; the argument says what it holds instead."""

    def __init__(self, content: str) -> None:
        super().__init__(f"not a document: {content}")


def is_pdf(data: bytes) -> bool:
    """Return whether the signature of a PDF stands where PDF readers look for it."""
    return PDF_SIGNATURE in data[:PDF_SIGNATURE_WITHIN]


def is_clean_utf8(data: bytes) -> bool:
    """Return whether all of it is UTF-8 without control characters, which only a text can be."""
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return not CONTROLS.search(data)


def may_be_text(data: bytes) -> bool:
    """Return whether it could be text in some encoding, judging by byte order marks and controls.

    True for UTF-16 with a byte order mark, and for what is not full of control characters.
    """
    if data.startswith(UTF16_MARKS):
        return len(data) % 2 == 0
    if b"\0" in data:
        return False
    head = data[:SNIFFED_BYTES]
    return len(CONTROLS.findall(head)) <= len(head) * MAX_CONTROL_SHARE


def decode_text(data: bytes) -> str:
    """Decode by the byte order mark, as UTF-8, as its HTML declares, or as Windows-1252.

    Raises UnreadableFileError for what cannot be text.
    """
    if data.startswith(UTF16_MARKS):
        return data.decode("utf-16", errors="replace")
    if b"\0" in data:
        raise UnreadableFileError("binary data")
    declared = re.search(rb"<meta[^>]+charset=[\"']?([\w-]+)", data[:SNIFFED_BYTES], re.IGNORECASE)
    for encoding in ("utf-8-sig", declared.group(1).decode() if declared else "cp1252"):
        try:
            return data.decode(encoding)
        except (UnicodeDecodeError, LookupError):
            continue
    return data.decode("cp1252", errors="replace")
