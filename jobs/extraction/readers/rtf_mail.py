"""The bodies that Outlook keeps as RTF: unpacked ([MS-OXRTFCP]), and the HTML that many hold.

Outlook turns HTML into RTF so that it can turn it back: the tags stand in destinations of their
own, and what only RTF needs is marked ([MS-OXRTFEX]).
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass, replace

from jobs.extraction.readers.charsets import decode_as

PACKED, PLAIN = b"LZFu", b"MELA"
HEADER_BYTES = 16
# What the dictionary of the packer begins with.
PRESET = (
    rb"{\rtf1\ansi\mac\deff0\deftab720{\fonttbl;}{\f0\fnil \froman \fswiss \fmodern \fscript "
    rb"\fdecor MS Sans SerifSymbolArialTimes New RomanCourier{\colortbl\red0\green0\blue0"
    b"\r\n"
    rb"\par \pard\plain\f0\fs20\b\i\u\tab\tx"
)
WINDOW = 4096
MAX_UNPACKED_BYTES = 64 * 1024**2
TOKEN = re.compile(
    rb"\\([a-zA-Z]{1,32})(-?\d{1,10})? ?|\\'([0-9a-fA-F]{2})|\\([^a-zA-Z'])|([{}])|[\r\n]+"
    rb"|([^\\{}\r\n]+)"
)
# Words that stand for a character.
CHARACTERS = {
    **{"par": "\r\n", "line": "\r\n", "tab": "\t", "lquote": "‘", "rquote": "’"},
    **{"ldblquote": "“", "rdblquote": "”", "bullet": "•", "endash": "–", "emdash": "—"},
}
SYMBOLS = {b"~": "\xa0", b"_": "\xad", b"\\": "\\", b"{": "{", b"}": "}"}
UNSEEN = ("fonttbl", "colortbl", "stylesheet", "info", "pict", "pntext", "listtable")
# The code pages of the character sets of fonts.
CHARSETS = {128: 932, 129: 949, 134: 936, 136: 950, 161: 1253, 162: 1254, 163: 1258, 177: 1255}
CHARSETS |= {178: 1256, 186: 1257, 204: 1251, 222: 874, 238: 1250}


def decompress(data: bytes) -> bytes:
    """Return the RTF of a body as it is stored; b"" for what is none."""
    if len(data) < HEADER_BYTES:
        return b""
    _, size, kind, _ = struct.unpack_from("<II4sI", data)
    if kind != PACKED:
        return data[HEADER_BYTES : HEADER_BYTES + size] if kind == PLAIN else b""
    window = bytearray(PRESET.ljust(WINDOW, b" "))
    written, unpacked, at = len(PRESET), bytearray(), HEADER_BYTES
    while at < len(data) and len(unpacked) < min(size, MAX_UNPACKED_BYTES):
        flags = data[at]
        at += 1
        for bit in range(8):
            start, length = written, 1
            if flags >> bit & 1:
                [pair] = struct.unpack(">H", data[at : at + 2].ljust(2, b"\0"))
                start, length = pair >> 4, (pair & 15) + 2
                at += 2
                if start == written % WINDOW:  # which says that this is the end
                    return bytes(unpacked)
            elif at < len(data):
                window[written % WINDOW] = data[at]
                at += 1
            else:
                break
            # What is repeated may reach into what it writes.
            for offset in range(length):
                byte = window[(start + offset) % WINDOW]
                window[written % WINDOW] = byte
                unpacked.append(byte)
                written += 1
    return bytes(unpacked[:size])


@dataclass(frozen=True, slots=True)
class _State:
    """What holds within a group."""

    is_unseen: bool = False
    is_rtf_only: bool = False
    is_font_table: bool = False
    skips: int = 1
    font: int = -1


def html_in_rtf(data: bytes) -> str:
    """Return the HTML that RTF was made of; "" for RTF that was made of something else."""
    if b"\\fromhtml" not in data[:4096]:
        return ""
    text = "".join(_Html(data).parts())
    # Characters beyond 16 bits come in two halves.
    return text.encode("utf-16", errors="surrogatepass").decode("utf-16", errors="replace")


class _Html:
    """Walks through RTF and keeps the HTML."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        page = re.search(rb"\\ansicpg(\d{1,5})", data[:4096])
        self._default = int(page[1]) if page else 1252
        self._fonts: dict[int, int] = {}
        self._state = _State()
        self._skip = 0

    def parts(self) -> Iterator[str]:
        """Yield the pieces of HTML in order."""
        above: list[_State] = []
        pending = bytearray()  # of one encoding
        is_starred = False
        for match in TOKEN.finditer(self._data):
            word, number, code, symbol, brace, text = match.groups()
            state = self._state
            is_seen = not (state.is_unseen or state.is_rtf_only)
            if code is not None:
                if self._skip:
                    self._skip -= 1
                elif is_seen:
                    pending += bytes.fromhex(code.decode())
                continue
            if text is not None:
                skipped = text[self._skip :]
                self._skip = max(0, self._skip - len(text))
                if is_seen:
                    pending += skipped
                continue
            if pending:
                yield self._decoded(bytes(pending))
                pending.clear()
            if brace == b"{":
                above.append(state)
            elif brace == b"}":
                self._state = above.pop() if above else state
            elif symbol == b"*":
                is_starred = True
                continue
            elif symbol is not None and is_seen:
                yield SYMBOLS.get(symbol, "")
            elif word is not None:
                yield from self._word(
                    word.decode().lower(), int(number) if number else None, is_starred, is_seen
                )
            is_starred = False
        yield self._decoded(bytes(pending))

    def _word(
        self, word: str, number: int | None, is_starred: bool, is_seen: bool
    ) -> Iterator[str]:
        state = self._state
        if word == "htmltag" and is_starred:
            return
        if is_starred or word in UNSEEN:
            self._state = replace(state, is_unseen=True, is_font_table=word == "fonttbl")
        elif word == "htmlrtf":
            self._state = replace(state, is_rtf_only=number != 0)
        elif word == "uc":
            self._state = replace(state, skips=number or 0)
        elif word == "f":
            self._state = replace(state, font=number or 0)
        elif word == "fcharset" and state.is_font_table:
            self._fonts[state.font] = CHARSETS.get(number or 0, self._default)
        elif word == "u" and number is not None:
            self._skip = state.skips
            if is_seen:
                yield chr(number % 0x10000)
        elif is_seen:
            yield CHARACTERS.get(word, "")

    def _decoded(self, data: bytes) -> str:
        if data.isascii():
            return data.decode()
        return decode_as(data, f"cp{self._fonts.get(self._state.font, self._default)}")
