"""Tests of what is read of presentations."""

from __future__ import annotations

import re
from typing import Any

import pytest

from jobs.extraction.blocks import Block, Kind, Note, Pages
from jobs.extraction.chunking import passages
from jobs.extraction.file_types import UnreadableFileError
from jobs.extraction.readers import slides
from tests.office_files import docx, drawn, frame, part, pptx, relations, shape

TITLE = 'type="title"'


def blocks(*trees: str, **options: Any) -> list[Block]:
    items = slides.read(pptx(list(trees), **options))
    return [item for item in items if isinstance(item, Block)]


def texts(*trees: str, **options: Any) -> list[str]:
    return [block.text for block in blocks(*trees, **options)]


def notes(*trees: str, **options: Any) -> list[str]:
    items = slides.read(pptx(list(trees), **options))
    return [item.text for item in items if isinstance(item, Note)]


def test_slides_are_read_in_the_order_of_the_show() -> None:
    """Slides that were moved keep the names of their files; a page is the position."""
    found = blocks(shape("One."), shape("Two."), shape("Three."), order=[1, 3, 2])

    assert [(block.text, block.page) for block in found] == [
        ("One.", 1),
        ("Three.", 2),
        ("Two.", 3),
    ]


def test_a_hidden_slide_is_left_out_and_counted() -> None:
    """Its number is not given to the next slide."""
    options: dict[str, Any] = {"attributes": {1: 'show="0"'}}
    items = list(slides.read(pptx([shape("Secret."), shape("Shown.")], **options)))

    assert items == [
        Pages(2),
        Block("Shown.", page=2),
        Note("1 hidden slide was left out."),
    ]


def test_a_show_may_begin_with_another_number() -> None:
    """The number that is printed on the slide is its label."""
    [block] = blocks(shape("One."), first='firstSlideNum="12"')

    assert (block.page, block.label) == (1, "12")


def test_shapes_are_read_by_their_place_and_the_title_first() -> None:
    """Columns from the left, each through before the next, whatever was drawn first."""
    wide, high = 4_000_000, 400_000
    tree = (
        shape("right 2", at=(5_000_000, 2_600_000, wide, high))
        + shape("below", at=(0, 6_000_000, 9_000_000, high))
        + shape("left 2", at=(0, 2_600_000, wide, high))
        + shape("right 1", at=(5_000_000, 2_000_000, wide, high))
        + shape("left 1", at=(0, 2_000_000, wide, high))
        + shape("Title", at=(0, 6_400_000, wide, high), placeholder=TITLE)
    )

    assert texts(tree) == ["Title", "left 1", "left 2", "right 1", "right 2", "below"]


def test_labels_beside_their_values_are_read_row_by_row() -> None:
    """Boxes that make a table."""
    tree = "".join(
        shape(f"{name} {row}", at=(left, 1_000_000 * row, 2_000_000, 900_000))
        for left, name in ((0, "label"), (2_500_000, "value"))
        for row in (1, 2, 3)
    )

    assert texts(tree) == [
        *("label 1", "value 1", "label 2", "value 2", "label 3", "value 3"),
    ]


def test_a_placeholder_has_the_place_of_its_layout() -> None:
    """A shape that says no place of its own takes that of the layout, or of the master."""
    above = shape("Click to add text", at=(0, 100, 900, 100), placeholder='idx="1"')
    below = shape("Click to add text", at=(0, 900, 900, 100), placeholder='idx="2"')
    tree = shape("second", placeholder='idx="2"') + shape("first", placeholder='idx="1"')
    found = texts(
        tree,
        targets={1: {"l": ("slideLayout", "../slideLayouts/slideLayout1.xml")}},
        parts={
            "ppt/slideLayouts/slideLayout1.xml": part(
                "p:sldLayout", f"<p:cSld><p:spTree>{above}{below}</p:spTree></p:cSld>"
            )
        },
    )

    assert found == ["first", "second"]


