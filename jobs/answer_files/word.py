"""Writes an answer as a Word document (DOCX), in Word's own styles."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Sequence
from typing import Any

from docx import Document
from docx.document import Document as WordDocument
from docx.enum.style import WD_STYLE_TYPE
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Cm, Pt, RGBColor
from docx.text.paragraph import Paragraph as WordParagraph
from docx.text.run import Run

from jobs.answer_files.content import Sheet, Source
from jobs.answer_files.direction import is_right_to_left
from jobs.answer_files.markup import (
    Block,
    CodeBlock,
    Heading,
    Listing,
    Paragraph,
    Quote,
    Rule,
    Span,
    Table,
)

FONT, CODE_FONT, CODE_STYLE = "Calibri", "Consolas", "Code"
INDENT_CM, DEEPEST_INDENT = 0.63, 6
# Word's own styles have three levels of lists.
DEEPEST_LIST = 3
MAX_TITLE_CHARS = 255  # the limit of Word's document properties
INK, GREY, ACCENT, AMBER = (
    RGBColor(20, 28, 26),
    RGBColor(90, 100, 96),
    RGBColor(15, 107, 102),
    RGBColor(146, 84, 0),
)
# The time of each part of the archive: the earliest that ZIP can express.
_NO_TIME = (1980, 1, 1, 0, 0, 0)


def write_docx(sheet: Sheet) -> bytes:
    """Return the bytes of the file."""
    return _Writer(sheet).write()


class _Writer:
    """Writes one sheet from top to bottom."""

    def __init__(self, sheet: Sheet) -> None:
        self._sheet = sheet
        self._document: WordDocument = Document()
        self._numbers = {source.number for source in sheet.sources}

    def write(self) -> bytes:
        document, sheet = self._document, self._sheet
        _set_styles(document)
        self._set_properties()
        title = document.add_paragraph(style="Title")
        _add_words(title, sheet.question)
        _set_direction(title, sheet.question)
        facts = document.add_paragraph()
        _add_words(facts, sheet.facts).font.color.rgb = GREY
        for warning in sheet.warnings:
            run = _add_words(document.add_paragraph(), warning)
            run.bold, run.font.color.rgb = True, AMBER
        for block in sheet.blocks:
            self._block(block, 0)
        if sheet.sources:
            document.add_heading("Sources", 1)
        for number, source in enumerate(sheet.sources):
            self._source(number, source)
        buffer = io.BytesIO()
        document.save(buffer)
        return _without_times(buffer.getvalue())

    def _set_properties(self) -> None:
        properties = self._document.core_properties
        moment = self._sheet.moment.replace(tzinfo=None)
        properties.title = " ".join(self._sheet.question.split())[:MAX_TITLE_CHARS]
        properties.author = properties.last_modified_by = "Askqueue"
        properties.comments = ""
        properties.created = properties.modified = moment

    def _source(self, number: int, source: Source) -> None:
        label = self._document.add_paragraph()
        label.paragraph_format.keep_with_next = True
        label.paragraph_format.space_after = Pt(2)
        _start_bookmark(label, number, source.number)
        _add_words(label, f"[{source.number}] {source.label}").bold = True
        label._p.append(_element("w:bookmarkEnd", id=number))
        for part in re.split(r"\n\n", source.text):
            passage = self._document.add_paragraph(style="Quote")
            passage.paragraph_format.left_indent = Cm(INDENT_CM)
            _add_words(passage, part)
            _set_direction(passage, part)

    def _block(self, block: Block, indent: int) -> None:
        match block:
            case Heading(level, spans):
                # The answer's headings rank below the title, beside “Sources”.
                self._spans(self._document.add_heading(level=level), spans)
            case Paragraph(spans):
                self._spans(self._paragraph("Normal", indent), spans)
            case CodeBlock(text):
                _add_words(self._paragraph(CODE_STYLE, indent), text)
            case Rule():
                _underline(self._paragraph("Normal", indent))
            case Quote(blocks):
                for inner in blocks:
                    self._block(inner, indent + 1)
            case Listing(start, items):
                self._list(start, items, indent)
            case Table(rows):
                self._table(rows)

    def _paragraph(self, style: str, indent: int) -> WordParagraph:
        paragraph = self._document.add_paragraph(style=style)
        if indent:
            paragraph.paragraph_format.left_indent = Cm(INDENT_CM * min(indent, DEEPEST_INDENT))
        return paragraph

    def _list(self, start: int | None, items: Sequence[Sequence[Block]], indent: int) -> None:
        level = min(indent + 1, DEEPEST_LIST)
        style = "List Bullet" if start is None else "List Number"
        style += f" {level}" if level > 1 else ""
        numbering = None if start is None else self._start_numbering(style, start)
        for item in items:
            paragraph = self._document.add_paragraph(style=style)
            if numbering is not None:
                properties = paragraph._p.get_or_add_pPr().get_or_add_numPr()
                properties.get_or_add_ilvl().val = 0
                properties.get_or_add_numId().val = numbering
            rest = item
            if item and isinstance(item[0], Paragraph):
                self._spans(paragraph, item[0].spans)
                rest = item[1:]
            for block in rest:
                self._block(block, indent + 1)

    def _start_numbering(self, style: str, start: int) -> int:
        """Add a numbering for one list: by style alone, it would continue the list before it."""
        numbering: Any = self._document.part.numbering_part.element
        definition: Any = self._document.styles[style].element
        styled = numbering.num_having_numId(definition.pPr.numPr.numId.val)
        number = numbering.add_num(styled.abstractNumId.val)
        number.add_lvlOverride(ilvl=0).add_startOverride(start)
        return int(number.numId)

    def _table(self, rows: Sequence[Sequence[Sequence[Span]]]) -> None:
        table = self._document.add_table(len(rows), len(rows[0]), style="Table Grid")
        for number, (row, cells) in enumerate(zip(table.rows, rows, strict=True)):
            for cell, spans in zip(row.cells, cells, strict=True):
                paragraph = cell.paragraphs[0]
                paragraph.paragraph_format.space_after = Pt(2)
                self._spans(paragraph, spans)
                if number == 0:
                    for run in paragraph.runs:
                        run.bold = True
                    cell._tc.get_or_add_tcPr().append(_element("w:shd", val="clear", fill="EEF1EF"))
            if number == 0:
                # Repeated at the top of each page.
                row._tr.get_or_add_trPr().append(_element("w:tblHeader", val="true"))
        self._document.add_paragraph()

    def _spans(self, paragraph: WordParagraph, spans: Sequence[Span]) -> None:
        for span in spans:
            run = _add_words(paragraph, span.text)
            # None leaves it to the style of a heading or of a table's header row.
            run.bold, run.italic = span.bold or None, span.italic or None
            run.font.strike = span.struck or None
            if span.code:
                run.font.name = CODE_FONT
            if span.source in self._numbers:
                run.font.color.rgb = ACCENT
                link = _element("w:hyperlink", anchor=f"source_{span.source}")
                run._r.addprevious(link)
                link.append(run._r)
        _set_direction(paragraph, "".join(span.text for span in spans))


def _set_styles(document: WordDocument) -> None:
    section = document.sections[0]
    section.page_width, section.page_height = Cm(21), Cm(29.7)
    section.left_margin = section.right_margin = Cm(2.5)
    styles: Any = document.styles
    _set_font(styles["Normal"], FONT, 11)
    _set_font(styles["Title"], FONT, 20, INK)
    _colour_line(styles["Title"])
    for level in range(1, 7):
        _set_font(styles[f"Heading {level}"], FONT, max(11, 16 - level), ACCENT)
    _set_font(styles["Quote"], FONT, 10, GREY)
    styles["Quote"].font.italic = False
    code = styles.add_style(CODE_STYLE, WD_STYLE_TYPE.PARAGRAPH)
    code.base_style = styles["Normal"]
    _set_font(code, CODE_FONT, 9.5)


def _colour_line(style: Any) -> None:
    """Give the line below a style the colour of the headings instead of the theme's."""
    line = style.element.pPr.find(qn("w:pBdr")).find(qn("w:bottom"))
    line.attrib.pop(qn("w:themeColor"), None)
    line.set(qn("w:color"), str(ACCENT))


