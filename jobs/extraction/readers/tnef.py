"""Unpacks winmail.dat (TNEF, see [MS-OXTNEF]), in which Exchange sends what only Outlook opens."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from jobs.extraction.readers.charsets import decode_as

SIGNATURE = b"\x78\x9f\x3e\x22"
# Attributes: of the message its code page and properties; of each attachment what begins it, its
# short name, its content and its properties.
CODE_PAGE, MESSAGE = 0x00069007, 0x00069003
BEGIN, TITLE, DATA, ATTACHMENT = 0x00069002, 0x00018010, 0x0006800F, 0x00069005
RTF, LONG_NAME, MIME_TYPE = 0x1009, 0x3707, 0x370E
STRING8, UNICODE, OBJECT, BINARY = 0x1E, 0x1F, 0x0D, 0x102
VARIABLE, MULTIPLE = (STRING8, UNICODE, OBJECT, BINARY), 0x1000
FIXED_BYTES = {**dict.fromkeys((5, 6, 7, 0x14, 0x40), 8), 0x48: 16}
NAMED = 0x8000


class File(NamedTuple):
    """An attached file."""

    name: str
    media_type: str
    data: bytes


class Unpacked(NamedTuple):
    """The body of a message as packed RTF, b"" for none, and its files."""

    rtf: bytes
    files: list[File]


def unpack(data: bytes) -> Unpacked:
    """Return what is packed; what is cut off or broken ends it."""
    code_page, rtf = "cp1252", b""
    files: list[File] = []
    for attribute, value in _attributes(data):
        if attribute == CODE_PAGE and len(value) >= 4:
            code_page = f"cp{int.from_bytes(value[:4], 'little')}"
        elif attribute == MESSAGE:
            rtf = _properties(value).get((RTF, BINARY), rtf)
        elif attribute == BEGIN:
            files.append(File("", "", b""))
        elif not files:
            continue
        elif attribute == TITLE:
            files[-1] = files[-1]._replace(name=decode_as(value.rstrip(b"\0"), code_page))
        elif attribute == DATA:
            files[-1] = files[-1]._replace(data=value)
        elif attribute == ATTACHMENT:
            properties = _properties(value)
            name = _text(properties, LONG_NAME, code_page) or files[-1].name
            media_type = _text(properties, MIME_TYPE, code_page)
            files[-1] = files[-1]._replace(name=name, media_type=media_type)
    return Unpacked(rtf, files)


def _attributes(data: bytes) -> Iterator[tuple[int, bytes]]:
    at = 6 if data.startswith(SIGNATURE) else len(data)
    while at + 11 <= len(data):
        _, attribute, size = struct.unpack_from("<BII", data, at)
        yield attribute, data[at + 9 : at + 9 + size]
        at += 9 + size + 2  # a checksum


def _text(properties: Mapping[tuple[int, int], bytes], tag: int, code_page: str) -> str:
    if value := properties.get((tag, UNICODE)):
        return value.decode("utf-16-le", errors="replace").rstrip("\0")
    return decode_as(properties.get((tag, STRING8), b"").rstrip(b"\0"), code_page)


def _properties(data: bytes) -> Mapping[tuple[int, int], bytes]:
    """Return the first value of each property, by its tag and type."""
    reader = _Reader(data)
    found: dict[tuple[int, int], bytes] = {}
    for _ in range(reader.number()):
        kind, tag = reader.number(2), reader.number(2)
        if tag >= NAMED:
            reader.take(16)
            reader.take(reader.number() if reader.number() else 4)
        kind, many = kind & ~MULTIPLE, kind & MULTIPLE
        for _ in range(reader.number() if many or kind in VARIABLE else 1):
            size = reader.number() if kind in VARIABLE else FIXED_BYTES.get(kind, 4)
            found.setdefault((tag, kind), reader.take(size))
            if reader.is_over:
                return found
        if reader.is_over:
            return found
    return found


class _Reader:
    """Takes values from bytes, each from a multiple of four."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    @property
    def is_over(self) -> bool:
        return self._at >= len(self._data)

    def number(self, size: int = 4) -> int:
        value = int.from_bytes(self._data[self._at : self._at + size], "little")
        self._at += size
        return value

    def take(self, size: int) -> bytes:
        value = self._data[self._at : self._at + size]
        self._at += -(-size // 4) * 4
        return value
