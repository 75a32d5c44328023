"""Tests of what is read of Word documents."""

from __future__ import annotations

import pytest

from jobs.extraction.blocks import Block, Kind, Note
from jobs.extraction.file_types import UnreadableFileError
from jobs.extraction.readers import word
from tests.office_files import docx, drawn, paragraph, part, relations, table


def texts(data: bytes) -> list[str]:
    return [item.text for item in word.read(data) if isinstance(item, Block)]


def notes(data: bytes) -> list[str]:
    return [item.text for item in word.read(data) if isinstance(item, Note)]


def runs(content: str) -> str:
    """A paragraph of runs that stand as XML."""
    return f"<w:p>{content}</w:p>"


def numbered(text: str, level: int = 0, number: int = 1) -> str:
    mark = f'<w:numPr><w:ilvl w:val="{level}"/><w:numId w:val="{number}"/></w:numPr>'
    return paragraph(text, mark)


def level(at: int, text: str, form: str = "decimal", more: str = "") -> str:
    return (
        f'<w:lvl w:ilvl="{at}"><w:start w:val="1"/><w:numFmt w:val="{form}"/>{more}'
        f'<w:lvlText w:val="{text}"/></w:lvl>'
    )


def numbering(
    levels: str, nums: str = '<w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num>'
) -> str:
    return f'<w:abstractNum w:abstractNumId="0">{levels}</w:abstractNum>{nums}'


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("<w:r><w:t>R&amp;D is &lt; 5% &amp; &gt; 2</w:t></w:r>", "R&D is < 5% & > 2"),
        ("<w:r><w:t>Total:</w:t><w:tab/><w:t>48</w:t></w:r>", "Total: 48"),
        ("<w:r><w:t>one</w:t><w:br/><w:t>two</w:t></w:r>", "one\ntwo"),
        ("<w:r><w:t>co</w:t><w:noBreakHyphen/><w:t>op</w:t></w:r>", "co-op"),
        ("<w:r><w:t>guaran</w:t><w:softHyphen/><w:t>tee\xad</w:t></w:r>", "guarantee"),
        ("<w:r><w:t>48\xa0200\u202feuro</w:t></w:r>", "48 200 euro"),
        ('<w:r><w:sym w:font="Wingdings" w:char="F0FE"/><w:t> yes</w:t></w:r>', "☑ yes"),
        ('<w:r><w:sym w:font="Symbol" w:char="F0B3"/><w:t> 5</w:t></w:r>', "≥ 5"),
        ("<w:hyperlink><w:r><w:t>a link</w:t></w:r></w:hyperlink>", "a link"),
        (
            "<w:r><w:t>10</w:t></w:r>"
            "<w:r><w:rPr><w:vertAlign w:val='superscript'/></w:rPr><w:t>6</w:t></w:r>",
            "10⁶",
        ),
        ("<w:smartTag><w:r><w:t>Ghent</w:t></w:r></w:smartTag>", "Ghent"),
        ("<w:fldSimple w:instr='PAGEREF x'><w:r><w:t>12</w:t></w:r></w:fldSimple>", "12"),
        (
            "<w:ruby><w:rt><w:r><w:t>とう</w:t></w:r></w:rt>"
            "<w:rubyBase><w:r><w:t>東</w:t></w:r></w:rubyBase></w:ruby>",
            "東",
        ),
    ],
)
def test_characters_are_read_as_they_show(content: str, text: str) -> None:
    """Signs, blanks, hyphens, symbols and the words of links and fields are those of the page."""
    assert texts(docx(runs(content))) == [text]


def test_the_result_of_a_field_is_read_and_not_its_instruction() -> None:
    """What stands between begin and separate is for Word, even a field within it."""

    def mark(kind: str) -> str:
        return f'<w:r><w:fldChar w:fldCharType="{kind}"/></w:r>'

    inner = mark("begin") + mark("separate") + "<w:r><w:t>NAME</w:t></w:r>" + mark("end")
    body = runs(
        "<w:r><w:t>See </w:t></w:r>"
        + mark("begin")
        + "<w:r><w:instrText>IF </w:instrText></w:r>"
        + inner
        + mark("separate")
        + "<w:r><w:t>annex B</w:t></w:r>"
    ) + runs("<w:r><w:t>and C</w:t></w:r>" + mark("end") + "<w:r><w:t>.</w:t></w:r>")

    assert texts(docx(body)) == ["See annex B", "and C."]


