"""Reads ZIP archives: the list of what is in them, and each file that can be read."""

from __future__ import annotations

import io
import lzma
import re
import struct
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence

from jobs.extraction.attachment_limits import MAX_ATTACHMENTS
from jobs.extraction.blocks import Attachment, Block, Item, Kind, Note
from jobs.extraction.file_types import UnreadableFileError
from jobs.extraction.readers.contents import Contents, base_name, counted, with_suffix
from jobs.extraction.text_encoding import decode

CAPTION = "Files in this archive:"
MAX_NAME_CHARS = 400
IS_ENCRYPTED, IS_UTF8 = 0x1, 0x800
UNICODE_PATH = 0x7075  # of the extra fields
# What systems and programs leave in archives, and locks of open Office files.
LEFTOVERS = re.compile(
    r"(?:^|/)(?:__MACOSX/|\.git/|\.svn/|\._[^/]*$|\.DS_Store$|Thumbs\.db$|desktop\.ini$|~\$[^/]*$)",
    re.IGNORECASE,
)
# The letters of Western languages in the code pages of DOS, where they are the same.
_DOS_LETTERS = re.compile(rb"[\x20-\x7e\x80-\x9a\xa0-\xa5\xe1]*")
_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    NotImplementedError,
    EOFError,
    OSError,
    ValueError,
)


def read(data: bytes) -> Iterator[Item]:
    """Yield the list of files, then the files. Raises UnreadableFileError for a broken archive."""
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    except _BROKEN as error:
        raise UnreadableFileError("a ZIP archive that is broken or cut off") from error
    members = [each for each in archive.infolist() if not each.filename.endswith("/")]
    named = [
        (member, name)
        for member, name in zip(members, _names(members), strict=True)
        if not LEFTOVERS.search(name)
    ]
    for member, name in named[:MAX_ATTACHMENTS]:
        size = f"{max(1, round(member.file_size / 1024)):,} KB"
        yield Block(f"{name[:MAX_NAME_CHARS]} ({size})", Kind.ROW, caption=CAPTION)
    yield from _contents(archive, named)


def _contents(
    archive: zipfile.ZipFile, named: Sequence[tuple[zipfile.ZipInfo, str]]
) -> Iterator[Attachment | Note]:
    contents = Contents("file")
    same = Counter(base_name(name).lower() for _, name in named)
    locked = 0
    for member, name in named:
        if member.flag_bits & IS_ENCRYPTED:
            locked += 1
            continue
        if not member.file_size:
            contents.left["empty"] += 1
            continue
        if not contents.has_room(name, member.file_size):
            continue
        try:
            with archive.open(member) as file:
                # Never more than it says, whatever it unpacks to.
                content = file.read(member.file_size)
        except _BROKEN:
            contents.left["broken, or packed in a way that is not known"] += 1
            continue
        is_alone = same[base_name(name).lower()] == 1
        label = base_name(name) if is_alone else _with_folders(name)
        yield Attachment(with_suffix(label, "", content), content)
    if locked:
        yield Note(
            f"{counted(locked, 'file')} {'is' if locked == 1 else 'are'} protected by a password "
            "and not read. Unpack the archive and upload what it holds."
        )
    yield from contents.notes()


def _with_folders(name: str) -> str:
    """Return a name that tells files of the same name in different folders apart."""
    return " - ".join(part for part in re.split(r"[/\\]", name) if part not in ("", ".", ".."))


def _names(members: Sequence[zipfile.ZipInfo]) -> list[str]:
    """Return the names of members in the encoding of whoever packed them.

    The format knows UTF-8, which is marked, and code page 437, which is what `zipfile` takes any
    other for. Packers write UTF-8 without the mark, or the code page of their system.
    """
    known = [_known_name(member) for member in members]
    raw = [
        b"" if name else member.orig_filename.encode("cp437", errors="replace")
        for member, name in zip(members, known, strict=True)
    ]
    foreign = [name for name in raw if not name.isascii()]
    if all(map(_DOS_LETTERS.fullmatch, foreign)):
        decoded = [name.decode("cp437") for name in foreign]
    else:
        # Together: single names are too short to tell encodings apart.
        decoded = decode(b"\n".join(foreign)).split("\n")
    of = dict(zip(foreign, decoded, strict=False))
    return [
        name or of.get(found) or member.filename
        for name, found, member in zip(known, raw, members, strict=True)
    ]


def _known_name(member: zipfile.ZipInfo) -> str:
    """Return a name that is marked as UTF-8, or that an extra field has in UTF-8; else ""."""
    if member.flag_bits & IS_UTF8:
        return member.filename
    extra, at = member.extra, 0
    while at + 4 <= len(extra):
        kind, size = struct.unpack_from("<HH", extra, at)
        if kind == UNICODE_PATH:
            return extra[at + 9 : at + 4 + size].decode(errors="ignore")
        at += 4 + size
    return ""
