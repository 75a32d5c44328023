"""Writes an answer as a PDF on A4, with embedded fonts."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import cast

from fpdf.enums import MethodReturnValue, TableBordersLayout, WrapMode
from fpdf.fonts import FontFace

from jobs.answer_files.content import Sheet, Source
from jobs.answer_files.direction import has_right_to_left, is_right_to_left
from jobs.answer_files.markup import (
    Block,
    CodeBlock,
    Heading,
    Listing,
    Paragraph,
    Quote,
    Rule,
    Span,
    Spans,
    Table,
    plain_text,
)
from jobs.answer_files.paper import GREY, MONO, SANS, Paper

BODY_POINTS, SMALL_POINTS = 10.5, 9.5
LINE_HEIGHT = 1.45  # times the size of the font
INDENT_MM, DEEPEST_INDENT, BULLET_GAP_MM = 7.0, 6, 1.7
# A table with more columns, or with a row that would not fit a page, is written row by row.
MOST_COLUMNS, HIGHEST_ROW_MM = 8, 120.0

INK, ACCENT, AMBER = (20, 28, 26), (15, 107, 102), (146, 84, 0)
_LEFT_TO_RIGHT = "\u200e"  # invisible
LACKS = (
    "Some characters are not in the fonts of this PDF and are shown as □. "
    "The Markdown and Word files have them."
)


def write_pdf(sheet: Sheet) -> bytes:
    """Return the bytes of the file."""
    return _Writer(sheet).write()


class _Writer:
    """Draws one sheet from top to bottom."""

    def __init__(self, sheet: Sheet) -> None:
        self._sheet = sheet
        self._pdf = Paper()
        self._links: dict[int, int] = {}

    def write(self) -> bytes:
        pdf, sheet = self._pdf, self._sheet
        title = " ".join(sheet.question.split())
        pdf.set_title(title)
        pdf.set_creator("Askqueue")
        pdf.set_creation_date(sheet.moment)
        pdf.add_page()
        self._links = {source.number: pdf.add_link() for source in sheet.sources}
        # A long question is easier to read as body text than as a title.
        long = len(sheet.question) > 300
        self._text((Span(sheet.question, bold=not long),), BODY_POINTS if long else 15)
        self._text((Span(sheet.facts),), SMALL_POINTS, colour=GREY, after=3)
        for warning in sheet.warnings:
            self._text((Span(warning, bold=True),), SMALL_POINTS, colour=AMBER)
        pdf.ln(2)
        for block in sheet.blocks:
            self._block(block, 0)
        if sheet.sources:
            self._heading((Span("Sources"),), 13)
        for source in sheet.sources:
            self._source(source)
        if pdf.lacks:
            self._text((Span(LACKS),), SMALL_POINTS, colour=GREY)
        return bytes(pdf.output())

    def _source(self, source: Source) -> None:
        pdf = self._pdf
        if pdf.will_page_break(16):
            pdf.add_page()
        pdf.set_link(self._links[source.number], y=pdf.get_y(), page=pdf.page)
        # Keeps the number first, even before a name from right to left.
        label = (Span(f"{_LEFT_TO_RIGHT}[{source.number}] {source.label}", bold=True),)
        self._text(label, SMALL_POINTS, after=1)
        for part in re.split(r"\n\n", source.text):
            self._text((Span(part),), SMALL_POINTS, colour=GREY, indent=1)
        pdf.ln(1)

    def _block(self, block: Block, indent: int) -> None:
        match block:
            case Heading(level, spans):
                self._heading(spans, max(10.5, 14.5 - level), indent)
            case Paragraph(spans):
                self._text(spans, indent=indent)
            case CodeBlock(text):
                self._code(text, indent)
            case Rule():
                self._rule()
            case Quote(blocks):
                for inner in blocks:
                    self._block(inner, indent + 1)
            case Listing(start, items):
                self._list(start, items, indent)
            case Table(rows):
                self._table(rows, indent)

    def _text(
        self,
        spans: Sequence[Span],
        points: float = BODY_POINTS,
        *,
        colour: tuple[int, int, int] = INK,
        indent: int = 0,
        after: float = 2,
    ) -> None:
        """Draw a paragraph, with `after` mm of space below it."""
        pdf = self._pdf
        left = self._left(indent)
        words = plain_text(spans)
        if not words.strip():
            return
        pdf.set_font(SANS, "", points)
        pdf.set_x(left)
        if has_right_to_left(words):
            self._bidirectional(spans, points, colour)
            pdf.ln(after)
            return
        with pdf.text_columns(l_margin=left, line_height=LINE_HEIGHT) as column:
            paragraph = column.paragraph()
            with paragraph:
                for span in spans:
                    self._set_style(span, points, colour)
                    link = self._links.get(span.source) if span.source else None
                    paragraph.write(self._pdf.shown(span.text), link=link)
        pdf.ln(after)

    def _bidirectional(
        self, spans: Sequence[Span], points: float, colour: tuple[int, int, int]
    ) -> None:
        """Draw a paragraph with words from right to left, in one style and without links.

        The order of such words depends on the whole paragraph, which is therefore drawn as one.
        """
        words = plain_text(spans)
        # Shaping joins letters and orders the runs. It takes three times as long, hence only here.
        self._pdf.set_text_shaping(True)
        self._set_style(Span(words, bold=all(span.bold for span in spans)), points, colour)
        self._pdf.multi_cell(
            *(0, points / self._pdf.k * LINE_HEIGHT, self._pdf.shown(words)),
            align="R" if is_right_to_left(words) else "L",
            new_x="LMARGIN",
            new_y="NEXT",
        )
        self._pdf.set_text_shaping(False)

    def _set_style(self, span: Span, points: float, colour: tuple[int, int, int]) -> None:
        style = "S" if span.struck else ""
        if span.code:
            self._pdf.use(MONO)
            self._pdf.set_font(MONO, style, points * 0.92)
        else:
            self._pdf.set_font(SANS, style + _emphasis(span.bold, span.italic), points)
        self._pdf.set_text_color(*(ACCENT if span.source else colour))

    def _heading(self, spans: Spans, points: float, indent: int = 0) -> None:
        pdf = self._pdf
        # Never alone at the foot of a page.
        if pdf.will_page_break(25):
            pdf.add_page()
        elif pdf.get_y() > pdf.t_margin:
            pdf.ln(2)
        bold = tuple(Span(span.text, True, span.italic, source=span.source) for span in spans)
        self._text(bold, points, indent=indent, after=1)

    def _list(self, start: int | None, items: Sequence[Sequence[Block]], indent: int) -> None:
        pdf = self._pdf
        height = BODY_POINTS / pdf.k * LINE_HEIGHT
        for number, item in enumerate(items, start or 0):
            if pdf.will_page_break(height):
                pdf.add_page()
            pdf.set_font(SANS, "", BODY_POINTS)
            pdf.set_text_color(*INK)
            top = pdf.get_y()
            bullet = "•" if start is None else f"{number}."
            # Numbers end below each other; long ones begin in the margin.
            pdf.set_x(self._left(indent + 1) - pdf.get_string_width(bullet) - BULLET_GAP_MM)
            pdf.cell(INDENT_MM, height, bullet)
            pdf.set_y(top)
            for block in item:
                self._block(block, indent + 1)
            if not item:
                pdf.ln(height)

    def _code(self, text: str, indent: int) -> None:
        pdf = self._pdf
        pdf.use(MONO)
        pdf.set_font(MONO, "", 8.5)
        pdf.set_text_color(*INK)
        pdf.set_fill_color(240, 243, 241)
        pdf.set_x(self._left(indent))
        shown = self._pdf.shown(text.expandtabs(4)) or " "
        pdf.multi_cell(
            *(0, 8.5 / pdf.k * 1.4, shown),
            align="L",
            fill=True,
            wrapmode=WrapMode.CHAR,
            new_x="LMARGIN",
            new_y="NEXT",
            padding=(1, 2),
        )
        pdf.ln(3)

    def _rule(self) -> None:
        pdf = self._pdf
        pdf.set_draw_color(200, 206, 203)
        pdf.line(pdf.l_margin, pdf.get_y() + 1, pdf.w - pdf.r_margin, pdf.get_y() + 1)
        pdf.ln(4)

    def _table(self, rows: Sequence[Sequence[Spans]], indent: int) -> None:
        pdf = self._pdf
        words = [[self._pdf.shown(plain_text(cell)) for cell in row] for row in rows]
        widths = _column_widths(words)
        if len(widths) > MOST_COLUMNS or self._highest(words, widths) > HIGHEST_ROW_MM:
            self._table_as_records(rows, indent)
            return
        pdf.set_font(SANS, "", SMALL_POINTS)
        pdf.set_text_color(*INK)
        pdf.set_draw_color(200, 206, 203)
        pdf.set_fill_color(255)
        pdf.set_text_shaping(any(has_right_to_left(cell) for row in words for cell in row))
        with pdf.table(
            borders_layout=TableBordersLayout.HORIZONTAL_LINES,
            col_widths=widths,
            headings_style=FontFace(emphasis="BOLD", fill_color=(240, 243, 241)),
            line_height=SMALL_POINTS / pdf.k * 1.35,
            padding=(1, 1.5),
            text_align="LEFT",
            v_align="TOP",
        ) as table:
            for texts, cells in zip(words, rows, strict=True):
                row = table.row()
                for text, cell in zip(texts, cells, strict=True):
                    row.cell(text, style=self._cell_style(cell), link=self._cell_link(cell))
        pdf.set_text_shaping(False)
        pdf.ln(4)

    def _cell_style(self, spans: Spans) -> FontFace | None:
        """Return the style that all spans of a cell share: fpdf2 has one style for each cell."""
        emphasis = _emphasis(all(span.bold for span in spans), all(span.italic for span in spans))
        return FontFace(emphasis=emphasis) if emphasis else None

    def _cell_link(self, spans: Spans) -> int | None:
        sources = {span.source for span in spans if span.source}
        return self._links[sources.pop()] if len(sources) == 1 else None

    def _highest(self, words: Sequence[Sequence[str]], widths: Sequence[float]) -> float:
        """Return the height of the highest row, in mm."""
        pdf = self._pdf
        pdf.set_font(SANS, "B", SMALL_POINTS)
        total, line = sum(widths), SMALL_POINTS / pdf.k * 1.35
        heights = [
            pdf.multi_cell(
                *(pdf.epw * width / total - 3, line, text),
                dry_run=True,
                output=MethodReturnValue.HEIGHT,
            )
            for row in words
            for text, width in zip(row, widths, strict=True)
        ]
        return max(cast(list[float], heights))

    def _table_as_records(self, rows: Sequence[Sequence[Spans]], indent: int) -> None:
        """Write a wide table row by row, each cell behind the name of its column."""
        head, *body = rows
        for row in body or [head]:
            for name, cell in zip(head, row, strict=True):
                label = Span(f"{plain_text(name)}: ", bold=True) if body else Span("")
                self._text((label, *cell), SMALL_POINTS, indent=indent, after=0.5)
            self._pdf.ln(2)

    def _left(self, indent: int) -> float:
        return float(self._pdf.l_margin) + INDENT_MM * min(indent, DEEPEST_INDENT)


def _emphasis(bold: bool, italic: bool) -> str:
    """Return fpdf2's style; there is no font for bold italics."""
    return "B" if bold else "I" if italic else ""


def _column_widths(words: Sequence[Sequence[str]]) -> list[float]:
    """Return relative widths, by the longest cell, within bounds that keep columns readable."""
    columns = zip(*words, strict=True)
    return [min(40.0, max(8.0, *(len(cell) for cell in column), 0)) for column in columns]
