"""Tests of what is read of OpenDocument texts and presentations."""

from __future__ import annotations

import pytest

from jobs.extraction.blocks import Block, Kind, Note, Pages
from jobs.extraction.file_types import UnreadableFileError, detect
from jobs.extraction.readers import opendocument_slides, opendocument_text
from tests.office_files import odf_part, opendocument


def texts(body: str, **options: str) -> list[str]:
    return [block.text for block in blocks(body, **options)]


def blocks(body: str, **options: str) -> list[Block]:
    items = opendocument_text.read(opendocument("text", body, **options))
    return [item for item in items if isinstance(item, Block)]


def notes(body: str, **options: str) -> list[str]:
    items = opendocument_text.read(opendocument("text", body, **options))
    return [item.text for item in items if isinstance(item, Note)]


def p(text: str, style: str = "") -> str:
    mark = f' text:style-name="{style}"' if style else ""
    return f"<text:p{mark}>{text}</text:p>"


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("R&amp;D  is\n &lt; 5%", "R&D is < 5%"),
        ("Price:<text:tab/>48\xa0200<text:s text:c='3'/>euro", "Price: 48 200 euro"),
        ("one<text:line-break/>two", "one\ntwo"),
        ("<text:span>co\u2011op</text:span> <text:a>a link</text:a>", "co-op a link"),
        ("<text:date>30 May</text:date><text:soft-page-break/>", "30 May"),
        ("To <text:placeholder>&lt;Name&gt;</text:placeholder>", "To"),
        (
            "<text:ruby><text:ruby-base>東</text:ruby-base><text:ruby-text>とう</text:ruby-text>"
            "</text:ruby>",
            "東",
        ),
        ("a<text:bookmark-start/>b<text:change-start/>c", "abc"),
    ],
)
def test_characters_are_read_as_they_show(content: str, text: str) -> None:
    """Blanks, tabs and breaks are elements; white space of the XML is one blank."""
    assert texts(p(content)) == [text]


def test_a_raised_figure_is_not_one_of_the_number_before_it() -> None:
    """A power, or the mark of a note that somebody typed."""
    automatic = (
        '<style:style style:name="T" style:family="text">'
        '<style:text-properties style:text-position="super 58%"/></style:style>'
    )

    assert texts(p('10<text:span text:style-name="T">6</text:span>'), automatic=automatic) == [
        "10⁶"
    ]


LIST = (
    '<text:list-style style:name="L"><text:list-level-style-number text:level="1" '
    'style:num-format="1" style:num-suffix="."/><text:list-level-style-number text:level="2" '
    'style:num-format="a" style:num-prefix="(" style:num-suffix=")"/>'
    '<text:list-level-style-bullet text:level="3" text:bullet-char="\uf0b7"/></text:list-style>'
    '<text:list-style style:name="M"><text:list-level-style-number text:level="1" '
    'style:num-format="I" loext:num-list-format="Part %1%:"/></text:list-style>'
)


def items(*contents: str, more: str = 'text:style-name="L"') -> str:
    rows = "".join(f"<text:list-item>{content}</text:list-item>" for content in contents)
    return f"<text:list {more}>{rows}</text:list>"


def test_lists_show_their_numbers() -> None:
    """A list begins anew, unless it goes on from one before; its second paragraph has no number."""
    inner = items(p("B"), p("C") + items(p("D"), more=""), more="")
    body = (
        items(p("A") + p("more") + inner, p("E"))
        + items(p("F"), more='text:style-name="L" text:continue-numbering="true"')
        + items(p("G"))
        + items(p("H"), p("I"), more='text:style-name="M"')
        + '<text:list text:style-name="L"><text:list-header>'
        + p("J")
        + '</text:list-header><text:list-item text:start-value="7">'
        + p("K")
        + "</text:list-item></text:list>"
    )

    assert texts(body, automatic=LIST) == [
        *("1. A", "more", "(a) B", "(b) C", "• D", "2. E", "3. F", "1. G"),
        *("Part I: H", "Part II: I", "J", "7. K"),
    ]


def test_headings_have_the_numbers_of_the_outline() -> None:
    """With as many levels as the outline shows."""
    outline = (
        '<office:styles><text:outline-style><text:outline-level-style text:level="1" '
        'style:num-format="1"/><text:outline-level-style text:level="2" style:num-format="1" '
        'text:display-levels="2"/></text:outline-style><style:style style:name="Heading_20_3" '
        'style:family="paragraph"/></office:styles>'
    )
    h = '<text:h text:outline-level="{}"{}>{}</text:h>'
    body = (
        h.format(1, "", "A")
        + h.format(2, "", "B")
        + h.format(2, "", "C")
        + h.format(1, "", "D")
        + h.format(2, ' text:is-list-header="true"', "E")
        + p("F", "Heading_20_3")
    )
    found = blocks(body, styles=outline)

    assert [(block.text, block.level) for block in found] == [
        *(("1 A", 1), ("1.1 B", 2), ("1.2 C", 2), ("2 D", 1), ("E", 2), ("F", 3)),
    ]
    assert {block.kind for block in found} == {Kind.HEADING}


