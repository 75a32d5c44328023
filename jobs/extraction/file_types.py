"""What a file is by its first bytes and its name. Nothing is parsed here.

It imports nothing but the standard library: the child process that reads a document starts with it.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from typing import Literal, NamedTuple

from jobs.extraction.text_marks import SNIFFED_BYTES, may_be_text

PDF = "application/pdf"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
PPTX = "application/vnd.openxmlformats-officedocument.presentationml.presentation"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
RTF = "application/rtf"
ODT = "application/vnd.oasis.opendocument.text"
ODP = "application/vnd.oasis.opendocument.presentation"
ODS = "application/vnd.oasis.opendocument.spreadsheet"
JSON, NOTEBOOK, XML = "application/json", "application/x-ipynb+json", "application/xml"
SUBTITLES, EPUB = "application/x-subrip", "application/epub+zip"
HTML, MARKDOWN, PLAIN, CSV = "text/html", "text/markdown", "text/plain", "text/csv"
TSV = "text/tab-separated-values"
JPEG, PNG, TIFF, BMP = "image/jpeg", "image/png", "image/tiff", "image/bmp"
GIF, WEBP, HEIC = "image/gif", "image/webp", "image/heic"
MAIL, MHTML, OUTLOOK = "message/rfc822", "multipart/related", "application/vnd.ms-outlook"
ZIP = "application/zip"


class Format(NamedTuple):
    """A kind of file that may be uploaded.

    `reader` is its module of `jobs.extraction.readers`.
    """

    media_type: str
    suffixes: tuple[str, ...]
    description: str
    reader: str
    is_text: bool = False
    unit: Literal["page", "slide"] = "page"


FORMATS = (
    Format(PDF, (".pdf",), "a PDF", reader="pdf"),
    Format(DOCX, (".docx", ".docm", ".dotx", ".dotm"), "a Word document", reader="word"),
    Format(
        PPTX,
        (".pptx", ".pptm", ".ppsx", ".ppsm", ".potx"),
        "a presentation",
        reader="slides",
        unit="slide",
    ),
    Format(XLSX, (".xlsx", ".xlsm", ".xltx", ".xltm"), "a workbook", reader="workbook"),
    Format(ODT, (".odt", ".ott"), "an OpenDocument text", reader="opendocument_text"),
    Format(
        ODP,
        (".odp", ".otp"),
        "an OpenDocument presentation",
        reader="opendocument_slides",
        unit="slide",
    ),
    Format(ODS, (".ods", ".ots"), "an OpenDocument spreadsheet", reader="ods"),
    Format(RTF, (".rtf",), "an RTF document", reader="rtf"),
    Format(HTML, (".html", ".htm", ".xhtml"), "a web page", is_text=True, reader="html"),
    Format(MARKDOWN, (".md", ".markdown"), "a text", is_text=True, reader="markdown"),
    Format(PLAIN, (".txt", ".log", ".text"), "a text", is_text=True, reader="plain_text"),
    Format(JSON, (".json", ".jsonl", ".ndjson"), "a text", is_text=True, reader="json_data"),
    Format(NOTEBOOK, (".ipynb",), "a text", is_text=True, reader="notebook"),
    Format(XML, (".xml",), "a text", is_text=True, reader="xml_data"),
    Format(SUBTITLES, (".srt", ".vtt"), "a text", is_text=True, reader="subtitles"),
    Format(EPUB, (".epub",), "a book", reader="epub"),
    Format(CSV, (".csv",), "a text", is_text=True, reader="csv_table"),
    Format(TSV, (".tsv", ".tab"), "a text", is_text=True, reader="csv_table"),
    Format(JPEG, (".jpg", ".jpeg"), "a picture", reader="picture"),
    Format(PNG, (".png",), "a picture", reader="picture"),
    Format(TIFF, (".tif", ".tiff"), "a picture", reader="picture"),
    Format(BMP, (".bmp",), "a picture", reader="picture"),
    Format(GIF, (".gif",), "a picture", reader="picture"),
    Format(WEBP, (".webp",), "a picture", reader="picture"),
    Format(HEIC, (".heic", ".heif"), "a picture", reader="picture"),
    Format(MAIL, (".eml",), "a mail", is_text=True, reader="mail"),
    Format(MHTML, (".mht", ".mhtml"), "a saved web page", is_text=True, reader="mail"),
    Format(OUTLOOK, (".msg",), "an Outlook message", reader="outlook"),
    Format(ZIP, (".zip",), "a ZIP archive", reader="archive"),
)
FORMAT_OF = {each.media_type: each for each in FORMATS}
MEDIA_TYPES = {suffix: each.media_type for each in FORMATS for suffix in each.suffixes}

UNPACK = "Unpack it and upload the documents."
EXPORT = "Save the mails that matter as EML or MSG, and upload those."
SAVE_AS = "Save it as {}, and upload that."
# What to do about files that are not read.
ADVICE = {
    **dict.fromkeys((".7z", ".rar", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".zst"), UNPACK),
    **dict.fromkeys((".mbox", ".mbx", ".pst", ".ost", ".olm"), EXPORT),
    **dict.fromkeys((".doc", ".dot", ".pages", ".wpd", ".wps"), SAVE_AS.format("DOCX or PDF")),
    **dict.fromkeys((".ppt", ".pps", ".key"), SAVE_AS.format("PPTX or PDF")),
    **dict.fromkeys((".xls", ".xlsb", ".numbers"), SAVE_AS.format("XLSX")),
    **dict.fromkeys((".ps", ".eps", ".xps", ".djvu", ".vsdx"), SAVE_AS.format("PDF")),
    **dict.fromkeys((".mobi", ".azw", ".azw3"), SAVE_AS.format("EPUB or PDF")),
}

# How an entry of an archive's directory begins: a signature and 42 bytes; then comes the name.
MEMBER_SIGNATURE = b"PK\x01\x02"
MEMBER_HEADER_BYTES = 46
# What ends an archive, before a comment: it says where the directory is.
DIRECTORY_END = b"PK\x05\x06"
DIRECTORY_END_BYTES, MAX_COMMENT_BYTES = 22, 65_535
# Looked at in an archive. A file can be full of signatures, and web waits while they are looked at.
MAX_MEMBERS = 20_000
# The part that makes an archive a document of its type, in whatever folder, as the directory of the
# archive lists it. So nothing is unpacked.
MAIN_PARTS = {
    media_type: re.compile(rb"(?:[\w.-]{1,100}/){0,9}" + part, re.IGNORECASE)
    for media_type, part in {
        DOCX: rb"document\d{0,3}\.xml",
        PPTX: rb"presentation\d{0,3}\.xml",
        XLSX: rb"workbook\d{0,3}\.(?:xml|bin)",
    }.items()
}
CONTENT_TYPES = re.compile(rb"\[content_types\]\.xml", re.IGNORECASE)

PDF_SIGNATURE = b"%PDF-"
# Some producers put other bytes before it; PDF readers look no further than this either.
PDF_SIGNATURE_WITHIN = 1024
# How an OLE container begins: an Office file with a password, or from before 2007.
OLE_SIGNATURE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
# A stream that every Outlook message has, and no Office file.
OUTLOOK_STREAM = "__properties_version1.0".encode("utf-16-le")
RTF_SIGNATURE = b"{\\rtf"
ZIP_SIGNATURE = b"PK\x03\x04"
# The member that every EPUB has, and no Office document.
EPUB_CONTAINER = b"META-INF/container.xml"
# In the header of a page that a browser saved.
SAVED_PAGE = re.compile(rb"^Content-Type:\s*multipart/related", re.IGNORECASE | re.MULTILINE)
PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
JPEG_SIGNATURE = b"\xff\xd8\xff"
PICTURE_SIGNATURES = {
    re.compile(re.escape(JPEG_SIGNATURE)): JPEG,
    re.compile(re.escape(PNG_SIGNATURE)): PNG,
    re.compile(rb"II[*+]\0|MM\0[*+]"): TIFF,
    re.compile(rb"BM.{4}\0{4}", re.DOTALL): BMP,
    re.compile(rb"GIF8[79]a"): GIF,
    re.compile(rb"RIFF.{4}WEBP", re.DOTALL): WEBP,
    re.compile(rb".{4}ftyp(hei[cxms]|hev[cxms]|mif1|msf1)", re.DOTALL): HEIC,
}


class UnreadableFileError(Exception):
    """The file is no document; the argument says what it holds instead."""

    def __init__(self, content: str) -> None:
        super().__init__(f"not a document: {content}")


def is_pdf(data: bytes) -> bool:
    """Return whether the signature of a PDF stands where PDF readers look for it."""
    return PDF_SIGNATURE in data[:PDF_SIGNATURE_WITHIN]


def is_picture(media_type: str) -> bool:
    """Return whether files of this type are pictures."""
    return media_type.startswith("image/")


def detect(data: bytes) -> str:
    """Return the media type by the content, `PLAIN` for any text, or "" for what is not read."""
    # An archive may begin with a PDF as it is.
    if data.startswith(ZIP_SIGNATURE):
        return _archive_type(data)
    if is_pdf(data):
        return PDF
    if data.startswith(OLE_SIGNATURE):
        return OUTLOOK if is_outlook(data) else ""
    if data[:SNIFFED_BYTES].lstrip().startswith(RTF_SIGNATURE):
        return RTF
    for signature, media_type in PICTURE_SIGNATURES.items():
        if signature.match(data):
            return media_type
    return PLAIN if may_be_text(data) else ""


def _archive_type(data: bytes) -> str:
    """Return which Office document an archive is, by the names of its members."""
    if stored := _stored_type(data):
        return stored
    has_types, found = False, set()
    for at in _member_names(data):
        if data.startswith(EPUB_CONTAINER, at):
            return EPUB
        has_types = has_types or CONTENT_TYPES.match(data, at) is not None
        found |= {kind for kind, part in MAIN_PARTS.items() if part.match(data, at)}
        if has_types and found:
            break
    return next((kind for kind in MAIN_PARTS if kind in found), ZIP) if has_types else ZIP


def is_outlook(data: bytes) -> bool:
    """Return whether an OLE container holds an Outlook message."""
    return data.startswith(OLE_SIGNATURE) and OUTLOOK_STREAM in data


def is_saved_page(data: bytes) -> bool:
    """Return whether a text begins like the mail as which browsers save a page (MHTML)."""
    head = data[:SNIFFED_BYTES].replace(b"\r\n", b"\n").lstrip().partition(b"\n\n")[0]
    return SAVED_PAGE.search(head) is not None


def _stored_type(data: bytes) -> str:
    """Return what the first member of an archive says that it is, as OpenDocument does."""
    if data[30:38] != b"mimetype":
        return ""
    start = 38 + int.from_bytes(data[28:30], "little")
    stored = data[start : start + 100]
    # Templates have the same name with more behind it.
    return next((kind for kind in (ODT, ODP, ODS, EPUB) if stored.startswith(kind.encode())), "")


def _member_names(data: bytes) -> Iterator[int]:
    """Yield where the names of an archive's members begin, by its directory.

    An archive within it has a directory of its own. Without an end that says where the directory
    is, whatever looks like an entry counts.
    """
    end = data.rfind(DIRECTORY_END, max(0, len(data) - DIRECTORY_END_BYTES - MAX_COMMENT_BYTES))
    if 0 <= end <= len(data) - DIRECTORY_END_BYTES:
        size = int.from_bytes(data[end + 12 : end + 16], "little")
        if data.startswith(MEMBER_SIGNATURE, max(0, end - size)):
            yield from _listed_names(data, end - size)
            return
    at = data.find(MEMBER_SIGNATURE)
    for _ in range(MAX_MEMBERS):
        if at < 0:
            return
        yield at + MEMBER_HEADER_BYTES
        at = data.find(MEMBER_SIGNATURE, at + len(MEMBER_SIGNATURE))


def _listed_names(data: bytes, at: int) -> Iterator[int]:
    for _ in range(MAX_MEMBERS):
        if not data.startswith(MEMBER_SIGNATURE, at):
            return
        yield at + MEMBER_HEADER_BYTES
        lengths = struct.unpack("<HHH", data[at + 28 : at + 34].ljust(6, b"\0"))
        at += MEMBER_HEADER_BYTES + sum(lengths)
