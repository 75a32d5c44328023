"""Text of which a mail says the encoding, which is not always what it is."""

from __future__ import annotations

import codecs

from jobs.extraction.file_types import UnreadableFileError
from jobs.extraction.text_encoding import SUPERSETS, TEXT_ENCODINGS, decode

# Of mails alone.
ALSO = ("utf-7", "utf-16", "utf-16-le", "utf-16-be", "iso2022_jp_1", "iso2022_jp_2", "iso2022_jp_3")
# Names of encodings that Python does not know.
LABELS = {"windows-874": "cp874", "iso-8859-8-i": "iso8859-8", "iso-8859-8-e": "iso8859-8"}


def decode_as(data: bytes, charset: str) -> str:
    """Decode by a declared encoding where the bytes agree with it, else by what they are."""
    encoding = _encoding(charset)
    # Other letters hardly ever make UTF-8, which many programs write below any declaration.
    for tried in ("utf-8", encoding) if not _has_own_letters(encoding) else (encoding,):
        try:
            return data.decode(tried)
        except UnicodeDecodeError:
            continue
    try:
        return decode(data)
    except UnreadableFileError:  # it has controls, but whoever sent it called it a text
        return data.replace(b"\0", b"").decode(encoding, errors="replace")


def _encoding(charset: str) -> str:
    """Return the name of Python's codec; UTF-8 for what is unknown or no encoding of texts."""
    label = charset.strip("\"' ").lower()
    try:
        name = codecs.lookup(LABELS.get(label, label.removeprefix("x-"))).name
    except (LookupError, ValueError):
        return "utf-8"
    name = SUPERSETS.get(name, name)
    return name if name in TEXT_ENCODINGS or name in ALSO else "utf-8"


def _has_own_letters(encoding: str) -> bool:
    """Return whether ASCII alone may stand for other letters in it."""
    return encoding.startswith(("utf-", "iso2022", "hz"))