def test_what_the_layout_shows_on_each_slide_is_read_once() -> None:
    """Its own texts, not the prompts of its placeholders."""
    layout = shape("Confidential") + shape("Click to edit", placeholder=TITLE)
    link = {"l": ("slideLayout", "../slideLayouts/slideLayout1.xml")}
    found = texts(
        shape("One."),
        shape("Two.") + shape("Harbour board", placeholder='type="ftr"'),
        shape("Three.")
        + shape("Harbour board", placeholder='type="ftr"')
        + shape("3", placeholder='type="sldNum"'),
        targets={1: link, 2: link, 3: link},
        parts={
            "ppt/slideLayouts/slideLayout1.xml": part(
                "p:sldLayout", f"<p:cSld><p:spTree>{layout}</p:spTree></p:cSld>"
            )
        },
    )

    assert found == ["One.", "Confidential", "Two.", "Harbour board", "Three."]


def test_groups_are_read_within_and_hidden_shapes_are_left_out() -> None:
    """A group in a group too."""
    group = (
        "<p:grpSp><p:nvGrpSpPr><p:cNvPr id='9' name='x'/><p:nvPr/></p:nvGrpSpPr><p:grpSpPr/>{}"
        "</p:grpSp>"
    )
    tree = group.format(shape("outer") + group.format(shape("inner"))) + shape("gone", hidden=True)

    assert texts(tree) == ["outer", "inner"]
    assert notes(tree) == ["Hidden text was left out in 1 place."]


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("<a:r><a:t>one</a:t></a:r><a:br/><a:r><a:t>two</a:t></a:r>", "one\ntwo"),
        ("<a:r><a:t>one_x000B_two</a:t></a:r>", "one\ntwo"),
        ("<a:r><a:t>R&amp;D</a:t></a:r><a:r><a:t> &lt; 5%</a:t></a:r>", "R&D < 5%"),
        ("<a:fld type='datetime1'><a:t>30 May</a:t></a:fld>", "30 May"),
        ("<a:r><a:t>10</a:t></a:r><a:r><a:rPr baseline='30000'/><a:t>6</a:t></a:r>", "10⁶"),
        ("<a:r><a:t>H</a:t></a:r><a:r><a:rPr baseline='-25000'/><a:t>2</a:t></a:r>", "H2"),
        ("<a:r><a:t>Price:\t48</a:t></a:r>", "Price: 48"),
    ],
)
def test_characters_are_read_as_they_show(content: str, text: str) -> None:
    """Breaks of lines, signs, fields and tabs."""
    assert texts(shape(content)) == [text]


def test_lists_show_their_numbers() -> None:
    """Of each level, by the paragraph or the list style of the text."""
    number = '<a:pPr lvl="{}"><a:buAutoNum type="{}" {}/></a:pPr><a:r><a:t>{}</a:t></a:r>'
    tree = shape(
        number.format(0, "arabicPeriod", "", "A"),
        number.format(1, "alphaLcParenR", "", "B"),
        number.format(1, "alphaLcParenR", "", "C"),
        number.format(0, "arabicPeriod", "", "D"),
        "E",
        number.format(0, "romanUcPeriod", 'startAt="4"', "F"),
    )

    assert texts(tree) == ["1. A", "a) B", "b) C", "2. D", "E", "IV. F"]


def cell(text: str, attributes: str = "") -> str:
    return f"<a:tc {attributes}><a:txBody><a:p><a:r><a:t>{text}</a:t></a:r></a:p></a:txBody></a:tc>"


def test_rows_of_tables_name_their_columns() -> None:
    """A cell that spans rows says its text in each."""
    rows = [
        cell("Milestone") + cell("Owner") + cell("Due"),
        cell("Handover", 'rowSpan="2"') + cell("Oumar") + cell("2027-11-30"),
        cell("", 'vMerge="1"') + cell("Nadia") + cell("2027-12-01"),
    ]
    grid = "".join(f"<a:tr>{row}</a:tr>" for row in rows)

    found = blocks(shape("Plan", placeholder=TITLE) + frame(f"<a:tbl>{grid}</a:tbl>"))

    assert [block.text for block in found] == [
        "Plan",
        "Milestone: Handover; Owner: Oumar; Due: 2027-11-30",
        "Milestone: Handover; Owner: Nadia; Due: 2027-12-01",
    ]
    assert {block.page for block in found} == {1}


