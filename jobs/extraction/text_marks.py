"""Whether bytes may be text, by what is seen without decoding them all: marks, zeros, controls."""

from __future__ import annotations

import codecs
import re
import unicodedata

# How a file begins that says its encoding. UTF-32's mark begins like UTF-16's.
BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
SNIFFED_BYTES = 8192
# Characters that a text hardly ever has: all controls but white space, escape, and DOS's end.
CONTROLS = re.compile(rb"[\x00-\x08\x0e-\x19\x1c-\x1f]")
# Few texts have any of these, and none has a larger share.
MAX_CONTROL_SHARE = 0.05
# Some of the characters of UTF-16 may be rare ones; of other bytes, most are.
MIN_COMMON_SHARE = 0.9
# Three bytes and a zero may be anything.
MIN_WIDE_CHARS = 8
# Latin with its accents, Greek to Arabic, scripts of India to Georgia, Vietnamese to signs, those
# of East Asia, and what stands beyond the private ones.
IN_USE = (
    *((0x00, 0x180), (0x1A0, 0x1B1), (0x218, 0x21C), (0x300, 0x780), (0x900, 0x1100)),
    *((0x1E00, 0x2700), (0x3000, 0x3400), (0x4E00, 0xA000), (0xAC00, 0xD7B0), (0xF900, 0x110000)),
)


def may_be_text(data: bytes) -> bool:
    """Return whether it could be text in some encoding, judging by marks and controls."""
    if data.startswith(tuple(mark for mark, _ in BYTE_ORDER_MARKS)):
        return True
    head = data[:SNIFFED_BYTES]
    controls = len(CONTROLS.findall(head))
    if b"\0" in data or controls > len(head) * MAX_CONTROL_SHARE:
        return encoding_of_wide(data) is not None
    return True


def is_clean_utf8(data: bytes) -> bool:
    """Return whether all of it is UTF-8 without control characters, which only a text can be."""
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return not CONTROLS.search(data)


def encoding_of_wide(data: bytes) -> str | None:
    """Return which UTF-16 or UTF-32 it is that has no byte order mark; None for other bytes.

    ASCII, or the blanks and line ends of other scripts, have zero bytes on one side.
    """
    head = data[: SNIFFED_BYTES if len(data) > SNIFFED_BYTES else len(data) // 2 * 2]
    if not CONTROLS.search(head):
        return None
    before, after = head[::2].count(0), head[1::2].count(0)
    orders = ("le",) if after > before else ("be",) if before > after else ("le", "be")
    for encoding in (f"utf-{bits}-{order}" for bits in (32, 16) for order in orders):
        try:
            text = codecs.getincrementaldecoder(encoding)().decode(head)
        except UnicodeDecodeError:
            continue
        is_ascii = 2 * max(before, after) > len(text)
        common = sum(map(_is_common, text))
        if before == after and 2 * sum(each >= "\u3000" for each in text) < len(text):
            continue  # only the scripts of East Asia do without blanks
        if (is_ascii or len(text) >= MIN_WIDE_CHARS) and common >= MIN_COMMON_SHARE * len(text):
            return encoding
    return None


def _is_common(character: str) -> bool:
    """Return whether texts of today have this character: letters of living scripts and signs."""
    code = ord(character)
    if code < 0x20:
        return character in "\t\n\r\f"
    is_in_use = any(start <= code < end for start, end in IN_USE)
    return is_in_use and unicodedata.category(character) not in ("Cn", "Cc", "Co", "Cs")
