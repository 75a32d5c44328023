"""What is read of PDFs: text as people see it, and what stands beside it."""

from __future__ import annotations

import pytest
from fpdf.enums import AccessPermission

from jobs.extraction.blocks import Kind
from jobs.extraction.readers import ocr
from tests import hostile, pdfs


@pytest.fixture(autouse=True)
def without_ocr(monkeypatch: pytest.MonkeyPatch) -> None:
    """What pictures say is for other tests."""
    monkeypatch.setattr(ocr, "is_available", lambda: False)


def test_text_has_page_numbers_and_labels() -> None:
    """A page knows its position, and its printed number where that is another."""
    paper = pdfs.canvas()
    for number, text in enumerate(["Foreword.", "The tunnel is 5.4 km long."]):
        paper.add_page(label_style="r" if number == 0 else "D", label_start=1)
        paper.text(60, 80, text)
    blocks = pdfs.blocks(bytes(paper.output()))
    assert [(block.text, block.page, block.label) for block in blocks] == [
        ("Foreword.", 1, "i"),
        ("The tunnel is 5.4 km long.", 2, "1"),
    ]


def test_only_the_visible_part_of_a_page_is_read() -> None:
    """What a crop hides is left out, and a note says so; the rest is read, wherever it stands."""
    data = pdfs.pages([(60, 80, "Above the cut."), (60, 400, "The crane lifts 62 tonnes.")])
    cut = pdfs.cropped(data, (20, 100, 560, 700))
    assert pdfs.texts(cut) == ["The crane lifts 62 tonnes."]
    assert pdfs.notes(cut) == ["Page 1 holds text outside of its visible part, which was left out."]


@pytest.mark.parametrize("degrees", [0, 90, 180, 270])
def test_turned_page_is_read_as_it_was_written(degrees: int) -> None:
    """A page that is shown on its side reads the same."""
    data = pdfs.rotated(
        pdfs.pages([(60, 80, "First line of it."), (60, 94, "second line.")]), degrees
    )
    assert " ".join(" ".join(pdfs.texts(data)).split()) == "First line of it. second line."


def test_text_along_the_side_of_a_page_is_read_after_the_others() -> None:
    """A line that runs upwards does not fall into the lines beside it."""
    paper = pdfs.canvas()
    paper.add_page()
    paper.text(60, 80, "The upright text of this page")
    with paper.rotation(90, 300, 400):
        paper.text(300, 400, "Sideways: loads in tonnes")
    paper.text(60, 94, "goes on in its second line.")
    assert pdfs.texts(bytes(paper.output())) == [
        "The upright text of this page goes on in its second line.",
        "Sideways: loads in tonnes",
    ]


def test_accents_are_composed_and_ligatures_resolved() -> None:
    """A search for the words as people type them finds them."""
    text = "Ku\u0308ndigung der \ufb01nanziellen O\ufb03ces."
    data = pdfs.pages([(60, 80, text)], font="DejaVuSans.ttf")
    assert pdfs.texts(data) == ["Kündigung der finanziellen Offices."]


def test_vertical_columns_are_read_from_the_right() -> None:
    """Ideographs that were set one below the other make lines, from right to left."""
    columns = ["合同的违约金为每日五百元。", "合同于二零二八年六月到期。"]
    placed = [
        (500 - 30 * column, 80 + 16 * row, character)
        for column, text in enumerate(columns)
        for row, character in enumerate(text)
    ]
    data = pdfs.pages(placed, font="DroidSansFallback.ttf")
    assert "".join(pdfs.texts(data)) == "".join(columns)


def test_headings_are_larger_or_bold() -> None:
    """Their levels follow from their size."""
    paper = pdfs.canvas(24)
    paper.add_page()
    paper.text(60, 80, "Lease of the depot")
    paper.set_font("Helvetica", "B", 11)
    paper.text(60, 120, "Duties of the tenant")
    paper.set_font("Helvetica", size=11)
    for left, top, line in pdfs.stacked(["The tenant keeps the roof clean."] * 3, top=140):
        paper.text(left, top, line)
    found = pdfs.blocks(bytes(paper.output()))
    assert [(block.kind, block.level) for block in found][:2] == [
        (Kind.HEADING, 1),
        (Kind.HEADING, 4),
    ]
    assert {block.kind for block in found[2:]} == {Kind.TEXT}


