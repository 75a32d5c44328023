"""The page of a PDF: its size, its fonts, and what of a text they can show."""

from __future__ import annotations

import logging
import re
import unicodedata
from pathlib import Path

from fpdf import FPDF
from fpdf.fonts import TTFFont

from jobs.normalization import normalize

FONTS = Path(__file__).parent / "fonts"
SANS, MONO, EAST_ASIAN = "sans", "mono", "eastasian"
MORE_FONTS = {MONO: "DejaVuSansMono.ttf", EAST_ASIAN: "DroidSansFallback.ttf"}
_EAST_ASIAN = re.compile("[\u1100-\u11ff\u2e80-\ud7ff\uf900-\ufaff\ufe30-\ufe4f\uff00-\uffef]")
GREY = (90, 100, 96)
MISSING_GLYPH = "□"

# They log each glyph that a font lacks; the PDF itself says so.
logging.getLogger("fpdf").setLevel(logging.ERROR)
logging.getLogger("fontTools").setLevel(logging.ERROR)


class Paper(FPDF):
    """An A4 document with page numbers and the fonts of this package.

    `lacks` is True once they lacked a character of a text.
    """

    def __init__(self) -> None:
        super().__init__(format="A4")
        for style, name in (("", ""), ("B", "-Bold"), ("I", "-Oblique")):
            self.add_font(SANS, style, FONTS / f"DejaVuSans{name}.ttf")
        self.lacks = False
        self._fallbacks = [SANS]
        self.set_fallback_fonts(self._fallbacks, exact_match=False)
        self.set_margins(22, 20, 22)
        self.set_auto_page_break(True, margin=20)
        self.c_margin = 0

    def use(self, family: str) -> None:
        """Load a further font. Each takes 0.1 s or more, and most files need none."""
        if family not in self.fonts:
            self.add_font(family, "", FONTS / MORE_FONTS[family])
            self._fallbacks.append(family)
            self.set_fallback_fonts(self._fallbacks, exact_match=False)

    def _knows(self, char: str) -> bool:
        """Return whether a font has this character, loading the East Asian one if needed."""
        if _EAST_ASIAN.match(char):
            self.use(EAST_ASIAN)
        fonts = (self.fonts[family] for family in self._fallbacks)
        return any(ord(char) in font.cmap for font in fonts if isinstance(font, TTFFont))

    def footer(self) -> None:
        """Draw the page number; fpdf2 calls this for each page."""
        self.set_y(-14)
        self.set_font(SANS, "", 8)
        self.set_text_color(*GREY)
        self.cell(0, 5, f"Askqueue · page {self.page_no()}", align="C")

    def shown(self, text: str) -> str:
        """Return the text with boxes for what the fonts lack, and without invisible characters."""
        return "".join(
            char if char in "\n\t" or self._knows(char) else self._substitute(char)
            for char in normalize("NFC", text)
        ).replace("\t", "    ")

    def _substitute(self, char: str) -> str:
        kind = unicodedata.category(char)
        if kind == "Zs":
            return " "
        if kind in ("Cf", "Mn", "Me"):
            return ""
        self.lacks = True
        return MISSING_GLYPH
