"""The encodings of text in RTF, which each font may change."""

from __future__ import annotations

import codecs
from dataclasses import dataclass

DEFAULT = "cp1252"
SYMBOLS = 2
# The values of \fcharset, by the RTF specification.
_CHARSETS = {
    **{0: "cp1252", 77: "mac_roman", 78: "cp932", 79: "cp949", 80: "gbk", 81: "cp950"},
    **{83: "cp1255", 84: "mac_arabic", 85: "mac_greek", 86: "mac_turkish", 87: "cp874"},
    **{88: "mac_latin2", 89: "mac_cyrillic", 128: "cp932", 129: "cp949", 130: "johab"},
    **{134: "gbk", 136: "cp950", 161: "cp1253", 162: "cp1254", 163: "cp1258", 177: "cp1255"},
    **{178: "cp1256", 186: "cp1257", 204: "cp1251", 222: "cp874", 238: "cp1250"},
    **{254: "cp437", 255: "cp850"},
}
_NAMED = {"ansi": "cp1252", "mac": "mac_roman", "pc": "cp437", "pca": "cp850"}
# Python's names of code pages that are not `cp` and their number.
_PAGES = {936: "gbk", 10000: "mac_roman", 10007: "mac_cyrillic", 65001: "utf-8", 54936: "gb18030"}


@dataclass(slots=True)
class Font:
    """A font of the table: its encoding, None for the document's own, and its name."""

    encoding: str | None = None
    is_symbol: bool = False
    name: str = ""

    def set_charset(self, number: int) -> None:
        """Take the encoding of \\fcharset; 2 is that of pictures."""
        self.is_symbol = number == SYMBOLS
        self.encoding = _CHARSETS.get(number)


def named_encoding(word: str) -> str:
    """Return the encoding of \\ansi, \\mac, \\pc or \\pca."""
    return _NAMED.get(word, DEFAULT)


def page_encoding(number: int) -> str:
    """Return the encoding of a code page, or the usual one if Python does not know it."""
    name = _PAGES.get(number, f"cp{number}")
    try:
        return codecs.lookup(name).name
    except LookupError:
        return DEFAULT