def test_a_field_that_never_ends_hides_nothing() -> None:
    """A begin without its end is ignored, for else the rest of the document would be lost."""
    body = runs('<w:r><w:fldChar w:fldCharType="begin"/></w:r>') + paragraph("All the rest.")

    assert texts(docx(body)) == ["All the rest."]


def test_form_fields_show_what_was_chosen() -> None:
    """Boxes and lists of Word 97 keep their value in the field's data."""
    field = '<w:r><w:fldChar w:fldCharType="{}">{}</w:fldChar></w:r>'
    box = field.format("begin", "<w:ffData><w:checkBox><w:checked/></w:checkBox></w:ffData>")
    choice = field.format(
        "begin",
        '<w:ffData><w:ddList><w:result w:val="1"/><w:listEntry w:val="no"/>'
        '<w:listEntry w:val="perhaps"/></w:ddList></w:ffData>',
    )
    end = field.format("end", "")
    body = runs(f"{box}{end}<w:r><w:t> agreed: </w:t></w:r>{choice}{end}")

    assert texts(docx(body)) == ["☒ agreed: perhaps"]


def test_lists_show_their_numbers() -> None:
    """Levels count, restart below a higher one, and name the levels above."""
    levels = level(0, "%1.") + level(1, "%1.%2") + level(2, "(%3)", "lowerLetter")
    body = "".join(
        numbered(text, at)
        for text, at in [("A", 0), ("B", 1), ("C", 1), ("D", 2), ("E", 0), ("F", 1), ("G", 2)]
    )

    assert texts(docx(body, numbering=numbering(levels))) == [
        *("1. A", "1.1 B", "1.2 C", "(a) D", "2. E", "2.1 F", "(a) G"),
    ]


@pytest.mark.parametrize(
    ("form", "shown"),
    [
        *(("upperRoman", "III."), ("upperLetter", "C."), ("decimalZero", "03."), ("none", ".")),
        *(("ordinalText", "Third."), ("chineseCounting", "三."), ("hebrew1", "ג.")),
        *(("russianLower", "в."), ("decimalEnclosedCircle", "③."), ("aiueo", "ウ.")),
    ],
)
def test_numbers_have_the_format_of_their_list(form: str, shown: str) -> None:
    """Letters, Roman numerals and the numerals of other scripts."""
    body = numbered("A") + numbered("B") + numbered("Fees")

    assert texts(docx(body, numbering=numbering(level(0, "%1.", form))))[2] == f"{shown} Fees"


def test_bullets_are_bullets_whatever_their_font() -> None:
    """A private character of Symbol is shown as a bullet, a dash as a dash."""
    symbol = level(0, "\uf0b7", "bullet", "") + level(1, "–", "bullet") + level(2, "o", "bullet")
    body = numbered("A") + numbered("B", 1) + numbered("C", 2)

    assert texts(docx(body, numbering=numbering(symbol))) == ["• A", "– B", "• C"]


def test_lists_of_the_same_kind_go_on_unless_they_begin_anew() -> None:
    """A second list counts on from the first; one that overrides its start begins there."""
    nums = (
        '<w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num>'
        '<w:num w:numId="2"><w:abstractNumId w:val="0"/></w:num>'
        '<w:num w:numId="3"><w:abstractNumId w:val="0"/><w:lvlOverride w:ilvl="0">'
        '<w:startOverride w:val="5"/></w:lvlOverride></w:num>'
    )
    body = numbered("A") + numbered("B", 0, 2) + numbered("C", 0, 3) + numbered("D", 0, 3)

    assert texts(docx(body, numbering=numbering(level(0, "%1)"), nums))) == [
        *("1) A", "2) B", "5) C", "6) D"),
    ]


def test_a_level_that_never_restarts_counts_on() -> None:
    """`lvlRestart` 0 lets the articles of all chapters have one count."""
    levels = level(0, "Chapter %1") + level(1, "Article %2", "decimal", '<w:lvlRestart w:val="0"/>')
    body = numbered("A") + numbered("B", 1) + numbered("C") + numbered("D", 1)

    assert texts(docx(body, numbering=numbering(levels)))[3] == "Article 2 D"


