"""Checks before it is stored that a file holds what its name says.

Only the form is looked at; nothing is unpacked or parsed. Whether the document can be read is for
the worker to find out, in a sandbox (`jobs.extraction.extract`).
"""

from __future__ import annotations

from pathlib import PurePath

from jobs.errors import InvalidUploadError
from jobs.extraction.file_types import (
    FORMAT_OF,
    MEDIA_TYPES,
    OLE_SIGNATURE,
    PLAIN,
    detect,
    is_picture,
)

# What else people may take for a document, by its first bytes.
OTHER_SIGNATURES = {
    OLE_SIGNATURE: "an Office file that is encrypted, or of before 2007",
    b"\x1f\x8b": "an archive",
    b"7z\xbc\xaf\x27\x1c": "an archive",
    b"Rar!\x1a\x07": "an archive",
    b"MZ": "a program",
    b"\x7fELF": "a program",
}


def check_upload(name: str, data: bytes) -> None:
    """Raise InvalidUploadError, with advice on what to do, if the content does not fit the name.

    `name` ends in one of the extensions that may be uploaded.
    """
    suffix = PurePath(name).suffix.lower()
    named = MEDIA_TYPES[suffix]
    found = detect(data)
    if found == named or (found == PLAIN and FORMAT_OF[named].is_text):
        return
    if is_picture(found) and is_picture(named):
        return  # people rename them, and all are read alike
    if data.startswith(OLE_SIGNATURE):
        raise InvalidUploadError(
            f"“{name}” is encrypted, or in the format of Office before 2007. "
            "Save a copy without a password, as DOCX, PPTX or XLSX, and upload that."
        )
    what = FORMAT_OF[found].description if found else _description_of_other(data)
    raise InvalidUploadError(f"“{name}” is named {suffix}, but holds {what}. {_advice(found)}")


def _description_of_other(data: bytes) -> str:
    return next(
        (what for start, what in OTHER_SIGNATURES.items() if data.startswith(start)),
        "something else",
    )


def _advice(found: str) -> str:
    """Return what to do about a name that does not fit."""
    fitting = [suffix for suffix, media_type in MEDIA_TYPES.items() if media_type == found]
    if fitting:
        return f"Rename it to {fitting[0]}, if that is what it should be."
    return "Save it again in the format that its name says, and upload that."