def test_hidden_text_is_left_out_with_a_note() -> None:
    """By a style of words or paragraphs, by a condition, or in a hidden section."""
    automatic = "".join(
        f'<style:style style:name="{name}" style:family="{family}">'
        '<style:text-properties text:display="none"/></style:style>'
        for name, family in (("T", "text"), ("P", "paragraph"))
    )
    body = (
        p("Seen<text:span text:style-name='T'> word</text:span>.")
        + p("paragraph", "P")
        + p("<text:hidden-text text:string-value='x' text:is-hidden='true'>x</text:hidden-text>y")
        + f'<text:section text:display="none">{p("section")}</text:section>'
        + f"<text:section>{p('Shown.')}</text:section>"
    )

    assert texts(body, automatic=automatic) == ["Seen.", "y", "Shown."]
    assert notes(body, automatic=automatic) == ["Hidden text was left out in 4 places."]


def test_tracked_changes_are_read_as_accepted_with_a_note() -> None:
    """What was deleted is kept apart from the text."""
    region = "<text:changed-region><text:{0}>{1}</text:{0}></text:changed-region>"
    body = (
        f"<text:tracked-changes>{region.format('deletion', p('old'))}"
        f"{region.format('insertion', '')}</text:tracked-changes>" + p("new")
    )

    assert texts(body) == ["new"]
    assert notes(body) == [
        "Tracked changes were read as accepted: 1 insertion kept, 1 deletion left out."
    ]


def test_notes_comments_and_boxes_stand_below_their_paragraph() -> None:
    """A note has its printed number."""
    body = p(
        "In 2027<text:note text:note-class='footnote'><text:note-citation>1</text:note-citation>"
        f"<text:note-body>{p('Excluding VAT.')}</text:note-body></text:note> it is."
        f"<office:annotation><dc:creator>Ana</dc:creator>{p('Sure?')}</office:annotation>"
        f"<draw:frame><draw:text-box>{p('Boxed.')}</draw:text-box></draw:frame>"
        f"<draw:custom-shape>{p('Drawn.')}</draw:custom-shape>"
    ) + p("End.")

    assert texts(body) == [
        *("In 2027 ¹ it is.", "Footnote 1: Excluding VAT.", "Comment by Ana: Sure?", "Boxed."),
        *("Drawn.", "End."),
    ]


def test_headers_and_footers_are_read_once() -> None:
    """Of all kinds of pages; not those that are turned off."""
    master = (
        "<style:master-page style:name='{}'><style:header>{}</style:header>"
        "<style:header-left style:display='false'>{}</style:header-left>"
        "<style:footer>{}</style:footer></style:master-page>"
    )
    both = master.format("A", p("Ref. 118"), p("Off."), p("Ostend"))
    both += master.format(
        "B", p("Ref. 118"), p("Off."), p("<text:page-number>7</text:page-number>")
    )

    assert texts(p("One."), styles=f"<office:master-styles>{both}</office:master-styles>") == [
        *("Ref. 118", "One.", "Ostend"),
    ]


def cell(text: str, more: str = "") -> str:
    return f"<table:table-cell {more}>{p(text) if text else ''}</table:table-cell>"


def table(*rows: str) -> str:
    body = "".join(f"<table:table-row>{row}</table:table-row>" for row in rows)
    return f"<table:table>{body}</table:table>"


def test_rows_of_tables_name_their_columns() -> None:
    """Covered cells say what covers them; the caption above is repeated."""
    covered = "<table:covered-table-cell/>"
    body = p("Table 3: Leases", "Caption") + table(
        cell("Site") + cell("Rent in euro") + cell("Ends"),
        cell("Ghent", 'table:number-rows-spanned="2"') + cell("410") + cell("2029"),
        covered + cell("520") + cell("2031"),
        cell("Lier") + cell("none", 'table:number-columns-spanned="2"') + covered,
    )
    caption = '<style:style style:name="Caption" style:family="paragraph"/>'
    found = blocks(body, automatic=caption)

    assert [block.text for block in found[1:]] == [
        "Site: Ghent; Rent in euro: 410; Ends: 2029",
        "Site: Ghent; Rent in euro: 520; Ends: 2031",
        "Site: Lier; Rent in euro: none; Ends: none",
    ]
    assert found[1].caption == "Table 3: Leases"


def test_a_table_that_only_places_texts_is_read_as_texts() -> None:
    """One column, or tables within cells."""
    nested = table(cell("Item") + cell("Due"), cell("Crane") + cell("May"))
    inner = f"<table:table-cell>{nested}</table:table-cell>"

    assert texts(table(inner + cell("Right.")) + table(cell("Boxed."))) == [
        *("Item: Crane; Due: May", "Right.", "Boxed."),
    ]