def test_numbers_of_legal_lists_are_decimal() -> None:
    """`isLgl` writes II.1 as 2.1."""
    levels = level(0, "%1", "upperRoman") + level(1, "%1.%2", "decimal", "<w:isLgl/>")
    body = numbered("A") + numbered("B") + numbered("C", 1)

    assert texts(docx(body, numbering=numbering(levels)))[1:] == ["II B", "2.1 C"]


HEADINGS = (
    '<w:style w:type="paragraph" w:styleId="berschrift1"><w:name w:val="heading 1"/><w:pPr>'
    '<w:numPr><w:numId w:val="1"/></w:numPr></w:pPr></w:style>'
    '<w:style w:type="paragraph" w:styleId="berschrift2"><w:name w:val="Überschrift 2"/>'
    '<w:basedOn w:val="berschrift1"/></w:style>'
    '<w:style w:type="paragraph" w:styleId="Mine"><w:name w:val="Mine"/>'
    '<w:basedOn w:val="berschrift2"/></w:style>'
    '<w:style w:type="paragraph" w:styleId="Out"><w:name w:val="Out"/>'
    '<w:pPr><w:outlineLvl w:val="2"/></w:pPr></w:style>'
)


def styled(text: str, style: str) -> str:
    return paragraph(text, f'<w:pStyle w:val="{style}"/>')


def test_headings_have_the_level_and_the_number_of_their_style() -> None:
    """By the style's name in any language, what it is based on, or its outline level."""
    levels = level(0, "%1", "decimal", '<w:pStyle w:val="berschrift1"/>') + level(
        1, "%1.%2", "decimal", '<w:pStyle w:val="Mine"/>'
    )
    body = styled("A", "berschrift1") + styled("B", "Mine") + styled("C", "Out") + paragraph("D")
    items = list(word.read(docx(body, styles=HEADINGS, numbering=numbering(levels))))

    assert [(item.text, item.level) for item in items if isinstance(item, Block)] == [
        *(("1 A", 1), ("1.1 B", 2), ("C", 3), ("D", 0)),
    ]
    assert [item.kind for item in items if isinstance(item, Block)][2:] == [Kind.HEADING, Kind.TEXT]


def test_hidden_text_is_left_out_with_a_note() -> None:
    """Hidden by the run, by a style or by the row of a table; `val="0"` shows it again."""
    styles = (
        '<w:style w:type="paragraph" w:styleId="Ghost"><w:name w:val="Ghost"/>'
        "<w:rPr><w:vanish/></w:rPr></w:style>"
        '<w:style w:type="character" w:styleId="Pale"><w:name w:val="Pale"/>'
        "<w:rPr><w:vanish/></w:rPr></w:style>"
    )
    row = (
        "<w:tr><w:trPr><w:hidden/></w:trPr><w:tc><w:p><w:r><w:t>row</w:t></w:r></w:p></w:tc></w:tr>"
    )
    body = (
        paragraph("Seen.")
        + paragraph("run", run="<w:vanish/>")
        + paragraph("style", '<w:pStyle w:val="Ghost"/>')
        + paragraph("character", run='<w:rStyle w:val="Pale"/>')
        + paragraph("Shown.", '<w:pStyle w:val="Ghost"/>', '<w:vanish w:val="0"/>')
        + table([["Site", "Rent in euro"], ["Ghent", "410"]]).replace("</w:tbl>", f"{row}</w:tbl>")
    )

    assert texts(docx(body, styles=styles)) == ["Seen.", "Shown.", "Site: Ghent; Rent in euro: 410"]
    assert notes(docx(body, styles=styles)) == ["Hidden text was left out in 4 places."]


def test_a_heading_that_runs_into_its_text_is_one_with_it() -> None:
    """A paragraph whose mark is hidden or deleted goes on in the next one's line."""
    for mark in ("<w:vanish/>", '<w:del w:id="1" w:author="A"/>'):
        body = paragraph("Scope.", f"<w:rPr>{mark}</w:rPr>") + paragraph("All cranes.")
        assert texts(docx(body)) == ["Scope. All cranes."]


def test_a_drop_cap_is_the_first_letter_of_its_word() -> None:
    """Word keeps the large letter in a paragraph of its own."""
    body = paragraph("T", '<w:framePr w:dropCap="drop"/>') + paragraph("he quay is closed.")

    assert texts(docx(body)) == ["The quay is closed."]


