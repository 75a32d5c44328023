"""The text of a paragraph of a Word document: runs, fields, changes, and what they refer to."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from lxml import etree

from jobs.extraction.readers.office_math import formula
from jobs.extraction.readers.ooxml import (
    CX,
    DGM,
    MC,
    OLE,
    PIC,
    WP,
    A,
    C,
    M,
    R,
    V,
    W,
    alt_text,
    drawing_text,
    is_on,
    is_true,
    value,
)
from jobs.extraction.readers.shown_text import raised
from jobs.extraction.readers.symbol_fonts import symbol, translate
from jobs.extraction.readers.word_document import Document
from jobs.extraction.readers.word_styles import Style

_CHARACTERS = {
    f"{W}tab": "\t",
    f"{W}ptab": "\t",
    f"{W}br": "\n",
    f"{W}cr": "\n",
    f"{W}noBreakHyphen": "-",
}
_LEFT_OUT = (f"{W}del", f"{W}moveFrom")
_KEPT = (f"{W}ins", f"{W}moveTo")
_DRAWN = (f"{W}drawing", f"{W}pict", f"{W}object")
_PROPERTIES = tuple(f"{W}{name}" for name in ("pPr", "rPr", "sdtPr", "sdtEndPr", "smartTagPr"))
_SILENT = (f"{W}instrText", f"{W}delText", f"{W}delInstrText", f"{W}pgNum", f"{W}rt")
_SUPERSCRIPTS = str.maketrans("0123456789ivxlc", "⁰¹²³⁴⁵⁶⁷⁸⁹ⁱᵛˣˡᶜ")
# 5 cm by 3 cm, in EMU. What is smaller is a logo or an icon.
_PICTURE_WIDTH, _PICTURE_HEIGHT = 1_800_000, 1_080_000
_EMU_PER_POINT = 12_700
# In the older form of drawings, the width and then the height of a shape.
_POINTS = re.compile(r"(?<![-\w])(?:width|height):(\d{1,6}(?:\.\d{1,6})?)pt")


@dataclass(frozen=True, slots=True)
class Called:
    """What a paragraph refers to, which is read after it.

    `kind` is `footnote`, `endnote`, `comment`, `chart` or `diagram` with an id; `box` with an
    element that holds blocks; or `text` with a label that is the text.
    """

    kind: str
    id: str = ""
    label: str = ""
    element: etree._Element | None = None


class Runs:
    """Reads the paragraphs of one part in order: a field may begin in one and end in another."""

    def __init__(self, document: Document, root: etree._Element) -> None:
        self._document = document
        self._counts = document.counts
        # Of each open field, whether its instruction is being read, which does not show.
        self._fields: list[bool] = []
        marks = [mark.get(f"{W}fldCharType") for mark in root.iter(f"{W}fldChar")]
        # One that never ends would hide the rest.
        self._are_fields_whole = marks.count("begin") == marks.count("end")
        self._parts: list[str] = []
        self._called: list[Called] = []
        self._style = Style()
        self._font = ""
        self._is_raised = False
        self._was_hidden = False

    def read(self, paragraph: etree._Element, style: Style) -> tuple[str, list[Called]]:
        """Return the text of a paragraph as it shows, and what it refers to."""
        self._parts, self._called, self._style = [], [], style
        self._was_hidden = False
        self._children(paragraph)
        return "".join(self._parts), self._called

    def _children(self, parent: etree._Element) -> None:
        for element in parent:
            self._read(element)

    def _read(self, element: etree._Element) -> None:
        tag = element.tag
        if tag == f"{W}r":
            self._run(element)
        elif tag == f"{W}t":
            text = translate((element.text or "").replace("\n", " "), self._font)
            self._add(raised(text) if self._is_raised else text)
        elif tag in _CHARACTERS:
            self._add(_CHARACTERS[tag])
        elif tag in _LEFT_OUT:
            self._counts.deletions += _has_text(element)
        elif tag == f"{W}fldChar":
            self._field(element)
        elif tag in _DRAWN:
            if self._is_shown:
                self._drawing(element)
        elif tag == f"{MC}AlternateContent":
            self._alternative(element, self._read)
        elif tag in (f"{M}oMath", f"{M}oMathPara"):
            self._add_apart(formula(element))
        elif tag == f"{W}sym":
            self._add(_symbol(element))
        elif tag in (f"{W}footnoteReference", f"{W}endnoteReference"):
            self._call_note(element)
        elif tag == f"{W}commentReference":
            self._called.append(Called("comment", element.get(f"{W}id", "")))
        elif tag not in _PROPERTIES and tag not in _SILENT and not is_placeholder(element):
            self._counts.insertions += tag in _KEPT and _has_text(element)
            self._children(element)

    def _run(self, run: etree._Element) -> None:
        properties = run.find(f"{W}rPr")
        is_hidden = self._is_hidden(properties)
        fonts = None if properties is None else properties.find(f"{W}rFonts")
        self._font = self._style.font if fonts is None else fonts.get(f"{W}ascii", "")
        self._is_raised = value(properties, "vertAlign") == "superscript"
        for element in run:
            if not is_hidden or element.tag == f"{W}fldChar":
                self._read(element)
        if _has_text(run) and self._is_shown:
            self._counts.hidden += is_hidden and not self._was_hidden
            self._was_hidden = is_hidden

    def _is_hidden(self, properties: etree._Element | None) -> bool:
        """Return whether a run is hidden, by itself or by one of its two styles but not both."""
        vanish = None if properties is None else properties.find(f"{W}vanish")
        if vanish is not None:
            return is_on(vanish)
        by_run = self._document.styles.of_run(properties).hidden or False
        return by_run != (self._style.hidden or False)

    # Characters

    @property
    def _is_shown(self) -> bool:
        return not (self._are_fields_whole and any(self._fields))

    def _add(self, text: str) -> None:
        if text and self._is_shown:
            self._parts.append(text)

    def _add_apart(self, text: str) -> None:
        """Add a text that must not become one word, or one number, with what stands before."""
        if self._parts and self._parts[-1][-1:].isalnum():
            self._add(" ")
        self._add(text)

    def _call_note(self, element: etree._Element) -> None:
        kind = "footnote" if element.tag == f"{W}footnoteReference" else "endnote"
        label = kind.capitalize()
        if not is_true(element.get(f"{W}customMarkFollows"), default=False):
            number = self._document.notes[kind].next_number()
            self._add_apart(number.translate(_SUPERSCRIPTS))
            label += f" {number}"
        self._called.append(Called(kind, element.get(f"{W}id", ""), label))

    def _field(self, mark: etree._Element) -> None:
        kind = mark.get(f"{W}fldCharType")
        if kind == "begin":
            self._add(_form_value(mark.find(f"{W}ffData")))
            self._fields.append(True)
        elif self._fields and kind == "separate":
            self._fields[-1] = False
        elif self._fields and kind == "end":
            self._fields.pop()

    # Drawings

    def _alternative(self, element: etree._Element, read: Callable[[etree._Element], None]) -> None:
        """Read one of several renderings of the same: the newest that says anything."""
        for branch in element:
            before = len(self._parts), len(self._called)
            for child in branch:
                read(child)
            if (len(self._parts), len(self._called)) != before:
                return

    def _drawing(self, element: etree._Element) -> None:
        tag = element.tag
        if tag == f"{W}txbxContent":
            self._called.append(Called("box", element=element))
        elif tag == f"{W}object":
            # The picture in it is only how the file looks.
            for embedded in element.iter(OLE):
                self._drawing(embedded)
        elif tag == f"{MC}AlternateContent":
            self._alternative(element, self._drawing)
        elif tag == f"{A}p":
            self._call_text(drawing_text(element))
        elif tag in (f"{C}chart", f"{CX}chart"):
            self._called.append(Called("chart", element.get(f"{R}id", "")))
        elif tag == f"{DGM}relIds":
            self._called.append(Called("diagram", element.get(f"{R}dm", "")))
        elif tag in (f"{PIC}pic", f"{V}imagedata"):
            self._counts.pictures += _is_large(element)
        elif tag == OLE:
            if "equation" in element.get("ProgID", "").lower():
                self._counts.equations += 1
            else:
                self._counts.embedded += element.get("Type") != "Link"
        else:
            self._named_drawing(element)

    def _named_drawing(self, element: etree._Element) -> None:
        """Read what a drawing has for a name, if it shows, and what is in it."""
        properties = element.find(f"{WP}docPr")
        if properties is not None and is_true(properties.get("hidden"), default=False):
            return
        if text := alt_text(properties) or " ".join(element.get("alt", "").split()):
            self._call_text(f"Picture: {text}")
        if element.tag == f"{V}textpath":
            self._call_text(element.get("string", ""))
        for child in element:
            self._drawing(child)

    def _call_text(self, text: str) -> None:
        if text:
            self._called.append(Called("text", label=text))


def is_placeholder(element: etree._Element) -> bool:
    """Return whether an element is a content control that asks for a text and has none."""
    if element.tag != f"{W}sdt":
        return False
    return is_on(element.find(f"{W}sdtPr/{W}showingPlcHdr"))


def _has_text(element: etree._Element) -> bool:
    return any(
        text.text and not text.text.isspace() for text in element.iter(f"{W}t", f"{W}delText")
    )


def _symbol(element: etree._Element) -> str:
    try:
        return symbol(int(element.get(f"{W}char", ""), 16), element.get(f"{W}font", ""))
    except (ValueError, OverflowError):
        return ""


def _form_value(data: etree._Element | None) -> str:
    """Return what a form field of Word 97 shows, if it is no text."""
    if data is None:
        return ""
    box, choices = data.find(f"{W}checkBox"), data.find(f"{W}ddList")
    if box is not None:
        checked = box.find(f"{W}checked")
        return "☒" if is_on(box.find(f"{W}default") if checked is None else checked) else "☐"
    if choices is None:
        return ""
    entries = [entry.get(f"{W}val", "") for entry in choices.iterfind(f"{W}listEntry")]
    chosen = value(choices, "result") or value(choices, "default") or "0"
    return entries[int(chosen)] if chosen.isdecimal() and int(chosen) < len(entries) else ""


def _is_large(picture: etree._Element) -> bool:
    """Return whether a picture may well hold text; one without a size may."""
    size = picture.find(f"{PIC}spPr/{A}xfrm/{A}ext")
    if size is None:
        shape = picture.getparent()
        style = "" if shape is None else shape.get("style", "")
        points = [float(each) * _EMU_PER_POINT for each in _POINTS.findall(style)]
        return len(points) != 2 or (points[0] >= _PICTURE_WIDTH and points[1] >= _PICTURE_HEIGHT)
    width, height = size.get("cx", ""), size.get("cy", "")
    if not (width.isdecimal() and height.isdecimal()):
        return True
    return int(width) >= _PICTURE_WIDTH and int(height) >= _PICTURE_HEIGHT