def series(name: str, values: dict[str, str], form: str = "General") -> str:
    def points(each: list[str]) -> str:
        return "".join(f'<c:pt idx="{at}"><c:v>{text}</c:v></c:pt>' for at, text in enumerate(each))

    return (
        f"<c:ser><c:tx><c:strRef><c:strCache>{points([name])}</c:strCache></c:strRef></c:tx>"
        f"<c:cat><c:strRef><c:strCache>{points(list(values))}</c:strCache></c:strRef></c:cat>"
        f"<c:val><c:numRef><c:numCache><c:formatCode>{form}</c:formatCode>"
        f"{points(list(values.values()))}</c:numCache></c:numRef></c:val></c:ser>"
    )


def chart(content: str, title: str = "") -> list[Block]:
    heading = (
        f"<c:title><c:tx><c:rich><a:p><a:r><a:t>{title}</a:t></a:r></a:p></c:rich></c:tx></c:title>"
    )
    return blocks(
        frame('<c:chart r:id="c1"/>'),
        targets={1: {"c1": ("chart", "../charts/chart1.xml")}},
        parts={
            "ppt/charts/chart1.xml": part(
                "c:chartSpace",
                f"<c:chart>{heading if title else ''}<c:plotArea>{content}</c:plotArea></c:chart>",
            )
        },
    )


def test_a_chart_is_a_table_of_its_categories_and_series() -> None:
    """With its title, the titles of its axes, and values as their format shows them."""
    axes = "".join(
        f"<c:{name}><c:title><c:tx><c:rich><a:p><a:r><a:t>{text}</a:t></a:r></a:p></c:rich></c:tx>"
        f"</c:title></c:{name}>"
        for name, text in (("catAx", "Year"), ("valAx", "Thousands"))
    )
    found = chart(
        f"<c:barChart>{series('Sold', {'2025': '538', '2026': '691'})}</c:barChart><c:lineChart>"
        f"{series('Share', {'2025': '0.075', '2026': '0.1'}, '0.0%')}</c:lineChart>{axes}",
        "Batteries",
    )

    assert [block.text for block in found] == [
        *("Year: 2025; Sold: 538; Share: 7.5%", "Year: 2026; Sold: 691; Share: 10.0%"),
    ]
    assert {(block.caption, block.page) for block in found} == {("Batteries. Thousands", 1)}


def test_categories_of_several_levels_are_named_in_full() -> None:
    """The outer level is saved only with the first of its inner ones."""
    levels = (
        "<c:lvl><c:pt idx='0'><c:v>Q1</c:v></c:pt><c:pt idx='1'><c:v>Q2</c:v></c:pt></c:lvl>"
        "<c:lvl><c:pt idx='0'><c:v>2026</c:v></c:pt></c:lvl>"
    )
    content = series("Sold", {"a": "5", "b": "6"}).split("<c:cat>")
    content[1] = (
        f"<c:cat><c:multiLvlStrRef><c:multiLvlStrCache>{levels}</c:multiLvlStrCache>"
        f"</c:multiLvlStrRef></c:cat>{content[1].split('</c:cat>')[1]}"
    )

    found = chart(f"<c:barChart>{''.join(content)}</c:barChart>")

    assert [block.text for block in found] == ["2026, Q1; Sold: 5", "2026, Q2; Sold: 6"]