def test_tracked_changes_are_read_as_accepted_with_a_note() -> None:
    """Insertions and what was moved here are kept, deletions and what was moved away are not."""
    run = "<w:r><w:t>{}</w:t></w:r>"
    body = runs(
        run.format("The fee is ")
        + f"<w:ins w:author='A'>{run.format('500')}</w:ins>"
        + "<w:del w:author='A'><w:r><w:delText>410</w:delText></w:r></w:del>"
        + f"<w:moveFrom>{run.format(' pounds')}</w:moveFrom>"
        + f"<w:moveTo>{run.format(' euro')}</w:moveTo>"
    )

    assert texts(docx(body)) == ["The fee is 500 euro"]
    assert notes(docx(body)) == [
        "Tracked changes were read as accepted: 2 insertions kept, 2 deletions left out."
    ]


def test_notes_stand_below_the_paragraph_that_calls_them() -> None:
    """With the number that they have on the page, which does not become one with a number."""
    call = "<w:r><w:t>In 2027</w:t></w:r><w:r><w:{0}Reference w:id='{1}'/></w:r>"
    body = runs(call.format("footnote", 7)) + runs(call.format("endnote", 3)) + paragraph("End.")
    data = docx(
        body,
        footnotes=f'<w:footnote w:id="7">{paragraph("Excluding VAT.")}</w:footnote>',
        endnotes=f'<w:endnote w:id="3">{paragraph("See annex.")}</w:endnote>',
    )

    assert texts(data) == [
        *("In 2027 ¹", "Footnote 1: Excluding VAT.", "In 2027 ⁱ", "Endnote i: See annex.", "End."),
    ]


def test_comments_name_their_author() -> None:
    """A comment stands below what it is about."""
    body = runs("<w:r><w:t>Price.</w:t></w:r><w:r><w:commentReference w:id='0'/></w:r>")
    comment = f'<w:comment w:id="0" w:author="Ana B.">{paragraph("Too high?")}</w:comment>'

    assert texts(docx(body, comments=comment)) == ["Price.", "Comment by Ana B.: Too high?"]


def section(kinds: str, more: str = "") -> str:
    """A section with headers (h) and footers (f); `kinds` is such as "hd fd"."""
    references = ""
    for kind in kinds.split():
        name = {"h": "header", "f": "footer"}[kind[0]]
        form = {"d": "default", "f": "first", "e": "even"}[kind[1]]
        references += f'<w:{name}Reference w:type="{form}" r:id="{kind}"/>'
    return f"<w:sectPr>{references}{more}</w:sectPr>"


def with_margins(body: str, texts_of: dict[str, str], **roots: str) -> bytes:
    names = {"h": ("w:hdr", "header"), "f": ("w:ftr", "footer")}
    return docx(
        body,
        {
            f"word/{key}.xml": part(names[key[0]][0], paragraph(text))
            for key, text in texts_of.items()
        },
        {key: (names[key[0]][1], f"{key}.xml") for key in texts_of},
        **roots,
    )


def test_headers_and_footers_are_read_once() -> None:
    """Of the first page and even pages only where the document shows them; no mere page numbers."""
    said = {"hd": "Ref. 118", "hf": "Letterhead", "he": "Even", "fd": "Page 3 of 9", "ff": "7"}
    shown = section("hd hf he fd ff", "<w:titlePg/>")
    body = paragraph("One.", shown) + paragraph("Two.", section("hd")) + shown
    hidden = with_margins(paragraph("One.") + section("hd hf he"), said)

    assert texts(with_margins(body, said)) == [
        *("Ref. 118", "Letterhead", "One.", "Page 3 of 9", "Two."),
    ]
    assert texts(hidden) == ["Ref. 118", "One."]
    even = with_margins(
        paragraph("One.") + section("hd he"), said, settings="<w:evenAndOddHeaders/>"
    )
    assert texts(even) == ["Ref. 118", "Even", "One."]


def test_a_section_has_the_headers_of_the_one_before() -> None:
    """Unless it has its own: python-docx and Word leave out what is linked."""
    body = paragraph("One.", section("hf")) + section("hd", "<w:titlePg/>")

    assert texts(with_margins(body, {"hf": "Letterhead", "hd": "Ref. 118"})) == [
        *("One.", "Ref. 118", "Letterhead"),
    ]


