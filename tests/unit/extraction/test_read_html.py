"""What is read of web pages and HTML mails."""

from __future__ import annotations

import pytest

from jobs.extraction.blocks import Block, Kind, Note
from jobs.extraction.readers import html


def blocks(page: str) -> list[Block]:
    return [item for item in html.read(page.encode()) if isinstance(item, Block)]


def texts(page: str) -> list[str]:
    return [f"{each.caption} | {each.text}" if each.caption else each.text for each in blocks(page)]


def notes(page: str) -> list[str]:
    return [item.text for item in html.read(page.encode()) if isinstance(item, Note)]


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        (
            "<p>w<b>o</b>rd &amp; <i>5</i>&nbsp;&lt; 6<br>next<p>second",
            ["word & 5 < 6\nnext", "second"],
        ),
        (
            "<dl><dt>Voltage<dd>690 V<dt>A<dt>B<dd>one<dd>two</dl>",
            ["Voltage: 690 V", "A, B: one", "A, B: two"],
        ),
        ("<pre>retry = 7\n  x = 1</pre>", ["retry = 7\n  x = 1"]),
        ("<blockquote><p>Never open.</blockquote>", ["Never open."]),
        ("<ol start=3><li>a<li>b<ul><li>c</ul></ol>", ["3. a", "4. b", "• c"]),
        ("<ol type=i reversed><li>x<li>y</ol>", ["ii. x", "i. y"]),
        ("<p>10<sup>6</sup> m<sup>2</sup> 1<sup>st</sup> H<sub>2</sub>O", ["10⁶ m² 1st H2O"]),
        ("<p><del>99</del> 79 <q>sold</q>", ["(struck out: 99) 79 “sold”"]),
        ("<p>a<script>x()</script>b<!-- c -->d<noscript>n</noscript>", ["abd"]),
        ("<ruby>漢<rt>かん</rt>字<rt>じ</rt></ruby>", ["漢字"]),
        ("<details><summary>More</summary>inside</details>", ["More", "inside"]),
        ("<label>Name</label> <input value=Ann> <input type=hidden value=t>", ["Name Ann"]),
        ("<input type=checkbox checked>yes <input type=radio>no", ["[x] yes [ ] no"]),
        ("<select><option>A<option selected>B</select>", ["B"]),
        (
            "<figure><img src=x alt='Sales 5, 7'><figcaption>Fig. 1</figure>",
            ["Sales 5, 7", "Fig. 1"],
        ),
        ("<img alt=logo.png src='data:image/png;base64,iVBORw0KGgo='>t", ["t"]),
        ("<p>before</p>data:image/png;base64,iVBORw0KGgo=", ["before"]),
        ("<math><mfrac><mi>a</mi><mn>2</mn></mfrac></math>", ["a/2"]),
        ("just 5 < 6", ["just 5 < 6"]),
        ("", []),
        ("<!-- nothing -->", []),
    ],
)
def test_what_a_browser_shows_is_read(page: str, expected: list[str]) -> None:
    """Elements within a line cut no words; those that begin a paragraph do."""
    assert texts(page) == expected


def test_headings_stand_below_the_title() -> None:
    """A title that is the first heading too stands there once."""
    page = "<title>Rules</title><h1>Travel</h1><p>x<h3>Trains</h3><p>y"
    assert [(each.text, each.level) for each in blocks(page) if each.kind is Kind.HEADING] == [
        ("Rules", 1),
        ("Travel", 2),
        ("Trains", 4),
    ]
    assert texts("<title>Same</title><h1>Same</h1>") == ["Same"]


def test_tables_name_their_columns() -> None:
    """Headings of two rows, cells that span, and a caption."""
    page = (
        "<table><caption>Fares</caption><thead><tr><th rowspan=2>Route<th colspan=2>Adult"
        "<tr><th>Single<th>Return</thead><tr><td>Skagen<td>24<td>41<tr><td>Læsø<td>18<td>33</table>"
    )
    assert texts(page) == [
        "Fares | Route: Skagen; Adult Single: 24; Adult Return: 41",
        "Fares | Route: Læsø; Adult Single: 18; Adult Return: 33",
    ]


def test_a_cell_that_spans_rows_counts_for_each() -> None:
    """Else the second row says nothing of its port."""
    page = "<table><tr><th>Port<th>Year<th>t<tr><td rowspan=2>Oslo<td>1<td>5<tr><td>2<td>7</table>"
    assert texts(page) == ["Port: Oslo; Year: 1; t: 5", "Port: Oslo; Year: 2; t: 7"]


def test_a_row_of_one_heading_is_the_title() -> None:
    """Boxes beside an article have one, and a name in each row."""
    page = "<table><tr><th colspan=2>Rotterdam<tr><th>Country<td>NL<tr><th>Depth<td>24 m</table>"
    assert texts(page) == ["Rotterdam | Country: NL", "Rotterdam | Depth: 24 m"]


def test_layout_tables_are_text() -> None:
    """Mails are made of them; a table of data may stand within."""
    page = (
        "<table><tr><td><h2>Notice</h2><p>Dear customer,<p>it arrives on 9 July.<td>"
        "<table><tr><th>Box<th>kg<tr><td>A<td>5<tr><td>B<td>7</table></table>"
    )
    expected = [
        "Notice",
        "Dear customer,",
        "it arrives on 9 July.",
        "Box: A; kg: 5",
        "Box: B; kg: 7",
    ]
    assert texts(page) == expected


def test_hidden_parts_are_left_out_with_a_note() -> None:
    """Some pages open them by a click."""
    page = "<p>seen<p hidden>a<p style='display: none'>b<p style='top:0;visibility:hidden'>c"
    assert texts(page) == ["seen"]
    said = "3 hidden parts of this page, not shown by a browser at first: left out."
    assert notes(page) == [said]
    assert notes("<p>seen") == []


def test_quoted_printable_is_decoded() -> None:
    """Some programs save the pages of mails as they came."""
    page = '<p class=3D"a" id=3D"b"><a href=3D"c">The fare is =E2=82=AC14 for a long sent=\r\nence.'
    assert texts(page) == ["The fare is €14 for a long sentence."]


def test_deep_nesting_ends_with_a_note() -> None:
    """Parsers stop somewhere; readers of answers are told."""
    assert texts("<div>" * 1000 + "deep") == ["deep"]
    assert notes("<p>first</p>" + "<div>" * 100_000 + "deep") == [
        "A part of this page is nested too deeply and was not read."
    ]


@pytest.mark.parametrize(
    "page",
    [
        "<table>" + "<tr><td colspan=1000000000 rowspan=1000000000>x" * 2000 + "</table>",
        "<table><tr><td>" * 500 + "x",
        "<ol start=99999999999999999999 type=a>" + "<li value=-5>x" * 10,
        "<td>x<caption>y<table><tr><th>z<caption>w",
    ],
)
def test_what_a_page_claims_costs_little(page: str) -> None:
    """A span is no wider than the table; each text is read."""
    assert any("x" in text for text in texts(page))
