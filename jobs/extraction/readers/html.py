"""Reads web pages and HTML mails: what a browser would show, in reading order.

`html_tables` makes the tables; nothing is fetched, and pictures are their alternative text.
"""

from __future__ import annotations

import quopri
import re
from collections.abc import Iterator

from lxml import etree

from jobs.extraction.blocks import Block, Item, Kind, Note
from jobs.extraction.readers.html_flow import Flow, squeezed
from jobs.extraction.readers.html_lists import ListCounter
from jobs.extraction.readers.html_tables import MAX_TABLES_WITHIN, Table
from jobs.extraction.readers.mathml import formula
from jobs.extraction.text_encoding import decode_text
from jobs.extraction.text_marks import SNIFFED_BYTES

# What browsers do not show, or what only programs read. Readings (ruby) would cut words.
UNSEEN = frozenset(
    """
    script style template noscript head iframe object embed applet audio video canvas datalist
    rt rp noembed noframes map
    """.split()  # noqa: SIM905 (a list would take a line for each)
)
# What begins and ends a paragraph; everything else stands within a line.
PARAGRAPHS = frozenset(
    """
    address article aside blockquote body center details dialog dir div dl dt fieldset figcaption
    figure footer form frameset h1 h2 h3 h4 h5 h6 header hgroup hr html legend li main menu nav ol
    optgroup p pre search section summary ul caption table thead tbody tfoot tr td th dd textarea
    """.split()  # noqa: SIM905
)
HEADINGS = {f"h{level}": level for level in range(1, 7)}
HIDDEN_STYLE = re.compile(
    r"(?:^|;|\s)(?:display\s*:\s*none|visibility\s*:\s*hidden)", re.IGNORECASE
)
# A picture or a font within the file. It would be thousands of letters that mean nothing.
DATA_URI = re.compile(r"data:[\w/+.;=-]{1,100};base64,[A-Za-z0-9+/=\s%]*", re.IGNORECASE)
# A page saved as mail programs write it.
QUOTED_PRINTABLE = re.compile(rb"=3D[\"'\w]|=\r?\n")
MIN_QUOTED = 3
XML_DECLARATION = re.compile(r"^\s*<\?xml[^<>]*\?>")
FIELD_TYPES = frozenset(["", "text", "number", "date", "email", "tel", "url", "time", "month"])
RAISED = str.maketrans("0123456789+-−n", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻ⁿ")
MAX_ALT_CHARS = 300
FILE_NAME = re.compile(r"^\S+\.(?:png|jpe?g|gif|svg|webp|bmp)$", re.IGNORECASE)


def read(data: bytes) -> Iterator[Item]:
    """Yield what the page shows."""
    decoded = decode_text(_without_transfer_encoding(data))
    del data
    if decoded.note:
        yield Note(decoded.note)
    yield from html_items(decoded.text)


def html_items(text: str) -> Iterator[Item]:
    """Yield what HTML shows: a whole page, or a part of one."""
    text = XML_DECLARATION.sub("", DATA_URI.sub("", text), count=1)
    # As much depth as the parser has; in a fragment, a body is added.
    parser = etree.HTMLParser(encoding="utf-8", huge_tree=True, remove_pis=True)
    if not text.strip():
        return
    root = etree.fromstring(text.encode(errors="replace"), parser)
    if root is None:
        return
    cut = any("Excessive depth" in error.message for error in parser.error_log)
    page = _Page(root)
    yield from page.items()
    if cut:
        yield Note("A part of this page is nested too deeply and was not read.")


def _without_transfer_encoding(data: bytes) -> bytes:
    """Decode quoted-printable, which some programs leave in the pages that they save."""
    head = data[:SNIFFED_BYTES]
    if len(QUOTED_PRINTABLE.findall(head)) < MIN_QUOTED or b'="' in head.replace(b'=3D"', b""):
        return data
    return quopri.decodestring(data)


class _Page:
    """Walks through the elements of a page, without recursion: they may be nested deeply."""

    def __init__(self, root: etree._Element) -> None:
        self._root = root
        self._flow = Flow()
        self._flows = [self._flow]  # of the page, then of each cell that is open
        self._tables: list[Table] = []
        self._lists: list[ListCounter] = []
        self._unseen: etree._Element | None = None
        self._preformatted = 0
        self._in_term = False
        self._hidden = 0
        self._titles = [squeezed("".join(each.itertext())) for each in root.iter("title")][:1]

    def items(self) -> Iterator[Item]:
        headings = {squeezed("".join(each.itertext())) for each in self._root.iter("h1")}
        for title in self._titles:
            if title and title not in headings:
                yield Block(title, Kind.HEADING, level=1)
        for event, element in etree.iterwalk(self._root, events=("start", "end", "comment")):
            if self._unseen is not None:
                if event != "end" or element is not self._unseen:
                    continue
                self._unseen = None
            elif event == "start":
                self._start(element)
                if self._unseen is None:
                    self._text(element.text)
            elif event == "end":
                self._end(element)
            if event != "start":
                self._text(element.tail)
            if len(self._flows) == 1:
                yield from self._flow.taken()
        self._flow.end_paragraph()
        yield from self._flow.taken()
        if self._hidden:
            parts = "1 hidden part" if self._hidden == 1 else f"{self._hidden:,} hidden parts"
            yield Note(f"{parts} of this page, not shown by a browser at first: left out.")

    def _start(self, element: etree._Element) -> None:
        tag = _tag(element)
        if tag in UNSEEN or self._is_hidden(element, tag):
            self._unseen = element
            if tag in PARAGRAPHS:
                self._flow.end_paragraph()
            return
        if tag in ("dt", "dd") and self._in_term:  # its end tag may be left out
            self._end_dt(element)
        if tag in PARAGRAPHS:
            self._flow.end_paragraph()
        starter = getattr(self, f"_start_{tag}", None)
        if starter is not None:
            starter(element)
        elif tag in HEADINGS:
            self._flow.begin_heading(HEADINGS[tag] + 1)

    def _end(self, element: etree._Element) -> None:
        tag = _tag(element)
        ender = getattr(self, f"_end_{tag}", None)
        if ender is not None:
            ender(element)
        elif tag in PARAGRAPHS:
            self._flow.end_paragraph()

    def _text(self, text: str | None) -> None:
        if text:
            self._flow.add(text, preformatted=self._preformatted > 0)

    def _is_hidden(self, element: etree._Element, tag: str) -> bool:
        hidden = (
            element.get("hidden") not in (None, "until-found")
            or HIDDEN_STYLE.search(element.get("style") or "") is not None
            or (tag == "dialog" and element.get("open") is None)
        )
        # A line that only the preview of a mail shows is none that readers miss.
        if hidden and len(squeezed("".join(element.itertext()))) > 0 and tag != "input":
            self._hidden += 1
        return hidden

    # What stands within a line.

    def _start_br(self, _: etree._Element) -> None:
        self._flow.add_line_end()

    def _start_img(self, element: etree._Element) -> None:
        alt = squeezed(element.get("alt") or "")[:MAX_ALT_CHARS]
        if len(alt) > 1 and not FILE_NAME.match(alt):
            self._flow.add(f" {alt} ")

    def _start_input(self, element: etree._Element) -> None:
        kind = (element.get("type") or "").lower()
        if kind in ("checkbox", "radio"):
            self._flow.add(" [x] " if element.get("checked") is not None else " [ ] ")
        elif kind in FIELD_TYPES and element.get("value"):
            self._flow.add(f" {element.get('value')} ")

    def _start_select(self, element: etree._Element) -> None:
        """Take the chosen options; of several, a browser shows the first if none is chosen."""
        options = list(element.iter("option"))
        chosen = [each for each in options if each.get("selected") is not None]
        for each in chosen or options[:1]:
            self._flow.add(f" {''.join(each.itertext())} ")
        self._unseen = element

    def _start_sup(self, element: etree._Element) -> None:
        text = "".join(element.itertext()).strip()
        if text and all(ord(each) in RAISED for each in text):  # 10⁶, not 106
            self._flow.add(text.translate(RAISED))
            self._unseen = element

    def _start_math(self, element: etree._Element) -> None:
        self._flow.add(f" {formula(element)} ")
        self._unseen = element

    def _start_label(self, _: etree._Element) -> None:
        self._flow.add(" ")

    _end_label = _start_button = _end_button = _start_label

    def _start_q(self, _: etree._Element) -> None:
        self._flow.add("“")

    def _end_q(self, _: etree._Element) -> None:
        self._flow.add("”")

    def _start_del(self, _: etree._Element) -> None:
        self._flow.add("(struck out: ")

    def _end_del(self, _: etree._Element) -> None:
        self._flow.add(")")

    _start_s = _start_strike = _start_del
    _end_s = _end_strike = _end_del

    # Paragraphs, lists and tables.

    def _start_pre(self, _: etree._Element) -> None:
        self._preformatted += 1

    def _end_pre(self, _: etree._Element) -> None:
        self._flow.end_paragraph()
        self._preformatted -= 1

    _start_textarea, _end_textarea = _start_pre, _end_pre

    def _start_ol(self, element: etree._Element) -> None:
        self._lists.append(ListCounter(element))

    def _end_ol(self, _: etree._Element) -> None:
        self._flow.end_paragraph()
        self._lists.pop()

    _start_ul, _end_ul = _start_ol, _end_ol
    _start_menu, _end_menu = _start_ol, _end_ol
    _start_dir, _end_dir = _start_ol, _end_ol

    def _start_li(self, element: etree._Element) -> None:
        if self._lists:
            self._flow.set_marker(self._lists[-1].marker(element))

    def _start_dt(self, _: etree._Element) -> None:
        self._in_term = True

    def _end_dt(self, _: etree._Element) -> None:
        self._flow.keep_term()
        self._in_term = False

    def _start_dd(self, _: etree._Element) -> None:
        self._flow.use_terms()

    def _end_dl(self, _: etree._Element) -> None:
        self._flow.end_paragraph()
        self._flow.end_terms()

    def _start_table(self, element: etree._Element) -> None:
        if len(self._tables) < MAX_TABLES_WITHIN:
            for each in self._tables[-1:]:
                each.has_table = True
            self._tables.append(Table(element))

    def _end_table(self, element: etree._Element) -> None:
        self._end_cell()
        self._flow.end_paragraph()
        if self._tables and self._tables[-1].element is element:
            self._flow.put(self._tables.pop().blocks())

    def _start_caption(self, _: etree._Element) -> None:
        self._begin_cell(None)

    def _start_tr(self, element: etree._Element) -> None:
        if self._tables:
            self._end_cell()
            self._tables[-1].add_row(element)

    def _start_td(self, element: etree._Element) -> None:
        self._begin_cell(element)

    _start_th = _start_td

    def _begin_cell(self, element: etree._Element | None) -> None:
        if self._tables:
            self._end_cell()
            self._flow = Flow()
            self._flows.append(self._flow)
            self._tables[-1].open_cell(element, self._flow)

    def _end_td(self, _: etree._Element) -> None:
        self._flow.end_paragraph()
        self._end_cell()

    _end_th = _end_caption = _end_td

    def _end_cell(self) -> None:
        if self._tables and self._tables[-1].is_cell_open:
            self._flow.end_paragraph()
            self._tables[-1].close_cell()
            self._flows.pop()
            self._flow = self._flows[-1]


def _tag(element: etree._Element) -> str:
    tag = element.tag
    return tag.rpartition("}")[2].lower() if isinstance(tag, str) else ""
