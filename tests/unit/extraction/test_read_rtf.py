r"""Tests of what is read of RTF. The files stand here as they are: \' is a byte, \u a character."""

from __future__ import annotations

import pytest

from jobs.extraction.blocks import Block, Kind, Note
from jobs.extraction.readers import rtf

FONTS = (
    r"{\fonttbl{\f0\froman\fcharset0 Times;}{\f1\fcharset204{\*\falt Arial}Arial;}"
    r"{\f2\fcharset128 MS Mincho;}{\f3\fcharset2 Symbol;}{\f4\fcharset238 Arial CE;}"
    r"{\f5\cpg1253 Old;}}"
)
STYLES = (
    r"{\stylesheet{\s0 Normal;}{\s1\b heading 1;}{\s7 \'dcberschrift 2;}{\s9 caption;}"
    r"{\s8\outlinelevel3 Mine;}}"
)


def file(body: str, head: str = r"\ansi\ansicpg1252\deff0") -> bytes:
    return rf"{{\rtf1{head}{FONTS}{STYLES}{body}}}".encode("latin-1")


def blocks(body: str, head: str = r"\ansi\ansicpg1252\deff0") -> list[Block]:
    return [item for item in rtf.read(file(body, head)) if isinstance(item, Block)]


def texts(body: str, head: str = r"\ansi\ansicpg1252\deff0") -> list[str]:
    return [block.text for block in blocks(body, head)]


def notes(body: str) -> list[str]:
    return [item.text for item in rtf.read(file(body)) if isinstance(item, Note)]


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (r"R&D is < 5\'25 \{a\\b\}", r"R&D is < 5% {a\b}"),
        (r"Price:\tab 48\~200\line euro", "Price: 48 200\neuro"),
        (r"guaran\-tee co\_op\emdash\ldblquote x\rdblquote", "guarantee co-op—“x”"),
        (r"caf\'e9 {\f1\'cf\'f0} {\f4\'b3\'f3d\'9f} {\f5\'e1}", "café Пр łódź α"),
        (r"{\f2\'83\'65\'83X\'83g}", "テスト"),
        (r"\u8364?\uc2\u233\'c3\'a9 \uc0\u233 e \uc1\u-10179?\u-8704?", "€é ée 😀"),
        (r"{\f3\'a3} 5 {\f3 \u-3913?}", "≤ 5 •"),
        ("one\r\ntwo \\bin5 }}}{{three", "onetwo three"),
        (r"{\field{\*\fldinst HYPERLINK x}{\fldrslt a link}}{\*\unknown{x}}", "a link"),
        (r"10{\super 6} 1{\super st}", "10⁶ 1st"),
        (r"{\upr{plain}{\*\ud{\u233?t\u233?}}}", "été"),
        (r"{\pntext\f3\'b7\tab}{\*\pn\pnlvlblt}item", "• item"),
        (r"{\listtext\pard\plain 2.1.\tab}Fees", "2.1. Fees"),
    ],
)
def test_characters_are_read_as_they_show(body: str, text: str) -> None:
    """Escapes, the code page of each font, Unicode with its replacement, fields, numbers."""
    assert texts(rf"\pard {body}\par") == [text]


def test_the_code_page_of_the_document_is_that_of_fonts_without_one() -> None:
    """Such as Windows-1251 of a program that names no character sets."""
    assert texts(r"{\f9\'cf\'f0}\par", r"\ansi\ansicpg1251") == ["Пр"]


def test_headings_are_known_by_style_or_outline() -> None:
    """In any language; a paragraph's own level goes first."""
    found = blocks(
        r"\pard\s1 A\par\pard\s7 B\par\pard\outlinelevel2 C\par\pard\s8 D\par\pard E\par"
    )

    assert [(block.text, block.level) for block in found] == [
        *(("A", 1), ("B", 2), ("C", 3), ("D", 4), ("E", 0)),
    ]
    assert found[0].kind is Kind.HEADING


