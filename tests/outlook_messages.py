"""Makes Outlook messages: OLE containers of MAPI properties, see [MS-CFB] and [MS-OXMSG]."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from typing import TypeAlias

Tree: TypeAlias = "Mapping[str, bytes | Tree]"
Value: TypeAlias = "str | bytes | int | Tree"

SECTOR, SMALL_SECTOR, SMALL_STREAM = 512, 64, 4096
FREE, END, FAT_SECTOR, NONE = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD, 0xFFFFFFFF
STORAGE, STREAM, ROOT = 1, 2, 5
UNICODE, STRING8, BINARY, LONG, TIME = 0x1F, 0x1E, 0x102, 0x3, 0x40


def message(
    properties: Mapping[int, Value],
    *,
    recipients: Sequence[Mapping[int, Value]] = (),
    attachments: Sequence[Mapping[int, Value]] = (),
    header_bytes: int = 32,
    encoding: str = "",
) -> Tree:
    """Return the streams of a message; with an `encoding`, its texts are not in Unicode.

    Properties are by their tags. One that is a tree is a message within an attachment.
    """
    return {
        **_properties(properties, header_bytes, encoding),
        **{
            f"__recip_version1.0_#{number:08X}": _properties(each, 8, encoding)
            for number, each in enumerate(recipients)
        },
        **{
            f"__attach_version1.0_#{number:08X}": _properties(each, 8, encoding)
            for number, each in enumerate(attachments)
        },
    }


def _properties(properties: Mapping[int, Value], header_bytes: int, encoding: str) -> Tree:
    fixed = bytes(header_bytes)
    tree: dict[str, bytes | Tree] = {}
    for tag, value in properties.items():
        if isinstance(value, int):
            kind = TIME if value > 0xFFFFFFFF else LONG
            fixed += struct.pack("<HHIQ", kind, tag, 6, value)
        elif isinstance(value, Mapping):
            tree[f"__substg1.0_{tag:04X}000D"] = value
        else:
            text = value.encode(encoding or "utf-16-le") if isinstance(value, str) else value
            is_text = isinstance(value, str)
            kind = (STRING8 if encoding else UNICODE) if is_text else BINARY
            tree[f"__substg1.0_{tag:04X}{kind:04X}"] = text
    return {"__properties_version1.0": fixed, **tree}


def compound_file(tree: Tree) -> bytes:
    """Return an OLE container with these storages and streams."""
    fat: list[int] = []
    sectors: list[bytes] = []
    small, small_fat = bytearray(), list[int]()
    entries: list[bytearray] = []

    def chain(data: bytes) -> int:
        """Put data into sectors; returns the first."""
        start, pieces = len(sectors), range(0, len(data), SECTOR)
        for at in pieces:
            sectors.append(data[at : at + SECTOR].ljust(SECTOR, b"\0"))
            fat.append(len(sectors))
        if not pieces:
            return END
        fat[-1] = END
        return start

    def store(data: bytes) -> int:
        if len(data) >= SMALL_STREAM:
            return chain(data)
        start = len(small) // SMALL_SECTOR
        count = -(-len(data) // SMALL_SECTOR)
        small.extend(data.ljust(count * SMALL_SECTOR, b"\0"))
        small_fat.extend([*range(start + 1, start + count), END][:count])
        return start if count else END

    def enter(name: str, kind: int, content: bytes | Tree, following: int = NONE) -> int:
        """Write the entry of a storage or stream; returns its number."""
        number = len(entries)
        entries.append(bytearray(128))
        child, start, size = NONE, 0, 0
        if isinstance(content, bytes):
            start, size = store(content), len(content)
        else:
            for each, inner in reversed(sorted(content.items())):
                child = enter(each, STREAM if isinstance(inner, bytes) else STORAGE, inner, child)
        encoded = name.encode("utf-16-le")
        entries[number][:] = struct.pack(
            "<64sHBBIII36xIQ",
            *(encoded, len(encoded) + 2, kind, 1, NONE, following, child, start, size),
        )
        return number

    enter("Root Entry", ROOT, tree)
    struct.pack_into("<IQ", entries[0], 116, chain(bytes(small)), len(small))
    small_start = chain(_numbers(small_fat))
    directory = chain(b"".join(entries))
    count = -(-len(sectors) // (SECTOR // 4 - 1))
    first = len(sectors)
    fat += [FAT_SECTOR] * count
    table = _numbers(fat + [FREE] * (count * SECTOR // 4 - len(fat)))
    places = [*range(first, first + count)]
    header = struct.pack(
        "<8s16xHHHHH6xIIIIIIIII",
        *(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", 0x3E, 3, 0xFFFE, 9, 6),
        *(0, count, directory, 0, SMALL_STREAM, small_start, -(-len(small_fat) // 128), END, 0),
    )
    return header + _numbers(places + [FREE] * (109 - count)) + b"".join(sectors) + table


def _numbers(values: Sequence[int]) -> bytes:
    return struct.pack(f"<{len(values)}I", *values)