def test_headings_stand_below_the_title() -> None:
    """So that each passage names it."""
    styles = (
        HEADINGS + '<w:style w:type="paragraph" w:styleId="T"><w:name w:val="Title"/></w:style>'
    )
    items = word.read(docx(styled("Lease", "T") + styled("Fees", "berschrift1"), styles=styles))

    assert [(item.text, item.level) for item in items if isinstance(item, Block)] == [
        *(("Lease", 1), ("Fees", 2)),
    ]


BOX = (
    "<w:r><mc:AlternateContent><mc:Choice Requires='wps'><w:drawing><wp:anchor>"
    "<a:graphic><a:graphicData><wps:wsp><wps:txbx><w:txbxContent>{0}</w:txbxContent></wps:txbx>"
    "</wps:wsp></a:graphicData></a:graphic></wp:anchor></w:drawing></mc:Choice>"
    "<mc:Fallback><w:pict><v:shape><v:textbox><w:txbxContent>{0}</w:txbxContent></v:textbox>"
    "</v:shape></w:pict></mc:Fallback></mc:AlternateContent></w:r>"
)


def test_a_text_box_is_read_once_below_its_anchor() -> None:
    """Of the two forms in which Word writes it, one is read; within it, lists and controls too."""
    inner = (
        paragraph("Boxed.") + f"<w:sdt><w:sdtContent>{paragraph('Quoted.')}</w:sdtContent></w:sdt>"
    )
    body = runs("<w:r><w:t>Anchor.</w:t></w:r>" + BOX.format(inner)) + paragraph("After.")

    assert texts(docx(body)) == ["Anchor.", "Boxed.", "Quoted.", "After."]
    legacy = (
        f"<w:r><w:pict><v:shape><v:textbox><w:txbxContent>{inner}</w:txbxContent></v:textbox>"
        "</v:shape></w:pict></w:r>"
    )
    assert texts(docx(runs(legacy))) == ["Boxed.", "Quoted."]


def test_content_controls_are_read_wherever_they_stand() -> None:
    """Around blocks, runs, rows and cells; those that only ask for a text are left out."""
    prompt = "<w:sdt><w:sdtPr><w:showingPlcHdr/></w:sdtPr><w:sdtContent>{}</w:sdtContent></w:sdt>"
    control = "<w:sdt><w:sdtContent>{}</w:sdtContent></w:sdt>"
    other = control.format(f"<w:tc>{paragraph('Rent in euro')}</w:tc>")
    cells = f"<w:tc>{paragraph('Site')}</w:tc>{other}"
    site = control.format(paragraph("Ghent"))
    row = f"<w:tr><w:tc>{site}</w:tc><w:tc>{paragraph('410')}</w:tc></w:tr>"
    body = (
        control.format(control.format(paragraph("Block.")))
        + runs("<w:r><w:t>In </w:t></w:r>" + control.format("<w:r><w:t>line.</w:t></w:r>"))
        + runs("<w:r><w:t>Name: </w:t></w:r>" + prompt.format("<w:r><w:t>Click here</w:t></w:r>"))
        + prompt.format(paragraph("Click here"))
        + f"<w:tbl><w:tr>{cells}</w:tr>{control.format(row)}</w:tbl>"
    )

    assert texts(docx(body)) == ["Block.", "In line.", "Name:", "Site: Ghent; Rent in euro: 410"]


def test_rows_of_tables_name_their_columns() -> None:
    """Merged cells say their text in each row and column that they cover; captions are repeated."""
    merge = "<w:tcPr><w:vMerge{}/></w:tcPr>{}"
    wide = '<w:tcPr><w:gridSpan w:val="2"/></w:tcPr>' + paragraph("none")
    rows = [
        ["Site", "Rent", "Ends"],
        [merge.format(' w:val="restart"', paragraph("Ghent")), "410", "2029"],
        [merge.format("", paragraph("")), "520", "2031"],
        ["Liège", wide],
    ]
    caption = '<w:style w:type="paragraph" w:styleId="Caption"><w:name w:val="caption"/></w:style>'
    body = paragraph("Table 3: Leases", '<w:pStyle w:val="Caption"/>') + table(rows)
    items = list(word.read(docx(body, styles=caption)))

    assert [item.text for item in items if isinstance(item, Block)] == [
        "Table 3: Leases",
        "Site: Ghent; Rent: 410; Ends: 2029",
        "Site: Ghent; Rent: 520; Ends: 2031",
        "Site: Liège; Rent: none; Ends: none",
    ]
    assert {item.caption for item in items[1:] if isinstance(item, Block)} == {"Table 3: Leases"}