def test_running_lines_are_kept_once_and_others_always() -> None:
    """A header and page numbers are no text of each page; a sentence that repeats is."""
    data = pdfs.pages(
        *(
            [
                (60, 40, "ACME operations manual"),
                (60, 400, "Wear a helmet."),
                (60, 420, f"Depot {number} closes at {number} o'clock."),
                (280, 820, f"Page {number} of 6"),
            ]
            for number in range(1, 7)
        )
    )
    text = "\n".join(pdfs.texts(data))
    assert text.count("ACME operations manual") == 1
    assert text.count("of 6") == 1
    assert text.count("Wear a helmet.") == 6
    assert "Depot 6 closes at 6 o'clock." in text


def test_footer_that_ends_with_the_page_number_is_kept_once_and_heads_nothing() -> None:
    """Bold letters do not make a heading of it, which would stand above the next page's text."""
    paper = pdfs.canvas()
    for number in range(1, 7):
        paper.add_page()
        paper.set_font("Helvetica", size=11)
        paper.text(60, 400, "Wear a helmet and gloves wherever the cranes of the port are at work.")
        paper.set_font("Helvetica", "B", 9)
        paper.text(60, 820, f"ACME annual report 2026 {number + 2}")
    found = pdfs.blocks(bytes(paper.output()))
    assert [block.text for block in found if block.text.startswith("ACME")] == [
        "ACME annual report 2026 3"
    ]
    assert {block.kind for block in found} == {Kind.TEXT}


def test_top_line_with_a_number_of_its_own_is_kept() -> None:
    """“Depot 4” on page 4 says what the page is about."""
    data = pdfs.pages(
        *([(60, 40, f"Depot {number}"), (60, 400, "It is open.")] for number in range(1, 7))
    )
    assert [text for text in pdfs.texts(data) if text.startswith("Depot")] == [
        f"Depot {number}" for number in range(1, 7)
    ]


def test_headings_of_a_table_that_repeat_are_kept() -> None:
    """A table that goes on over pages has its headings on each."""
    data = pdfs.pages(
        *(
            [
                place
                for row, cells in enumerate(
                    [
                        ["Bolt", "Size", "Price"],
                        *([f"B{page}{n}", f"{n}", f"{n}.50"] for n in range(1, 6)),
                    ]
                )
                for place in ((60 + 120 * at, 60 + 16 * row, cell) for at, cell in enumerate(cells))
            ]
            for page in range(1, 5)
        )
    )
    assert pdfs.rows(data)[-1] == "Bolt: B45; Size: 5; Price: 5.50"


def field(kind: str, name: str, rect: str, more: str) -> bytes:
    return (
        f"<< /Type /Annot /Subtype /Widget /FT /{kind} /T ({name}) /Rect [{rect}] /F 4 {more} >>"
    ).encode()


def test_values_of_a_form_stand_beside_their_labels() -> None:
    """Text, choices and boxes that are ticked or not; a password is not read."""
    fields = [
        field("Tx", "who", "200 695 400 715", "/V (Rosalind Okafor)"),
        field("Ch", "floor", "200 665 400 685", "/Ff 131072 /Opt [(First) (Third)] /V (Third)"),
        field("Btn", "police", "200 635 214 649", "/V /Yes /AS /Yes /AP << /N << /Yes 3 0 R >> >>"),
        field("Tx", "pin", "200 605 400 625", "/Ff 8192 /V (s3cret)"),
    ]
    labels = [("Policyholder:", 700), ("Floor:", 670), ("Police called:", 638), ("PIN:", 610)]
    content = b"".join(b"BT /F1 11 Tf 60 %d Td (%s) Tj ET\n" % (y, t.encode()) for t, y in labels)
    text = "\n".join(pdfs.texts(pdfs.with_form(b"\n--\n".join(fields), content)))
    assert text.splitlines() == [
        "Policyholder: Rosalind Okafor",
        "Floor: Third",
        "Police called: ☒",
        "PIN:",
    ]