def test_hidden_and_deleted_text_is_left_out_with_a_note() -> None:
    r"""\v and \deleted, also where several words change its look."""
    body = r"Seen {\v hid{\b den}}\v  more\v0  and {\deleted old}{\revised new}.\par"

    assert texts(body) == ["Seen  and new."]
    assert notes(body) == [
        "Tracked changes were read as accepted: 1 insertion kept, 1 deletion left out.",
        "Hidden text was left out in 1 place.",
    ]


def test_notes_comments_and_boxes_stand_below_their_paragraph() -> None:
    """What is drawn for older readers of RTF is the same once more, and is not read."""
    body = (
        r"In 2027{\super\chftn}{\footnote{\super\chftn} Excluding VAT.\par Or not.} it is."
        r"{\super\chftn}{\footnote\ftnalt{\super\chftn} At the end.}"
        r"{\*\atnid A}{\*\atnauthor Ana}\chatn{\*\annotation{\*\atndate 1}Sure?}"
        r"{\shp{\*\shpinst{\sp{\sn gtextUNICODE}{\sv DRAFT}}{\shptxt Boxed.\par}}"
        r"{\shprslt\par Boxed.\par}}\par End."
    )

    assert texts(body) == [
        *("In 2027 ¹ it is.¹", "Footnote 1: Excluding VAT.", "Or not.", "Endnote 1: At the end."),
        *("Comment by Ana: Sure?", "DRAFT", "Boxed.", "End."),
    ]


def test_headers_and_footers_are_read_once() -> None:
    """Headers above, footers at the end, page numbers not at all."""
    body = (
        r"{\header Ref. 118\par}{\footer Ostend\par}{\footerf 7\par}One.\sect"
        r"{\headerl Ref. 118\par}Two.\par"
    )

    assert texts(body) == ["Ref. 118", "One.", "Two.", "Ostend"]


def row(*cells: str, edges: tuple[int, ...] = (2000, 4000, 6000)) -> str:
    ends = "".join(rf"\cellx{edge}" for edge in edges)
    return rf"\trowd{ends}\pard\intbl " + "".join(rf"{cell}\cell " for cell in cells) + r"\row"


def test_rows_of_tables_name_their_columns() -> None:
    """With merged cells and a caption; the cells of a shorter row are as wide as they are drawn."""
    body = (
        r"\pard\s9 Table 3: Leases\par"
        + row("Site", "Rent in euro", "Ends")
        + row("Ghent", "410", "2029")
        + r"\trowd\clvmrg\cellx2000\cellx4000\cellx6000 \cell 520\cell 2031\cell\row"
        + row("Lier", "none", edges=(2000, 6010))
        + r"\pard After.\par"
    )
    found = blocks(body)

    assert [block.text for block in found] == [
        "Table 3: Leases",
        "Site: Ghent; Rent in euro: 410; Ends: 2029",
        "Site: Ghent; Rent in euro: 520; Ends: 2031",
        "Site: Lier; Rent in euro: none; Ends: none",
        "After.",
    ]
    assert found[1].caption == "Table 3: Leases"


def test_what_is_not_read_is_noted() -> None:
    """Large pictures and embedded files; a logo is not worth a note."""
    body = (
        r"{\*\shppict{\pict\picwgoal5000\pichgoal3000 89504e}}{\nonshppict{\pict 01}}"
        r"{\pict\picwgoal500\pichgoal300 89504e}"
        r"{\object\objemb{\*\objclass Excel.Sheet.8}{\*\objdata 01}{\result{\pict 02}}}"
        r"{\object\objemb{\*\objclass Equation.3}{\*\objdata 01}{\result{\pict 02}}}Text.\par"
    )

    assert texts(body) == ["Text."]
    assert notes(body) == [
        "1 picture was not read.",
        "1 equation was not read.",
        "1 embedded file was not read.",
    ]


def test_groups_without_end_cost_an_error() -> None:
    """Nobody nests a million groups."""
    with pytest.raises(ValueError, match="security limit"):
        list(rtf.read(b"{\\rtf1" + b"{" * 1_000_000))