def test_charts_of_the_newer_kinds_are_read() -> None:
    """A waterfall or a funnel keeps its values in another form."""
    data = (
        '<cx:chartData><cx:data id="0"><cx:strDim type="cat"><cx:lvl><cx:pt idx="0">Offers</cx:pt>'
        '<cx:pt idx="1">Orders</cx:pt></cx:lvl></cx:strDim><cx:numDim type="val">'
        '<cx:lvl formatCode="#,##0"><cx:pt idx="0">1200</cx:pt><cx:pt idx="1">300</cx:pt></cx:lvl>'
        "</cx:numDim></cx:data></cx:chartData><cx:chart><cx:plotArea><cx:plotAreaRegion><cx:series>"
        "<cx:tx><cx:txData><cx:v>Count</cx:v></cx:txData></cx:tx><cx:dataId val='0'/></cx:series>"
        "</cx:plotAreaRegion></cx:plotArea></cx:chart>"
    )
    choice = frame('<cx:chart r:id="c1"/>')
    found = texts(
        f"<mc:AlternateContent><mc:Choice Requires='cx1'>{choice}</mc:Choice>"
        f"<mc:Fallback>{picture(9, description='A chart')}</mc:Fallback></mc:AlternateContent>",
        targets={1: {"c1": ("chartEx", "../charts/chartEx1.xml")}},
        parts={"ppt/charts/chartEx1.xml": part("cx:chartSpace", data)},
    )

    assert found == ["Offers; Count: 1,200", "Orders; Count: 300"]


def test_smartart_is_read() -> None:
    """From its data, or as it is drawn where a program wrote only that."""
    link = {
        "d": ("diagramData", "../diagrams/data1.xml"),
        "rd": ("diagramDrawing", "../diagrams/drawing1.xml"),
    }
    point = f"<dgm:pt modelId='1'><dgm:t>{drawn('After 45 minutes')}</dgm:t></dgm:pt>"
    extension = (
        '<dgm:extLst><a:ext><dsp:dataModelExt relId="rd" '
        'xmlns:dsp="http://schemas.microsoft.com/office/drawing/2008/diagram"/></a:ext></dgm:extLst>'
    )
    drawing = part("p:drawing", drawn("As drawn"))

    def found(points: str) -> list[str]:
        data = part("dgm:dataModel", f"<dgm:ptLst>{points}</dgm:ptLst>{extension}")
        parts = {"ppt/diagrams/data1.xml": data, "ppt/diagrams/drawing1.xml": drawing}
        return texts(frame('<dgm:relIds r:dm="d"/>'), targets={1: link}, parts=parts)

    assert found(point) == ["After 45 minutes"]
    assert found("") == ["As drawn"]


def test_the_speakers_notes_are_labelled() -> None:
    """They belong to their slide, and are not shown on it."""
    page = (
        shape("Say it slowly.", "Then wait.", placeholder='type="body" idx="1"')
        + shape("4", placeholder='type="sldNum"')
        + shape("", placeholder='type="sldImg"')
    )
    found = texts(
        shape("Slide."),
        targets={1: {"n": ("notesSlide", "../notesSlides/notesSlide1.xml")}},
        parts={
            "ppt/notesSlides/notesSlide1.xml": part(
                "p:notes", f"<p:cSld><p:spTree>{page}</p:spTree></p:cSld>"
            )
        },
    )

    assert found == ["Slide.", "Notes: Say it slowly.", "Then wait."]


def test_comments_name_their_author() -> None:
    """Those of before 2021, and the newer ones with their answers."""
    modern = (
        "<p188:cm authorId='{A}'><p188:replyLst><p188:reply authorId='{B}'>"
        f"<p188:txBody>{drawn('Yes.')}</p188:txBody></p188:reply></p188:replyLst>"
        f"<p188:txBody>{drawn('Sure?')}</p188:txBody></p188:cm>"
    )
    found = texts(
        shape("Slide."),
        targets={1: {"a": ("comments", "../c1.xml"), "b": ("comments", "../c2.xml")}},
        presentation={"x": ("commentAuthors", "x.xml"), "y": ("authors", "y.xml")},
        parts={
            "ppt/x.xml": part("p:cmAuthorLst", '<p:cmAuthor id="0" name="Ana"/>'),
            "ppt/y.xml": part(
                "p188:authorLst",
                '<p188:author id="{A}" name="Bo"/><p188:author id="{B}" name="Cy"/>',
            ),
            "ppt/c1.xml": part("p:cmLst", '<p:cm authorId="0"><p:text>Old.</p:text></p:cm>'),
            "ppt/c2.xml": part("p188:cmLst", modern),
        },
    )

    assert found == [
        "Slide.",
        "Comment by Ana: Old.",
        "Comment by Bo: Sure?",
        "Comment by Cy: Yes.",
    ]