def test_text_boxes_and_comments_are_read_with_their_authors() -> None:
    """Who reviewed a draft is quoted as such; links and hidden notes are not."""
    annotations = [
        b"<< /Type /Annot /Subtype /FreeText /Rect [60 600 300 620] /DA (/F1 11 Tf) "
        b"/Contents (The penalty is 350 euro.) >>",
        b"<< /Type /Annot /Subtype /Text /Rect [10 600 30 620] /T (Anna) /Contents (Too high?) >>",
        b"<< /Type /Annot /Subtype /Text /Rect [10 600 30 620] /F 2 /Contents (Hidden.) >>",
        b"<< /Type /Annot /Subtype /StrikeOut /Rect [60 715 160 735] /T (Ben) "
        b"/QuadPoints [60 735 200 735 60 715 200 715] >>",
    ]
    data = pdfs.with_form(b"\n--\n".join(annotations), hostile.shown("Delivery in May."))
    assert pdfs.texts(data) == [
        "Delivery in May.",
        "The penalty is 350 euro.",
        "Comment by Anna: Too high?",
        "Struck out by Ben: “Delivery in May.”",
    ]


def test_attached_files_are_handed_over() -> None:
    """A portfolio is a PDF around others."""
    data = pdfs.with_attachment(pdfs.pages([(60, 80, "Open it.")]), "deed.pdf", b"%PDF-1.7 deed")
    assert pdfs.attachments(data) == [("deed.pdf", b"%PDF-1.7 deed")]


def test_pages_without_text_are_named_unless_they_are_blank() -> None:
    """A page with a picture holds no text; an empty one, or one with a rule, has none to hold."""
    paper = pdfs.canvas()
    for number in range(4):
        paper.add_page()
        if number == 0:
            paper.text(60, 80, "Some text.")
        if number == 2:
            paper.line(60, 40, 500, 40)
        if number == 3:
            paper.rect(60, 60, 300, 300, style="F")
    (note,) = pdfs.notes(bytes(paper.output()))
    assert note.startswith("Page 4 is a picture: it was not read.")


SENTENCE = (
    "Permit of the quarry. The quarry may extract limestone each year, on weekdays only. " * 2
)


def test_text_of_codes_is_left_out_and_said_to_be() -> None:
    """A font that does not say what its letters are gives codes, which nobody can read."""
    data = pdfs.coded(SENTENCE, map_to=None)
    assert pdfs.texts(data) == []
    assert "Page 1 holds text that looks garbled, which was left out." in pdfs.notes(data)


def test_text_of_shifted_letters_is_left_out_and_said_to_be() -> None:
    """A font that names other letters than it shows gives what looks like a cipher."""
    data = pdfs.coded(SENTENCE, map_to=lambda letter: chr(ord(letter) + 3))
    assert pdfs.texts(data) == []
    assert "Page 1 holds text that looks garbled, which was left out." in pdfs.notes(data)
    assert " ".join(pdfs.texts(pdfs.coded(SENTENCE, map_to=str))).split() == SENTENCE.split()


def test_encrypted_pdf_without_a_password_to_open_it_is_read() -> None:
    """Many are locked against changes alone."""
    paper = pdfs.canvas()
    paper.set_encryption(owner_password="owner", permissions=AccessPermission.none())
    paper.add_page()
    paper.text(60, 80, "Readable by all.")
    assert pdfs.texts(bytes(paper.output())) == ["Readable by all."]


def test_pdf_without_a_page_that_can_be_loaded_is_refused_early() -> None:
    """A million pages that are none cost as much as fifty."""
    with pytest.raises(ValueError, match="no page can be loaded"):
        list(pdfs.texts(hostile.pdf_page_loop()))
