"""Files of OpenDocument (ISO/IEC 26300): their parts, styles and names."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from lxml import etree

from jobs.extraction.file_types import UnreadableFileError
from jobs.extraction.readers.style_names import heading_of, is_caption, is_title
from jobs.extraction.readers.xml_archive import XmlArchive

_NAMES = "{urn:oasis:names:tc:opendocument:xmlns:"
OFFICE, STYLE, TEXT = f"{_NAMES}office:1.0}}", f"{_NAMES}style:1.0}}", f"{_NAMES}text:1.0}}"
TABLE, DRAW, CHART = f"{_NAMES}table:1.0}}", f"{_NAMES}drawing:1.0}}", f"{_NAMES}chart:1.0}}"
PRESENTATION = f"{_NAMES}presentation:1.0}}"
SVG = f"{_NAMES}svg-compatible:1.0}}"
XLINK, DC = "{http://www.w3.org/1999/xlink}", "{http://purl.org/dc/elements/1.1/}"
XML = "{http://www.w3.org/XML/1998/namespace}"
# LibreOffice's own, in the files that it writes.
LOEXT = "{urn:org:documentfoundation:names:experimental:office:xmlns:loext:1.0}"

_LENGTH = re.compile(r"(-?[\d.]{1,12})(cm|mm|in|pt|pc|px)?")
_PER_CM = {"cm": 1.0, "mm": 0.1, "in": 2.54, "pt": 2.54 / 72, "pc": 2.54 / 6, "px": 2.54 / 96}


class OpenDocument:
    """The content and the styles of a file."""

    def __init__(self, data: bytes) -> None:
        self.archive = XmlArchive(data)
        raise_if_encrypted(self.archive)
        content = self.archive.xml("content.xml")
        if content is None:
            raise UnreadableFileError("an archive without a document")
        self.content = content
        self.styles_root = self.archive.xml("styles.xml")
        common = [] if self.styles_root is None else [self.styles_root]
        self.styles = Styles([content, *common])
        # Headers and masters have automatic styles of their own, by the same names.
        self.master_styles = Styles(common)

    def body(self, name: str) -> etree._Element:
        """Return the body of a kind, such as `text`."""
        body = self.content.find(f"{OFFICE}body/{OFFICE}{name}")
        if body is None:
            raise UnreadableFileError("an OpenDocument file of another kind")
        return body

    def masters(self) -> Iterator[etree._Element]:
        """Yield the master pages."""
        if self.styles_root is not None:
            yield from self.styles_root.iterfind(f"{OFFICE}master-styles/{STYLE}master-page")


def raise_if_encrypted(archive: XmlArchive) -> None:
    """Raise ValueError for a file with a password."""
    manifest = archive.read("META-INF/manifest.xml") or b""
    if b"encryption-data" in manifest:
        raise ValueError("it is encrypted")


@dataclass(frozen=True, slots=True)
class Style:
    """A style with what it inherits; `heading` is 0 for a body text."""

    heading: int = 0
    is_title: bool = False
    is_caption: bool = False
    is_hidden: bool = False
    is_raised: bool = False
    is_hidden_page: bool = False


class Styles:
    """The styles of some roots, of which the first goes first, by family and name."""

    def __init__(self, roots: list[etree._Element]) -> None:
        self._elements: dict[tuple[str, str], etree._Element] = {}
        self._styles: dict[tuple[str, str], Style] = {}
        self.lists: dict[str, etree._Element] = {}
        self.outline: etree._Element | None = None
        for root in roots:
            for element in root.iter(f"{STYLE}style"):
                key = (element.get(f"{STYLE}family", ""), element.get(f"{STYLE}name", ""))
                self._elements.setdefault(key, element)
            for element in root.iter(f"{TEXT}list-style"):
                self.lists.setdefault(element.get(f"{STYLE}name", ""), element)
            if self.outline is None:
                self.outline = next(root.iter(f"{TEXT}outline-style"), None)

    def get(self, family: str, name: str | None) -> Style:
        """Return a style with those above it, without recursion: chains may be long."""
        key = (family, name or "")
        chain: list[tuple[str, str]] = []
        while key in self._elements and key not in self._styles and key not in chain:
            chain.append(key)
            key = (family, self._elements[key].get(f"{STYLE}parent-style-name", ""))
        style = self._styles.get(key, Style())
        for key in reversed(chain):
            style = self._styles[key] = _derive(style, self._elements[key])
        return style


def _derive(base: Style, element: etree._Element) -> Style:
    name = element.get(f"{STYLE}display-name") or element.get(f"{STYLE}name", "")
    # A space in a name is written as its code.
    name = name.replace("_20_", " ")
    level = element.get(f"{STYLE}default-outline-level")
    display = element.find(f"{STYLE}text-properties")
    shown = None if display is None else display.get(f"{TEXT}display")
    position = "" if display is None else display.get(f"{STYLE}text-position", "")
    page = element.find(f"{STYLE}drawing-page-properties")
    visibility = None if page is None else page.get(f"{PRESENTATION}visibility")
    return Style(
        heading=heading_of(name) or base.heading if level is None else integer(level, 0),
        is_title=is_title(name) or base.is_title,
        is_caption=is_caption(name) or base.is_caption,
        is_hidden=base.is_hidden if shown is None else shown == "none",
        is_raised=re.match(r"super|[1-9]", position) is not None,
        is_hidden_page=visibility == "hidden",
    )


def centimetres(text: str | None) -> float:
    """Return a length, 0 if it is none."""
    found = _LENGTH.fullmatch(text or "")
    try:
        return float(found.group(1)) * _PER_CM[found.group(2) or "cm"] if found else 0.0
    except ValueError:
        return 0.0


def integer(text: str | None, default: int) -> int:
    """Return a number of an attribute."""
    return int(text) if text is not None and re.fullmatch(r"\d{1,9}", text) else default