def test_a_span_of_a_thousand_million_columns_costs_nothing() -> None:
    """Nor do a thousand million skipped ones."""
    cell = '<w:tcPr><w:gridSpan w:val="999999999"/></w:tcPr>' + paragraph("wide")
    body = table([["A", "B"], ["1", cell]]).replace(
        "<w:tr>", '<w:tr><w:trPr><w:gridBefore w:val="999999999"/></w:trPr>', 1
    )

    assert "wide" in " ".join(texts(docx(body)))


def test_a_table_that_only_places_texts_is_read_as_texts() -> None:
    """One column, or tables within cells: each cell is read through before the next."""
    inner = table([["Item", "Due"], ["Crane", "May"]])
    body = table([["<w:p/>" + inner, paragraph("Right.")]]) + table([["Boxed."], ["Again."]])

    assert texts(docx(body)) == ["Item: Crane; Due: May", "Right.", "Boxed.", "Again."]


def test_a_table_in_one_cell_of_many_is_a_part_of_that_cell() -> None:
    """The rows of the table around it stay rows."""
    inner = paragraph("See:") + table([["Item", "Due"], ["Crane", "May"]])
    body = table([["Site", "Notes", "Ends"], ["Ghent", inner, "2029"], ["Lier", "none", "2031"]])

    assert texts(docx(body)) == [
        "Site: Ghent; Notes: See: Item: Crane; Due: May; Ends: 2029",
        "Site: Lier; Notes: none; Ends: 2031",
    ]


def test_notes_of_cells_stand_below_the_table() -> None:
    """So that the values of a row stay together."""
    cell = runs("<w:r><w:t>410</w:t></w:r><w:r><w:footnoteReference w:id='2'/></w:r>")
    data = docx(
        table([["Site", "Rent"], ["Ghent", cell], ["Lier", "9"]]),
        footnotes=f'<w:footnote w:id="2">{paragraph("A month.")}</w:footnote>',
    )

    assert texts(data) == [
        "Site: Ghent; Rent: 410 ¹",
        "Site: Lier; Rent: 9",
        "Footnote 1: A month.",
    ]


def test_equations_are_read_as_one_line() -> None:
    """A fraction is not a number, nor is a power."""
    text = "<m:r><m:t>{}</m:t></m:r>"
    body = runs(
        "<w:r><w:t>So</w:t></w:r><m:oMath>"
        f"<m:sSup><m:e>{text.format('x')}</m:e><m:sup>{text.format('2')}</m:sup></m:sSup>"
        f"{text.format('=')}<m:f><m:num>{text.format('1')}</m:num><m:den>{text.format('2')}</m:den>"
        f"</m:f><m:rad><m:deg/><m:e>{text.format('a+b')}</m:e></m:rad></m:oMath>"
    )

    assert texts(docx(body)) == ["So x^2=1/2√(a+b)"]


def drawing(content: str, properties: str = "") -> str:
    return runs(
        f"<w:r><w:drawing><wp:inline><wp:docPr id='1' name='x' {properties}/><a:graphic>"
        f"<a:graphicData>{content}</a:graphicData></a:graphic></wp:inline></w:drawing></w:r>"
    )


def picture(width: int, height: int) -> str:
    size = f"<a:ext cx='{width}' cy='{height}'/>"
    return f"<pic:pic><pic:spPr><a:xfrm>{size}</a:xfrm></pic:spPr></pic:pic>"


def test_pictures_are_read_by_their_alternative_text_and_large_ones_are_noted() -> None:
    """A logo is not worth a note, nor is a file's name worth reading."""
    body = (
        drawing(picture(5_000_000, 3_000_000), "descr='A map of the port'")
        + drawing(picture(500_000, 300_000), "descr='logo.png'")
        + drawing(picture(5_000_000, 3_000_000))
    )

    shape = "<v:shape style='width:{0}pt;height:{0}pt'><v:imagedata/></v:shape>"
    old = f"<w:r><w:pict>{shape}</w:pict></w:r>"
    body += runs(old.format(400) + old.format(40))

    assert texts(docx(body)) == ["Picture: A map of the port"]
    assert notes(docx(body)) == ["3 pictures were not read."]


