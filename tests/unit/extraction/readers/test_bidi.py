"""Right-to-left text from the places of its letters."""

from __future__ import annotations

import pytest

from jobs.extraction.readers.bidi import Glyph, in_reading_order


def read(shown: str, *, is_rtl: bool) -> str:
    """Read a line that looks like this, from left to right."""
    glyphs = [
        Glyph(character, 10.0 * at, 0, 10.0 * at + 10, 12, at) for at, character in enumerate(shown)
    ]
    return "".join(glyph.character for glyph in in_reading_order(glyphs, is_rtl=is_rtl))


@pytest.mark.parametrize(
    ("shown", "text"),
    [
        ("םולש", "שלום"),
        (".2028 רבמצדב 31", "31 בדצמבר 2028."),
        ('.31.12.2028 דע ח"ש 1,250', '1,250 ש"ח עד 31.12.2028.'),
        (')מ"עמ אלל( שדוחל', 'לחודש (ללא מע"מ)'),
        ("שדוח לכב signs page 12 ןהכ", "כהן signs page 12 בכל חודש"),
        ("دقعلا ةدم", "مدة العقد"),
    ],
)
def test_line_from_right_to_left(shown: str, text: str) -> None:
    """Numbers and Latin words within it keep their direction; brackets are the right way round."""
    assert read(shown, is_rtl=True).replace("(", "(") == text


def test_hebrew_within_an_english_line() -> None:
    """Only its words are turned."""
    assert read("signed by ןהכ ירוא in 2026", is_rtl=False) == "signed by אורי כהן in 2026"


def test_marks_follow_the_letter_they_stand_on() -> None:
    """An accent of Arabic is drawn at the place of its letter."""
    glyphs = [
        Glyph("\u0627", 0, 0, 10, 12, 0),
        Glyph("\u064b", 2, 0, 8, 12, 1),
        Glyph("\u0631", 10, 0, 20, 12, 2),
    ]
    ordered = in_reading_order(glyphs, is_rtl=True)
    assert "".join(glyph.character for glyph in ordered) == "\u0631\u0627\u064b"