def _set_font(style: Any, name: str, points: float, colour: RGBColor = INK) -> None:
    fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
    # A theme font would take precedence over the name.
    for kind in ("ascii", "hAnsi", "cs", "eastAsia"):
        fonts.attrib.pop(qn(f"w:{kind}Theme"), None)
    fonts.attrib.pop(qn("w:cstheme"), None)
    style.font.name, style.font.size, style.font.color.rgb = name, Pt(points), colour


def _add_words(paragraph: WordParagraph, text: str) -> Run:
    """Add a run; line breaks and tabs become Word's own."""
    return paragraph.add_run(text)


def _set_direction(paragraph: WordParagraph, text: str) -> None:
    """Set the paragraph from right to left if its text is."""
    if not is_right_to_left(text):
        return
    _insert(paragraph, OxmlElement("w:bidi"), *_AFTER_DIRECTION)
    for run in paragraph._p.iter(qn("w:r")):
        run.get_or_add_rPr().append(OxmlElement("w:rtl"))


def _underline(paragraph: WordParagraph) -> None:
    """Draw a line across the page."""
    borders = OxmlElement("w:pBdr")
    borders.append(_element("w:bottom", val="single", sz=6, space=1, color="C8CECB"))
    _insert(paragraph, borders, "w:bidi", *_AFTER_DIRECTION)


# Word requires the properties of a paragraph in this order.
_AFTER_DIRECTION = ("w:spacing", "w:ind", "w:contextualSpacing", "w:jc", "w:rPr")


def _insert(paragraph: WordParagraph, element: Any, *successors: str) -> None:
    paragraph._p.get_or_add_pPr().insert_element_before(element, *successors)


def _start_bookmark(paragraph: WordParagraph, number: int, source: int) -> None:
    paragraph._p.append(_element("w:bookmarkStart", id=number, name=f"source_{source}"))


def _element(tag: str, **attributes: object) -> Any:
    element = OxmlElement(tag)
    for name, value in attributes.items():
        element.set(qn(f"w:{name}"), str(value))
    return element


def _without_times(data: bytes) -> bytes:
    """Return the archive with the same parts, but without the times at which they were written."""
    buffer = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(data)) as old,
        zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for part in old.infolist():
            entry = zipfile.ZipInfo(part.filename, _NO_TIME)
            entry.compress_type = zipfile.ZIP_DEFLATED
            new.writestr(entry, old.read(part))
    return buffer.getvalue()