def framed(content: str, width: str = "9cm") -> str:
    return p(f'<draw:frame svg:width="{width}" svg:height="{width}">{content}</draw:frame>')


def test_equations_charts_and_pictures_are_read_or_noted() -> None:
    """An object is an equation, a chart, or a file that is not read."""
    equation = odf_part(
        "math:math",
        "<math:mfrac><math:mi>a</math:mi><math:mn>12</math:mn></math:mfrac>"
        "<math:annotation>{a} over 12</math:annotation>",
    )
    chart = odf_part(
        "office:document-content",
        "<office:body><office:chart><chart:chart><chart:title><text:p>Sales</text:p></chart:title>"
        + table(cell("") + cell("Sold"), cell("2026") + cell("691"))
        + "</chart:chart></office:chart></office:body>",
    )
    body = (
        framed('<draw:object xlink:href="./Object 1"/><draw:image/>')
        + framed('<draw:object xlink:href="./Object 2"/><draw:image/>')
        + framed('<draw:object xlink:href="./Object 3"/>')
        + framed("<draw:image/><svg:desc>The lock</svg:desc>")
        + framed("<draw:image/>", "1cm")
    )
    parts: dict[str, str | bytes] = {
        "Object 1/content.xml": equation,
        "Object 2/content.xml": chart,
    }
    found = list(opendocument_text.read(opendocument("text", body, parts=parts)))

    assert [item.text for item in found if isinstance(item, Block)] == [
        *("a/12", "2026; Sold: 691", "Picture: The lock"),
    ]
    assert [item.text for item in found if isinstance(item, Note)] == [
        *("1 picture was not read.", "1 embedded file was not read."),
    ]


def test_an_encrypted_file_is_known() -> None:
    """Its manifest says so."""
    parts: dict[str, str | bytes] = {"META-INF/manifest.xml": "<manifest:encryption-data/>"}

    with pytest.raises(ValueError, match="encrypted"):
        list(opendocument_text.read(opendocument("text", "", parts=parts)))


def test_a_presentation_is_no_text() -> None:
    """Its name said so, but its body is another."""
    with pytest.raises(UnreadableFileError, match="another kind"):
        list(opendocument_text.read(opendocument("presentation", "")))


@pytest.mark.parametrize("kind", ["text", "presentation", "text-template"])
def test_the_kind_is_known_by_the_content(kind: str) -> None:
    """The first member says it, in the clear."""
    found = detect(opendocument(kind, ""))

    assert found == f"application/vnd.oasis.opendocument.{kind.removesuffix('-template')}"


def slide(content: str, more: str = "") -> str:
    return f"<draw:page {more}>{content}</draw:page>"


def box(text: str, left: int = 0, top: int = 0, more: str = "") -> str:
    return (
        f'<draw:frame svg:x="{left}cm" svg:y="{top}cm" svg:width="5cm" svg:height="1cm" {more}>'
        f"<draw:text-box>{p(text)}</draw:text-box></draw:frame>"
    )


def test_slides_are_read_by_place_with_title_notes_and_footer() -> None:
    """Empty placeholders and thumbnails say nothing; the footer is read once."""
    more = 'presentation:use-footer-name="f" draw:master-page-name="M"'
    first = slide(
        box("right", 9, 2)
        + box("left", 0, 2)
        + box("Plan", 0, 8, 'presentation:class="title"')
        + box("Click to add", 0, 0, 'presentation:placeholder="true"')
        + "<presentation:notes><draw:page-thumbnail/>"
        + box("Slowly.", 0, 0, 'presentation:class="notes"')
        + "</presentation:notes>",
        more,
    )
    body = (
        '<presentation:footer-decl presentation:name="f">Harbour board</presentation:footer-decl>'
        + first
        + slide(box("Secret."), 'draw:style-name="H"')
        + slide(box("Last", 0, 0, 'presentation:class="title"'), more)
        + slide("")
    )
    automatic = (
        '<style:style style:name="H" style:family="drawing-page">'
        '<style:drawing-page-properties presentation:visibility="hidden"/></style:style>'
    )
    prompt = box("Click", 0, 0, 'presentation:class="title"')
    masters = (
        f"<office:master-styles><style:master-page style:name='M'>{box('Confidential')}"
        f"{prompt}</style:master-page>"
        "</office:master-styles>"
    )
    data = opendocument("presentation", body, automatic=automatic, styles=masters)
    items = list(opendocument_slides.read(data))

    assert items[0] == Pages(4)
    assert [(item.text, item.page) for item in items if isinstance(item, Block)] == [
        *(("Plan", 1), ("left", 1), ("right", 1), ("Harbour board", 1), ("Confidential", 1)),
        *(("Notes: Slowly.", 1), ("Last", 3)),
    ]
    assert [item.text for item in items if isinstance(item, Note)] == [
        *("1 hidden slide was left out.", "1 slide holds no text."),
    ]
