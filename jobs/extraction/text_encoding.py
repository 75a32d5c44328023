"""Text from bytes: which encoding it has, and whether that is doubtful.

Only what marks, declarations and UTF-8 leave open is guessed, on a sample: see `guess_encoding`.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

from jobs.extraction.file_types import UnreadableFileError
from jobs.extraction.text_marks import BYTE_ORDER_MARKS, SNIFFED_BYTES, encoding_of_wide

# Letters of UTF-8 that a program took for Windows-1252: ö is “Ã¶”, a dash “â€“”, б “Ð±”.
MISREAD_UTF8 = re.compile("[ÃÐÑÂ][\x80-\xbf‚ƒ„…†‡ˆ‰Š‹Œ‘’“”•–—˜™š›œžŸ€Ž]|â€[\x80-\xbf™œ“”˜¢¦ž]")
# So often, and in so large a share of what is not ASCII, that it is no text about them.
MIN_MISREAD, MISREAD_SHARE = 3, 0.5
# How ISO-2022 changes from ASCII to other letters.
ISO_2022 = (b"\x1b$", b"\x1b(")
DECLARED = re.compile(
    rb"""<\?xml[^<>]{1,200}?encoding\s{0,9}=\s{0,9}["']([\w.:-]{1,40})["']"""
    rb"""|<meta[^<>]{1,400}?charset\s{0,9}=\s{0,9}["']?\s{0,9}([\w.:-]{1,40})""",
    re.IGNORECASE,
)
# What pages declare, and what browsers read it as: what Windows made of it
# (https://encoding.spec.whatwg.org/#names-and-labels).
SUPERSETS = {
    "ascii": "cp1252",
    "iso8859-1": "cp1252",
    "iso8859-9": "cp1254",
    "iso8859-11": "cp874",
    "tis-620": "cp874",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
    "big5": "cp950",
}
# Names on the web that Python does not know.
LABELS = {
    "x-sjis": "cp932",
    "windows-874": "cp874",
    "dos-874": "cp874",
    "x-gbk": "gbk",
    "x-x-big5": "big5",
    "x-euc-jp": "euc_jp",
    "iso-8859-8-i": "iso8859-8",
    "x-mac-cyrillic": "mac-cyrillic",
    "x-mac-roman": "mac-roman",
    **{f"x-cp{number}": f"cp{number}" for number in range(1250, 1259)},
}
# Python knows others that are no text, or that raise by design: undefined, idna, zlib …
TEXT_ENCODINGS = frozenset(
    [
        *SUPERSETS.values(),
        *("utf-8", "cp437", "cp850", "cp852", "cp866", "koi8-r", "koi8-u", "euc_jp", "big5hkscs"),
        *("mac-roman", "mac-cyrillic", "mac-latin2", "mac-greek", "mac-turkish"),
        *("iso2022_jp", "iso2022_kr", "hz"),
        *(f"cp{number}" for number in range(1250, 1259)),
        *(f"iso8859-{number}" for number in range(2, 17) if number != 12),
    ]
)


@dataclass(frozen=True, slots=True)
class DecodedText:
    """A text, the encoding that it had, and a sentence on what is doubtful about it, or ""."""

    text: str
    encoding: str
    note: str = ""


def decode(data: bytes) -> str:
    """Return the text of a file; raises UnreadableFileError for what cannot be text."""
    return decode_text(data).text


def decode_text(data: bytes) -> DecodedText:
    """Decode by the byte order mark, as UTF-16, UTF-32 or UTF-8, as declared, or by a guess.

    Raises UnreadableFileError for what cannot be text.
    """
    for mark, encoding in BYTE_ORDER_MARKS:
        if data.startswith(mark):
            return _replacing(data[len(mark) :], encoding)
    if wide := encoding_of_wide(data):
        return _replacing(data, wide)
    if b"\0" in data:
        raise UnreadableFileError("binary data")
    if data.isascii() and any(mark in data for mark in ISO_2022):
        for encoding in ("iso2022_jp_ext", "iso2022_kr"):
            if (text := decoded(data, encoding)) is not None:
                return DecodedText(text, encoding)
    if (text := decoded(data, "utf-8")) is not None:
        return DecodedText(text, "utf-8", _damage_note(text))
    declared = _declared(data)
    if (text := decoded(data, declared) if declared else None) is not None:
        return _likelier(data, declared) or DecodedText(text, declared)
    return _damaged_utf8(data) or _guessed(data)


