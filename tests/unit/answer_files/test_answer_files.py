"""Answers as Markdown, DOCX and PDF, read back."""

from __future__ import annotations

import ctypes
import io
import re
import zipfile
from collections.abc import Callable
from dataclasses import replace

import docx
import pypdfium2
import pytest
from markdown_it import MarkdownIt

from jobs.answer_files import to_docx, to_markdown, to_pdf
from jobs.answer_files.content import compose
from jobs.extraction.blocks import Block
from jobs.extraction.readers import word
from jobs.models import Answer, Citation, JobState, JobView, Question, SupportLevel

Write = Callable[[JobView, Answer], str | bytes]
FORMATS = pytest.mark.parametrize("write", [to_markdown, to_docx, to_pdf])

VIEW = JobView(
    "job-1",
    "b-alice",
    Question("What may a hotel cost?"),
    JobState.FINISHED,
    asked_at=1_795_500_000.0,
    ended_at=1_795_500_004.0,
)
PASSAGE = "Hotels may cost EUR 160 per night, including breakfast."


def citation(number: int = 1, text: str = PASSAGE, name: str = "travel-policy.docx") -> Citation:
    return Citation(number, "d1", name, f"p{number}", text, 4, 5, 0.87)


def answer(text: str, *citations: Citation, **fields: object) -> Answer:
    return replace(Answer(text, citations or (citation(),), model="stub-model"), **fields)


def read(write: Write, given: Answer, question: str = VIEW.asked.text) -> str:
    """The words of the file, on one line, as they are read back from it."""
    data = write(replace(VIEW, asked=Question(question)), given)
    if isinstance(data, str):
        text = re.sub(r"\\(?=[^\w\s])", "", data)
    elif data.startswith(b"%PDF"):
        # Our own reader would look at the picture of a page of such words.
        pages = pypdfium2.PdfDocument(data)
        text = "\n".join(page.get_textpage().get_text_bounded() for page in pages)
    else:
        blocks = (item for item in word.read(data) if isinstance(item, Block))
        text = "\n".join(block.text for block in blocks)
    return " ".join(text.split())


@FORMATS
def test_file_has_question_answer_and_sources(write: Write) -> None:
    """A file says what was asked and when, the answer, who wrote it, and each passage's words."""
    text = read(write, answer("A night may cost **EUR 160** [1]."))
    for words in (
        "What may a hotel cost?",
        "Asked 24 November 2026, 06:00 UTC · written by the model stub-model",
        "EUR 160",
        "[1] travel-policy.docx, pages 4–5",
        PASSAGE,
    ):
        assert words in text


@FORMATS
@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"extractive": True, "model": ""}, "quoted from the documents; no model wrote it"),
        ({"support": SupportLevel.UNSUPPORTED}, "This answer cites no passage of the documents."),
        ({"support": SupportLevel.NOT_FOUND}, "The documents do not answer this question."),
        ({"removed_markers": 2}, "2 citations that named no passage were removed."),
        ({"notes": ("Keyword search alone.",)}, "Keyword search alone."),
    ],
)
def test_file_says_how_the_answer_stands(
    write: Write, fields: dict[str, object], sentence: str
) -> None:
    """Whether an answer was quoted, is unsupported, or was not found is in each file."""
    assert sentence in read(write, answer("Some words.", **fields))
    assert sentence not in read(write, answer("Some words."))