def test_embedded_files_and_old_equations_are_noted() -> None:
    """They are files in the file."""
    ole = '<w:r><w:object><o:OLEObject Type="Embed" ProgID="{}"/></w:object></w:r>'
    look = '<v:shape style="width:450pt;height:300pt"><v:imagedata/></v:shape>'
    sheet = ole.format("Excel.Sheet.12").replace("<o:", f"{look}<o:")
    body = runs(sheet + ole.format("Equation.3"))

    assert notes(docx(body)) == ["1 equation was not read.", "1 embedded file was not read."]


CHART = (
    "<c:chart><c:plotArea><c:barChart><c:ser>"
    "<c:tx><c:strRef><c:strCache><c:pt idx='0'><c:v>Share</c:v></c:pt></c:strCache></c:strRef>"
    "</c:tx>"
    "<c:cat><c:strRef><c:strCache><c:pt idx='0'><c:v>2026</c:v></c:pt></c:strCache></c:strRef>"
    "</c:cat><c:val><c:numRef><c:numCache><c:formatCode>0.0%</c:formatCode>"
    "<c:pt idx='0'><c:v>7.4999999999999997E-2</c:v></c:pt></c:numCache></c:numRef></c:val></c:ser>"
    "</c:barChart></c:plotArea></c:chart>"
)


def test_charts_and_diagrams_are_read() -> None:
    """A chart as rows with the values as they show, SmartArt as its texts; one without is noted."""
    diagram = (
        f"<dgm:ptLst><dgm:pt modelId='2'><dgm:t>{drawn('Then')}</dgm:t></dgm:pt>"
        f"<dgm:pt modelId='1'><dgm:t>{drawn('First')}</dgm:t></dgm:pt>"
        "<dgm:pt modelId='0' type='doc'/></dgm:ptLst><dgm:cxnLst>"
        "<dgm:cxn srcId='0' destId='2' srcOrd='1'/><dgm:cxn srcId='0' destId='1' srcOrd='0'/>"
        "</dgm:cxnLst>"
    )
    body = (
        drawing("<c:chart r:id='c1'/>")
        + drawing("<dgm:relIds r:dm='d1'/>")
        + drawing("<c:chart r:id='c2'/>")
    )
    data = docx(
        body,
        {
            "word/charts/chart1.xml": part("c:chartSpace", CHART),
            "word/charts/chart2.xml": part("c:chartSpace", "<c:chart/>"),
            "word/diagrams/data1.xml": part("dgm:dataModel", diagram),
        },
        {
            "c1": ("chart", "charts/chart1.xml"),
            "c2": ("chart", "charts/chart2.xml"),
            "d1": ("diagramData", "diagrams/data1.xml"),
        },
    )

    assert texts(data) == ["2026; Share: 7.5%", "First", "Then"]
    assert notes(data) == ["1 chart was not read."]


def test_included_documents_are_read() -> None:
    """A document that a program put in as it was."""
    data = docx(
        paragraph("Before.") + '<w:altChunk r:id="x1"/><w:altChunk r:id="x2"/>',
        {"word/a.docx": docx(paragraph("Included.")), "word/b.bin": b"\0"},
        {"x1": ("aFChunk", "a.docx"), "x2": ("aFChunk", "/word/b.bin")},
    )

    assert texts(data) == ["Before.", "Included."]
    assert notes(data) == ["1 included document was not read."]


def test_strict_documents_are_read() -> None:
    """ISO/IEC 29500 strict has other namespaces; Word saves it as “Strict Open XML Document”."""
    main = part("w:document", f"<w:body>{paragraph('Strictly.')}</w:body>").replace(
        "http://schemas.openxmlformats.org/wordprocessingml/2006/main",
        "http://purl.oclc.org/ooxml/wordprocessingml/main",
    )
    links = relations({"r1": ("officeDocument", "word/document.xml")}).replace(
        "http://schemas.openxmlformats.org/officeDocument/2006/relationships",
        "http://purl.oclc.org/ooxml/officeDocument/relationships",
    )

    assert texts(docx("", {"word/document.xml": main, "_rels/.rels": links})) == ["Strictly."]


def test_a_workbook_is_no_word_document() -> None:
    """Its name said so, but its main part is another."""
    with pytest.raises(UnreadableFileError, match="no Word document"):
        texts(docx("", {"word/document.xml": part("w:workbook", "")}))