def picture(size: int, more: str = "", description: str = "") -> str:
    return (
        f"<p:pic><p:nvPicPr><p:cNvPr id='1' name='x' descr='{description}'/><p:nvPr>{more}</p:nvPr>"
        f"</p:nvPicPr><p:spPr><a:xfrm><a:off x='0' y='0'/><a:ext cx='{size}' cy='{size}'/></a:xfrm>"
        "</p:spPr></p:pic>"
    )


def test_what_is_not_read_is_noted() -> None:
    """Large pictures, slides without text, videos and embedded files; not logos."""
    slide = (
        picture(5_000_000, description="The lock")
        + picture(500_000)
        + picture(5_000_000, "<a:videoFile/>")
        + frame("<p:oleObj progId='Excel.Sheet.12'><p:embed/></p:oleObj>")
    )

    assert texts(slide, picture(9_000_000)) == ["Picture: The lock"]
    assert notes(slide, picture(9_000_000)) == [
        "1 slide holds no text.",
        "2 pictures were not read.",
        "1 video or sound was not read.",
        "1 embedded file was not read.",
    ]


def test_a_slide_of_a_title_alone_is_a_passage_of_its_own() -> None:
    """It is not the heading of the next slide, nor is it lost at the end."""
    found = blocks(
        shape("The lock is 427 metres long", placeholder=TITLE),
        shape("No title here."),
        shape("Thank you", placeholder=TITLE),
    )

    assert [block.kind for block in found] == [Kind.TEXT] * 3
    assert [
        (piece.text, piece.first_page, piece.section) for piece in passages(found, "slide")
    ] == [
        ("The lock is 427 metres long", 1, ""),
        ("No title here.", 2, ""),
        ("Thank you", 3, ""),
    ]


def test_a_slide_without_a_title_is_not_in_the_section_of_the_one_before() -> None:
    """Each slide is a section of its own."""
    found = blocks(shape("Fees", placeholder=TITLE) + shape("410 euro."), shape("Alone."))

    assert [piece.section for piece in passages(found, "slide")] == ["Fees", ""]


def test_strict_presentations_are_read() -> None:
    """ISO/IEC 29500 strict has other namespaces."""
    members = {
        "ppt/presentation.xml": part(
            "p:presentation", '<p:sldIdLst><p:sldId r:id="s1"/></p:sldIdLst>'
        ),
        "ppt/slides/slide1.xml": part(
            "p:sld", f"<p:cSld><p:spTree>{shape('Strictly.')}</p:spTree></p:cSld>"
        ),
        "ppt/_rels/presentation.xml.rels": relations({"s1": ("slide", "slides/slide1.xml")}),
        "_rels/.rels": relations({"r1": ("officeDocument", "ppt/presentation.xml")}),
    }
    transitional = re.compile(r"http://schemas\.openxmlformats\.org/(?!package)(\w+)/2006/")
    strict = {
        name: transitional.sub(r"http://purl.oclc.org/ooxml/\1/", content)
        for name, content in members.items()
    }

    items = slides.read(pptx([""], parts=strict))
    assert [item.text for item in items if isinstance(item, Block)] == ["Strictly."]


def test_a_word_document_is_no_presentation() -> None:
    """Its name said so, but its main part is another."""
    with pytest.raises(UnreadableFileError, match="no presentation"):
        list(slides.read(docx("")))