@FORMATS
def test_same_answer_gives_the_same_file(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two files of one answer are equal, whenever they are written."""
    given = answer("A night may cost **EUR 160** [1].\n\n1. one\n2. two")
    first = write(VIEW, given)
    monkeypatch.setattr("time.time", lambda: 1_900_000_000.0)
    monkeypatch.setattr("time.localtime", lambda *_: (2031, 1, 2, 3, 4, 5, 3, 2, 0))
    assert write(VIEW, given) == first


@FORMATS
@pytest.mark.parametrize(
    "words",
    [
        "café naïve Zürich Łódź “quoted” 5 € … ½",
        "Ελληνικά κείμενα",
        "Кириллица и текст",
        "酒店每晚不超过",
        "日本語のテスト",
        "한국어 시험",
        "e\u0301te\u0301",
    ],
)
def test_letters_of_many_scripts_survive(write: Write, words: str) -> None:
    """Accents, Greek, Cyrillic, typographic and East Asian characters can be read back."""
    text = read(write, answer(f"So: {words} [1]", citation(text=words)), question=words)
    assert text.replace("e\u0301", "é").count(words.replace("e\u0301", "é")) == 3
    assert "□" not in text


@FORMATS
def test_words_from_right_to_left_survive(write: Write) -> None:
    """Arabic and Hebrew words can be read back, and the lines after them still run rightwards."""
    text = read(write, answer("مرحبا بالعالم [1]\n\nשלום עולם\n\nThe end of it."))
    for words in ("مرحبا", "بالعالم", "שלום", "עולם", "The end of it.", PASSAGE):
        assert words in text


def test_pdf_says_what_its_fonts_lack() -> None:
    """What no font has is a box in the PDF, and a sentence says where to find it."""
    text = read(to_pdf, answer("Thai: ไทย [1]"))
    assert "Thai: □□□" in text
    assert "shown as □" in text
    assert "shown as □" not in read(to_pdf, answer("Plain [1]"))


HOSTILE = {
    "script": "<script>alert(1)</script> <img src=x onerror=alert(1)> &lt;b&gt; [1]",
    "long words": f"{'w' * 5000} [1] {'й' * 3000}",
    "controls": "a\x00b\x07c\x1bd\x7fe\ud800f\ufffeg\x0bh\x85i\u2028j [1]",
    "directions": "abc \u202egnp.exe\u202c \u2066x\u2069 \u200f مرحبا [1]",
    "nesting": ">" * 200 + " deep\n\n" + "- " * 80 + "deeper [1]",
    "unclosed": "**bold *italic ~~struck `code [1](http://x ![a](\n```\nopen",
    "wide table": f"|{'a|' * 40}\n|{'-|' * 40}\n|{'b|' * 40}",
    "high table": f"|a|b|\n|-|-|\n|x|{'word ' * 2000}|",
    "right-to-left table": "|اسم|b|\n|-|-|\n|مرحبا|x [1]|\n\nAfter.",
    "long code": "```\n" + "x" * 4000 + "\n\ttab\n```",
    "empty": "",
    "blank": " \n\t\n ",
    "empty structures": "-\n\n>\n\n#\n\n1.\n\n||\n|-|\n\n```\n```",
    "definition": "[1]: https://evil.example\n\nSee [1].",
}


@FORMATS
@pytest.mark.parametrize("hostile", HOSTILE.values(), ids=list(HOSTILE))
def test_hostile_text_gives_a_readable_file(write: Write, hostile: str) -> None:
    """Whatever a model, a person or a document writes, the file is written and can be read."""
    given = answer(hostile, citation(text=hostile, name=hostile), citation(2))
    assert PASSAGE in read(write, given, question=hostile)


@FORMATS
def test_nothing_that_nests_deeply_is_lost(write: Write) -> None:
    """Beyond what the parser follows, an answer keeps its words."""
    text = read(write, answer(HOSTILE["nesting"]))
    assert "deep" in text
    assert "deeper" in text


@FORMATS
def test_hundred_citations(write: Write) -> None:
    """An answer with a hundred sources lists each of them, in order of their numbers."""
    numbers = range(100, 0, -1)
    citations = [citation(number, f"Passage number {number}.") for number in numbers]
    text = read(write, answer(" ".join(f"[{number}]" for number in numbers), *citations))
    found = [int(number) for number in re.findall(r"Passage number (\d+)\.", text)]
    assert found == list(range(1, 101))


@FORMATS
def test_no_citations_no_sources(write: Write) -> None:
    """Without a citation there is no heading above nothing."""
    given = Answer("The documents do not say.", support=SupportLevel.NOT_FOUND)
    assert "Sources" not in read(write, given)


def test_markdown_is_inert() -> None:
    """A Markdown viewer makes no link, no image and no HTML of what the file says."""
    text = (
        "See [here](https://evil.example/a) and ![pic](https://evil.example/b) <b>x</b> "
        "https://evil.example/c www.evil.example [1](https://evil.example/d) [2]\n\n"
        "[2]: https://evil.example/e"
    )
    data = to_markdown(VIEW, answer(text, citation(text=text, name=text), citation(2)))
    parser = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    kinds = {
        token.type for block in parser.parse(data) for token in (block, *(block.children or ()))
    }
    assert not kinds & {"link_open", "image", "html_inline", "html_block"}
    # What some viewers make links of by themselves.
    assert not re.search(r"https?://|www\.", data)
    assert "evil.example/a" in data


def test_markdown_keeps_its_structure() -> None:
    """The written Markdown parses to the structure that the answer had."""
    text = (
        "## Head\n\nA **b *c* d** `e|f` ~~g~~\n\n3. x\n   - y\n\n     z\n4. w\n\n"
        "| a | b |\n|---|---|\n| `1|2` | **3** |\n\n> q\n\n```\n``x``\n# y\n```\n\n* * *"
    )
    shown = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    data = to_markdown(VIEW, Answer(text))
    body = data.partition("## Answer\n\n")[2]
    assert shown.render(body) == shown.render(text).replace("h2>", "h4>")


def test_plain_words_gain_no_structure_in_markdown() -> None:
    """A passage that looks like Markdown is shown as it stands in its document."""
    passage = "# No heading\n- no list\n1. none\n    no code\n***\n===\n| no | table |\n|---|---|"
    html = (
        MarkdownIt("commonmark")
        .enable("table")
        .render(to_markdown(VIEW, answer("x [1]", citation(text=passage))))
    )
    quoted = html.partition("<blockquote>")[2]
    assert not re.search(r"<(h\d|ul|ol|li|pre|hr|table|em|strong)", quoted)
    assert "# No heading" in quoted


def word_document(text: str) -> docx.document.Document:
    return docx.Document(io.BytesIO(to_docx(VIEW, answer(text))))


def test_docx_has_real_structure() -> None:
    """Headings, lists, tables, looks and code are Word's own."""
    document = word_document(
        "## Head\n\nA **bold** and *italic* `code` [1]\n\n- x\n  - y\n\n1. one\n\n"
        "| a | b |\n|---|---|\n| c | **d** |\n\n```\nraw\n```"
    )
    styles = {paragraph.text: paragraph.style.name for paragraph in document.paragraphs}
    assert styles["What may a hotel cost?"] == "Title"
    assert styles["Head"] == "Heading 2"
    assert styles["x"] == "List Bullet"
    assert styles["y"] == "List Bullet 2"
    assert styles["one"] == "List Number"
    assert styles["raw"] == "Code"
    assert styles[PASSAGE] == "Quote"
    looks = {run.text: run for paragraph in document.paragraphs for run in paragraph.runs}
    assert looks["bold"].bold
    assert looks["italic"].italic
    assert looks["code"].font.name == "Consolas"
    (table,) = document.tables
    assert [[cell.text for cell in row.cells] for row in table.rows] == [["a", "b"], ["c", "d"]]
    assert table.cell(0, 0).paragraphs[0].runs[0].bold


def test_docx_lists_count_for_themselves() -> None:
    """Each numbered list begins with its own first number."""
    document = word_document("1. a\n2. b\n\nBetween.\n\n7. c")
    numbering = document.part.numbering_part.element
    starts = []
    for paragraph in document.paragraphs:
        if paragraph.text in ("a", "b", "c"):
            number = numbering.num_having_numId(paragraph._p.pPr.numPr.numId.val)
            starts.append((number.numId, number.lvlOverride_lst[0].startOverride.val))
    (first, start), same, (second, later) = starts
    assert (first, start) == same
    assert (start, later) == (1, 7)
    assert first != second


def test_docx_markers_lead_to_their_source() -> None:
    """A marker is a link within the document, to the source of its number; nothing leads out."""
    text = "Yes [1]. [site](https://evil.example)\n\n[1]: https://evil.example"
    data = to_docx(VIEW, answer(text))
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        document = archive.read("word/document.xml").decode()
        relations = archive.read("word/_rels/document.xml.rels").decode()
    assert document.count('<w:hyperlink w:anchor="source_1">') == 2
    assert 'w:name="source_1"' in document
    assert "evil.example" not in relations


def test_time_of_a_file_is_that_of_its_answer() -> None:
    """PDF and Word files carry the time at which the answer was finished."""
    document = pypdfium2.PdfDocument(to_pdf(VIEW, answer("x")))
    assert document.get_metadata_value("CreationDate").startswith("D:20261124060004")
    properties = word_document("x").core_properties
    assert properties.created == properties.modified
    assert f"{properties.created:%Y%m%d%H%M%S}" == "20261124060004"


def pdf_links(data: bytes) -> list[tuple[int, int]]:
    """For each link in a PDF, the index of its page and that of the page it leads to."""
    raw, document = pypdfium2.raw, pypdfium2.PdfDocument(data)
    found = []
    for index, page in enumerate(document):
        position, link = ctypes.c_int(0), raw.FPDF_LINK()
        while raw.FPDFLink_Enumerate(page, ctypes.byref(position), ctypes.byref(link)):
            target = raw.FPDFLink_GetDest(document, link)
            found.append((index, raw.FPDFDest_GetDestPageIndex(document, target)))
    return found


def test_pdf_markers_lead_to_their_source() -> None:
    """A marker is a link to the page of its source; nothing leads out of the file."""
    text = "Yes [1], not [7]. [site](https://evil.example) https://evil.example"
    data = to_pdf(VIEW, answer(text + "\n\nMore words." * 60))
    assert pdf_links(data) == [(0, 1)]
    assert b"/URI" not in data


def test_pdf_has_typographic_characters() -> None:
    """Dashes, quotes and signs are those that were written."""
    words = "“double” ‘single’ – en — em … 5 € ½ × ≤ → fi"
    document = pypdfium2.PdfDocument(to_pdf(VIEW, answer(words)))
    assert words in document[0].get_textpage().get_text_bounded()


def test_file_of_a_follow_up_says_how_it_was_understood() -> None:
    """The question alone would be a riddle; of which documents it was asked is told as well."""
    view = replace(VIEW, asked=Question("And in Oslo?", documents=("d1", "d2")))
    sheet = compose(view, Answer("x", standalone="What is the limit in Oslo?"))
    assert "UTC of 2 documents · " in sheet.facts
    assert sheet.warnings[0] == "A follow-up, understood as: What is the limit in Oslo?"
    assert "understood as" not in " ".join(compose(VIEW, Answer("x")).warnings)
