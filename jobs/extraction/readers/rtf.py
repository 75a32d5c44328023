"""Reads RTF, the format that many programs save and that the clipboard has (version 1.9.1).

Nothing is laid out: what the file says in text is read, in its own encodings.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from jobs.extraction.blocks import Block, Item, Note
from jobs.extraction.readers import sentences, style_names
from jobs.extraction.readers.rtf_flow import Cell, Flow
from jobs.extraction.readers.rtf_fonts import DEFAULT, Font, named_encoding, page_encoding
from jobs.extraction.readers.rtf_tokens import Token, tokens
from jobs.extraction.readers.rtf_words import (
    BREAKS,
    CAPTURED,
    CHARACTERS,
    ENTERED,
    FLOWS,
    MARGINS,
    SKIPPED,
    State,
    Style,
)
from jobs.extraction.readers.shown_text import raised
from jobs.extraction.readers.symbol_fonts import symbol, translate

# A file of Word nests a few dozen groups.
MAX_DEPTH = 1000
# In twentieths of a point, 5 cm by 3 cm: what is smaller is a logo or an icon.
_PICTURE_WIDTH, _PICTURE_HEIGHT = 2835, 1700
_SUPERSCRIPTS = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
_ENDNOTE = re.compile(rb"[\s}]{0,40}(?:\{[^{}]{0,200}\\footnote|\\footnote)\s{0,40}\\ftnalt")


def read(data: bytes) -> Iterator[Item]:
    """Yield the text of a document, and notes of what was left out."""
    reader = _Reader()
    for token in tokens(data):
        reader.take(token, data)
        if reader.body.blocks:
            yield from reader.body.take()
    yield from reader.finish()
    yield from map(Note, reader.notes())


class _Reader:
    """Follows the tokens."""

    def __init__(self) -> None:
        self.body = Flow()
        self._state = State(self.body)
        self._stack: list[State] = []
        self._encoding = DEFAULT
        self._default_font = -1
        self._fonts: dict[int, Font] = {}
        self._styles: dict[int, Style] = {}
        self._bytes = bytearray()
        self._to_skip = 0
        self._is_optional = False
        self._captured: list[str] = []
        self._author = ""
        self._object_class = ""
        self._property = ""
        self._picture = (0, 0)
        self._cells: list[Cell] = []
        self._cell = Cell()
        self._in_row = False
        self._is_heading_row = False
        self._notes = {"Footnote": 0, "Endnote": 0}
        self._footers: list[Block] = []
        self._seen_margins: set[str] = set()
        self._unseen = ""
        self._hidden = self._insertions = self._deletions = 0
        self._pictures = self._embedded = self._equations = 0

    def notes(self) -> Iterator[str]:
        """Yield a sentence for each kind of what was not read."""
        yield from sentences.tracked(self._insertions, self._deletions)
        yield from sentences.hidden(self._hidden)
        yield from sentences.left(self._pictures, "picture")
        yield from sentences.left(self._equations, "equation")
        yield from sentences.left(self._embedded, "embedded file")

    def finish(self) -> list[Block]:
        """Return what is left at the end of the file."""
        self._flush()
        return self.body.finish() + self._footers

    def take(self, token: Token, data: bytes) -> None:
        """Follow one token."""
        word = token.word
        if token.text:
            self._add_bytes(token.text)
            return
        self._flush()
        if word == "{":
            self._to_skip = 0
            if len(self._stack) >= MAX_DEPTH:
                raise ValueError("security limit: groups nested too deep")
            self._stack.append(self._state)
            self._state = replace(self._state, begun="")
        elif word == "}":
            self._to_skip = 0
            self._end_group()
        elif self._to_skip and word not in BREAKS:
            self._to_skip -= 1
        elif word == "*":
            self._is_optional = True
        else:
            is_optional, self._is_optional = self._is_optional, False
            if not self._destination(word, is_optional=is_optional):
                self._control(word, token.number, data, token.end)

    # Text

    def _add_bytes(self, text: bytes) -> None:
        skipped = min(self._to_skip, len(text))
        self._to_skip -= skipped
        self._is_optional = False
        if self._state.into != "skip":
            self._bytes += text[skipped:]

    def _flush(self) -> None:
        """Decode what was collected: both bytes of a character may stand in different tokens."""
        if not self._bytes:
            return
        data, self._bytes = bytes(self._bytes), bytearray()
        font = self._font()
        if font.is_symbol and not self._state.into:
            text = "".join(symbol(byte, font.name) for byte in data)
        else:
            text = data.decode(font.encoding or self._encoding, errors="replace")
        self._add(text)

    def _font(self) -> Font:
        number = self._default_font if self._state.font < 0 else self._state.font
        return self._fonts.get(number) or Font()

    def _add(self, text: str) -> None:
        state = self._state
        if state.into:
            if state.into != "skip":
                self._captured.append(text)
                if state.into in ("fonttbl", "stylesheet") and ";" in text:
                    self._end_entry(state)
        elif state.hidden or state.deleted or state.only_rtf:
            self._count_unseen("hidden" if state.hidden else "deleted" * state.deleted, text)
        else:
            self._count_unseen("inserted" if state.inserted else "", text)
            state.flow.add(raised(text) if state.raised else text)

    def _count_unseen(self, kind: str, text: str) -> None:
        """Count pieces of text that is hidden or tracked, each once however it is written."""
        if text.isspace():
            return
        if kind != self._unseen:
            self._hidden += kind == "hidden"
            self._deletions += kind == "deleted"
            self._insertions += kind == "inserted"
        self._unseen = kind

    # Control words

    def _control(self, word: str, number: int | None, data: bytes, end: int) -> None:
        state = self._state
        is_on = number != 0
        if word in CHARACTERS:
            self._add(CHARACTERS[word])
        elif word == "u" and number is not None:
            self._add_unicode(number)
        elif word in BREAKS:
            self._end_paragraph()
        elif word == "uc":
            state.skipped_after_unicode = max(0, min(number or 0, 16))
        elif word == "f":
            state.font = number or 0
            if state.into == "fonttbl":
                self._fonts[state.font] = Font()
        elif word == "v":
            state.hidden = is_on
        elif word == "deleted":
            state.deleted = is_on
        elif word == "revised":
            state.inserted = is_on
        elif word == "htmlrtf":
            state.only_rtf = is_on
        elif word in ("super", "nosupersub"):
            state.raised = is_on and word == "super"
        elif word == "plain":
            state.hidden = state.deleted = state.inserted = state.raised = False
            state.font = -1
        elif word == "pard":
            state.in_table, state.style, state.outline = False, -1, None
        elif word == "intbl":
            state.in_table = True
        elif word == "s":
            state.style = number or 0
            if state.into == "stylesheet":
                self._styles[state.style] = Style()
        elif word == "outlinelevel":
            state.outline = number
        elif word == "ftnalt":
            state.is_endnote = True
        elif word == "chftn":
            self._call_note(data, end)
        elif not self._table_word(word, number):
            self._document_word(word, number)

    def _table_word(self, word: str, number: int | None) -> bool:
        state = self._state
        if state.into:
            return False
        if word == "trowd":
            self._cells, self._cell = [], Cell()
            self._in_row, self._is_heading_row = True, False
        elif word == "cellx":
            self._cell.right = number or 0
            self._cells.append(self._cell)
            self._cell = Cell()
        elif word == "clvmrg":
            self._cell.from_above = True
        elif word == "clmrg":
            self._cell.from_left = True
        elif word == "trhdr":
            self._is_heading_row = True
        elif word == "cell":
            state.flow.end_cell()
        elif word == "row":
            state.flow.end_row(self._cells, is_heading=self._is_heading_row)
            self._in_row = False
        else:
            return False
        return True

    def _document_word(self, word: str, number: int | None) -> None:
        if word in ("ansi", "mac", "pc", "pca"):
            self._encoding = named_encoding(word)
        elif word == "ansicpg":
            self._encoding = page_encoding(number or 0)
        elif word == "deff":
            self._default_font = number or 0
        elif word == "fcharset" and self._state.into == "fonttbl":
            self._fonts.setdefault(self._state.font, Font()).set_charset(number or 0)
        elif word == "cpg" and self._state.into == "fonttbl":
            self._fonts.setdefault(self._state.font, Font()).encoding = page_encoding(number or 0)
        elif word == "picwgoal":
            self._picture = (number or 0, self._picture[1])
        elif word == "pichgoal":
            self._picture = (self._picture[0], number or 0)
        elif word == "objlink":
            self._object_class = "link"

    def _add_unicode(self, number: int) -> None:
        code = number + 0x10000 if number < 0 else number
        if 0 <= code <= 0xFFFF:
            self._add(translate(chr(code), self._font().name))
        self._to_skip = self._state.skipped_after_unicode

    def _end_paragraph(self) -> None:
        state = self._state
        if state.into:
            return
        style = self._styles.get(state.style) or Style()
        level = style.level
        if state.outline is not None:
            level = state.outline + 1 if 0 <= state.outline < 9 else 0
        in_table = state.in_table or (self._in_row and state.flow is self.body)
        state.flow.end_paragraph(in_table=in_table, level=level, is_caption=style.is_caption)
        self._unseen = ""

    def _call_note(self, data: bytes, end: int) -> None:
        """Write the number of a note where it is called; where it begins, its label has it."""
        state = self._state
        if not state.into and not state.hidden and state.flow is self.body:
            kind = "Endnote" if _ENDNOTE.match(data, end) else "Footnote"
            state.flow.add_apart(str(self._notes[kind] + 1).translate(_SUPERSCRIPTS))

    # Destinations

    def _destination(self, word: str, *, is_optional: bool) -> bool:
        """Begin a destination, if the word is one; an optional one that is unknown is skipped."""
        state = self._state
        if state.into == "skip":
            if word == "ud":
                self._enter_unicode()
            return word not in ("picwgoal", "pichgoal")
        if word in FLOWS or word in MARGINS:
            state.begun = word
            state.flow = Flow()
            state.hidden = state.deleted = state.inserted = state.in_table = False
            state.is_endnote = False
        elif word in CAPTURED:
            state.begun = state.into = word
            self._captured = []
        elif word == "upr":
            state.begun, state.into = word, "skip"
        elif word == "object":
            state.begun, self._object_class = word, ""
        elif word in SKIPPED or (is_optional and word not in ENTERED):
            state.begun, state.into = word, "skip"
            self._picture = (0, 0)
        elif word == "result":
            state.in_result = True
        else:
            return word in ENTERED
        return True

    def _enter_unicode(self) -> None:
        """Go on with the text of a group that has it twice, the second time in Unicode."""
        # The group of \\upr stands around that of \\ud, and what stood before it around that.
        if len(self._stack) > 1 and self._stack[-1].begun == "upr":
            self._state.into = self._stack[-2].into

    def _end_group(self) -> None:
        ended = self._state
        if not self._stack:
            return
        self._state = self._stack.pop()
        if ended.begun in FLOWS:
            self._state.flow.later += self._labelled(ended)
        elif ended.begun in MARGINS:
            self._end_margin(MARGINS[ended.begun], ended.flow.finish())
        elif ended.begun == "pict":
            width, height = self._picture
            is_large = not width or (width >= _PICTURE_WIDTH and height >= _PICTURE_HEIGHT)
            in_body = self._state.flow is self.body and not self._state.in_result
            self._pictures += is_large and in_body
        elif ended.begun == "object":
            is_equation = "equation" in self._object_class.lower()
            self._equations += is_equation
            self._embedded += not is_equation and self._object_class != "link"
        elif ended.begun in CAPTURED:
            self._end_captured(ended.begun, "".join(self._captured).strip())

    def _labelled(self, ended: State) -> list[Block]:
        blocks = ended.flow.finish()
        label = ""
        if ended.begun == "footnote":
            kind = "Endnote" if ended.is_endnote else "Footnote"
            self._notes[kind] += 1
            label = f"{kind} {self._notes[kind]}: "
        elif ended.begun == "annotation":
            label = f"Comment by {self._author}: " if self._author else "Comment: "
            self._author = ""
        return [replace(block, text=label + block.text) for block in blocks[:1]] + blocks[1:]

    def _end_margin(self, name: str, blocks: list[Block]) -> None:
        text = "\n".join(block.text for block in blocks)
        if text in self._seen_margins or not any(map(str.isalpha, text)):
            return
        self._seen_margins.add(text)
        if name == "header":
            self.body.blocks += blocks
        else:
            self._footers += blocks

    def _end_captured(self, name: str, text: str) -> None:
        if name == "atnauthor":
            self._author = text
        elif name == "objclass" and self._object_class != "link":
            self._object_class = text
        elif name == "sn":
            self._property = text
        elif name == "sv" and text:
            if self._property == "gtextUNICODE":
                self._state.flow.later.append(Block(text))
            elif self._property == "wzDescription":
                self._state.flow.later.append(Block(f"Picture: {text}"))
        self._captured = []

    def _end_entry(self, state: State) -> None:
        """End a font or a style of its table, whose name ends with a semicolon."""
        name = "".join(self._captured).partition(";")[0].strip()
        self._captured = []
        if state.into == "fonttbl":
            self._fonts.setdefault(state.font, Font()).name = name
        elif state.style >= 0:
            style = self._styles.setdefault(state.style, Style())
            style.level = style_names.heading_of(name) or int(style_names.is_title(name))
            if not style.level and state.outline is not None and 0 <= state.outline < 9:
                style.level = state.outline + 1
            style.is_caption = style_names.is_caption(name)