def decoded(data: bytes, encoding: str) -> str | None:
    """Return the text without marks, or None for bytes that this encoding does not have."""
    try:
        return data.decode(encoding).lstrip("\ufeff")
    except UnicodeDecodeError:
        return None


def _replacing(data: bytes, encoding: str) -> DecodedText:
    text = data.decode(encoding, errors="replace").lstrip("\ufeff")
    intact = text if decoded(data, encoding) is not None else ""
    lost = text.count("\ufffd") if text and not intact else 0
    return DecodedText(text, encoding, _lost_note(lost))


def _damage_note(text: str) -> str:
    """Return what was wrong with a text before it was saved, as far as that can be seen."""
    if text.isascii():
        return ""
    foreign = len(text) - sum(map(text.count, map(chr, range(128))))
    pairs = sum(1 for _ in MISREAD_UTF8.finditer(text))
    if pairs >= MIN_MISREAD and 2 * pairs >= MISREAD_SHARE * foreign:
        return (
            "The text of this file looks garbled: it was saved in a wrong encoding before. "
            "Save the original as UTF-8 and upload that."
        )
    lost = text.count("\ufffd")
    characters = "1 character" if lost == 1 else f"{lost:,} characters"
    return f"{characters} of this file were lost before it was saved: “\ufffd”." if lost else ""


def _lost_note(lost: int) -> str:
    if not lost:
        return ""
    characters = "1 character" if lost == 1 else f"{lost:,} characters"
    return f"{characters} of this file could not be decoded, and stand as “\ufffd”."


def _declared(data: bytes) -> str:
    """Return the encoding that an XML or HTML file declares, if it is one of texts, else ""."""
    match = DECLARED.search(data[:SNIFFED_BYTES])
    if match is None:
        return ""
    label = (match.group(1) or match.group(2)).decode("ascii", errors="replace").lower()
    try:
        name = codecs.lookup(LABELS.get(label, label)).name
    except LookupError:
        return ""
    name = SUPERSETS.get(name, name)
    return name if name in TEXT_ENCODINGS else ""


def _damaged_utf8(data: bytes) -> DecodedText | None:
    """Return the text of a file in UTF-8 with some other bytes, such as one that was cut."""
    text = data.decode("utf-8", errors="replace").lstrip("\ufeff")
    lost = text.count("\ufffd")
    letters = len(text) - lost - sum(map(text.count, map(chr, range(128))))
    return DecodedText(text, "utf-8", _lost_note(lost)) if letters > 2 * lost else None


def _likelier(data: bytes, declared: str) -> DecodedText | None:
    """Return the text in another encoding if it is certain and the declared one looks like none.

    Many pages declare what a template says; any bytes are some text in Windows-1252.
    """
    from jobs.extraction.guess_encoding import guess_encoding, looks_odd

    if not looks_odd(data, declared):
        return None
    guess = guess_encoding(data)
    text = decoded(data, guess.encodings[0]) if guess.is_certain else None
    if text is None or guess.encodings[0] == declared:
        return None
    return DecodedText(text, guess.encodings[0], guess.note_on(guess.encodings[0], certain=False))


def _guessed(data: bytes) -> DecodedText:
    # Its library costs 0.1 s, which most files need not.
    from jobs.extraction.guess_encoding import guess_encoding

    guess = guess_encoding(data)
    for encoding in guess.encodings:
        if (text := decoded(data, encoding)) is not None:
            return DecodedText(text, encoding, guess.note_on(encoding))
    text = data.decode(guess.encodings[0], errors="replace")
    return DecodedText(text, guess.encodings[0], guess.note_on(guess.encodings[0], certain=False))
