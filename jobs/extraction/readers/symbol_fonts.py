"""Characters of the fonts Symbol and Wingdings, whose codes are those of pictures, not of letters.

A document stores them as the code, or as a private character from U+F020 on.
"""

from __future__ import annotations

import re

PRIVATE = range(0xF020, 0xF100)
_PRIVATE = re.compile("[\uf020-\uf0ff]")
# From 0x20; a space stands for what has no counterpart.
# https://www.unicode.org/Public/MAPPINGS/VENDORS/ADOBE/symbol.txt
_SYMBOL_LOW = (
    " !∀#∃%&∋()∗+,−./0123456789:;<=>?≅ΑΒΧΔΕΦΓΗΙϑΚΛΜΝΟΠΘΡΣΤΥςΩΞΨΖ[∴]⊥_"
    " αβχδεφγηιϕκλμνοπθρστυϖωξψζ{|}∼ "
)
# From 0xA0.
_SYMBOL_HIGH = (
    "€ϒ′≤⁄∞ƒ♣♦♥♠↔←↑→↓°±″≥×∝∂•÷≠≡≈…⏐⎯↵ℵℑℜ℘⊗⊕∅∩∪⊃⊇⊄⊂⊆∈∉∠∇®©™∏√⋅¬∧∨⇔⇐⇑⇒⇓◊〈"
    "®©™∑⎛⎜⎝⎡⎢⎣⎧⎨⎩⎪ 〉∫⌠⎮⌡⎞⎟⎠⎤⎥⎦⎫⎬⎭ "
)
_WINGDINGS = {
    **dict(enumerate("☺😐☹💣☠", 0x4A)),
    **dict(enumerate("➀➁➂➃➄➅➆➇➈➉", 0x81)),
    **dict(enumerate("➊➋➌➍➎➏➐➑➒➓", 0x8C)),
    **dict.fromkeys((0x6C, 0x9E, 0x9F, 0xA0, 0xA1, 0x77, 0x76, 0x73, 0x74, 0x75), "•"),
    **dict.fromkeys((0xA7, 0x6E, 0xD8, 0x46, 0x76), "•"),
    **dict.fromkeys((0x6F, 0x70, 0x71, 0x72, 0xA8), "☐"),
    **dict.fromkeys((0xFB, 0xCF, 0x78), "✗"),
    0x22: "✂",
    0x28: "☎",
    0x2A: "✉",
    0x45: "☜",
    0xD5: "⌫",
    0xDF: "←",
    0xE0: "→",
    0xE1: "↑",
    0xE2: "↓",
    0xE8: "➔",
    0xE7: "←",
    0xEF: "⇦",
    0xF0: "⇨",
    0xF3: "⇔",
    0xFC: "✓",
    0xFD: "☒",
    0xFE: "☑",
}
_WINGDINGS2 = {
    **dict.fromkeys((0x53, 0x54), "☒"),
    **dict.fromkeys((0x2A, 0xA3), "☐"),
    0x4F: "✗",
    0x50: "✓",
    0x51: "✗",
    0x52: "☑",
}
_WINGDINGS3 = {
    0x66: "←",
    0x67: "→",
    0x68: "↑",
    0x69: "↓",
    0x70: "▲",
    0x71: "▼",
    0x75: "▶",
    0x7D: "▶",
}


def symbol(code: int, font: str) -> str:
    """Return the character of a code, or "" if it is a picture without a counterpart."""
    name = font.lower()
    if code in PRIVATE:
        code -= 0xF000
    elif code > 0xFF:
        return chr(code)
    if name == "symbol":
        return _in_symbol(code)
    for known, table in (
        ("wingdings 2", _WINGDINGS2),
        ("wingdings 3", _WINGDINGS3),
        ("wingdings", _WINGDINGS),
    ):
        if name.startswith(known):
            return table.get(code, "")
    if "ding" in name or "marlett" in name or name.startswith("webdings"):
        return ""
    return chr(code)


def translate(text: str, font: str) -> str:
    """Return a text in which the private characters of such fonts are those that they show."""
    if _PRIVATE.search(text) is None:
        return text
    # Word's default for a private character without a font is Symbol.
    return "".join(
        symbol(ord(char), font if _is_of_pictures(font) else "symbol")
        if ord(char) in PRIVATE
        else char
        for char in text
    )


def _is_of_pictures(font: str) -> bool:
    name = font.lower()
    return name == "symbol" or "dings" in name


def _in_symbol(code: int) -> str:
    for first, characters in ((0x20, _SYMBOL_LOW), (0xA0, _SYMBOL_HIGH)):
        if first <= code < first + len(characters):
            return characters[code - first].strip() or (" " if code == 0x20 else "")
    return ""
